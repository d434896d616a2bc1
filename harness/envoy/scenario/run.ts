// Runs one scenario in a running Envoy and gathers what came of it.
import { setTimeout as sleep } from "node:timers/promises";
import { HarnessError } from "../../error.ts";
import { bytesOf, piecesOf } from "../../scenario/bytes.ts";
import type { RequestResult, ScenarioResult } from "../../scenario/result.ts";
import { requestIndexHeader, type HeaderList, type RequestSpec, type Scenario } from "../../scenario/scenario.ts";
import type { AccessLogEntry } from "../access-log.ts";
import { call, type ClientRequest, type ClientResponse } from "../client.ts";
import type { Envoy } from "../process.ts";
import { indexField, pluginNames, scenarioConfig, withUpdate } from "./configuration.ts";
import { metricChanges, metricSnapshot } from "./metrics.ts";
import { ScenarioUpstreams } from "./upstreams.ts";

/** How long after the last answer Envoy's access log is waited for. */
const logPatienceMs = 1_500;

/** Envoy's gauge of the VMs that there are. */
const vmGauge = "^wasm\\..*\\.active$";
const vmPatienceMs = 10_000;

/**
 * Runs `scenario` as listener `name` of `envoy`, which must do nothing else meanwhile: its metrics and log are taken as the
 * scenario's. Throws `envoy-config-refused` if Envoy does not take it.
 */
export async function runScenario(envoy: Envoy, scenario: Scenario, name: string): Promise<ScenarioResult> {
  const upstreams = new ScenarioUpstreams(scenario);
  await upstreams.start();
  try {
    // Envoy forgets a plugin's counters with the last VM that uses them: those of the scenario before must be gone first.
    await endVms(envoy);
    const logFrom = await envoy.logEnd();
    const before = await metricSnapshot(envoy);
    const taken = await envoy.update(scenarioConfig(scenario, name, (cluster) => upstreams.port(cluster)));
    if (!taken.accepted) {
      throw new HarnessError(
        `Envoy ${envoy.version} refused the scenario "${scenario.name}":\n${taken.reasons.join("\n")}`,
        "envoy-config-refused",
      );
    }
    const refusedUpdates: boolean[] = [];
    let current = scenario;
    const update = async (at: number) => {
      const changed = withUpdate(current, (scenario.updates ?? [])[at] as NonNullable<Scenario["updates"]>[number]);
      const { accepted } = await envoy.update(scenarioConfig(changed, name, (cluster) => upstreams.port(cluster)));
      refusedUpdates[at] = !accepted;
      if (accepted) current = changed;
    };
    const answers = await sendAll(
      scenario,
      (at) => send(envoy.port(name), scenario.requests[at] as RequestSpec, at),
      update,
    );
    const entries = await logEntries(envoy, name, answers.length);
    const after = await metricSnapshot(envoy);
    const names = pluginNames(scenario);
    const isOurs = (from: string) => names.has(from) || from.startsWith(`${name}/`);
    return {
      host: "envoy",
      requests: answers.map((answer, at) => requestResult(answer, upstreams, entries.get(at), at)),
      metrics: metricChanges(before, after, Object.keys(scenario.expect.metrics ?? {})),
      log: (await envoy.pluginLog(logFrom)).flatMap(({ from, level, text }) =>
        from.some(isOurs) ? [{ level, text }] : [],
      ),
      traps: await envoy.traps(logFrom),
      refusedUpdates,
    };
  } finally {
    await upstreams.stop();
  }
}

/** Takes every listener away and waits until no VM is left. */
async function endVms(envoy: Envoy): Promise<void> {
  const active = async () => [...(await envoy.counters(vmGauge)).values()].reduce((sum, one) => sum + one, 0);
  if ((await active()) === 0) return;
  await envoy.update({ listeners: [], clusters: [] });
  const until = performance.now() + vmPatienceMs;
  while ((await active()) > 0) {
    if (performance.now() > until) {
      throw new HarnessError(`Envoy ${envoy.version} keeps the VMs of the scenario before`, "envoy-vms-left");
    }
    await sleep(10);
  }
}

/** Starts requests and updates when the scenario says so; resolves when all have ended. */
async function sendAll(
  scenario: Scenario,
  request: (at: number) => Promise<ClientResponse>,
  update: (at: number) => Promise<void>,
): Promise<ClientResponse[]> {
  const startedAt = performance.now();
  const until = (ms: number) => sleep(Math.max(0, ms - (performance.now() - startedAt)));
  const answers: Promise<ClientResponse>[] = [];
  // What must have ended before a request without a time starts: all requests before it, and the updates behind those.
  const steps: Promise<unknown>[] = [];
  const updates = scenario.updates ?? [];
  let lastUpdate: Promise<unknown> = Promise.resolve();
  const updateInTurn = (at: number, ready: Promise<unknown>) => {
    lastUpdate = Promise.all([ready, lastUpdate]).then(() => update(at));
    steps.push(lastUpdate);
  };
  updates.forEach((one, at) => {
    if (one.atMs !== undefined) updateInTurn(at, until(one.atMs));
  });
  const timed = steps.splice(0);
  for (const [at, spec] of scenario.requests.entries()) {
    const ready = spec.atMs === undefined ? Promise.all([...steps]) : until(spec.atMs);
    const answer = ready.then(() => request(at));
    answers.push(answer);
    steps.push(answer);
    updates.forEach((one, which) => {
      if (one.afterRequest === at) updateInTurn(which, answer);
    });
  }
  await Promise.all([...steps, ...timed]);
  return Promise.all(answers);
}

function send(port: number, spec: RequestSpec, index: number): Promise<ClientResponse> {
  const request: ClientRequest = {
    method: spec.method,
    path: spec.path,
    headers: [...(spec.headers ?? []), [requestIndexHeader, String(index)]],
    timeoutMs: spec.patienceMs ?? 5_000,
  };
  if (spec.authority !== undefined) request.authority = spec.authority;
  if (spec.body !== undefined) request.body = piecesOf(bytesOf(spec.body), spec.chunks);
  if (spec.framing !== undefined) request.framing = spec.framing;
  if (spec.end !== undefined) request.end = spec.end;
  if (spec.trailers !== undefined) request.trailers = spec.trailers;
  if (spec.abort !== undefined) request.abort = spec.abort;
  return call(port, spec.protocol, request);
}

async function logEntries(envoy: Envoy, name: string, count: number): Promise<Map<number, AccessLogEntry>> {
  const entries = await envoy.accessLog(name, count, logPatienceMs);
  return new Map(entries.map((entry) => [Number(entry.fields[indexField]), entry]));
}

function requestResult(
  answer: ClientResponse,
  upstreams: ScenarioUpstreams,
  entry: AccessLogEntry | undefined,
  at: number,
): RequestResult {
  return {
    outcome: answer.outcome,
    status: answer.status,
    headers: asText(answer.headers),
    body: answer.body,
    trailers: asText(answer.trailers),
    upstream: upstreams
      .seen(at)
      .map((seen) => ({ ...seen, headers: asText(seen.headers), trailers: asText(seen.trailers) })),
    filterState: entry?.filterState ?? {},
    responseCodeDetails: entry?.details ?? "",
    responseFlags: entry?.flags ?? "",
    durationMs: answer.timing.endMs,
  };
}

/** Node gives header values as Latin-1; ours are UTF-8. */
function asText(headers: HeaderList): HeaderList {
  return headers.map(([name, value]) => [name, Buffer.from(value, "latin1").toString("utf8")]);
}
