// Puts the calls of a trace through the in-process host, at the times at which they came.
import { readFileSync } from "node:fs";
import { planModules, modulePaths } from "../../deploy/plan.ts";
import { HarnessError } from "../../error.ts";
import { Gateway } from "../../host/gateway.ts";
import type { ClientRun } from "../../host/client.ts";
import type { BytesSpec } from "../../scenario/scenario.ts";
import type { Installation } from "../../sluice-yaml/filters.ts";
import type { SluiceConfig } from "../../sluice-yaml/model.ts";
import type { TraceCall } from "./call.ts";

/** What became of a call. */
export interface Decision {
  place: string;
  startMs: number;
  /** What the caller got. */
  status: number;
  /** `passed`, or why not. */
  decision: "passed" | "throttled" | "refused" | "failed";
  /** Envoy's details of our own answer, or what failed. */
  reason: string | undefined;
  /** Filter state without `sluice.`. */
  state: Record<string, string>;
}

/** What the whole came to. */
export interface ReplayResult {
  decisions: number;
  traps: readonly string[];
  /** Errors and warnings of the modules, each once. */
  said: string[];
}

const CLUSTER = "upstream";

/** Runs all calls; `each` gets the decision of each as it ends. Time is the trace's: nothing waits. */
export function replay(
  calls: Iterable<TraceCall>,
  config: Pick<SluiceConfig, "filters" | "deploy">,
  from: Installation,
  each: (decision: Decision, call: TraceCall) => void,
): ReplayResult {
  const plan = planModules(config, from);
  const paths = modulePaths(plan);
  const iterator = calls[Symbol.iterator]();
  let next = iterator.next();
  const first = next.done === true ? Number.NaN : next.value.startMs;
  const epochMs = Number.isNaN(first) ? Date.now() : first;
  const gateway = new Gateway({
    chain: plan.map(({ filter, config: own }, at) => ({
      kind: "plugin",
      name: filter.name,
      module: paths[at] ?? "",
      config: own,
      allowOnHeadersStopIteration: true,
    })),
    routes: [{ cluster: CLUSTER, timeoutMs: 0 }],
    clusters: [{ name: CLUSTER }],
    loadModule: (path) => readFileSync(path),
    epochMs,
    logLevel: 3,
    maxLogLines: 1_000,
  });
  let count = 0;
  let open: { run: ClientRun; call: TraceCall }[] = [];
  const settle = (): void => {
    open = open.filter(({ run, call }) => {
      if (!run.isDone) return true;
      count++;
      each(decisionOf(run, call), call);
      return false;
    });
  };
  for (; next.done !== true; next = iterator.next()) {
    const call = next.value;
    const dueMs = Number.isNaN(call.startMs) ? 0 : call.startMs - epochMs - gateway.clock.now;
    if (dueMs > 0) gateway.advance(dueMs);
    open.push({ run: send(gateway, call), call });
    // A trace without times: one call after another.
    if (Number.isNaN(call.startMs) || call.durationMs === 0) gateway.run();
    else gateway.settle();
    if (open.length > 0) settle();
    if (gateway.traps.length > 0) break;
  }
  gateway.run();
  settle();
  if (gateway.traps.length > 0) throw new HarnessError(`a module died: ${gateway.traps[0] ?? ""}`, "module-trapped");
  const lines = gateway.logLines.filter(({ level }) => level === "error" || level === "warn").map(({ text }) => text);
  return { decisions: count, traps: gateway.traps, said: [...new Set(lines)] };
}

function send(gateway: Gateway, call: TraceCall): ClientRun {
  return gateway.send({
    protocol: "h1",
    method: call.method,
    path: call.path,
    ...(call.host !== undefined && { authority: call.host }),
    headers: call.headers,
    ...(call.body !== undefined && { body: bytes(call.body) }),
    patienceMs: 3_600_000,
    upstream:
      call.status === 0
        ? { kind: "reset" }
        : {
            kind: "answer",
            status: call.status,
            headers: call.answerHeaders,
            delayMs: call.durationMs,
            ...(call.answer !== undefined && { body: bytes(call.answer) }),
          },
  });
}

function bytes(body: string | Uint8Array): BytesSpec {
  return typeof body === "string" ? body : { base64: Buffer.from(body).toString("base64") };
}

function decisionOf(run: ClientRun, call: TraceCall): Decision {
  const result = run.result;
  const state: Record<string, string> = {};
  for (const [name, value] of Object.entries(result?.filterState ?? {})) {
    if (name.startsWith("sluice.")) state[name.slice(7)] = value;
  }
  const status = result?.status ?? 0;
  const details = result?.responseCodeDetails;
  const isOurs = details?.includes("sluice_") === true;
  const decision =
    state["ratelimit"] === "throttled"
      ? "throttled"
      : isOurs
        ? "refused"
        : status === 0 || status >= 500
          ? "failed"
          : "passed";
  return { place: call.place, startMs: call.startMs, status, decision, reason: isOurs ? details : undefined, state };
}
