// The scalars of a JSON document: strings, numbers and literals, read in pieces, with the statistics of its text.
import { COLON, DOT, QUOTE, ZERO, isDigit } from "./ascii";
import { JsonNumber } from "./json-number";
import { JsonResults } from "./json-results";
import { CHECKED_DEPTH, JsonFault, JsonState, JsonStep } from "./json-state";
import { JsonString, StringEnd } from "./json-string";
import { JsonType } from "./json-value";
import { PathTable } from "./paths";
import { plainEnd } from "./runs";

/** Strings under the keys `data`, `bytes` and `b64_json` count as media when longer than this. */
export const MEDIA_BYTES: i64 = 256;

/** The part of `JsonScanner` that reads what is no object and no array. */
export class JsonScalars extends JsonResults {
  state: JsonState = JsonState.Incomplete;
  fault: JsonFault = JsonFault.None;
  /** Offset of the byte that made the document invalid, else -1. */
  faultOffset: i64 = -1;
  /** Bytes fed. */
  fed: i64 = 0;
  /** Type of the root value; `None` before it begins (numbers: before they end). */
  rootType: JsonType = JsonType.None;
  /** Offsets of the root object's (or array's) opening and closing bracket; -1 when not met. */
  rootOpen: i64 = -1;
  rootClose: i64 = -1;
  /** Whether the root object or array has nothing inside. Valid once it is closed. */
  isRootEmpty: bool = false;
  /** Raw bytes (escapes not decoded, quotes not counted) of all string values that are no media. */
  textBytes: i64 = 0;
  /** String values that are media: `data:` URLs, and long strings under `data`, `bytes`, `b64_json`. */
  mediaItems: i32 = 0;
  mediaBytes: i64 = 0;

  protected step: JsonStep = JsonStep.Start;
  protected origin: i64 = 0; // offset in the document of address 0
  protected depth: i32 = 0; // open brackets
  protected ends: u64 = 0; // paths that the current scalar ends, or the container that just opened
  protected valueStart: i64 = 0;
  protected isMediaKey: bool = false;
  protected literal: u64 = 0; // bytes of true, false or null that are still to come, lowest first
  protected literalType: JsonType = JsonType.None;
  protected readonly string: JsonString;
  protected readonly number: JsonNumber = new JsonNumber();

  constructor(table: PathTable) {
    super(table);
    this.string = new JsonString(max(max(table.longestKey + 1, table.longestValue()), 64));
  }

  protected endRoot(): void {
    this.step = JsonStep.AfterRoot;
    this.state = JsonState.Complete;
  }

  protected endScalar(type: JsonType): void {
    if (this.depth > 0) {
      this.step = JsonStep.AfterValue;
      return;
    }
    this.rootType = type;
    this.endRoot();
  }

  protected beginText(p: usize, end: usize): usize {
    const start = p + 1;
    const stop = plainEnd(start, end);
    if (stop < end && load<u8>(stop) == QUOTE) {
      const length = <i32>(stop - start);
      this.endText(start, length, <i64>length, this.origin + <i64>stop + 1);
      return stop + 1;
    }
    this.string.begin(this.ends & this.table.captured ? i32.MAX_VALUE : 5);
    this.string.append(start, <i32>(stop - start));
    this.step = JsonStep.ValueText;
    return stop;
  }

  protected readText(p: usize, end: usize): usize {
    const string = this.string;
    p = string.feed(p, end);
    if (string.ended == StringEnd.Closed) this.endText(string.ptr, string.kept, string.size, this.origin + <i64>p);
    else if (string.ended != StringEnd.None) return this.failString(p);
    return p;
  }

  protected endText(ptr: usize, kept: i32, size: i64, end: i64): void {
    const raw = end - this.valueStart - 2;
    if ((this.isMediaKey && raw > MEDIA_BYTES) || isDataUrl(ptr, kept)) {
      if (this.mediaItems < i32.MAX_VALUE) this.mediaItems++;
      this.mediaBytes += raw;
    } else this.textBytes += raw;
    this.isMediaKey = false;
    if (this.ends) this.commitString(this.ends, ptr, kept, size, this.valueStart, end);
    if (this.depth > CHECKED_DEPTH) this.step = JsonStep.Deep;
    else this.endScalar(JsonType.String);
  }

  protected beginNumber(p: usize, end: usize): usize {
    const stop = shortIntegerEnd(p, end);
    if (stop > p) return this.endShortInteger(p, stop);
    const isCaptured = (this.ends & this.table.captured) != 0;
    this.step = JsonStep.Number;
    this.number.begin(isCaptured);
    this.string.begin(isCaptured ? i32.MAX_VALUE : 0);
    return this.readNumber(p, end);
  }

  private endShortInteger(p: usize, stop: usize): usize {
    const ends = this.ends;
    if (ends) {
      const number = this.number;
      if (ends & this.table.captured) {
        let value: u64 = 0;
        for (let at = p; at < stop; at++) value = value * 10 + (load<u8>(at) - ZERO);
        number.set(value);
      } else number.begin(false);
      const length = <i32>(stop - p);
      this.commitNumber(ends, number, p, length, length, this.valueStart, this.origin + <i64>stop);
    }
    this.endScalar(JsonType.Number);
    return stop;
  }

  protected readNumber(p: usize, end: usize): usize {
    const stop = this.number.feed(p, end);
    if (this.ends) this.string.append(p, <i32>(stop - p));
    if (stop == end) return end;
    if (!this.number.isWhole) return this.fail(stop, JsonFault.BadNumber);
    this.endNumber(this.origin + <i64>stop);
    return stop;
  }

  protected endNumber(end: i64): void {
    const string = this.string;
    if (this.ends) {
      this.commitNumber(this.ends, this.number, string.ptr, string.kept, string.size, this.valueStart, end);
    }
    this.endScalar(JsonType.Number);
  }

  protected beginLiteral(p: usize, end: usize, type: JsonType, rest: u32): usize {
    const size: usize = rest >> 24 ? 5 : 4;
    if (end - p >= 5 && load<u32>(p, 1) << ((5 - <u32>size) << 3) == rest << ((5 - <u32>size) << 3)) {
      if (this.ends) this.commitLiteral(this.ends, type, this.valueStart, this.origin + <i64>(p + size));
      this.endScalar(type);
      return p + size;
    }
    this.literal = rest;
    this.literalType = type;
    this.step = JsonStep.Literal;
    return p + 1;
  }

  protected readLiteral(p: usize): usize {
    if (load<u8>(p) != <u8>this.literal) return this.fail(p, JsonFault.BadLiteral);
    this.literal >>= 8;
    if (!this.literal) {
      if (this.ends) this.commitLiteral(this.ends, this.literalType, this.valueStart, this.origin + <i64>p + 1);
      this.endScalar(this.literalType);
    }
    return p + 1;
  }

  protected failString(p: usize): usize {
    return this.fail(p, this.string.ended == StringEnd.BadEscape ? JsonFault.BadEscape : JsonFault.ControlByte);
  }

  protected fail(p: usize, fault: JsonFault): usize {
    this.state = JsonState.Invalid;
    this.fault = fault;
    this.faultOffset = this.origin + <i64>p;
    return p;
  }
}

/**
 * End of a whole number of up to 18 digits without sign, fraction or exponent that the byte after it ends; `p` when
 * there is none at `p`, or none that is whole in [p, end).
 */
function shortIntegerEnd(p: usize, end: usize): usize {
  let stop = p;
  while (stop < end && isDigit(load<u8>(stop))) stop++;
  if (stop == end || stop - p > 18 || (load<u8>(p) == ZERO && stop - p > 1)) return p;
  const next = load<u8>(stop);
  return next == DOT || (next | 0x20) == 0x65 ? p : stop;
}

/** Whether values under this key are media by nature. */
export function isMediaKey(ptr: usize, length: i32): bool {
  if (length == 4) return load<u32>(ptr) == 0x61746164; // data
  if (length == 5) return load<u32>(ptr) == 0x65747962 && load<u8>(ptr, 4) == 0x73; // bytes
  return length == 8 && load<u64>(ptr) == 0x6e6f736a5f343662; // b64_json
}

function isDataUrl(ptr: usize, length: i32): bool {
  return length >= 5 && load<u32>(ptr) == 0x61746164 && load<u8>(ptr, 4) == COLON;
}
