// What retry-guard's scenarios share: its chain in both ways of holding, calls, and answers of providers.
import type {
  AnswerSpec,
  FilterSpec,
  HeaderList,
  Json,
  PluginSpec,
  RequestSpec,
  RetrySpec,
  Scenario,
  UpstreamSpec,
} from "../../../harness/scenario/scenario.ts";

export type Way = "pair" | "flag";

type Config = Record<string, Json>;

export const json: HeaderList = [["content-type", "application/json"]];

/** retry-guard, held in one of the two ways. */
export function retryGuard(way: Way, config: Config = {}): FilterSpec[] {
  const plugin: PluginSpec = { kind: "plugin", name: "retry-guard", module: "build/retry-guard.wasm", config };
  if (way === "flag") return [{ ...plugin, allowOnHeadersStopIteration: true }];
  return [
    { ...plugin, name: "retry-guard-outer", pair: "outer" },
    { ...plugin, name: "retry-guard-inner", pair: "inner" },
  ];
}

/** The second instance of `veto`. In a VM of its own: Envoy up to 1.36 counts the metrics of a shared one for the cluster. */
export const vetoInstance: PluginSpec = {
  kind: "plugin",
  name: "retry-guard-upstream",
  vmId: "sluice-upstream",
  module: "build/retry-guard.wasm",
  config: { mode: "enforce", placement: "upstream", proxyRetries: "veto" },
};

interface GatewayMore {
  retry?: RetrySpec;
  timeoutMs?: number;
  upstream?: UpstreamSpec | UpstreamSpec[];
  refused?: boolean;
  filters?: PluginSpec[];
}

/** A gateway with one cluster. */
export function gateway(
  way: Way,
  config: Config,
  more: GatewayMore = {},
): Pick<Scenario, "chain" | "routes" | "clusters"> {
  const { retry, timeoutMs, ...cluster } = more;
  return {
    chain: retryGuard(way, config),
    routes: [{ cluster: "model", ...(retry && { retry }), ...(timeoutMs !== undefined && { timeoutMs }) }],
    clusters: [{ name: "model", upstream: answer(), ...cluster }],
  };
}

/** A chat call. */
export function chat(more: Partial<RequestSpec> = {}, body: Record<string, Json> = {}): RequestSpec {
  const { headers = [], ...rest } = more;
  return {
    protocol: "h1",
    method: "POST",
    path: "/v1/chat/completions",
    headers: [...json, ...headers],
    body: JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "Hello" }], ...body }),
    ...rest,
  };
}

/** A good answer. */
export function answer(more: Partial<AnswerSpec> = {}): AnswerSpec {
  return {
    kind: "answer",
    headers: json,
    body: JSON.stringify({
      id: "c-1",
      object: "chat.completion",
      model: "gpt-4o",
      choices: [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
    }),
    ...more,
  };
}

/** An error as OpenAI writes it. */
export function failure(status: number, type = "server_error", headers: HeaderList = []): AnswerSpec {
  return {
    kind: "answer",
    status,
    headers: [...json, ...headers],
    body: JSON.stringify({ error: { message: "no", type, param: null, code: null } }),
  };
}

/** The policy of Istio's widely copied VirtualService for AI services. */
export const copied: RetrySpec = { on: "gateway-error,connect-failure", retries: 2 };
/** Istio's default. */
export const istioDefault: RetrySpec = {
  on: "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes",
  retries: 2,
};
export const wide: RetrySpec = { on: "5xx,reset,retriable-4xx", retries: 2 };

export const enforce: Config = { mode: "enforce" };
export const safe: Config = { mode: "enforce", proxyRetries: "safe", routeHasNoRetryPolicy: true };
export const bothWays: Way[] = ["pair", "flag"];
