// The values that a label of our metrics may take, as small numbers. Bounded, because the host's metrics never end.
import { Bytes } from "../bytes/bytes";

/** Stands for every value that has no number of its own. */
export const OTHER: i32 = 0;
/** Stands for a value that is not there. */
export const NONE: i32 = 1;

/** How many values one label can have: a number fits into `LABEL_BITS`. */
export const LABEL_BITS: i32 = 14;
const MOST_VALUES: i32 = 1 << LABEL_BITS;
/** A longer value is `OTHER`. */
const MOST_BYTES: i32 = 256;

/** One value: its bytes, their hash, and whether the configuration names it. */
@unmanaged
class Entry {
  bytes: Bytes;
  hash: u32;
  isReserved: bool;
}

const OTHER_TEXT = Bytes.constant("other");
const NONE_TEXT = Bytes.constant("none");

/**
 * One label: its name and the values known in this VM, which all roots share. Make it at the top of a file. A closed
 * label's values are reserved at start; an open one's come from callers too, as long as there is room. A composite one
 * stands for several labels at once: its values are their parts of a metric's name, ready to be written.
 */
export class Label {
  readonly name: Bytes;
  /** Numbers given out. */
  count: i32 = 0;
  /** Of those, the ones given out by `admit`. */
  admitted: i32 = 0;
  private entries: usize = 0;
  private capacity: i32 = 0;
  private slots: usize = 0; // u32 each: number + 1, 0 = free; twice as many as entries

  constructor(
    name: string,
    readonly isOpen: bool = false,
    readonly isComposite: bool = false,
  ) {
    this.name = Bytes.constant(name);
    this.reserve(OTHER_TEXT);
    this.reserve(NONE_TEXT);
  }

  /** Gives a value of the configuration its number, whatever callers did before. `OTHER` past 16384 or 256 bytes. */
  reserve(value: Bytes): i32 {
    const known = this.find(value);
    if (known == OTHER) return this.insert(value, true);
    this.entry(known).isReserved = true;
    return known;
  }

  /** Reserves texts and answers the number of the first; the others follow it. For closed labels, at the top of a file. */
  reserveAll(texts: string[]): i32 {
    const first = this.count;
    for (let i = 0; i < texts.length; i++) this.insert(Bytes.constant(texts[i]), true);
    return first;
  }

  /** The number of a value: `OTHER` when it has none, `NONE` when it is empty or absent. Costs a hash of the value. */
  find(value: Bytes): i32 {
    if (value.isEmpty) return NONE;
    if (value.length > MOST_BYTES || !this.slots) return OTHER;
    const hash = value.hash32();
    const mask = <u32>this.capacity * 2 - 1;
    let at = hash & mask;
    let number = this.slot(at);
    while (number) {
      const entry = this.entry(<i32>number - 1);
      if (entry.hash == hash && entry.bytes.equals(value)) break;
      at = (at + 1) & mask;
      number = this.slot(at);
    }
    return number ? <i32>number - 1 : OTHER;
  }

  /** As `find`, and gives a new value a number while fewer than `most` came this way. After a 2xx with usage only. */
  admit(value: Bytes, most: i32): i32 {
    const known = this.find(value);
    if (known != OTHER || this.admitted >= most || value.equals(OTHER_TEXT)) return known;
    const number = this.insert(value, false);
    if (number != OTHER) this.admitted++;
    return number;
  }

  /** The value behind a number, as it came. */
  text(number: i32): Bytes {
    return <u32>number < <u32>this.count ? this.entry(number).bytes : OTHER_TEXT;
  }

  /** Whether a number stands for a value that was reserved, `OTHER` and `NONE` included. */
  isReserved(number: i32): bool {
    return <u32>number >= <u32>this.count || this.entry(number).isReserved;
  }

  private insert(value: Bytes, isReserved: bool): i32 {
    if (value.isEmpty || value.length > MOST_BYTES || this.count >= MOST_VALUES) return OTHER;
    if (this.count == this.capacity) this.grow();
    const number = this.count++;
    const entry = this.entry(number);
    entry.bytes = value.persist();
    entry.hash = value.hash32();
    entry.isReserved = isReserved;
    this.place(number, entry.hash);
    return number;
  }


  @inline private entry(number: i32): Entry {
    return changetype<Entry>(this.entries + <usize>number * offsetof<Entry>());
  }

  private slot(at: u32): u32 {
    return load<u32>(this.slots + ((<usize>at) << 2));
  }

  private place(number: i32, hash: u32): void {
    const mask = <u32>this.capacity * 2 - 1;
    let at = hash & mask;
    while (this.slot(at)) at = (at + 1) & mask;
    store<u32>(this.slots + ((<usize>at) << 2), <u32>number + 1);
  }

  private grow(): void {
    const capacity = this.capacity ? this.capacity * 2 : 16;
    const entries = heap.alloc(<usize>capacity * offsetof<Entry>());
    const slotBytes = (<usize>capacity) << 3;
    const slots = heap.alloc(slotBytes);
    memory.fill(slots, 0, slotBytes);
    if (this.capacity) {
      memory.copy(entries, this.entries, <usize>this.count * offsetof<Entry>());
      heap.free(this.entries);
      heap.free(this.slots);
    }
    this.entries = entries;
    this.slots = slots;
    this.capacity = capacity;
    for (let i = 0; i < this.count; i++) this.place(i, this.entry(i).hash);
  }
}
