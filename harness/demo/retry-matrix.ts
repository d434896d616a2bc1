// What a provider bills when calls fail, by fault, by retry policy of the route, by what guards it. The test's judge, and
// the demo's table.
import { randomUUID } from "node:crypto";
import { call } from "../envoy/client.ts";
import { deadPort, type ClusterConfig, type ListenerConfig, type RouteConfig } from "../envoy/config.ts";
import type { Envoy } from "../envoy/process.ts";
import type { Behaviour } from "../providers/behaviour.ts";
import { controlHeader, type ModelServer } from "../providers/server.ts";
import type { Json, PluginSpec, RetrySpec } from "../scenario/scenario.ts";

const module = "build/retry-guard.wasm";

/** How a call fails. `cluster` is where it goes, `model` which of the guard's timeouts it gets. */
export interface Fault {
  name: string;
  behaviour: Behaviour;
  cluster?: "refused" | "nowhere";
  model?: "slow-try" | "slow-request";
  /** Streams or plain answers only. */
  only?: "json" | "sse";
}

export const faults: readonly Fault[] = [
  { name: "500", behaviour: { status: 500 } },
  { name: "502", behaviour: { status: 502 } },
  { name: "503", behaviour: { status: 503, message: "no", billed: true, body: '{"error":{"type":"server_error"}}' } },
  { name: "504", behaviour: { status: 504 } },
  { name: "429", behaviour: { status: 429 } },
  { name: "per-try timeout", behaviour: { hang: true, billed: true }, model: "slow-try" },
  { name: "request timeout", behaviour: { hang: true, billed: true }, model: "slow-request" },
  { name: "reset before the request", behaviour: { reset: "before-body" } },
  { name: "reset after headers", behaviour: { reset: "after-headers" } },
  { name: "reset after the body", behaviour: { reset: "after-body" } },
  { name: "cut mid-answer", behaviour: { cutAfterBytes: 60, framing: "chunked", delayMs: 20 }, only: "json" },
  { name: "cut mid-stream", behaviour: { cutAfterBytes: 300, eventDelayMs: 20 }, only: "sse" },
  { name: "connection refused", behaviour: {}, cluster: "refused" },
  { name: "no healthy upstream", behaviour: {}, cluster: "nowhere" },
];

/** Who keeps calls from being billed twice. */
export type Guard = "nobody" | "strict" | "safe" | "veto";

/** The retry policies of routes. */
export const policies: Record<string, RetrySpec | undefined> = {
  none: undefined,
  "gateway-error,connect-failure": { on: "gateway-error,connect-failure", retries: 2 },
  "Istio's default": { on: "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes", retries: 2 },
  "5xx,reset,retriable-4xx": { on: "5xx,reset,retriable-4xx", retries: 2 },
};

/** One cell of the matrix. */
export interface Cell {
  guard: Guard;
  policy: string;
  fault: Fault;
  stream: boolean;
}

/** What came of one call. */
export interface Outcome {
  /** Attempts that a server saw, and those that it bills. */
  calls: number;
  billed: number;
  /** What the client got: a status, or how the answer ended. */
  got: string;
  /** As the guard says. */
  verdict: string;
  attempts: string;
}

/** All cells of some guards. */
export function cellsOf(guards: readonly Guard[], names: readonly string[] = Object.keys(policies)): Cell[] {
  return guards.flatMap((guard) =>
    names.flatMap((policy) =>
      [false, true].flatMap((stream) =>
        faults
          .filter(({ only }) => only === undefined || (only === "sse") === stream)
          .map((fault) => ({ guard, policy, fault, stream })),
      ),
    ),
  );
}

/** One listener for each guard and policy. Each fault has a route of its own, so that what is learnt of one stays there. */
export function matrixListeners(cells: readonly Cell[]): ListenerConfig[] {
  const names = [...new Set(cells.map(listenerOf))];
  return names.map((name) => {
    const own = cells.filter((cell) => listenerOf(cell) === name);
    const [first] = own;
    if (first === undefined) throw new Error("no cell");
    const retry = policies[first.policy];
    const routes = own.map((cell): RouteConfig => ({
      name: routeOf(cell),
      headers: [{ name: "x-cell-route", exact: routeOf(cell) }],
      cluster: clusterOf(cell),
      timeoutMs: cell.fault.model === "slow-request" ? 400 : 10_000,
      ...(retry && {
        retry: { ...retry, backOffMs: 1, ...(cell.fault.model === "slow-try" && { perTryTimeoutMs: 250 }) },
      }),
    }));
    const accessLog = { fields: { cell: "%REQ(X-CELL)%" } };
    return { name, chain: first.guard === "nobody" ? [] : guardPair(first.guard, name), routes, accessLog };
  });
}

/** The clusters that the routes name, in front of a model server. */
export function matrixClusters(port: number): ClusterConfig[] {
  const ends: [string, number[]][] = [
    ["model", [port]],
    ["refused", [deadPort]],
    ["nowhere", []],
  ];
  return ends.flatMap(([name, endpoints]): ClusterConfig[] => [
    { name, endpoints, limits },
    { name: `veto-${name}`, endpoints, limits, filters: [upstreamInstance] },
  ]);
}

/** Envoy lets three retries of a cluster run at one time, unless told otherwise. */
const limits = { retries: 10_000 };

/** Makes one call of a cell. */
export async function playCell(envoy: Envoy, server: ModelServer, cell: Cell): Promise<Outcome> {
  const id = randomUUID();
  const { fault, stream } = cell;
  const listener = listenerOf(cell);
  const answer = await call(envoy.port(listener), "h1", {
    method: "POST",
    path: "/v1/chat/completions",
    headers: [
      ["content-type", "application/json"],
      ["x-cell", id],
      ["x-cell-route", routeOf(cell)],
      [controlHeader, JSON.stringify(fault.behaviour)],
    ],
    body: JSON.stringify({ model: modelOf(cell), messages: [{ role: "user", content: id }], stream }),
    timeoutMs: 8_000,
  });
  const line = await envoy.accessLogEntry(listener, (entry) => entry.fields["cell"] === id);
  const seen = server.calls.filter((one) => one.header("x-cell") === id);
  const state = line.filterState;
  return {
    calls: seen.length,
    billed: seen.filter(({ billed }) => billed).length,
    got: answer.outcome === "complete" ? String(answer.status) : answer.outcome,
    verdict: [state["sluice.retry_verdict"], state["sluice.retry_reason"]].filter(Boolean).join(" "),
    attempts: state["sluice.attempts"] ?? "",
  };
}

/** The listener of a cell. */
export function listenerOf({ guard, policy }: Cell): string {
  return `retry ${guard}, ${policy}`;
}

function routeOf({ fault, stream }: Cell): string {
  return `${fault.name} ${stream ? "SSE" : "JSON"}`;
}

/** One model for each cell: the retry budget is by model, and no cell is to spend another's. */
function modelOf(cell: Cell): string {
  return `${cell.fault.model ?? "gpt-4o"} ${routeOf(cell)}`.replaceAll(/\W+/g, "-");
}

function clusterOf({ guard, fault }: Cell): string {
  return `${guard === "veto" ? "veto-" : ""}${fault.cluster ?? "model"}`;
}

const timeouts: Json = [false, true].flatMap((stream): Json[] => [
  { models: ["slow-try*"], stream, perTry: "250ms" },
  { models: ["slow-request*"], stream, request: "400ms" },
]);

function guardPair(guard: Exclude<Guard, "nobody">, instance: string): PluginSpec[] {
  const config = {
    instance: instance.replaceAll(/[^\w.-]/g, "-"),
    mode: "enforce",
    proxyRetries: guard,
    ...(guard === "safe" && { routeHasNoRetryPolicy: true, budget: "1", minSuccessRate: "0" }),
    timeouts,
  };
  const half = (pair: "outer" | "inner"): PluginSpec => ({
    kind: "plugin",
    name: `retry-guard-${guard}-${pair}`,
    module,
    config,
    pair,
  });
  return [half("outer"), half("inner")];
}

/** The second instance of `veto`, in a VM of its own. */
const upstreamInstance: PluginSpec = {
  kind: "plugin",
  name: "retry-guard-upstream",
  module,
  vmId: "sluice-upstream",
  config: { mode: "enforce", placement: "upstream", proxyRetries: "veto" },
};
