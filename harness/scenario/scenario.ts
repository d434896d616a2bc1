// A scenario: one story told as data, which the in-process host and the real Envoy both run and must agree on.
// Everything here survives JSON.stringify and JSON.parse.

/** Bytes as data. A string is UTF-8 text; `repeat` is the pattern `times` times; `parts` are joined. */
export type BytesSpec =
  string | { text: string } | { base64: string } | { repeat: BytesSpec; times: number } | { parts: BytesSpec[] };

/** Headers in order; a name may come more than once. Names are lower case. */
export type HeaderList = [name: string, value: string][];

/** Any JSON value: a plugin configuration before it is written out. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** What becomes of traffic when the VM has died. Names are those of Envoy's `FailurePolicy`. */
export type FailurePolicy = "FAIL_CLOSED" | "FAIL_OPEN" | "FAIL_RELOAD";

/** One Wasm filter of the chain. Same `module`, `vmId` and `vmConfig` share one VM on each worker, as in Envoy. */
export interface PluginSpec {
  kind: "plugin";
  /** Unique in the chain; the property `plugin_name`. */
  name: string;
  /** Path of the compiled module from the repository's top, e.g. `build/model-tag.wasm`. */
  module: string;
  /** The plugin configuration: compact JSON of this value. Absent: size 0. A configuration that is no JSON: `configText`. */
  config?: Json;
  /** The plugin configuration byte for byte (for malformed ones). Wins over `config`; `pair` is then not added. */
  configText?: string;
  /** Added to `config` as its member `pair`: the two instances that hold headers together. */
  pair?: "outer" | "inner";
  /** Sorts the plugins among their places in the list: higher first, equal ones (default 0) as listed. */
  priority?: number;
  rootId?: string;
  vmId?: string;
  vmConfig?: VmConfigSpec;
  /** Default FAIL_CLOSED, as Envoy's. */
  failurePolicy?: FailurePolicy;
  /** Envoy's `allow_on_headers_stop_iteration`. Default false: StopIteration from headers becomes StopAllIterationAndWatermark. */
  allowOnHeadersStopIteration?: boolean;
}

/** The configuration of the VM: `configuration` goes to `proxy_on_vm_start`, `env` to WASI's environ. */
export interface VmConfigSpec {
  configuration?: string;
  env?: Record<string, string>;
}

/** Delays request headers; what follows waits too (Envoy's fault filter with a fixed delay on 100 %). */
export interface PauseSpec {
  kind: "pause";
  name: string;
  ms: number;
}

/** Envoy's buffer filter: holds the request until its body is whole. 413 over `maxRequestBytes`. */
export interface BufferSpec {
  kind: "buffer";
  name: string;
  maxRequestBytes: number;
}

/** Envoy's set_metadata filter: dynamic metadata by namespace, as jwt_authn leaves a token's payload. */
export interface MetadataSpec {
  kind: "metadata";
  name: string;
  values: Record<string, { [key: string]: Json }>;
}

/** A filter of the chain; the router comes last by itself. */
export type FilterSpec = PluginSpec | PauseSpec | BufferSpec | MetadataSpec;

/** Matches one request header. Exactly one of the matchers, or only `name` for "is present". */
export interface HeaderMatchSpec {
  name: string;
  exact?: string;
  prefix?: string;
  /** RE2 in Envoy: the whole value must match. */
  regex?: string;
  /** False: the header must be absent. */
  present?: boolean;
}

/** Envoy's retry policy of a route. */
export interface RetrySpec {
  /** Envoy's `retry_on`, e.g. `5xx,reset`. */
  on: string;
  retries: number;
  perTryTimeoutMs?: number;
  retriableStatusCodes?: number[];
}

/** One route; the first that matches wins. */
export interface RouteSpec {
  name?: string;
  /** Path prefix, default `/`. */
  prefix?: string;
  headers?: HeaderMatchSpec[];
  /** Where to. Exactly one of `cluster` and `respond`. */
  cluster?: string;
  /** A direct response of the router. */
  respond?: { status: number; body?: string };
  /** Envoy's route timeout; default 15,000; 0 is none. */
  timeoutMs?: number;
  retry?: RetrySpec;
}

/** One piece of a body. Sizes over the rest are cut; what the list does not cover follows as one last piece. */
export interface ChunkSpec {
  bytes: number;
  /** Milliseconds between the piece before it (or the headers) and this one. Default 0. */
  afterMs?: number;
}

/** When the client leaves. Counted from the last thing named; without any: as soon as the whole request is sent. */
export interface AbortSpec {
  /** After this many bytes of the request body were sent (0: after the headers). Default: the whole request. */
  requestBytes?: number;
  /** After at least this many bytes of the response body came (0: after its headers). */
  responseBytes?: number;
  /** And then so many milliseconds later. Default 0. */
  afterMs?: number;
}

/** One request. */
export interface RequestSpec {
  /** For messages; default its index. */
  name?: string;
  /** Milliseconds from the scenario's start. Absent: starts when all requests listed before it have ended. */
  atMs?: number;
  /** Worker that serves it, in the in-process host only; default 0. */
  worker?: number;
  protocol: "h1" | "h2";
  method: string;
  path: string;
  /** Default `gateway.test`. */
  authority?: string;
  /** Without pseudo headers, `host`, `content-length` and `transfer-encoding`: the runner writes those. */
  headers?: HeaderList;
  body?: BytesSpec;
  /** Pieces of the body as they are sent. Default: one piece. */
  chunks?: ChunkSpec[];
  /** Default: `content-length` where there is a body and no trailers, else `chunked` (HTTP/2: no content-length). */
  framing?: "content-length" | "chunked";
  /** HTTP/2: how the stream ends. Default `last-data`: END_STREAM on the last DATA frame; `empty-data`: a frame of its own. */
  end?: "last-data" | "empty-data";
  trailers?: HeaderList;
  abort?: AbortSpec;
  /** How long the client waits for the whole answer before it says `hang` and leaves. Default 5,000. */
  patienceMs?: number;
  /** Answers of the upstream to this request, one per attempt, the last one repeated. Wins over `upstreams`. */
  upstream?: UpstreamSpec | UpstreamSpec[];
}

/** What an upstream does with one request. */
export type UpstreamSpec =
  | AnswerSpec
  /** Reads the request and says nothing. */
  | { kind: "hang" }
  /** Resets the connection (HTTP/2: the stream) once the request's headers or its whole have come. */
  | { kind: "reset"; after?: "headers" | "request" };

/** An answer. */
export interface AnswerSpec {
  kind: "answer";
  /** Default 200. */
  status?: number;
  /** Without `content-length` and `transfer-encoding`: `framing` says them. */
  headers?: HeaderList;
  /** `echo`: the request's own body. */
  body?: BytesSpec | { echo: true };
  /** Pieces as they are written. Default: one piece. */
  chunks?: ChunkSpec[];
  /** Default: `content-length` where there are no trailers, else `chunked`. */
  framing?: "content-length" | "chunked";
  trailers?: HeaderList;
  /** When the answer starts: with the request's end (default) or with its headers. */
  after?: "headers" | "request";
  /** Milliseconds from then to the answer's headers. Default 0. */
  delayMs?: number;
  /** Reset after so many pieces of the body (0: after the headers). */
  cutAfterChunks?: number;
}

/** A cluster. Requests are answered by the list in turn (over all requests and attempts); the last is repeated. */
export interface ClusterSpec {
  name: string;
  /** Default `h1`. */
  protocol?: "h1" | "h2";
  /** Nothing listens: connecting is refused. */
  refused?: boolean;
  /** Default: `{kind: "answer"}` with status 200 and no body. */
  upstream?: UpstreamSpec | UpstreamSpec[];
  /** Plugins that run as upstream HTTP filters, one context per attempt. */
  filters?: PluginSpec[];
  /** Answers to gRPC calls that plugins make to this cluster (protocol h2). First entry with this method, in turn, the last repeated. */
  grpc?: GrpcAnswerSpec[];
}

/** The answer to a plugin's gRPC call. */
export interface GrpcAnswerSpec {
  service: string;
  method: string;
  /** The message's protobuf bytes. Absent: only a status comes. */
  message?: BytesSpec;
  /** gRPC status; default 0. */
  status?: number;
  statusMessage?: string;
  delayMs?: number;
}

/** A live change of one plugin's configuration. */
export interface UpdateSpec {
  /** Milliseconds from the start, or after the request of this index has ended. Exactly one of both. */
  atMs?: number;
  afterRequest?: number;
  plugin: string;
  config?: Json;
  configText?: string;
  module?: string;
  /** Expected: the plugin answers false and its old configuration goes on. */
  refused?: boolean;
}

/** The gateway around the chain. HTTP/1 trailers are enabled on both sides. */
export interface GatewaySpec {
  /** Envoy's `--concurrency`; default 1. */
  workers?: number;
  /** `per_connection_buffer_limit_bytes` of listener and clusters; default 1 MiB. HTTP/2 streams have their window, 16 MiB. */
  bufferLimit?: number;
  /** The connection manager's `use_remote_address`; default false. */
  useRemoteAddress?: boolean;
  /** Upgrades that the connection manager lets through (`websocket`; `connect` for CONNECT). Default none: answered 403. */
  upgrades?: string[];
  /** Seen as `xds.node.*`. */
  node?: { id?: string; cluster?: string; metadata?: Record<string, Json> };
}

/** What one header must be: exact value, null for absent, several values in order, a pattern, or merely there. */
export type HeaderExpectation = string | null | string[] | { regex: string } | { present: true };

/** What bytes must be. `same` is what the other side sent (request body at the upstream, answer body at the client). */
export type BytesExpectation =
  "same" | { is: BytesSpec } | { length: number } | { contains: string } | { regex: string };

/**
 * How a request ended for the client: `complete` answer; `reset` (connection or stream cut, an answer may have begun);
 * `hang` (patience ran out); `aborted` (the client left as the scenario says).
 */
export type Outcome = "complete" | "reset" | "hang" | "aborted";

/** What must have come of one request. What is not named is not checked. */
export interface RequestExpectation {
  /** Default `complete`, or `aborted` where the request has `abort`. */
  outcome?: Outcome;
  status?: number;
  headers?: Record<string, HeaderExpectation>;
  body?: BytesExpectation;
  trailers?: Record<string, HeaderExpectation>;
  /** Null: no upstream saw the request. Checked against the last attempt. */
  upstream?: null | {
    cluster?: string;
    attempts?: number;
    method?: string;
    path?: string;
    headers?: Record<string, HeaderExpectation>;
    body?: BytesExpectation;
    trailers?: Record<string, HeaderExpectation>;
  };
  /** As the access log sees it, without the prefix `wasm.`. */
  filterState?: Record<string, HeaderExpectation>;
  /** Envoy's `%RESPONSE_CODE_DETAILS%`. */
  responseCodeDetails?: HeaderExpectation;
  /** Envoy's `%RESPONSE_FLAGS%`, e.g. `UF`; `-` for none. */
  responseFlags?: HeaderExpectation;
}

/** A number, exactly or between bounds. */
export type NumberExpectation = number | { min?: number; max?: number };

/** What must have come of the whole. */
export interface ScenarioExpectation {
  /** By index of request. A shorter list leaves the rest unchecked but for `complete`. */
  requests?: RequestExpectation[];
  /** By metric's name as the plugin defined it: the change over the scenario (a gauge: its last value; a histogram: its number of samples). */
  metrics?: Record<string, NumberExpectation>;
  /** In the in-process host only: shared data by key at the end, as text. Null: absent. */
  sharedData?: Record<string, HeaderExpectation>;
  /** Each pattern must be found in some line of the plugins' log. */
  log?: string[];
  /** No line of the plugins' log may match. */
  logAbsent?: string[];
  /** Traps (VM deaths) expected; default 0. */
  traps?: NumberExpectation;
}

/** One scenario. */
export interface Scenario {
  /** A sentence. */
  name: string;
  gateway?: GatewaySpec;
  chain: FilterSpec[];
  routes: RouteSpec[];
  clusters: ClusterSpec[];
  requests: RequestSpec[];
  updates?: UpdateSpec[];
  expect: ScenarioExpectation;
  /** Filter state to read back beside what is expected (the Envoy runner has to name it in its access log format). */
  observeFilterState?: string[];
  /** Runs in one host only, and why (CEL; odd host statuses). */
  only?: { host: "envoy" | "in-process"; why: string };
}

/**
 * Header that both runners add to each request, its value the request's index, so that the upstream finds its part.
 * Plugins see it; results do not show it.
 */
export const requestIndexHeader = "x-scenario-request";
