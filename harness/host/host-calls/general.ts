// Host calls of no particular service: log, time, tick, status, contexts, foreign functions.
import { foreignFunctions } from "../foreign-functions.ts";
import type { HostCalls } from "../host-functions.ts";
import { Status } from "../status.ts";
import { toText } from "../byte-string.ts";
import type { Vm } from "../vm.ts";

/** log, clock, tick, effective context, done, foreign functions. */
export function generalCalls(vm: Vm): HostCalls {
  const process = vm.thread.process;
  return {
    proxy_log: (level: number, pointer: number, size: number) => {
      if (level >>> 0 > 5) return Status.BadArgument;
      const text = vm.memory.text(pointer, size);
      if (text === undefined) return Status.InvalidMemoryAccess;
      process.log(vm, vm.acting, level, toText(text));
      return Status.Ok;
    },
    proxy_get_log_level: (out: number) => ok(vm.memory.setU32(out, process.logLevel)),
    proxy_get_status: (codeOut: number, pointerOut: number, sizeOut: number) => {
      const root = vm.acting.root;
      if (!vm.memory.setU32(codeOut, root.statusCode)) return Status.InvalidMemoryAccess;
      return vm.memory.answerText(root.statusMessage, pointerOut, sizeOut);
    },
    proxy_get_current_time_nanoseconds: (out: number) => ok(vm.memory.setU64(out, process.clock.wallNanos)),
    proxy_set_tick_period_milliseconds: (periodMs: number) => {
      vm.setTick(vm.acting.root.id, periodMs >>> 0);
      return Status.Ok;
    },
    proxy_set_effective_context: (id: number) => {
      if (!vm.contexts.has(id >>> 0)) return Status.BadArgument;
      vm.effectiveId = id >>> 0;
      return Status.Ok;
    },
    proxy_done: () => (vm.done(vm.acting) ? Status.Ok : Status.NotFound),
    proxy_call_foreign_function: (
      name: number,
      nameSize: number,
      args: number,
      argsSize: number,
      pointerOut: number,
      sizeOut: number,
    ) => {
      const text = vm.memory.text(name, nameSize);
      const given = vm.memory.text(args, argsSize);
      if (text === undefined || given === undefined) return Status.InvalidMemoryAccess;
      const foreign = foreignFunctions[text];
      if (foreign === undefined) return Status.NotFound;
      // None of those that work here answers bytes.
      if (pointerOut !== 0 && !vm.memory.setU32(pointerOut, 0)) return Status.InvalidMemoryAccess;
      if (sizeOut !== 0 && !vm.memory.setU32(sizeOut, 0)) return Status.InvalidMemoryAccess;
      return foreign(vm, given);
    },
    pthread_equal: (left: number, right: number) => (left === right ? 1 : 0),
    emscripten_notify_memory_growth: () => undefined,
    envoy_resolve_dns: () => Status.Unimplemented,
  };
}

function ok(written: boolean): number {
  return written ? Status.Ok : Status.InvalidMemoryAccess;
}
