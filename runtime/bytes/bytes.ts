// A view of bytes: UTF-8, ASCII or binary, never UTF-16. It owns nothing.
import { arenaAlloc } from "./arena";
import { areSame } from "./same";

/**
 * A pointer and a length. Views made on the request path live in the arena and end with the callback;
 * `Bytes.constant` makes permanent ones. An absent value has pointer 0; an empty one has a pointer and length 0.
 */
@unmanaged
export class Bytes {
  /** Address of the first byte, 0 when absent. */
  ptr: usize;
  /** Number of bytes. */
  length: i32;

  /** A view in the arena. `ptr` must stay readable for `length` bytes. */
  static view(ptr: usize, length: i32): Bytes {
    const view = changetype<Bytes>(arenaAlloc(offsetof<Bytes>()));
    view.ptr = ptr;
    view.length = length;
    return view;
  }

  /** The view that stands for "not there". */
  @inline static absent(): Bytes {
    return changetype<Bytes>(ABSENT);
  }

  /** The view of no bytes. */
  @inline static empty(): Bytes {
    return changetype<Bytes>(EMPTY);
  }

  /** Permanent UTF-8 bytes of a text. For constants and configuration only: it allocates for ever. */
  static constant(text: string): Bytes {
    const size = String.UTF8.byteLength(text);
    const view = changetype<Bytes>(heap.alloc(offsetof<Bytes>() + size + 1));
    view.ptr = changetype<usize>(view) + offsetof<Bytes>();
    view.length = size;
    String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, view.ptr);
    return view;
  }

  /** A permanent copy, to be ended with `free`. */
  persist(): Bytes {
    const view = changetype<Bytes>(heap.alloc(offsetof<Bytes>() + <usize>this.length + 1));
    view.ptr = changetype<usize>(view) + offsetof<Bytes>();
    view.length = this.length;
    memory.copy(view.ptr, this.ptr, this.length);
    return view;
  }

  /** Ends a view made by `constant` or `persist`. */
  free(): void {
    if (changetype<usize>(this) != ABSENT && changetype<usize>(this) != EMPTY) heap.free(changetype<usize>(this));
  }

  /** Whether there is a value at all. */
  @inline get isPresent(): bool {
    return this.ptr != 0;
  }

  /** Whether there is nothing to read: absent or empty. */
  @inline get isEmpty(): bool {
    return this.length == 0;
  }

  /** The byte at `index`, 0 outside. */
  @inline at(index: i32): u8 {
    return <u32>index < <u32>this.length ? load<u8>(this.ptr + <usize>index) : 0;
  }

  /** Whether both hold the same bytes. Absent equals absent only. */
  equals(other: Bytes): bool {
    if (this.length != other.length) return false;
    if (this.length == 0) return this.isPresent == other.isPresent;
    return areSame(this.ptr, other.ptr, this.length);
  }

  /** As `equals`, with ASCII letters compared without case. */
  equalsIgnoreCase(other: Bytes): bool {
    if (this.length != other.length) return false;
    for (let i = 0; i < this.length; i++) {
      if (lowerAscii(load<u8>(this.ptr + <usize>i)) != lowerAscii(load<u8>(other.ptr + <usize>i))) return false;
    }
    return true;
  }

  /** Whether these bytes begin with `prefix`. */
  startsWith(prefix: Bytes): bool {
    return this.length >= prefix.length && areSame(this.ptr, prefix.ptr, prefix.length);
  }

  /** Whether these bytes end with `suffix`. */
  endsWith(suffix: Bytes): bool {
    const from = this.length - suffix.length;
    return from >= 0 && areSame(this.ptr + <usize>from, suffix.ptr, suffix.length);
  }

  /** Index of the first `byte` at or after `from`, -1 when there is none. */
  indexOfByte(byte: u8, from: i32 = 0): i32 {
    for (let i = max(from, 0); i < this.length; i++) if (load<u8>(this.ptr + <usize>i) == byte) return i;
    return -1;
  }

  /** Index of the first occurrence of `needle` at or after `from`, -1 when there is none. */
  indexOf(needle: Bytes, from: i32 = 0): i32 {
    const last = this.length - needle.length;
    for (let i = max(from, 0); i <= last; i++) {
      if (areSame(this.ptr + <usize>i, needle.ptr, needle.length)) return i;
    }
    return -1;
  }

  /** The part from `start` up to, not including, `end`; both are cut to what is there. */
  slice(start: i32, end: i32 = i32.MAX_VALUE): Bytes {
    const from = min(max(start, 0), this.length);
    const to = min(max(end, from), this.length);
    return Bytes.view(this.ptr + <usize>from, to - from);
  }

  /** The bytes without white space (space, tab, CR, LF) at both ends. */
  trim(): Bytes {
    let from = 0;
    let to = this.length;
    while (from < to && isSpace(this.at(from))) from++;
    while (to > from && isSpace(this.at(to - 1))) to--;
    return this.slice(from, to);
  }

  /** FNV-1a, 32 bit: for tables in the VM, not for keys that an attacker may choose. */
  hash32(): u32 {
    return fnv32(this.ptr, this.length);
  }

  /** A UTF-16 copy. Allocates a managed string: configuration and error lines only, never the request path. */
  toText(): string {
    return this.length ? String.UTF8.decodeUnsafe(this.ptr, this.length) : "";
  }
}

/** FNV-1a, 32 bit, of raw bytes. */
export function fnv32(ptr: usize, length: i32): u32 {
  let hash: u32 = 0x811c9dc5;
  for (let i = 0; i < length; i++) hash = (hash ^ load<u8>(ptr + <usize>i)) * 0x01000193;
  return hash;
}

/** The ASCII letter in lower case; any other byte as it is. */
@inline export function lowerAscii(byte: u8): u8 {
  return byte - 0x41 < 26 ? byte | 0x20 : byte;
}

/** Space, tab, CR or LF. */
@inline export function isSpace(byte: u8): bool {
  return byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0a;
}

const ABSENT: usize = memory.data(16, 8);
const EMPTY: usize = emptyView();

function emptyView(): usize {
  const view = memory.data(16, 8);
  store<usize>(view, view + 8);
  return view;
}
