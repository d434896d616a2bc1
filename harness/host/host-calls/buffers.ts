// Host calls on buffers: bodies, configurations, callout answers.
import { BodyBuffer } from "../body-buffer.ts";
import type { HostCalls } from "../host-functions.ts";
import { BufferType, Status } from "../status.ts";
import type { Vm } from "../vm.ts";

/** get, set, status. */
export function bufferCalls(vm: Vm): HostCalls {
  return {
    proxy_get_buffer_bytes: (type: number, from: number, count: number, pointerOut: number, sizeOut: number) => {
      if (type >>> 0 > BufferType.Max) return Status.BadArgument;
      const buffer = find(vm, type);
      if (buffer === undefined) return Status.NotFound;
      const start = from >>> 0;
      const size = buffer === null ? 0 : buffer.length;
      const length = Math.max(0, Math.min(count >>> 0, size - start));
      if (buffer === null || length === 0) return vm.memory.answerText("", pointerOut, sizeOut);
      if (buffer instanceof BodyBuffer) {
        const counts = vm.acting.manager?.info.hostCalls;
        if (counts !== undefined) counts.bodyBytes += length;
        return vm.memory.answerBuffer(buffer, start, length, pointerOut, sizeOut);
      }
      return vm.memory.answerBytes(buffer.subarray(start, start + length), pointerOut, sizeOut);
    },
    proxy_get_buffer_status: (type: number, lengthOut: number, flagsOut: number) => {
      if (type >>> 0 > BufferType.Max) return Status.BadArgument;
      const buffer = find(vm, type);
      if (buffer === undefined) return Status.NotFound;
      const written = vm.memory.setU32(lengthOut, buffer?.length ?? 0) && vm.memory.setU32(flagsOut, 0);
      return written ? Status.Ok : Status.InvalidMemoryAccess;
    },
    proxy_set_buffer_bytes: (type: number, from: number, count: number, pointer: number, size: number) => {
      if (type >>> 0 > BufferType.Max) return Status.BadArgument;
      const buffer = find(vm, type);
      if (buffer === undefined) return Status.NotFound;
      const data = vm.memory.copy(pointer, size);
      if (data === undefined) return Status.InvalidMemoryAccess;
      if (!(buffer instanceof BodyBuffer)) return Status.BadArgument;
      const start = from >>> 0;
      if (start === 0) {
        if (count !== 0) buffer.drain(count >>> 0);
        buffer.prepend(data);
        return Status.Ok;
      }
      if (start < buffer.length) return Status.BadArgument;
      buffer.append(data);
      return Status.Ok;
    },
  };
}

// Undefined: no such buffer now. Null: it is there, but nothing is in it and nothing can be put into it.
function find(vm: Vm, type: number): BodyBuffer | Uint8Array | null | undefined {
  const context = vm.acting;
  switch (type) {
    case BufferType.RequestBody:
      if (context.isBufferingRequest && context.decoder !== null) return context.decoder.pass.buffered;
      return context.requestBody;
    case BufferType.ResponseBody:
      if (context.isBufferingResponse && context.encoder !== null) return context.encoder.pass.buffered;
      return context.responseBody;
    case BufferType.DownstreamData:
    case BufferType.UpstreamData:
    case BufferType.CallData:
      return null;
    case BufferType.HttpCallResponseBody:
      return context.root.callout?.httpBody ?? undefined;
    case BufferType.GrpcReceive:
      return context.root.callout?.grpcMessage ?? null;
    case BufferType.VmConfiguration:
      return vm.plugin.vmConfiguration;
    case BufferType.PluginConfiguration:
      return context.configuring?.configuration;
  }
  return undefined;
}
