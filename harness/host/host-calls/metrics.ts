// Host calls on metrics.
import type { HostCalls } from "../host-functions.ts";
import { MetricType, Status } from "../status.ts";
import { toText } from "../byte-string.ts";
import type { Vm } from "../vm.ts";

/** define, increment, record, get. */
export function metricCalls(vm: Vm): HostCalls {
  return {
    proxy_define_metric: (type: number, name: number, nameSize: number, idOut: number) => {
      const text = vm.memory.text(name, nameSize);
      if (text === undefined) return Status.InvalidMemoryAccess;
      if (type >>> 0 > MetricType.Max) return Status.BadArgument;
      const id = vm.metricIds.define(type, toText(text));
      return vm.memory.setU32(idOut, id) ? Status.Ok : Status.InvalidMemoryAccess;
    },
    proxy_increment_metric: (id: number, offset: bigint) => vm.metricIds.increment(id >>> 0, offset),
    proxy_record_metric: (id: number, value: bigint) => vm.metricIds.record(id >>> 0, BigInt.asUintN(64, value)),
    proxy_get_metric: (id: number, out: number) => {
      const value = vm.metricIds.get(id >>> 0);
      if (typeof value === "number") return value;
      return vm.memory.setU64(out, value) ? Status.Ok : Status.InvalidMemoryAccess;
    },
  };
}
