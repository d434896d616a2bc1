// Exports for the response half of an HTTP stream. An answer is a number of HeadersStatus or BodyStatus.
import { enter, leave } from "../events";

/** The response headers arrived. */
export function proxy_on_response_headers(contextId: u32, count: u32, endOfStream: u32): u32 {
  const events = enter();
  const status = events ? events.responseHeaders(contextId, count, endOfStream != 0) : 0;
  leave();
  return status;
}

/** A piece of the response body arrived, or all that is buffered so far. */
export function proxy_on_response_body(contextId: u32, size: u32, endOfStream: u32): u32 {
  const events = enter();
  const status = events ? events.responseBody(contextId, size, endOfStream != 0) : 0;
  leave();
  return status;
}

/** The response ended in trailers. */
export function proxy_on_response_trailers(contextId: u32, count: u32): u32 {
  const events = enter();
  const status = events ? events.responseTrailers(contextId, count) : 0;
  leave();
  return status;
}

/** HTTP/2 metadata of the response arrived. */
export function proxy_on_response_metadata(contextId: u32, count: u32): u32 {
  const events = enter();
  const status = events ? events.responseMetadata(contextId, count) : 0;
  leave();
  return status;
}
