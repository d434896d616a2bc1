// What an Envoy is to do, as data: listeners with their chain and routes, and clusters. From it bootstrap.ts and its
// neighbours write Envoy's own configuration.
import type { FilterSpec, Json, PluginSpec, RetrySpec, RouteSpec } from "../scenario/scenario.ts";

/** The part of the configuration that can change while Envoy runs. */
export interface EnvoyConfig {
  listeners: (ListenerConfig | RawResource)[];
  clusters: (ClusterConfig | RawResource)[];
}

/** A listener or a cluster as Envoy itself takes it, for those who write all of it. */
export interface RawResource {
  name: string;
  raw: Json | ((places: EnvoyPlaces) => Json);
}

/** Where Envoy's files are. */
export interface EnvoyPlaces {
  /** Where Envoy reads a module from. */
  modulePath: (module: string) => string;
  /** The access log of this listener. */
  logPath: string;
}

/** A filter that this harness has no words for: `typed_config` and all, as Envoy takes it. */
export interface RawFilter {
  kind: "raw";
  filter: Json;
}

/** One HTTP listener: HTTP/1.1 and HTTP/2 on the same port. */
export interface ListenerConfig {
  name: string;
  /** Default 0: a free one, read back with `envoy.port(name)`. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** In order; plugins are sorted by `priority` (higher first), the router comes last by itself. */
  chain: (FilterSpec | RawFilter)[];
  /** First match wins. */
  routes: RouteConfig[];
  /** `per_connection_buffer_limit_bytes`; default Envoy's 1 MiB. */
  bufferLimit?: number;
  /** Default true: `source.address` is the peer, whatever x-forwarded-for says. */
  useRemoteAddress?: boolean;
  /** Default false: Envoy writes a new x-request-id over an outsider's. Istio's gateways keep it. */
  keepRequestId?: boolean;
  /** Default true: the upstream gets x-envoy-attempt-count. */
  includeAttemptCount?: boolean;
  /** Default true: HTTP/1 trailers pass. Envoy's own default drops them. */
  http1Trailers?: boolean;
  /** Default websocket. */
  upgrades?: string[];
  /** Default: on, with the names of `filterStateNames`. */
  accessLog?: AccessLogConfig | false;
}

/** A route; `retry` may also ask Envoy for a back-off. */
export interface RouteConfig extends RouteSpec {
  retry?: RetrySpec & { backOffMs?: number };
  /** Added (or overwritten) on the way to the upstream. */
  requestHeaders?: Record<string, string>;
  responseHeaders?: Record<string, string>;
}

/** The access log: one JSON object per line in a file that `envoy.accessLog(listener)` reads. */
export interface AccessLogConfig {
  /** Filter state shown, without the prefix `wasm.`; default `filterStateNames`. */
  filterState?: readonly string[];
  /** More fields: name and Envoy's format string. */
  fields?: Record<string, string>;
  /** Default a file in Envoy's run folder. */
  path?: string;
}

/** A cluster of fixed addresses. */
export interface ClusterConfig {
  name: string;
  /** Ports on loopback or addresses; none at all is a cluster without a healthy host. */
  endpoints: (number | { host: string; port: number })[];
  /** Default h1. */
  protocol?: "h1" | "h2";
  bufferLimit?: number;
  /** Default 1000. */
  connectTimeoutMs?: number;
  /** Circuit breaker; defaults are Envoy's. */
  limits?: { connections?: number; pendingRequests?: number; requests?: number; retries?: number };
  /** Plugins that run on each attempt, in front of the upstream codec. */
  filters?: PluginSpec[];
  /** Members of Envoy's Cluster that this harness has no words for; they win. */
  extra?: Record<string, Json>;
}

/** A port on which nothing listens: connecting to it is refused at once. */
export const deadPort = 1;

/** Names that Sluice's filters write to filter state, each under `sluice.`. */
export const filterStateNames: readonly string[] = [
  "model response_model model_source request_type api provider stream outcome consumer team project tier split variant",
  "input_tokens output_tokens cached_input_tokens cache_write_tokens reasoning_tokens usage_status",
  "cost currency price_id budget budget_name",
  "ratelimit ratelimit_rule ratelimit_wait_ms ratelimit_remaining reserved",
  "retry_verdict retry_reason attempts original_request_id replayed fallback config_hash",
]
  .flatMap((line) => line.split(" "))
  .map((name) => `sluice.${name}`);

/** Labels that Sluice's metrics carry. */
export const metricLabels: readonly string[] = [
  "api model request_type status provider consumer team project currency budget rule split variant outcome",
  "verdict reason original action filter kind version config_hash",
].flatMap((line) => line.split(" "));
