// From the key of a series to the host's id of its metric: open addressing, nothing allocated by a look-up.

/** Grows by doubling and never shrinks: whoever fills it bounds it. Key 0 is not a key. */
export class SeriesTable {
  /** What `find` answers for a key that is not there. The host has no such id: its low bits are the metric's type. */
  static readonly ABSENT: u32 = u32.MAX_VALUE - 4;

  private count: u32 = 0;
  private mask: u32 = 127;
  private keys: usize = cleared(128 << 3);
  private ids: usize = heap.alloc(128 << 2);

  find(key: u64): u32 {
    let at = spread(key) & this.mask;
    let there = load<u64>(this.keys + ((<usize>at) << 3));
    while (there != key && there != 0) {
      at = (at + 1) & this.mask;
      there = load<u64>(this.keys + ((<usize>at) << 3));
    }
    return there ? load<u32>(this.ids + ((<usize>at) << 2)) : SeriesTable.ABSENT;
  }

  /** Adds a key that is not there. */
  set(key: u64, id: u32): void {
    if ((this.count + 1) * 2 > this.mask) this.grow();
    this.count++;
    this.place(key, id);
  }

  private place(key: u64, id: u32): void {
    let at = spread(key) & this.mask;
    while (load<u64>(this.keys + ((<usize>at) << 3))) at = (at + 1) & this.mask;
    store<u64>(this.keys + ((<usize>at) << 3), key);
    store<u32>(this.ids + ((<usize>at) << 2), id);
  }

  private grow(): void {
    const oldKeys = this.keys;
    const oldIds = this.ids;
    const oldSize = this.mask + 1;
    const size = oldSize * 2;
    this.keys = cleared((<usize>size) << 3);
    this.ids = heap.alloc((<usize>size) << 2);
    this.mask = size - 1;
    for (let i: u32 = 0; i < oldSize; i++) {
      const key = load<u64>(oldKeys + ((<usize>i) << 3));
      if (key) this.place(key, load<u32>(oldIds + ((<usize>i) << 2)));
    }
    heap.free(oldKeys);
    heap.free(oldIds);
  }
}

function cleared(bytes: usize): usize {
  const ptr = heap.alloc(bytes);
  memory.fill(ptr, 0, bytes);
  return ptr;
}

/** Fibonacci hashing: the high bits of a multiplication depend on all bits of the key. */
@inline function spread(key: u64): u32 {
  return <u32>((key * 0x9e3779b97f4a7c15) >> 32);
}
