// Calls to clusters of the host: HTTP and gRPC. Answers come to the root context, by token.
import { BufferType, Status } from "../abi/enums";
import {
  proxy_get_status,
  proxy_grpc_call,
  proxy_grpc_cancel,
  proxy_grpc_close,
  proxy_grpc_send,
  proxy_grpc_stream,
  proxy_http_call,
} from "../abi/imports";
import { Bytes } from "../bytes/bytes";
import { ANSWER_NUMBER, ANSWER_PTR, ANSWER_SIZE, answerBytes, expectAnswer } from "./answer";
import { getBuffer } from "./body";

/** What stands for a call that could not be made. */
export const NO_CALL: u32 = 0;

/** Calls a gRPC method once. `cluster` is a bare cluster name or a GrpcService message. The token, or `NO_CALL`. */
export function grpcCall(
  cluster: Bytes,
  service: Bytes,
  method: Bytes,
  metadata: Bytes,
  message: Bytes,
  timeoutMs: u32,
): u32 {
  const status = proxy_grpc_call(
    cluster.ptr,
    cluster.length,
    service.ptr,
    service.length,
    method.ptr,
    method.length,
    metadata.ptr,
    metadata.length,
    message.ptr,
    message.length,
    timeoutMs,
    ANSWER_NUMBER,
  );
  return status == Status.Ok ? load<u32>(ANSWER_NUMBER) : NO_CALL;
}

/** Opens a gRPC stream. The token, or `NO_CALL`. */
export function grpcStream(cluster: Bytes, service: Bytes, method: Bytes, metadata: Bytes): u32 {
  const status = proxy_grpc_stream(
    cluster.ptr,
    cluster.length,
    service.ptr,
    service.length,
    method.ptr,
    method.length,
    metadata.ptr,
    metadata.length,
    ANSWER_NUMBER,
  );
  return status == Status.Ok ? load<u32>(ANSWER_NUMBER) : NO_CALL;
}

/** Sends a message on a gRPC stream. */
export function grpcSend(token: u32, message: Bytes, endOfStream: bool): Status {
  return proxy_grpc_send(token, message.ptr, message.length, endOfStream);
}

/** Ends a gRPC call that is not wanted any more. */
export function grpcCancel(token: u32): Status {
  return proxy_grpc_cancel(token);
}

/** Closes our side of a gRPC stream. */
export function grpcClose(token: u32): Status {
  return proxy_grpc_close(token);
}

/** The message that came, within `grpcReceive`. */
export function grpcMessage(size: i32): Bytes {
  return getBuffer(BufferType.GrpcReceive, 0, size);
}

/** Calls an HTTP cluster; `headers` and `trailers` are pairs. The token, or `NO_CALL`. */
export function httpCall(cluster: Bytes, headers: Bytes, body: Bytes, trailers: Bytes, timeoutMs: u32): u32 {
  const status = proxy_http_call(
    cluster.ptr,
    cluster.length,
    headers.ptr,
    headers.length,
    body.ptr,
    body.length,
    trailers.ptr,
    trailers.length,
    timeoutMs,
    ANSWER_NUMBER,
  );
  return status == Status.Ok ? load<u32>(ANSWER_NUMBER) : NO_CALL;
}

/** The status text of the last gRPC failure; the number is in `callStatusCode`. */
export function callStatusText(): Bytes {
  expectAnswer();
  return proxy_get_status(ANSWER_NUMBER, ANSWER_PTR, ANSWER_SIZE) == Status.Ok ? answerBytes() : Bytes.empty();
}

/** The number that `callStatusText` found. */
export function callStatusCode(): i32 {
  return load<i32>(ANSWER_NUMBER);
}
