// What is left of costs when counters, which count in 1e-9 of the currency, take them: kept for the next call.

/** Combinations that have a remainder of their own; all others share one. */
const MOST: u32 = 8192;

/** Remainders below 1000, by a key that is not 0. Grows by doubling up to a bound; nothing is allocated by a known key. */
@final
export class Remainders {
  private count: u32 = 0;
  private mask: u32 = 127;
  private keys: usize = cleared(128 << 3);
  private values: usize = cleared(128 << 1);
  private shared: u64 = 0;

  /** Adds an amount in 1e-12; the whole 1e-9 that are to be counted now. */
  take(key: u64, amount: u64): u64 {
    const at = this.placeOf(key);
    if (at < 0) {
      const sum = this.shared + (amount % 1000);
      this.shared = sum % 1000;
      return amount / 1000 + sum / 1000;
    }
    const value = this.values + ((<usize>at) << 1);
    const sum = <u64>load<u16>(value) + (amount % 1000);
    store<u16>(value, <u16>(sum % 1000));
    return amount / 1000 + sum / 1000;
  }

  /** Where a key is, added when it is new; -1 when there is no room. */
  private placeOf(key: u64): i32 {
    let at = spread(key) & this.mask;
    let there = load<u64>(this.keys + ((<usize>at) << 3));
    while (there != key && there != 0) {
      at = (at + 1) & this.mask;
      there = load<u64>(this.keys + ((<usize>at) << 3));
    }
    if (there == key) return <i32>at;
    if (this.count >= MOST) return -1;
    if ((this.count + 1) * 2 > this.mask) {
      this.grow();
      return this.placeOf(key);
    }
    this.count++;
    store<u64>(this.keys + ((<usize>at) << 3), key);
    return <i32>at;
  }

  private grow(): void {
    const oldKeys = this.keys;
    const oldValues = this.values;
    const oldSize = this.mask + 1;
    const size = oldSize * 2;
    this.keys = cleared((<usize>size) << 3);
    this.values = cleared((<usize>size) << 1);
    this.mask = size - 1;
    for (let i: u32 = 0; i < oldSize; i++) {
      const key = load<u64>(oldKeys + ((<usize>i) << 3));
      if (!key) continue;
      let at = spread(key) & this.mask;
      while (load<u64>(this.keys + ((<usize>at) << 3))) at = (at + 1) & this.mask;
      store<u64>(this.keys + ((<usize>at) << 3), key);
      store<u16>(this.values + ((<usize>at) << 1), load<u16>(oldValues + ((<usize>i) << 1)));
    }
    heap.free(oldKeys);
    heap.free(oldValues);
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
