// Upstreams that answered 400 to `stream_options`: left alone for a while.
import { Bytes, fnv32 } from "../../runtime/bytes/bytes";

const PLACES: i32 = 64;
const PAUSE_NANOS: u64 = 600_000_000_000;
const NAME = Bytes.constant("stream_options");

/** Remembers, in this VM, which host and model refused. Few do: a new one takes the place of the one that ends first. */
@final
export class Refusals {
  private readonly keys: StaticArray<u64> = new StaticArray<u64>(PLACES);
  private readonly ends: StaticArray<u64> = new StaticArray<u64>(PLACES);
  private isAny: bool = false;

  /** It refused now. */
  add(host: Bytes, model: Bytes, nowNanos: u64): void {
    const key = keyOf(host, model);
    let place = 0;
    for (let i = 0; i < PLACES; i++) {
      if (unchecked(this.keys[i]) == key) {
        place = i;
        break;
      }
      if (unchecked(this.ends[i]) < unchecked(this.ends[place])) place = i;
    }
    unchecked((this.keys[place] = key));
    unchecked((this.ends[place] = nowNanos + PAUSE_NANOS));
    this.isAny = true;
  }

  /** Whether it is to be left alone. */
  has(host: Bytes, model: Bytes, nowNanos: u64): bool {
    if (!this.isAny) return false;
    const key = keyOf(host, model);
    for (let i = 0; i < PLACES; i++) {
      if (unchecked(this.keys[i]) != key) continue;
      const end = unchecked(this.ends[i]);
      // A clock that was set back does not make the pause longer.
      return nowNanos < end && end - nowNanos <= PAUSE_NANOS;
    }
    return false;
  }
}

/** How much of the member's name the bytes so far end with, given how much those before did. */
export function matchName(ptr: usize, length: i32, found: i32): i32 {
  for (let i = 0; i < length && found < NAME.length; i++) {
    const byte = load<u8>(ptr + <usize>i);
    // No part of the name but its first byte may be how it begins again.
    if (byte == NAME.at(found)) found++;
    else found = byte == NAME.at(0) ? 1 : 0;
  }
  return found;
}

/** Whether so many bytes are the whole name. */
export function isWholeName(found: i32): bool {
  return found >= NAME.length;
}

function keyOf(host: Bytes, model: Bytes): u64 {
  const high = <u64>fnv32(host.ptr, host.length);
  return (high << 32) | (<u64>fnv32(model.ptr, model.length)) | 1;
}
