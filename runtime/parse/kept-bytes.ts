// The first bytes of something that streams by, in memory of their own.
import { Bytes } from "../bytes/bytes";

/** Keeps at most `capacity` bytes; allocates when it is made, never after. */
export class KeptBytes {
  /** What is kept so far; the same view for ever. */
  readonly view: Bytes;
  private readonly memory: StaticArray<u8>;

  constructor(readonly capacity: i32) {
    const room = (capacity + 7) & ~7;
    const memory = new StaticArray<u8>(room + <i32>offsetof<Bytes>());
    const view = changetype<Bytes>(changetype<usize>(memory) + <usize>room);
    view.ptr = changetype<usize>(memory);
    this.memory = memory;
    this.view = view;
  }

  /** Adds what fits and answers how many bytes that was. */
  add(ptr: usize, length: i32): i32 {
    const fits = min(length, this.capacity - this.view.length);
    if (fits <= 0) return 0;
    memory.copy(this.view.ptr + <usize>this.view.length, ptr, <usize>fits);
    this.view.length += fits;
    return fits;
  }

  /** Forgets the bytes (they stay in memory until others take their place). */
  clear(): void {
    this.view.length = 0;
  }
}
