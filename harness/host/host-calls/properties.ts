// Host calls on properties: what the gateway knows of a stream, and what filters leave there for others.
import type { HostCalls } from "../host-functions.ts";
import { getProperty } from "../properties.ts";
import { Status } from "../status.ts";
import type { Vm } from "../vm.ts";

/** get_property and set_property. */
export function propertyCalls(vm: Vm): HostCalls {
  return {
    proxy_get_property: (path: number, pathSize: number, pointerOut: number, sizeOut: number) => {
      const text = vm.memory.text(path, pathSize);
      if (text === undefined) return Status.InvalidMemoryAccess;
      const context = vm.acting;
      const manager = context.manager;
      const value = getProperty(text, {
        pluginName: context.plugin.name,
        rootId: context.plugin.rootId,
        vmId: vm.vmId,
        info: manager?.info,
        requestHeaders: context.requestHeaders ?? (context.isLogging ? (manager?.decode.headers ?? null) : null),
        responseHeaders: context.responseHeaders ?? (context.isLogging ? (manager?.encode.headers ?? null) : null),
        responseTrailers: context.responseTrailers ?? (context.isLogging ? (manager?.encode.trailers ?? null) : null),
        node: vm.thread.process.node,
      });
      return typeof value === "number" ? value : vm.memory.answerText(value, pointerOut, sizeOut);
    },
    proxy_set_property: (path: number, pathSize: number, value: number, valueSize: number) => {
      const name = vm.memory.text(path, pathSize);
      const text = vm.memory.text(value, valueSize);
      if (name === undefined || text === undefined) return Status.InvalidMemoryAccess;
      const info = vm.acting.manager?.info;
      if (info === undefined) return Status.NotFound;
      info.filterState.set(`wasm.${name}`, text);
      return Status.Ok;
    },
  };
}
