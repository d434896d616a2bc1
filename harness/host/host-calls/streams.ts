// Host calls that move a stream: continue, close, answer locally. All take effect when the callback returns.
import type { HostCalls } from "../host-functions.ts";
import { readPairs } from "../pairs.ts";
import { Status, StreamType } from "../status.ts";
import type { Vm } from "../vm.ts";

/** continue_stream, close_stream, send_local_response. */
export function streamCalls(vm: Vm): HostCalls {
  return {
    proxy_continue_stream: (type: number) => {
      const context = vm.acting;
      const { decoder, encoder } = context;
      if (type === StreamType.Request) {
        if (decoder !== null) vm.afterCallback(() => decoder.continueIteration());
      } else if (type === StreamType.Response) {
        if (encoder !== null) vm.afterCallback(() => encoder.continueIteration());
      } else {
        return type === StreamType.Downstream ? Status.Ok : streamTypeFault(type);
      }
      // Whichever direction goes on: the context no longer sees the request.
      context.requestHeaders = null;
      context.requestBody = null;
      context.requestTrailers = null;
      return Status.Ok;
    },
    proxy_close_stream: (type: number) => {
      if (type >>> 0 > StreamType.Max) return Status.BadArgument;
      const manager = vm.acting.manager;
      if (manager !== undefined && (type === StreamType.Request || type === StreamType.Response)) {
        if (vm.acting.isLogging) {
          manager.misuse(`${vm.acting.name} closes its stream in on_log: Envoy would crash`);
          return Status.Ok;
        }
        manager.info.responseCodeDetails ??= "wasm_close_stream";
        vm.afterCallback(() => manager.resetStream());
      }
      return Status.Ok;
    },
    proxy_send_local_response: (
      status: number,
      details: number,
      detailsSize: number,
      body: number,
      bodySize: number,
      pairs: number,
      pairsSize: number,
      grpcStatus: number,
    ) => {
      const detailsText = vm.memory.text(details, detailsSize);
      const bodyText = vm.memory.text(body, bodySize);
      const pairsBytes = vm.memory.view(pairs, pairsSize);
      if (detailsText === undefined || bodyText === undefined || pairsBytes === undefined) {
        return Status.InvalidMemoryAccess;
      }
      const headers = readPairs(pairsBytes).map(([name, value]) => [name.toLowerCase(), value] as const);
      const context = vm.acting;
      if (context.decoder !== null) {
        const manager = context.decoder.manager;
        const reply = {
          status: status >>> 0,
          body: bodyText,
          headers,
          grpcStatus: grpcStatus >= 0 && grpcStatus <= 16 ? grpcStatus : -1,
          details: detailsText.replaceAll(/\s/g, "_"),
        };
        vm.afterCallback(() => manager.sendLocalReply(reply));
      }
      vm.stopIteration = true;
      return Status.Ok;
    },
  };
}

function streamTypeFault(type: number): number {
  return type === StreamType.Upstream ? Status.Unimplemented : Status.BadArgument;
}
