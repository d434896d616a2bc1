// Exports for TCP (network) filters.
import { enter, leave } from "../events";

/** A connection was accepted. */
export function proxy_on_new_connection(contextId: u32): u32 {
  const events = enter();
  const status = events ? events.newConnection(contextId) : 0;
  leave();
  return status;
}

/** Bytes came from the client. */
export function proxy_on_downstream_data(contextId: u32, size: u32, endOfStream: u32): u32 {
  const events = enter();
  const status = events ? events.downstreamData(contextId, size, endOfStream != 0) : 0;
  leave();
  return status;
}

/** Bytes came from the server. */
export function proxy_on_upstream_data(contextId: u32, size: u32, endOfStream: u32): u32 {
  const events = enter();
  const status = events ? events.upstreamData(contextId, size, endOfStream != 0) : 0;
  leave();
  return status;
}

/** The client's side closed. */
export function proxy_on_downstream_connection_close(contextId: u32, peer: u32): void {
  const events = enter();
  if (events) events.downstreamClose(contextId, peer);
  leave();
}

/** The server's side closed. */
export function proxy_on_upstream_connection_close(contextId: u32, peer: u32): void {
  const events = enter();
  if (events) events.upstreamClose(contextId, peer);
  leave();
}
