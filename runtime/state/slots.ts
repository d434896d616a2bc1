// Packed slots of one size: the value of one group of a table. Pure: it reads and writes memory that it is given.
//
// Header (8 bytes): form of the group, layout of the payloads, bytes of a payload (u16), number of slots (u32).
// Then the slots: 16 bytes of the key's hash, and the payload. Little-endian, without gaps.
import { Bytes } from "../bytes/bytes";

/** Bytes in front of the slots. */
export const HEADER_BYTES: i32 = 8;
/** Bytes of a slot in front of its payload. */
export const HASH_BYTES: i32 = 16;

/** The form of everything but the payloads. */
export const GROUP_FORM: u8 = 1;

/** How the payloads of one table look. A payload of zeros is a fresh one. */
export class SlotLayout {
  /** Bytes from one slot to the next. */
  readonly stride: i32;

  /** `version` grows whenever the same bytes would mean something else; `payloadBytes` is a multiple of 8. */
  constructor(
    readonly version: u8,
    readonly payloadBytes: i32,
  ) {
    this.stride = HASH_BYTES + payloadBytes;
  }

  /** Bytes of a group of so many slots. */
  groupBytes(count: i32): i32 {
    return HEADER_BYTES + count * this.stride;
  }

  /** Number of slots in a group of this layout; -1 for any other bytes. */
  countIn(group: Bytes): i32 {
    if (group.length < HEADER_BYTES) return -1;
    const isOurs =
      load<u8>(group.ptr) == GROUP_FORM &&
      load<u8>(group.ptr, 1) == this.version &&
      <i32>load<u16>(group.ptr, 2) == this.payloadBytes;
    const count = load<u32>(group.ptr, 4);
    if (!isOurs || count > <u32>(group.length / this.stride)) return -1;
    return this.groupBytes(<i32>count) == group.length ? <i32>count : -1;
  }

  /** Writes the header of a group. */
  setCount(group: usize, count: i32): void {
    store<u8>(group, GROUP_FORM);
    store<u8>(group, this.version, 1);
    store<u16>(group, <u16>this.payloadBytes, 2);
    store<u32>(group, <u32>count, 4);
  }

  /** Address of a slot. */
  @inline slot(group: usize, index: i32): usize {
    return group + <usize>this.groupBytes(index);
  }

  /** Address of a slot's payload. */
  @inline payload(group: usize, index: i32): usize {
    return this.slot(group, index) + HASH_BYTES;
  }

  /** The slot of a key among `count`, -1 when there is none. */
  find(group: usize, count: i32, high: u64, low: u64): i32 {
    let slot = group + HEADER_BYTES;
    for (let i = 0; i < count; i++) {
      if (load<u64>(slot) == high && load<u64>(slot, 8) == low) return i;
      slot += <usize>this.stride;
    }
    return -1;
  }

  /** Makes a slot that of a key, with a payload of zeros. */
  reset(group: usize, index: i32, high: u64, low: u64): void {
    const slot = this.slot(group, index);
    store<u64>(slot, high);
    store<u64>(slot, low, 8);
    memory.fill(slot + HASH_BYTES, 0, <usize>this.payloadBytes);
  }

  /** Copies a slot over another one. */
  copy(group: usize, to: i32, from: i32): void {
    memory.copy(this.slot(group, to), this.slot(group, from), <usize>this.stride);
  }
}
