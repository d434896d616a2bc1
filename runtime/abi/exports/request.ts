// Exports for the request half of an HTTP stream. An answer is a number of HeadersStatus or BodyStatus.
import { enter, leave } from "../events";

/** The request headers arrived. */
export function proxy_on_request_headers(contextId: u32, count: u32, endOfStream: u32): u32 {
  const events = enter();
  const status = events ? events.requestHeaders(contextId, count, endOfStream != 0) : 0;
  leave();
  return status;
}

/** A piece of the request body arrived, or all that is buffered so far. */
export function proxy_on_request_body(contextId: u32, size: u32, endOfStream: u32): u32 {
  const events = enter();
  const status = events ? events.requestBody(contextId, size, endOfStream != 0) : 0;
  leave();
  return status;
}

/** The request ended in trailers. */
export function proxy_on_request_trailers(contextId: u32, count: u32): u32 {
  const events = enter();
  const status = events ? events.requestTrailers(contextId, count) : 0;
  leave();
  return status;
}

/** HTTP/2 metadata of the request arrived. */
export function proxy_on_request_metadata(contextId: u32, count: u32): u32 {
  const events = enter();
  const status = events ? events.requestMetadata(contextId, count) : 0;
  leave();
  return status;
}
