// Says where a scenario's result is not what was expected.
import { bytesOf } from "./bytes.ts";
import type { RequestResult, ScenarioResult } from "./result.ts";
import type {
  BytesExpectation,
  HeaderExpectation,
  HeaderList,
  NumberExpectation,
  RequestExpectation,
  RequestSpec,
  Scenario,
} from "./scenario.ts";

/** One line per difference between what `scenario` expects and what came; none: all is well. */
export function checkResult(scenario: Scenario, result: ScenarioResult): string[] {
  const { expect } = scenario;
  const faults: string[] = [];
  for (const [index, spec] of scenario.requests.entries()) {
    const request = result.requests[index];
    const name = spec.name ?? `request ${index}`;
    if (request === undefined) faults.push(`${name}: no result`);
    else
      for (const fault of checkRequest(spec, expect.requests?.[index] ?? {}, request)) faults.push(`${name}: ${fault}`);
  }
  for (const [index, update] of (scenario.updates ?? []).entries()) {
    const isRefused = result.refusedUpdates[index] ?? false;
    if (isRefused !== (update.refused ?? false)) {
      faults.push(`update ${index} of ${update.plugin}: ${isRefused ? "refused" : "taken"}`);
    }
  }
  for (const [name, wanted] of Object.entries(expect.metrics ?? {})) {
    checkNumber(faults, `metric ${name}`, wanted, result.metrics[name] ?? 0);
  }
  if (result.sharedData !== undefined) {
    for (const [key, wanted] of Object.entries(expect.sharedData ?? {})) {
      checkText(faults, `shared data ${key}`, wanted, present(result.sharedData[key]));
    }
  }
  const log = result.log.map((line) => line.text);
  for (const pattern of expect.log ?? []) {
    if (!log.some((line) => new RegExp(pattern).test(line))) faults.push(`no line of log matches /${pattern}/`);
  }
  for (const pattern of expect.logAbsent ?? []) {
    const line = log.find((text) => new RegExp(pattern).test(text));
    if (line !== undefined) faults.push(`a line of log matches /${pattern}/: ${line}`);
  }
  const traps = expect.traps ?? 0;
  if (!isNumber(traps, result.traps.length)) {
    faults.push(`traps: expected ${JSON.stringify(traps)}, got ${result.traps.length}: ${result.traps.join("; ")}`);
  }
  return faults;
}

function checkRequest(spec: RequestSpec, expect: RequestExpectation, got: RequestResult): string[] {
  const faults: string[] = [];
  const outcome = expect.outcome ?? (spec.abort === undefined ? "complete" : "aborted");
  if (got.outcome !== outcome) {
    faults.push(`outcome: expected ${outcome}, got ${got.outcome} (status ${got.status}, ${got.responseCodeDetails})`);
  }
  if (expect.status !== undefined) checkNumber(faults, "status", expect.status, got.status);
  checkHeaders(faults, "header", expect.headers, got.headers);
  checkHeaders(faults, "trailer", expect.trailers, got.trailers);
  for (const [name, wanted] of Object.entries(expect.filterState ?? {})) {
    checkText(faults, `filter state ${name}`, wanted, present(got.filterState[name]));
  }
  checkText(faults, "response code details", expect.responseCodeDetails, [got.responseCodeDetails]);
  checkText(faults, "response flags", expect.responseFlags, [got.responseFlags]);
  const last = got.upstream.at(-1);
  if (expect.body !== undefined) checkBytes(faults, "body", expect.body, got.body, sentByUpstream(spec));
  if (expect.upstream === null && last !== undefined)
    faults.push(`upstream: expected none, ${last.cluster} was called`);
  if (expect.upstream === null || expect.upstream === undefined) return faults;
  const { upstream } = expect;
  if (last === undefined) {
    faults.push("upstream: expected one, none was called");
    return faults;
  }
  if (upstream.attempts !== undefined) checkNumber(faults, "upstream attempts", upstream.attempts, got.upstream.length);
  checkText(faults, "upstream cluster", upstream.cluster, [last.cluster]);
  checkText(faults, "upstream method", upstream.method, [last.method]);
  checkText(faults, "upstream path", upstream.path, [last.path]);
  checkHeaders(faults, "upstream header", upstream.headers, last.headers);
  checkHeaders(faults, "upstream trailer", upstream.trailers, last.trailers);
  if (upstream.body !== undefined) checkBytes(faults, "upstream body", upstream.body, last.body, bytesOf(spec.body));
  return faults;
}

// What the upstream sent, where the request itself says so; else unknown.
function sentByUpstream(spec: RequestSpec): Uint8Array | undefined {
  const upstream = Array.isArray(spec.upstream) ? spec.upstream.at(-1) : spec.upstream;
  if (upstream?.kind !== "answer") return undefined;
  if (typeof upstream.body === "object" && "echo" in upstream.body) return bytesOf(spec.body);
  return bytesOf(upstream.body);
}

function checkHeaders(
  faults: string[],
  what: string,
  expect: Record<string, HeaderExpectation> | undefined,
  got: HeaderList,
): void {
  for (const [name, wanted] of Object.entries(expect ?? {})) {
    const values = got.filter(([header]) => header === name).map(([, value]) => value);
    checkText(faults, `${what} ${name}`, wanted, values);
  }
}

function checkText(faults: string[], what: string, wanted: HeaderExpectation | undefined, got: string[]): void {
  if (wanted === undefined || isText(wanted, got)) return;
  faults.push(`${what}: expected ${JSON.stringify(wanted)}, got ${JSON.stringify(got)}`);
}

function isText(wanted: HeaderExpectation, got: string[]): boolean {
  if (wanted === null) return got.length === 0;
  if (typeof wanted === "string") return got.length === 1 && got[0] === wanted;
  if (Array.isArray(wanted)) return got.length === wanted.length && got.every((value, i) => value === wanted[i]);
  if ("present" in wanted) return got.length > 0;
  return got.some((value) => new RegExp(wanted.regex, "s").test(value));
}

function checkBytes(
  faults: string[],
  what: string,
  wanted: BytesExpectation,
  got: Uint8Array,
  same: Uint8Array | undefined,
): void {
  const text = new TextDecoder().decode(got);
  let isGood: boolean;
  if (wanted === "same") {
    if (same === undefined) {
      faults.push(`${what}: "same" needs to know what was sent: give the request its own \`upstream\``);
      return;
    }
    isGood = isEqual(same, got);
  } else if ("is" in wanted) isGood = isEqual(bytesOf(wanted.is), got);
  else if ("length" in wanted) isGood = wanted.length === got.length;
  else if ("contains" in wanted) isGood = text.includes(wanted.contains);
  else isGood = new RegExp(wanted.regex, "s").test(text);
  if (isGood) return;
  const start = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  const want = JSON.stringify(wanted);
  faults.push(
    `${what}: expected ${want.length > 200 ? `${want.slice(0, 200)}…` : want}, got ${got.length} bytes: ${start}`,
  );
}

function checkNumber(faults: string[], what: string, wanted: NumberExpectation, got: number): void {
  if (!isNumber(wanted, got)) faults.push(`${what}: expected ${JSON.stringify(wanted)}, got ${got}`);
}

function isNumber(wanted: NumberExpectation, got: number): boolean {
  if (typeof wanted === "number") return got === wanted;
  return got >= (wanted.min ?? -Infinity) && got <= (wanted.max ?? Infinity);
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function present(value: string | undefined): string[] {
  return value === undefined ? [] : [value];
}
