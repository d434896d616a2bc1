// Envoy's rate limit service, envoy.service.ratelimit.v3.
import { Bytes } from "../bytes/bytes";
import { grpcCall } from "../host/calls";
import { setEffectiveContext } from "../host/context";
import { addErrorKind } from "../telemetry/errors";

const SERVICE = Bytes.constant("envoy.service.ratelimit.v3.RateLimitService");
const METHOD = Bytes.constant("ShouldRateLimit");

/** The kind of error of a question that was not answered. */
export const SERVICE_AWAY: i32 = addErrorKind(
  "rate_limit_service",
  "the rate limit service did not answer: decided as global.onError says",
);

/**
 * Sends it a request in the name of `root`: an answer to a stream's own call would be lost when the stream ends before it.
 * `context` is the effective one, before and after. The token, or `NO_CALL`.
 */
export function callService(root: u32, context: u32, cluster: Bytes, request: Bytes, timeoutMs: u32): u32 {
  setEffectiveContext(root);
  const token = grpcCall(cluster, SERVICE, METHOD, Bytes.empty(), request, timeoutMs);
  if (context != root) setEffectiveContext(context);
  return token;
}
