// A short text that outlives callbacks, in memory that is allocated once.
import { Bytes } from "../bytes/bytes";

/** Keeps up to `capacity` bytes. Absent until `set`. */
@final
export class OwnedText {
  private readonly memory: StaticArray<u8>; // a view and what it shows
  private readonly own: Bytes;

  constructor(capacity: i32) {
    const memory = new StaticArray<u8>(<i32>offsetof<Bytes>() + capacity);
    this.memory = memory;
    this.own = changetype<Bytes>(memory);
  }

  /** The text, valid until it is set or cleared again. */
  @inline get view(): Bytes {
    return this.own;
  }

  /** Whether there is a text (it may be empty). */
  @inline get isPresent(): bool {
    return this.own.ptr != 0;
  }

  /** Copies the bytes, cut to the capacity; an absent view clears. */
  set(text: Bytes): void {
    if (!text.isPresent) {
      this.clear();
      return;
    }
    const length = min(text.length, this.memory.length - <i32>offsetof<Bytes>());
    const ptr = changetype<usize>(this.memory) + offsetof<Bytes>();
    memory.copy(ptr, text.ptr, length);
    this.own.ptr = ptr;
    this.own.length = length;
  }

  /** Makes it absent. */
  clear(): void {
    this.own.ptr = 0;
    this.own.length = 0;
  }
}
