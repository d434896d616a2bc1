// Host calls on header maps, with the phases in which Envoy lets a context see and change them.
import { CallState } from "../filter-pass.ts";
import type { Context } from "../context.ts";
import type { HostCalls } from "../host-functions.ts";
import { HeaderMap } from "../headers.ts";
import { readPairs } from "../pairs.ts";
import { MapType, Status } from "../status.ts";
import type { Vm } from "../vm.ts";

const none = new HeaderMap();

/** get, add, replace, remove, pairs, size. */
export function headerCalls(vm: Vm): HostCalls {
  return {
    proxy_get_header_map_value: (type: number, key: number, keySize: number, pointerOut: number, sizeOut: number) => {
      if (type >>> 0 > MapType.Max) return Status.BadArgument;
      const name = vm.memory.text(key, keySize);
      if (name === undefined) return Status.InvalidMemoryAccess;
      const context = vm.acting;
      const map = readableMap(context, type);
      if (map === null) return context.isLogging ? Status.NotFound : Status.BadArgument;
      const value = map.get(name.toLowerCase());
      return value === undefined ? Status.NotFound : vm.memory.answerText(value, pointerOut, sizeOut);
    },
    proxy_add_header_map_value: (type: number, key: number, keySize: number, value: number, valueSize: number) => {
      if (type >>> 0 > MapType.Max) return Status.BadArgument;
      const name = vm.memory.text(key, keySize);
      const text = vm.memory.text(value, valueSize);
      if (name === undefined || text === undefined) return Status.InvalidMemoryAccess;
      return change(vm.acting, type, (map) => map.add(name.toLowerCase(), text));
    },
    proxy_replace_header_map_value: (type: number, key: number, keySize: number, value: number, valueSize: number) => {
      if (type >>> 0 > MapType.Max) return Status.BadArgument;
      const name = vm.memory.text(key, keySize);
      const text = vm.memory.text(value, valueSize);
      if (name === undefined || text === undefined) return Status.InvalidMemoryAccess;
      return change(vm.acting, type, (map) => map.set(name.toLowerCase(), text));
    },
    proxy_remove_header_map_value: (type: number, key: number, keySize: number) => {
      if (type >>> 0 > MapType.Max) return Status.BadArgument;
      const name = vm.memory.text(key, keySize);
      if (name === undefined) return Status.InvalidMemoryAccess;
      return change(vm.acting, type, (map) => map.remove(name.toLowerCase()));
    },
    proxy_get_header_map_pairs: (type: number, pointerOut: number, sizeOut: number) => {
      if (type >>> 0 > MapType.Max) return Status.BadArgument;
      const map = readableMap(vm.acting, type) ?? none;
      return vm.memory.answerPairs(map.names, map.values, pointerOut, sizeOut);
    },
    proxy_set_header_map_pairs: (type: number, pointer: number, size: number) => {
      if (type >>> 0 > MapType.Max) return Status.BadArgument;
      const bytes = vm.memory.view(pointer, size);
      if (bytes === undefined) return Status.InvalidMemoryAccess;
      const pairs = readPairs(bytes);
      return change(vm.acting, type, (map) => {
        map.clear();
        for (const [name, value] of pairs) map.add(name.toLowerCase(), value);
      });
    },
    proxy_get_header_map_size: (type: number, out: number) => {
      if (type >>> 0 > MapType.Max) return Status.BadArgument;
      const map = changeableMap(vm.acting, type);
      if (map === null) return Status.BadArgument;
      return vm.memory.setU32(out, map.byteSize) ? Status.Ok : Status.InvalidMemoryAccess;
    },
  };
}

/** The map as a context may read it now. */
export function readableMap(context: Context, type: number): HeaderMap | null {
  const { manager, isLogging } = context;
  const callout = context.root.callout;
  switch (type) {
    case MapType.RequestHeaders:
      return isLogging ? (manager?.decode.headers ?? null) : context.requestHeaders;
    case MapType.RequestTrailers:
      return isLogging ? null : context.requestTrailers;
    case MapType.ResponseHeaders:
      return isLogging ? (manager?.encode.headers ?? null) : context.responseHeaders;
    case MapType.ResponseTrailers:
      return isLogging ? (manager?.encode.trailers ?? null) : context.responseTrailers;
    case MapType.HttpCallResponseHeaders:
      return callout?.httpHeaders ?? null;
    case MapType.HttpCallResponseTrailers:
      return callout?.httpTrailers ?? null;
  }
  return null;
}

function change(context: Context, type: number, edit: (map: HeaderMap) => void): number {
  const map = changeableMap(context, type);
  if (map === null) return Status.BadArgument;
  edit(map);
  // For modules of ABI 0.2.1 and older any change of request headers clears the route cache.
  if (type === MapType.RequestHeaders) context.manager?.clearRouteCache();
  return Status.Ok;
}

// Trailers may be added in the last body callback of a stream.
function changeableMap(context: Context, type: number): HeaderMap | null {
  switch (type) {
    case MapType.RequestHeaders:
      return context.requestHeaders;
    case MapType.RequestTrailers:
      if (context.requestTrailers === null && context.requestBody !== null && context.endOfStream) {
        context.requestTrailers = addTrailers(context, "decode");
      }
      return context.requestTrailers;
    case MapType.ResponseHeaders:
      return context.responseHeaders;
    case MapType.ResponseTrailers:
      if (context.responseTrailers === null && context.responseBody !== null && context.endOfStream) {
        context.responseTrailers = addTrailers(context, "encode");
      }
      return context.responseTrailers;
  }
  return null;
}

function addTrailers(context: Context, direction: "decode" | "encode"): HeaderMap | null {
  const manager = context.manager;
  if (manager === undefined) return null;
  if ((manager.callState & CallState.EndOfStream) === 0) {
    manager.misuse(`${context.name} adds trailers outside the last body callback: Envoy would crash`);
    return null;
  }
  return (manager[direction].trailers ??= new HeaderMap());
}
