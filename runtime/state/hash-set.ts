// A set of 128-bit hashes in the VM: the keys that a configuration names.

/** Filled at configure time; a look-up allocates nothing. Lives as long as the configuration. */
export class HashSet {
  count: i32 = 0;
  private words: StaticArray<u64> = new StaticArray<u64>(32); // two per place; 0, 0 = free
  private hasZero: bool = false;

  /** Adds a hash; false when it is there already. */
  add(high: u64, low: u64): bool {
    if (this.has(high, low)) return false;
    this.count++;
    if (!(high | low)) {
      this.hasZero = true;
      return true;
    }
    if (this.count * 4 > this.words.length) this.grow();
    this.place(high, low);
    return true;
  }

  has(high: u64, low: u64): bool {
    if (!(high | low)) return this.hasZero;
    const words = this.words;
    const mask = words.length - 1;
    let at = ((<i32>low) << 1) & mask;
    while (unchecked(words[at] | words[at + 1])) {
      if (unchecked(words[at] == high && words[at + 1] == low)) return true;
      at = (at + 2) & mask;
    }
    return false;
  }

  private place(high: u64, low: u64): void {
    const words = this.words;
    const mask = words.length - 1;
    let at = ((<i32>low) << 1) & mask;
    while (unchecked(words[at] | words[at + 1])) at = (at + 2) & mask;
    unchecked((words[at] = high));
    unchecked((words[at + 1] = low));
  }

  private grow(): void {
    const old = this.words;
    this.words = new StaticArray<u64>(old.length * 2);
    for (let i = 0; i < old.length; i += 2) {
      if (unchecked(old[i] | old[i + 1])) this.place(unchecked(old[i]), unchecked(old[i + 1]));
    }
  }
}
