// The headers of one AWS event-stream frame: keeps those that say what the frame is.
import { areSame } from "../bytes/same";
import { Bytes } from "../bytes/bytes";
import { NAME_BYTES } from "./document";
import { KeptBytes } from "./kept-bytes";

const EVENT_TYPE: Bytes = Bytes.constant(":event-type");
const MESSAGE_TYPE: Bytes = Bytes.constant(":message-type");
const EXCEPTION_TYPE: Bytes = Bytes.constant(":exception-type");
const ERROR_CODE: Bytes = Bytes.constant(":error-code");

const LONGEST_NAME: i32 = 16;
const STRING: u8 = 7;
const BYTE_ARRAY: u8 = 6;

const enum Place {
  NameLength,
  Name,
  Type,
  LengthHigh,
  LengthLow,
  Value,
}

/** Reads a header block in pieces. The block's length is for the caller to know. */
export class AmazonHeaders {
  private readonly values: StaticArray<KeptBytes> = [
    new KeptBytes(NAME_BYTES),
    new KeptBytes(NAME_BYTES),
    new KeptBytes(NAME_BYTES),
    new KeptBytes(NAME_BYTES),
  ];
  private current: KeptBytes | null = null;
  private place: Place = Place.NameLength;
  private left: i32 = 0; // bytes of the name or value still to come
  private nameLength: i32 = 0;
  private type: u8 = 0;
  private readonly name: StaticArray<u8> = new StaticArray<u8>(LONGEST_NAME);

  /** `:event-type`, such as `contentBlockDelta` or `metadata`. */
  get eventType(): Bytes {
    return this.values[0].view;
  }

  /** `:message-type`: `event`, `exception` or `error`. */
  get messageType(): Bytes {
    return this.values[1].view;
  }

  /** `:exception-type`, such as `throttlingException`. */
  get exceptionType(): Bytes {
    return this.values[2].view;
  }

  /** `:error-code` of an error that is no modelled exception. */
  get errorCode(): Bytes {
    return this.values[3].view;
  }

  /** Whether a header may begin at the next byte, so that the block may end here. */
  get isBetween(): bool {
    return this.place == Place.NameLength;
  }

  begin(): void {
    this.place = Place.NameLength;
    this.current = null;
    for (let i = 0; i < this.values.length; i++) unchecked(this.values[i]).clear();
  }

  /** Reads [p, end); answers `end`, or the first byte that no header block has. */
  feed(p: usize, end: usize): usize {
    while (p < end) {
      const length = <i32>(end - p);
      switch (this.place) {
        case Place.NameLength:
          this.left = <i32>load<u8>(p);
          if (this.left == 0) return p;
          this.nameLength = 0;
          this.place = Place.Name;
          p++;
          break;
        case Place.Name: {
          const part = min(length, this.left);
          this.keepName(p, part);
          p += <usize>part;
          this.left -= part;
          if (this.left == 0) this.place = Place.Type;
          break;
        }
        case Place.Type:
          if (!this.startValue(load<u8>(p))) return p;
          p++;
          break;
        case Place.LengthHigh:
          this.left = (<i32>load<u8>(p++)) << 8;
          this.place = Place.LengthLow;
          break;
        case Place.LengthLow:
          this.left |= <i32>load<u8>(p++);
          this.place = this.left ? Place.Value : Place.NameLength;
          break;
        default: {
          const part = min(length, this.left);
          const value = this.current;
          if (value !== null) value.add(p, part);
          p += <usize>part;
          this.left -= part;
          if (this.left == 0) this.place = Place.NameLength;
        }
      }
    }
    return p;
  }

  private keepName(ptr: usize, length: i32): void {
    const fits = min(length, LONGEST_NAME - this.nameLength);
    if (fits > 0) memory.copy(changetype<usize>(this.name) + <usize>this.nameLength, ptr, <usize>fits);
    this.nameLength += length;
  }

  private startValue(type: u8): bool {
    this.current = type == STRING ? this.wanted() : null;
    this.place = Place.Value;
    this.left = 0;
    if (type == STRING || type == BYTE_ARRAY) this.place = Place.LengthHigh;
    else if (type < 2)
      this.place = Place.NameLength; // true, false
    else if (type < 6)
      this.left = 1 << (type - 2); // integers of 1, 2, 4, 8 bytes
    else if (type == 8)
      this.left = 8; // time
    else if (type == 9)
      this.left = 16; // UUID
    else return false;
    return true;
  }

  private wanted(): KeptBytes | null {
    if (this.isNamed(EVENT_TYPE)) return this.emptied(0);
    if (this.isNamed(MESSAGE_TYPE)) return this.emptied(1);
    if (this.isNamed(EXCEPTION_TYPE)) return this.emptied(2);
    return this.isNamed(ERROR_CODE) ? this.emptied(3) : null;
  }

  private emptied(index: i32): KeptBytes {
    const value = this.values[index];
    value.clear();
    return value;
  }

  private isNamed(name: Bytes): bool {
    return this.nameLength == name.length && areSame(changetype<usize>(this.name), name.ptr, name.length);
  }
}
