// What a JSON scanner found at one wanted path.
import { Bytes } from "../bytes/bytes";

/** Type of a JSON value; `None` when the path was not met (yet). */
export const enum JsonType {
  None,
  String,
  Number,
  True,
  False,
  Null,
  Object,
  Array,
}

/**
 * The last value found at a path (a repeated key's last value counts, as in the usual servers; under `[]` the last
 * element's). Owned by the scanner and overwritten by its next document.
 */
@unmanaged
export class JsonValue {
  /** Type of the value. Set when a scalar is whole, and as soon as an object or array opens. */
  type: JsonType;
  /** Type before a repeated parent key took the value back. */
  lastType: JsonType;
  /** Captured strings and numbers: decoded bytes. Absent for other types and modes. */
  text: Bytes;
  /** The value was longer than the path's bound, `text` holds its first bytes. */
  isTruncated: bool;
  /** Numbers: the value is a whole number, however it is written (12, 12.0, 1.2e1). */
  isInteger: bool;
  /** Numbers: whole, but beyond i64; `integer` is then the nearest i64. */
  overflows: bool;
  /** Numbers: below zero. */
  isNegative: bool;
  /** Objects and arrays: nothing inside. Valid from the first token inside on. */
  isEmpty: bool;
  /** Two occurrences were not equal (objects and arrays: occurred twice). A hint of a smuggled second value. */
  differs: bool;
  /** How often the path was met. */
  seen: u32;
  /** Decoded length of a string, whatever was kept of it. */
  size: i64;
  /** Numbers: the value when `isInteger`, else 0. */
  integer: i64;
  /** Offset of the value's first byte in the document; strings: of the opening quote. */
  start: i64;
  /** Offset after the value's last byte; -1 while an object or array is open. */
  end: i64;
  /** Measured paths: number of strings. */
  strings: i64;
  /** Measured paths: sum of the strings' decoded lengths. */
  bytes: i64;

  /** Whether the path holds a value (of any type) that was not taken back. */
  @inline get isPresent(): bool {
    return this.type != JsonType.None;
  }

  /** Whether the value is a number that fits an i64 exactly. */
  @inline get isExact(): bool {
    return this.type == JsonType.Number && this.isInteger && !this.overflows;
  }

  /** Forgets everything but the memory of the text. */
  clear(): void {
    const text = this.text;
    memory.fill(changetype<usize>(this), 0, offsetof<JsonValue>());
    this.text = text;
    text.ptr = 0;
    text.length = 0;
  }
}
