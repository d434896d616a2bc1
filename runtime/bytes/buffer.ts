// A growing run of bytes that outlives callbacks: for keys, bodies and log lines that are put together.
import { Bytes } from "./bytes";

/** Owns its memory, grows by doubling up to `limit` and then drops what does not fit (`isTruncated`). Reuse it: `clear`. */
export class ByteBuffer {
  ptr: usize = 0;
  length: i32 = 0;
  isTruncated: bool = false;
  private capacity: i32 = 0;
  private readonly owned: Bytes = changetype<Bytes>(heap.alloc(offsetof<Bytes>()));

  constructor(
    initial: i32,
    private readonly limit: i32 = i32.MAX_VALUE,
  ) {
    this.grow(max(initial, 16));
  }

  /** Forgets the content, keeps the memory. */
  clear(): this {
    this.length = 0;
    this.isTruncated = false;
    return this;
  }

  /** Ends the memory; the buffer may be filled again. */
  release(): void {
    if (this.ptr) heap.free(this.ptr);
    this.ptr = 0;
    this.capacity = 0;
    this.clear();
  }

  /** Ends everything, the buffer's own view included. */
  free(): void {
    this.release();
    heap.free(changetype<usize>(this.owned));
  }

  byte(value: u8): this {
    if (!this.room(1)) return this;
    store<u8>(this.ptr + <usize>this.length, value);
    this.length++;
    return this;
  }

  raw(ptr: usize, length: i32): this {
    const fits = this.room(length) ? length : max(min(length, this.limit - this.length), 0);
    memory.copy(this.ptr + <usize>this.length, ptr, fits);
    this.length += fits;
    return this;
  }


  @inline add(bytes: Bytes): this {
    return this.raw(bytes.ptr, bytes.length);
  }

  /** A text as UTF-8. Costs a conversion: configuration and error lines only. */
  text(value: string): this {
    const size = String.UTF8.byteLength(value);
    if (this.room(size)) {
      String.UTF8.encodeUnsafe(changetype<usize>(value), value.length, this.ptr + <usize>this.length);
      this.length += size;
    }
    return this;
  }

  /** An unsigned number in decimal. */
  u64(value: u64): this {
    let digits = 1;
    for (let rest = value / 10; rest; rest /= 10) digits++;
    if (!this.room(digits)) return this;
    let at = this.ptr + <usize>(this.length + digits);
    do {
      store<u8>(--at, <u8>(0x30 + (value % 10)));
      value /= 10;
    } while (value);
    this.length += digits;
    return this;
  }

  /** A signed number in decimal. */
  i64(value: i64): this {
    if (value < 0) this.byte(0x2d);
    return this.u64(value < 0 ? -(<u64>value) : <u64>value);
  }

  /** Sixteen digits of lower-case hexadecimal. */
  hex64(value: u64): this {
    for (let shift: i32 = 60; shift >= 0; shift -= 4) {
      const digit = <u8>((value >> shift) & 15);
      this.byte(digit < 10 ? 0x30 + digit : 0x57 + digit);
    }
    return this;
  }

  /** The content as a view that is valid until the buffer changes. */
  view(): Bytes {
    this.owned.ptr = this.ptr;
    this.owned.length = this.length;
    return this.owned;
  }

  /** Makes room for `extra` bytes; false, and truncated, when the limit is in the way. */
  private room(extra: i32): bool {
    const needed = <i64>this.length + extra;
    if (needed <= this.capacity) return true;
    if (needed > this.limit) {
      this.isTruncated = true;
      if (this.capacity < this.limit) this.grow(this.limit);
      return false;
    }
    this.grow(<i32>min<i64>(max<i64>(needed, <i64>this.capacity * 2), this.limit));
    return true;
  }

  private grow(capacity: i32): void {
    const bigger = heap.alloc(capacity);
    if (this.ptr) {
      memory.copy(bigger, this.ptr, this.length);
      heap.free(this.ptr);
    }
    this.ptr = bigger;
    this.capacity = capacity;
  }
}
