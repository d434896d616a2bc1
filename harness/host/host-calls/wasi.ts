// The part of WASI that Envoy offers: logs through stdout and stderr, environment, clocks, random bytes; no files.
import { fromText, toText } from "../byte-string.ts";
import type { HostCalls } from "../host-functions.ts";
import type { Vm } from "../vm.ts";

const success = 0;
const badFile = 8;
const fault = 21;
const invalid = 28;
const noEntry = 44;
const notImplemented = 52;
const notSupported = 58;
const maxRandom = 64 * 1024;

/** WASI by function name. */
export function wasiCalls(vm: Vm): HostCalls {
  const process = vm.thread.process;
  const written = (ok: boolean): number => (ok ? success : fault);
  const environment = Object.entries(vm.plugin.options.env).map(([name, value]) => fromText(`${name}=${value}`) + "\0");
  return {
    fd_write: (file: number, vectors: number, count: number, out: number) => {
      if (file !== 1 && file !== 2) return badFile;
      let text = "";
      for (let i = 0; i < count; i++) {
        const vector = vm.memory.view(vectors + 8 * i, 8);
        if (vector === undefined) return fault;
        const view = new DataView(vector.buffer, vector.byteOffset, 8);
        const piece = vm.memory.text(view.getUint32(0, true), view.getUint32(4, true));
        if (piece === undefined) return fault;
        text += piece;
      }
      if (text !== "")
        process.log(vm, vm.acting, file === 1 ? 2 : 4, toText(text.endsWith("\n") ? text.slice(0, -1) : text));
      return written(vm.memory.setU32(out, text.length));
    },
    environ_sizes_get: (countOut: number, sizeOut: number) => {
      const size = environment.reduce((sum, entry) => sum + entry.length, 0);
      return written(vm.memory.setU32(countOut, environment.length) && vm.memory.setU32(sizeOut, size));
    },
    environ_get: (array: number, buffer: number) => {
      for (const entry of environment) {
        const target = vm.memory.view(buffer, entry.length);
        if (target === undefined || !vm.memory.setU32(array, buffer)) return fault;
        for (let i = 0; i < entry.length; i++) target[i] = entry.charCodeAt(i);
        array += 4;
        buffer += entry.length;
      }
      return success;
    },
    args_sizes_get: (countOut: number, sizeOut: number) =>
      written(vm.memory.setU32(countOut, 0) && vm.memory.setU32(sizeOut, 0)),
    args_get: () => success,
    clock_time_get: (clock: number, _precision: bigint, out: number) => {
      if (clock !== 0 && clock !== 1) return notSupported;
      const nanos = clock === 0 ? process.clock.wallNanos : process.clock.monotonicNanos;
      return written(vm.memory.setU64(out, nanos));
    },
    clock_res_get: (clock: number, out: number) =>
      clock === 0 || clock === 1 ? written(vm.memory.setU64(out, 1n)) : notSupported,
    random_get: (pointer: number, size: number) => {
      if (size >>> 0 > maxRandom) return invalid;
      const target = vm.memory.view(pointer, size);
      if (target === undefined) return fault;
      process.fillRandom(target);
      return success;
    },
    fd_fdstat_get: (file: number, out: number) => {
      if (file !== 1 && file !== 2) return badFile;
      const target = vm.memory.view(out, 24);
      target?.fill(0);
      if (target !== undefined) target[8] = 64;
      return success;
    },
    poll_oneoff: (_in: number, _out: number, _count: number, eventsOut: number) =>
      written(vm.memory.setU32(eventsOut, 0)),
    sched_yield: () => success,
    proc_exit: () => undefined,
    fd_close: () => success,
    fd_seek: () => success,
    fd_read: () => notImplemented,
    fd_fdstat_set_flags: () => notImplemented,
    path_open: () => noEntry,
    fd_prestat_get: () => badFile,
    fd_prestat_dir_name: () => notImplemented,
    path_filestat_get: () => notSupported,
    fd_filestat_get: () => badFile,
  };
}
