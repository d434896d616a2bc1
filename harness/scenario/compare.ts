// Compares what two hosts made of one scenario: where both are right, they agree on all that a user can see.
import type { RequestResult, ScenarioResult, UpstreamSeen } from "./result.ts";
import type { HeaderList } from "./scenario.ts";

/** Headers whose values differ from run to run, or that the codec, not the filters, decides. */
const volatileHeaders = new Set([
  "connection",
  "date",
  "keep-alive",
  "server",
  "transfer-encoding",
  "x-envoy-expected-rq-timeout-ms",
  "x-envoy-upstream-service-time",
  "x-forwarded-proto",
  "x-forwarded-for",
  "x-request-id",
  "host",
]);

const processGauge = /sluice\.(build_info|held_bytes)$/;

/** One line per difference. Not compared: times, the log's order, details and flags of requests that ended early. */
export function compareResults(a: ScenarioResult, b: ScenarioResult): string[] {
  const differences: string[] = [];
  const differ = (what: string, left: unknown, right: unknown): void => {
    const [x, y] = [JSON.stringify(left), JSON.stringify(right)];
    if (x !== y) differences.push(`${what}: ${a.host} ${shorten(x)}, ${b.host} ${shorten(y)}`);
  };
  differ("number of requests", a.requests.length, b.requests.length);
  for (const [index, left] of a.requests.entries()) {
    const right = b.requests[index];
    if (right !== undefined) compareRequests(`request ${index}`, left, right, differ);
  }
  const names = new Set([...Object.keys(a.metrics), ...Object.keys(b.metrics)]);
  // Gauges of what runs belong to the process, which lives on in the real host.
  for (const name of names)
    if (!processGauge.test(name)) differ(`metric ${name}`, a.metrics[name] ?? 0, b.metrics[name] ?? 0);
  differ("traps", a.traps.length, b.traps.length);
  differ("refused updates", a.refusedUpdates, b.refusedUpdates);
  return differences;
}

const brokenUpstream = "upstream_reset_before_response_started";

type Differ = (what: string, left: unknown, right: unknown) => void;

function compareRequests(name: string, left: RequestResult, right: RequestResult, differ: Differ): void {
  differ(`${name}: outcome`, left.outcome, right.outcome);
  differ(`${name}: status`, left.status, right.status);
  // Envoy's words for a broken upstream connection change from version to version.
  if (left.responseCodeDetails.startsWith(brokenUpstream) && right.responseCodeDetails.startsWith(brokenUpstream))
    return;
  differ(`${name}: headers`, comparable(left.headers, left.body), comparable(right.headers, right.body));
  if (left.outcome === "complete" && right.outcome === "complete") {
    differ(`${name}: body`, plain(text(left.body)), plain(text(right.body)));
    differ(`${name}: trailers`, left.trailers, right.trailers);
    differ(`${name}: response code details`, left.responseCodeDetails, right.responseCodeDetails);
    differ(`${name}: response flags`, sorted(left.responseFlags), sorted(right.responseFlags));
    const states = new Set([...Object.keys(left.filterState), ...Object.keys(right.filterState)]);
    // The real host only shows the filter state that its access log was told to print.
    for (const state of states) {
      if (state in left.filterState && state in right.filterState) {
        differ(`${name}: filter state ${state}`, plain(left.filterState[state]), plain(right.filterState[state]));
      }
    }
  }
  // An answer of the gateway itself may come before or after the upstream saw something of the request.
  if (left.responseCodeDetails !== "via_upstream" && right.responseCodeDetails !== "via_upstream") return;
  differ(`${name}: upstream attempts`, left.upstream.length, right.upstream.length);
  for (const [index, seen] of left.upstream.entries()) {
    const other = right.upstream[index];
    if (other !== undefined) compareUpstream(`${name}: upstream ${index}`, seen, other, differ);
  }
}

function compareUpstream(name: string, left: UpstreamSeen, right: UpstreamSeen, differ: Differ): void {
  differ(`${name}: cluster`, left.cluster, right.cluster);
  differ(`${name}: method`, left.method, right.method);
  differ(`${name}: path`, left.path, right.path);
  differ(`${name}: headers`, comparable(left.headers, left.body), comparable(right.headers, right.body));
  differ(`${name}: complete`, left.complete, right.complete);
  if (left.complete && right.complete) {
    differ(`${name}: body`, text(left.body), text(right.body));
    differ(`${name}: trailers`, left.trailers, right.trailers);
  }
}

// A message without a body may say so or not; the codec decides.
function comparable(headers: HeaderList, body: Uint8Array): HeaderList {
  return headers
    .filter(
      ([name, value]) =>
        !volatileHeaders.has(name) && !(name === "content-length" && value === "0" && body.length === 0),
    )
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** A text without the request ids in it: each host makes its own. */
function plain(value: string | undefined): string | undefined {
  return value?.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "REQUEST-ID");
}

/** The flags come in the order in which they were set. */
function sorted(flags: string): string {
  return flags.split(",").sort().join(",");
}

function text(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

function shorten(json: string | undefined): string {
  return json === undefined ? "nothing" : json.length > 300 ? `${json.slice(0, 300)}…` : json;
}
