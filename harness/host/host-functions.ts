// Links a module: every host function that Envoy offers, wrapped so that tests can count, hook and fail it.
import { bufferCalls } from "./host-calls/buffers.ts";
import { calloutCalls } from "./host-calls/callouts.ts";
import { generalCalls } from "./host-calls/general.ts";
import { headerCalls } from "./host-calls/headers.ts";
import { metricCalls } from "./host-calls/metrics.ts";
import { propertyCalls } from "./host-calls/properties.ts";
import { sharedDataCalls } from "./host-calls/shared-data.ts";
import { streamCalls } from "./host-calls/streams.ts";
import { wasiCalls } from "./host-calls/wasi.ts";
import type { LoadedModule } from "./module.ts";
import type { Vm } from "./vm.ts";

/** A host function as the VM calls it. i64 parameters are bigint; WASI's and all others answer a number. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type HostCall = (...args: any[]) => number | void;

/** Host functions by name. */
export type HostCalls = Record<string, HostCall>;

/** The import object for a module's instance in this VM. */
export function linkHostFunctions(vm: Vm, module: LoadedModule): WebAssembly.Imports {
  const env: HostCalls = {
    ...generalCalls(vm),
    ...headerCalls(vm),
    ...bufferCalls(vm),
    ...streamCalls(vm),
    ...propertyCalls(vm),
    ...sharedDataCalls(vm),
    ...metricCalls(vm),
    ...calloutCalls(vm),
  };
  const wasi = wasiCalls(vm);
  const imports: Record<string, Record<string, HostCall>> = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module.compiled)) {
    const call = (from === "env" ? env : wasi)[name] as HostCall;
    (imports[from] ??= {})[name] = wrap(vm, name, call);
  }
  return imports;
}

function wrap(vm: Vm, name: string, call: HostCall): HostCall {
  const process = vm.thread.process;
  return (...args) => {
    vm.checkAllowed(name);
    process.tracer?.hostCall(name, args as (number | bigint)[], vm);
    const fault = process.beforeHostCall(name, vm);
    return fault === undefined ? call(...args) : fault;
  };
}
