// Answering a request from here, and letting streams go on.
import { GrpcStatus, Status, StreamType } from "../abi/enums";
import { proxy_close_stream, proxy_continue_stream, proxy_send_local_response } from "../abi/imports";
import { Bytes } from "../bytes/bytes";

/**
 * Answers the request of the effective context. `headers` are pairs (`PairWriter`), `details` goes to the access log's
 * %RESPONSE_CODE_DETAILS%. After it a headers callback answers StopIteration, a body callback StopIterationNoBuffer.
 */
export function sendLocalResponse(
  code: u32,
  details: Bytes,
  body: Bytes,
  headers: Bytes,
  grpc: GrpcStatus = GrpcStatus.None,
): Status {
  return proxy_send_local_response(
    code,
    details.ptr,
    details.length,
    body.ptr,
    body.length,
    headers.ptr,
    headers.length,
    grpc,
  );
}

/** Lets the effective context go on after the callback that is running. */
export function continueStream(type: StreamType): Status {
  return proxy_continue_stream(type);
}

/** Resets a direction of the effective context. */
export function closeStream(type: StreamType): Status {
  return proxy_close_stream(type);
}
