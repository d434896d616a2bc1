// Envoy's foreign functions, as far as they can be had outside Envoy. CEL can not: scenarios with it run in Envoy only.
import { Status } from "./status.ts";
import type { Vm } from "./vm.ts";

/** A foreign function: takes its argument as byte string, answers a status. */
export type ForeignFunction = (vm: Vm, argument: string) => number;

/** By name. */
export const foreignFunctions: Readonly<Record<string, ForeignFunction | undefined>> = Object.assign(
  Object.create(null) as Record<string, ForeignFunction>,
  {
    clear_route_cache: (vm: Vm) => {
      vm.acting.manager?.clearRouteCache();
      return Status.Ok;
    },
    // No factory of filter state objects is registered here, so every key is unknown.
    set_envoy_filter_state: (_vm: Vm, argument: string) =>
      readFields(argument) === undefined ? Status.BadArgument : Status.NotFound,
    declare_property: (vm: Vm, argument: string) => {
      const fields = readFields(argument);
      if (fields === undefined) return Status.BadArgument;
      const name = fields.get(1) ?? "";
      const { declaredProperties } = vm.acting.root;
      if (declaredProperties.has(name)) return Status.BadArgument;
      declaredProperties.add(name);
      return Status.Ok;
    },
    expr_create: () => Status.Unimplemented,
    expr_evaluate: (_vm: Vm, argument: string) => (argument.length === 4 ? Status.NotFound : Status.BadArgument),
    expr_delete: (_vm: Vm, argument: string) => (argument.length === 4 ? Status.Ok : Status.BadArgument),
  },
);

// The fields of a protobuf message that hold bytes; undefined where it is none.
function readFields(message: string): Map<number, string> | undefined {
  const fields = new Map<number, string>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 64; shift += 7) {
      const byte = message.charCodeAt(at++);
      if (Number.isNaN(byte)) return NaN;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return NaN;
  };
  while (at < message.length) {
    const key = varint();
    const number = Math.floor(key / 8);
    if (Number.isNaN(key) || number === 0) return undefined;
    const type = key % 8;
    if (type === 0) {
      if (Number.isNaN(varint())) return undefined;
    } else if (type === 2) {
      const size = varint();
      if (Number.isNaN(size) || at + size > message.length) return undefined;
      fields.set(number, message.slice(at, at + size));
      at += size;
    } else if (type === 1 || type === 5) {
      at += type === 1 ? 8 : 4;
      if (at > message.length) return undefined;
    } else {
      return undefined;
    }
  }
  return fields;
}
