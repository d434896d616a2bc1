// The environment that `vmConfig.env` gives to the VM.
import { areSame } from "../bytes/same";
import { environ_get, environ_sizes_get } from "../abi/imports";
import { arenaAlloc } from "../bytes/arena";
import { Bytes } from "../bytes/bytes";
import { ANSWER_NUMBER, ANSWER_SIZE } from "./answer";

/** Whether a setting such as `NAME=value` is there. Reads all: configure time only. */
export function environmentHas(setting: Bytes): bool {
  if (environ_sizes_get(ANSWER_SIZE, ANSWER_NUMBER) != 0) return false;
  const count = load<u32>(ANSWER_SIZE);
  const size = load<u32>(ANSWER_NUMBER);
  if (!count) return false;
  const places = arenaAlloc(<usize>count * 4);
  const texts = arenaAlloc(size);
  if (environ_get(places, texts) != 0) return false;
  const end = texts + size;
  for (let i: u32 = 0; i < count; i++) {
    const at = <usize>load<u32>(places + <usize>i * 4);
    const after = at + <usize>setting.length;
    if (at < texts || after >= end) continue;
    if (areSame(at, setting.ptr, setting.length) && load<u8>(after) == 0) return true;
  }
  return false;
}
