// Envoy's rate limit service, envoy.service.ratelimit.v3.
import { Bytes } from "../bytes/bytes";
import { grpcCall } from "../host/calls";
import { setEffectiveContext } from "../host/context";

const SERVICE = Bytes.constant("envoy.service.ratelimit.v3.RateLimitService");
const METHOD = Bytes.constant("ShouldRateLimit");

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
