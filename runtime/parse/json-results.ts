// The values of a JSON scanner: one slot per wanted path, written as the scan meets them.
import { areSame } from "../bytes/same";
import { Bytes } from "../bytes/bytes";
import { JsonNumber } from "./json-number";
import { JsonType, JsonValue } from "./json-value";
import { PathTable } from "./paths";

/** Answers about the wanted paths. The scanner that fills them is `JsonScanner`. */
export class JsonResults {
  /** Paths whose value is whole (objects and arrays: whose emptiness is known), one bit per path. */
  known: u64 = 0;
  private touched: u64 = 0;
  private readonly slots: StaticArray<u8>;
  private readonly texts: StaticArray<u8>;
  private readonly textAt: StaticArray<i32>;

  constructor(protected readonly table: PathTable) {
    const size = slotSize();
    const slots = new StaticArray<u8>((table.count + 1) * <i32>size);
    const textAt = new StaticArray<i32>(table.count + 1);
    let total = 0;
    for (let i = 0; i <= table.count; i++) {
      const slot = changetype<JsonValue>(changetype<usize>(slots) + <usize>i * size);
      slot.text = changetype<Bytes>(changetype<usize>(slot) + valueSize());
      textAt[i] = total;
      total += table.valueBytesAt(i);
    }
    this.slots = slots;
    this.textAt = textAt;
    this.texts = new StaticArray<u8>(total);
  }

  /** What was found at the path with this index of the table; an empty value for an index that is none. */
  @inline value(index: i32): JsonValue {
    return this.slot(<u32>index < <u32>this.table.count ? index : this.table.count);
  }

  /** Whether all these paths are known: a caller who needs no more may stop feeding. A repeated key may still follow. */
  @inline done(paths: u64): bool {
    return (this.known & paths) == paths;
  }

  /** Paths that were met and of whose values no text is kept, one bit per path. */
  get unkept(): u64 {
    return this.touched & ~this.table.captured;
  }

  /** Whether the path's strings are measured. */
  isMeasured(index: i32): bool {
    return ((this.table.measured >> (<u64>index)) & 1) != 0;
  }

  /** Sum of the lengths of all strings at measured paths. */
  measuredBytes(): i64 {
    let bytes: i64 = 0;
    for (let rest = this.touched & this.table.measured; rest; rest &= rest - 1)
      bytes += this.slot(<i32>ctz(rest)).bytes;
    return bytes;
  }

  protected clearValues(): void {
    for (let rest = this.touched; rest; rest &= rest - 1) this.slot(<i32>ctz(rest)).clear();
    this.touched = 0;
    this.known = 0;
  }

  /** A parent key occurs again: what was found inside its first value does not count any more. */
  protected takeBack(paths: u64): void {
    const known = paths & this.touched;
    for (let rest = known; rest; rest &= rest - 1) {
      const slot = this.slot(<i32>ctz(rest));
      if (slot.type != JsonType.None) slot.lastType = slot.type;
      slot.type = JsonType.None;
      slot.text.ptr = 0;
      slot.text.length = 0;
      slot.strings = 0;
      slot.bytes = 0;
    }
    this.known &= ~known;
  }

  protected commitString(paths: u64, ptr: usize, kept: i32, size: i64, start: i64, end: i64): void {
    for (let rest = paths; rest; rest &= rest - 1) {
      const index = <i32>ctz(rest);
      const slot = this.slot(index);
      const same = slot.size == size;
      this.place(index, slot, JsonType.String, start, end);
      slot.size = size;
      const bit = (<u64>1) << (<u64>index);
      if (this.table.measured & bit) {
        slot.strings++;
        slot.bytes += size;
      }
      if (this.table.captured & bit) this.keepText(index, slot, ptr, kept, size, same);
    }
    this.known |= paths;
  }

  protected commitNumber(paths: u64, number: JsonNumber, ptr: usize, kept: i32, size: i64, start: i64, end: i64): void {
    number.settle();
    for (let rest = paths; rest; rest &= rest - 1) {
      const index = <i32>ctz(rest);
      const slot = this.slot(index);
      const wasExact = slot.seen > 0 && slot.isInteger && !slot.overflows;
      const wasDifferent = slot.differs;
      const same = slot.size == size;
      this.place(index, slot, JsonType.Number, start, end);
      slot.size = size;
      const isRetyped = slot.differs && !wasDifferent;
      if ((this.table.captured >> (<u64>index)) & 1) this.keepText(index, slot, ptr, kept, size, same);
      if (wasExact && number.isInteger && !number.overflows && !isRetyped) {
        slot.differs = wasDifferent || slot.integer != number.integer;
      }
      slot.isInteger = number.isInteger;
      slot.overflows = number.overflows;
      slot.isNegative = number.isNegative;
      slot.integer = number.integer;
    }
    this.known |= paths;
  }

  protected commitLiteral(paths: u64, type: JsonType, start: i64, end: i64): void {
    for (let rest = paths; rest; rest &= rest - 1) {
      const index = <i32>ctz(rest);
      this.place(index, this.slot(index), type, start, end);
    }
    this.known |= paths;
  }

  protected commitOpened(paths: u64, type: JsonType, start: i64): void {
    for (let rest = paths; rest; rest &= rest - 1) {
      const index = <i32>ctz(rest);
      const slot = this.slot(index);
      this.place(index, slot, type, start, -1);
      slot.differs = slot.seen > 1;
      slot.isEmpty = false;
    }
    this.known &= ~paths;
  }

  protected commitClosed(paths: u64, end: i64, isEmpty: bool): void {
    for (let rest = paths; rest; rest &= rest - 1) {
      const slot = this.slot(<i32>ctz(rest));
      slot.end = end;
      slot.isEmpty = isEmpty;
    }
  }

  private place(index: i32, slot: JsonValue, type: JsonType, start: i64, end: i64): void {
    const bit = (<u64>1) << (<u64>index);
    this.touched |= bit;
    if (slot.type != JsonType.None) slot.lastType = slot.type;
    if (slot.seen > 0 && slot.lastType != type) slot.differs = true;
    if (slot.seen < u32.MAX_VALUE) slot.seen++;
    slot.type = type;
    slot.start = start;
    slot.end = end;
    if (!(this.table.repeated & bit)) {
      slot.strings = 0;
      slot.bytes = 0;
    }
    // The text, size and integer of another type must not be read as this one's; the bytes stay for `keepText`.
    if (type != JsonType.String && type != JsonType.Number) {
      slot.text.ptr = 0;
      slot.text.length = 0;
      slot.isTruncated = false;
      slot.size = 0;
    }
    slot.isInteger = false;
    slot.overflows = false;
    slot.isNegative = false;
    if (type != JsonType.Number) slot.integer = 0;
  }

  private keepText(index: i32, slot: JsonValue, ptr: usize, kept: i32, size: i64, isSameSize: bool): void {
    const room = this.table.valueBytesAt(index);
    const at = changetype<usize>(this.texts) + <usize>unchecked(this.textAt[index]);
    const length = min(kept, room);
    const isTruncated = <i64>length < size;
    if (slot.seen > 1) {
      const isSame = isSameSize && !isTruncated && areSame(at, ptr, length);
      if (!isSame) slot.differs = true;
    }
    memory.copy(at, ptr, <usize>length);
    slot.text.ptr = at;
    slot.text.length = length;
    slot.isTruncated = isTruncated;
  }


  @inline private slot(index: i32): JsonValue {
    return changetype<JsonValue>(changetype<usize>(this.slots) + <usize>index * slotSize());
  }
}


@inline function valueSize(): usize {
  return (offsetof<JsonValue>() + 7) & ~7;
}


@inline function slotSize(): usize {
  return (valueSize() + offsetof<Bytes>() + 7) & ~7;
}
