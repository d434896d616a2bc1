// Exports for answers to calls that the module made: HTTP, gRPC and foreign functions. They come on the root.
import { enter, leave } from "../events";

/** An HTTP call was answered, or failed: then all three sizes are 0. */
export function proxy_on_http_call_response(rootId: u32, token: u32, headers: u32, bodySize: u32, trailers: u32): void {
  const events = enter();
  if (events) events.httpCallResponse(rootId, token, headers, bodySize, trailers);
  leave();
}

/** The server of a gRPC call sent its initial metadata. */
export function proxy_on_grpc_receive_initial_metadata(rootId: u32, token: u32, headers: u32): void {
  const events = enter();
  if (events) events.grpcInitialMetadata(rootId, token, headers);
  leave();
}

/** A gRPC message came. */
export function proxy_on_grpc_receive(rootId: u32, token: u32, size: u32): void {
  const events = enter();
  if (events) events.grpcReceive(rootId, token, size);
  leave();
}

/** The server of a gRPC call sent its trailing metadata. */
export function proxy_on_grpc_receive_trailing_metadata(rootId: u32, token: u32, trailers: u32): void {
  const events = enter();
  if (events) events.grpcTrailingMetadata(rootId, token, trailers);
  leave();
}

/** A gRPC call ended with this status; a unary call that was answered does not come here. */
export function proxy_on_grpc_close(rootId: u32, token: u32, status: u32): void {
  const events = enter();
  if (events) events.grpcClose(rootId, token, status);
  leave();
}

/** The host calls a function of the module by number. */
export function proxy_on_foreign_function(rootId: u32, functionId: u32, argumentsSize: u32): void {
  const events = enter();
  if (events) events.foreignFunction(rootId, functionId, argumentsSize);
  leave();
}
