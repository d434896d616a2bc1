// The numbers of the Proxy-Wasm ABI 0.2.1, as Envoy 1.40 uses them.

/** What a host call answers. Hosts may answer other numbers: treat all but `Ok` as a failure. */
export const enum Status {
  Ok = 0,
  NotFound = 1,
  BadArgument = 2,
  SerializationFailure = 3,
  ParseFailure = 4,
  BadExpression = 5,
  InvalidMemoryAccess = 6,
  Empty = 7,
  CasMismatch = 8,
  ResultMismatch = 9,
  InternalFailure = 10,
  BrokenConnection = 11,
  Unimplemented = 12,
}

export const enum LogLevel {
  Trace = 0,
  Debug = 1,
  Info = 2,
  Warn = 3,
  Error = 4,
  Critical = 5,
}

/** What a headers or trailers callback answers. */
export const enum HeadersStatus {
  Continue = 0,
  /**
   * Envoy turns it into StopAllIterationAndWatermark unless the plugin has `allow_on_headers_stop_iteration`:
   * then no body callback comes until `continueStream`.
   */
  StopIteration = 1,
  StopAllIterationAndBuffer = 3,
  StopAllIterationAndWatermark = 4,
}

/** What a body callback answers. */
export const enum BodyStatus {
  Continue = 0,
  /** Keep the bytes in Envoy's buffer; above its limit Envoy answers 413 (request) or 500 (response). */
  StopIterationAndBuffer = 1,
  /** Keep the bytes, and make the sender wait above the limit. */
  StopIterationAndWatermark = 2,
  /** Keep nothing: what was not taken out of the buffer is lost. */
  StopIterationNoBuffer = 3,
}

export const enum HeaderMap {
  RequestHeaders = 0,
  RequestTrailers = 1,
  ResponseHeaders = 2,
  ResponseTrailers = 3,
  GrpcReceiveInitialMetadata = 4,
  GrpcReceiveTrailingMetadata = 5,
  HttpCallResponseHeaders = 6,
  HttpCallResponseTrailers = 7,
}

export const enum BufferType {
  RequestBody = 0,
  ResponseBody = 1,
  DownstreamData = 2,
  UpstreamData = 3,
  HttpCallResponseBody = 4,
  GrpcReceive = 5,
  VmConfiguration = 6,
  PluginConfiguration = 7,
  CallData = 8,
}

/** The direction of a stream that a call names. */
export const enum StreamType {
  Request = 0,
  Response = 1,
  Downstream = 2,
  Upstream = 3,
}

export const enum MetricType {
  Counter = 0,
  Gauge = 1,
  Histogram = 2,
}

/** gRPC status codes that a local reply may carry; `None` for answers that are not gRPC. */
export const enum GrpcStatus {
  None = -1,
  Ok = 0,
  InvalidArgument = 3,
  NotFound = 5,
  AlreadyExists = 6,
  PermissionDenied = 7,
  ResourceExhausted = 8,
  FailedPrecondition = 9,
  Aborted = 10,
  Unavailable = 14,
}

/** Who closed a TCP connection. */
export const enum PeerType {
  Unknown = 0,
  Local = 1,
  Remote = 2,
}
