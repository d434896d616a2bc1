// Host calls to other services: HTTP and unary gRPC. The answer comes later, on the root context.
import { grpcTimeout, httpTimeout } from "../callout-answer.ts";
import type { Context } from "../context.ts";
import { HeaderMap } from "../headers.ts";
import type { HostCalls } from "../host-functions.ts";
import { readPairs } from "../pairs.ts";
import { toText } from "../byte-string.ts";
import type { GrpcCalloutAnswer, HttpCalloutAnswer } from "../process.ts";
import { Status } from "../status.ts";
import type { Vm } from "../vm.ts";

/** http_call, grpc_call, grpc_cancel, grpc_close; streams of gRPC are not offered here. */
export function calloutCalls(vm: Vm): HostCalls {
  const process = vm.thread.process;
  const map = (pointer: number, size: number): HeaderMap | undefined => {
    const bytes = vm.memory.view(pointer, size);
    if (bytes === undefined) return undefined;
    const headers = new HeaderMap();
    for (const [name, value] of readPairs(bytes)) headers.add(name.toLowerCase(), value);
    return headers;
  };
  const cancel = (token: number): number => {
    const root = vm.acting.root;
    if ((token & 3) !== 1) return Status.BadArgument;
    return root.calls.delete(token >>> 0) ? Status.Ok : Status.NotFound;
  };
  return {
    proxy_http_call: (
      cluster: number,
      clusterSize: number,
      headersAt: number,
      headersSize: number,
      bodyAt: number,
      bodySize: number,
      trailersAt: number,
      trailersSize: number,
      timeoutMs: number,
      tokenOut: number,
    ) => {
      const root = vm.acting.root;
      const name = vm.memory.text(cluster, clusterSize);
      const headers = map(headersAt, headersSize);
      const body = vm.memory.copy(bodyAt, bodySize);
      const trailers = map(trailersAt, trailersSize);
      if (name === undefined || headers === undefined || body === undefined || trailers === undefined) {
        return Status.InvalidMemoryAccess;
      }
      if (!vm.memory.setU32(tokenOut, 0)) return Status.InvalidMemoryAccess;
      if (timeoutMs < 0) return Status.BadArgument;
      for (const needed of [":path", ":method", ":authority"]) if (!headers.has(needed)) return Status.BadArgument;
      const answer = process.httpCall({ cluster: toText(name), headers, body, trailers, timeoutMs });
      if (answer === undefined) return Status.BadArgument;
      const token = vm.newCallId(0);
      root.calls.add(token);
      later(vm, root, token, answer.delayMs, timeoutMs, (isLate) =>
        answerHttp(root, token, isLate ? httpTimeout : answer),
      );
      vm.memory.setU32(tokenOut, token);
      return Status.Ok;
    },
    proxy_grpc_call: (
      cluster: number,
      clusterSize: number,
      service: number,
      serviceSize: number,
      method: number,
      methodSize: number,
      metadataAt: number,
      metadataSize: number,
      messageAt: number,
      messageSize: number,
      timeoutMs: number,
      tokenOut: number,
    ) => {
      const root = vm.acting.root;
      const name = vm.memory.text(cluster, clusterSize);
      const serviceName = vm.memory.text(service, serviceSize);
      const methodName = vm.memory.text(method, methodSize);
      const metadata = map(metadataAt, metadataSize);
      const message = vm.memory.copy(messageAt, messageSize);
      if (name === undefined || serviceName === undefined || methodName === undefined)
        return Status.InvalidMemoryAccess;
      if (metadata === undefined || message === undefined) return Status.InvalidMemoryAccess;
      const answer = process.grpcCall({
        cluster: toText(name),
        service: toText(serviceName),
        method: toText(methodName),
        metadata,
        message,
        timeoutMs: timeoutMs >>> 0,
      });
      if (answer === undefined) return Status.ParseFailure;
      const token = vm.newCallId(1);
      root.calls.add(token);
      later(vm, root, token, answer.delayMs, timeoutMs, (isLate) =>
        answerGrpc(root, token, isLate ? grpcTimeout : answer),
      );
      return vm.memory.setU32(tokenOut, token) ? Status.Ok : Status.InvalidMemoryAccess;
    },
    proxy_grpc_stream: () => Status.Unimplemented,
    proxy_grpc_cancel: cancel,
    proxy_grpc_close: cancel,
    proxy_grpc_send: (token: number) => ((token & 3) === 2 ? Status.NotFound : Status.BadArgument),
  };
}

function later(
  vm: Vm,
  root: Context,
  token: number,
  delayMs: number,
  timeoutMs: number,
  answer: (isLate: boolean) => void,
): void {
  const { clock } = vm.thread.process;
  const isLate = timeoutMs > 0 && delayMs > timeoutMs;
  clock.after(isLate ? timeoutMs : delayMs, vm.thread.index, () => {
    if (root.calls.delete(token) && vm.contexts.get(root.id) === root) answer(isLate);
  });
}

function answerHttp(root: Context, token: number, answer: HttpCalloutAnswer): void {
  const response = answer.response;
  if (response === null) {
    root.statusCode = Status.BrokenConnection;
    root.statusMessage = "reset";
    root.onHttpCallResponse(token, 0, 0, 0);
    root.statusMessage = "";
    return;
  }
  root.callout = {
    httpHeaders: response.headers,
    httpBody: response.body,
    httpTrailers: response.trailers,
    grpcMessage: null,
  };
  root.onHttpCallResponse(token, response.headers.size, response.body.length, response.trailers?.size ?? 0);
  root.callout = null;
}

function answerGrpc(root: Context, token: number, answer: GrpcCalloutAnswer): void {
  if (answer.status === 0) {
    const message = answer.message ?? new Uint8Array(0);
    root.callout = { httpHeaders: null, httpBody: null, httpTrailers: null, grpcMessage: message };
    root.onGrpcReceive(token, message.length);
    root.callout = null;
    return;
  }
  root.statusCode = answer.status;
  root.statusMessage = answer.statusMessage;
  root.onGrpcClose(token, answer.status);
  root.statusMessage = "";
}
