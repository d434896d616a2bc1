// Scans one JSON document in chunks of any size, in one pass and bounded memory, and keeps what a table of paths wants.
import {
  BRACE_CLOSE,
  BRACE_OPEN,
  BRACKET_CLOSE,
  BRACKET_OPEN,
  BYTE_ORDER_MARK,
  COLON,
  COMMA,
  MINUS,
  QUOTE,
  isDigit,
} from "./ascii";
import { isMediaKey, JsonScalars } from "./json-scalars";
import { CHECKED_DEPTH, JsonFault, JsonState, JsonStep } from "./json-state";
import { StringEnd } from "./json-string";
import { JsonType } from "./json-value";
import { MAX_SEGMENTS, PathTable } from "./paths";
import { plainEnd, spaceEnd } from "./runs";

export { JsonFault, JsonState } from "./json-state";

/**
 * Use: `reset()`, `feed` each chunk, `finish()`, then `value(index)`; all answers may be read between chunks, too.
 * Any cut of the same bytes into chunks gives the same answers. Nothing is allocated after construction; no input traps.
 *
 * Repeated keys: the last one wins, `JsonValue.differs` tells. Offsets count from the document's first byte (a byte
 * order mark included). Text inside strings is not checked to be UTF-8.
 */
export class JsonScanner extends JsonScalars {
  private isObject: bool = false; // type of the innermost open bracket
  private alive: u64 = 0; // paths that go on inside it
  private expected: u64 = 0; // paths that the next value continues or ends
  private readonly kinds: StaticArray<u64> = new StaticArray<u64>((CHECKED_DEPTH >> 6) + 1);
  private readonly aliveAt: StaticArray<u64> = new StaticArray<u64>(MAX_SEGMENTS + 1);
  private readonly endsAt: StaticArray<u64> = new StaticArray<u64>(MAX_SEGMENTS + 1);

  constructor(table: PathTable) {
    super(table);
    this.reset();
  }

  /** Forgets the document; the next `feed` starts another. */
  reset(): void {
    this.clearValues();
    this.state = JsonState.Incomplete;
    this.fault = JsonFault.None;
    this.faultOffset = -1;
    this.fed = 0;
    this.rootType = JsonType.None;
    this.rootOpen = -1;
    this.rootClose = -1;
    this.isRootEmpty = false;
    this.textBytes = 0;
    this.mediaItems = 0;
    this.mediaBytes = 0;
    this.step = JsonStep.Start;
    this.depth = 0;
    this.isObject = false;
    this.alive = 0;
    this.expected = this.table.all();
    this.ends = 0;
    this.isMediaKey = false;
    this.literal = BYTE_ORDER_MARK;
  }

  /** Scans the next bytes. `ptr` must be readable for `length` bytes during the call; nothing of it is kept. */
  feed(ptr: usize, length: i32): JsonState {
    if (length <= 0) return this.state;
    const end = ptr + <usize>length;
    this.origin = this.fed - <i64>ptr;
    this.fed += <i64>length;
    let p = ptr;
    while (p < end && this.state != JsonState.Invalid) {
      switch (this.step) {
        case JsonStep.Start:
          p = this.readMark(p);
          break;
        case JsonStep.Value:
        case JsonStep.FirstElement:
          p = this.readValue(p, end);
          break;
        case JsonStep.FirstKey:
        case JsonStep.Key:
          p = this.readKey(p, end);
          break;
        case JsonStep.KeyText:
          p = this.readKeyText(p, end);
          break;
        case JsonStep.Colon:
          p = this.readColon(p, end);
          break;
        case JsonStep.ValueText:
          p = this.readText(p, end);
          break;
        case JsonStep.Number:
          p = this.readNumber(p, end);
          break;
        case JsonStep.Literal:
          p = this.readLiteral(p);
          break;
        case JsonStep.AfterValue:
          p = this.readAfterValue(p, end);
          break;
        case JsonStep.Deep:
          p = this.readDeep(p, end);
          break;
        default:
          p = spaceEnd(p, end);
          if (p < end) p = this.fail(p, JsonFault.TrailingBytes);
      }
    }
    return this.state;
  }

  /** Says that no more bytes come. `Incomplete` then means that the document was cut off (or empty). */
  finish(): JsonState {
    if (this.state == JsonState.Incomplete && this.step == JsonStep.Number && this.depth == 0 && this.number.isWhole) {
      this.endNumber(this.fed);
    }
    return this.state;
  }

  private readMark(p: usize): usize {
    const byte = load<u8>(p);
    if (byte == <u8>this.literal) {
      this.literal >>= 8;
      if (!this.literal) this.step = JsonStep.Value;
      return p + 1;
    }
    if (this.literal != BYTE_ORDER_MARK) return this.fail(p, JsonFault.UnexpectedByte);
    this.step = JsonStep.Value;
    return p;
  }

  private readValue(p: usize, end: usize): usize {
    p = spaceEnd(p, end);
    if (p == end) return p;
    const byte = load<u8>(p);
    if (this.step == JsonStep.FirstElement) {
      if (byte == BRACKET_CLOSE) return this.close(p, true);
      this.known |= this.ends;
    }
    this.valueStart = this.origin + <i64>p;
    if (byte == BRACE_OPEN || byte == BRACKET_OPEN) return this.open(p, byte == BRACE_OPEN);
    this.ends = this.expected ? this.expected & this.table.endingAt(this.depth) : 0;
    if (byte == QUOTE) return this.beginText(p, end);
    if (byte == MINUS || isDigit(byte)) return this.beginNumber(p, end);
    if (byte == 0x74) return this.beginLiteral(p, end, JsonType.True, 0x657572);
    if (byte == 0x66) return this.beginLiteral(p, end, JsonType.False, 0x65736c61);
    if (byte == 0x6e) return this.beginLiteral(p, end, JsonType.Null, 0x6c6c75);
    return this.fail(p, JsonFault.UnexpectedByte);
  }

  private open(p: usize, isObject: bool): usize {
    const depth = this.depth;
    if (depth >= i32.MAX_VALUE - 1) return this.fail(p, JsonFault.TooDeep);
    const type = isObject ? JsonType.Object : JsonType.Array;
    if (depth == 0) {
      this.rootType = type;
      this.rootOpen = this.valueStart;
    }
    let ends: u64 = 0;
    let alive: u64 = 0;
    if (this.expected) {
      ends = this.expected & this.table.endingAt(depth);
      alive = this.expected & this.table.inside(depth, !isObject);
      if (ends) this.commitOpened(ends, type, this.valueStart);
    }
    this.ends = ends;
    this.alive = alive;
    this.expected = isObject ? 0 : alive;
    this.isObject = isObject;
    this.isMediaKey = false;
    this.depth = depth + 1;
    if (depth < MAX_SEGMENTS) {
      unchecked((this.aliveAt[depth + 1] = alive));
      unchecked((this.endsAt[depth + 1] = ends));
    }
    if (depth >= CHECKED_DEPTH) {
      this.step = JsonStep.Deep;
      return p + 1;
    }
    this.setKind(depth, isObject);
    this.step = isObject ? JsonStep.FirstKey : JsonStep.FirstElement;
    return p + 1;
  }

  /** Closes the innermost bracket, which is one of the checked ones. */
  private close(p: usize, isEmpty: bool): usize {
    const offset = this.origin + <i64>p;
    const depth = this.depth;
    if (depth <= MAX_SEGMENTS) {
      const ends = unchecked(this.endsAt[depth]);
      if (ends) {
        this.commitClosed(ends, offset + 1, isEmpty);
        this.known |= ends;
      }
    }
    this.depth = depth - 1;
    if (depth == 1) {
      this.rootClose = offset;
      this.isRootEmpty = isEmpty;
      this.endRoot();
      return p + 1;
    }
    this.isObject = this.kindAt(depth - 2);
    this.alive = depth - 1 <= MAX_SEGMENTS ? unchecked(this.aliveAt[depth - 1]) : 0;
    this.step = JsonStep.AfterValue;
    return p + 1;
  }

  /** Remembers the type of the bracket that `level` others enclose; `level` < CHECKED_DEPTH. */
  @inline private setKind(level: i32, isObject: bool): void {
    const shift = (<u64>level) & 63;
    const word = unchecked(this.kinds[level >> 6]) & ~rotl<u64>(1, shift);
    unchecked((this.kinds[level >> 6] = word | ((<u64>isObject) << shift)));
  }

  /** Whether the bracket that `level` others enclose is an object's; `level` < CHECKED_DEPTH. */
  @inline private kindAt(level: i32): bool {
    const shift = (<u64>level) & 63;
    return ((unchecked(this.kinds[level >> 6]) >> shift) & 1) != 0;
  }

  private readKey(p: usize, end: usize): usize {
    p = spaceEnd(p, end);
    if (p == end) return p;
    const byte = load<u8>(p);
    if (this.step == JsonStep.FirstKey) {
      if (byte == BRACE_CLOSE) return this.close(p, true);
      this.known |= this.ends;
    }
    if (byte != QUOTE) return this.fail(p, JsonFault.UnexpectedByte);
    const start = p + 1;
    const stop = plainEnd(start, end);
    if (stop < end && load<u8>(stop) == QUOTE) {
      this.endKey(start, <i32>(stop - start));
      return this.readColon(stop + 1, end);
    }
    this.string.begin(max(this.table.longestKey + 1, 16));
    this.string.append(start, <i32>(stop - start));
    this.step = JsonStep.KeyText;
    return stop;
  }

  private readKeyText(p: usize, end: usize): usize {
    const string = this.string;
    p = string.feed(p, end);
    if (string.ended == StringEnd.Closed) this.endKey(string.ptr, string.size == <i64>string.kept ? string.kept : -1);
    else if (string.ended != StringEnd.None) return this.failString(p);
    return p;
  }

  /** `length` is -1 for a key that is longer than any that matters. */
  private endKey(ptr: usize, length: i32): void {
    this.step = JsonStep.Colon;
    this.isMediaKey = isMediaKey(ptr, length);
    if (!this.alive || length < 0) {
      this.expected = 0;
      return;
    }
    const matched = this.table.match(this.depth - 1, this.alive, ptr, length);
    this.expected = matched;
    if (matched) {
      const inside = matched & this.table.singleUpTo(this.depth);
      if (inside) this.takeBack(inside);
    }
  }

  private readColon(p: usize, end: usize): usize {
    p = spaceEnd(p, end);
    if (p == end) return p;
    if (load<u8>(p) != COLON) return this.fail(p, JsonFault.UnexpectedByte);
    this.step = JsonStep.Value;
    return this.readValue(p + 1, end);
  }

  private readAfterValue(p: usize, end: usize): usize {
    p = spaceEnd(p, end);
    if (p == end) return p;
    const byte = load<u8>(p);
    if (byte == COMMA) {
      if (this.isObject) {
        this.step = JsonStep.Key;
        return this.readKey(p + 1, end);
      }
      this.expected = this.alive;
      this.isMediaKey = false;
      this.step = JsonStep.Value;
      return this.readValue(p + 1, end);
    }
    if (byte == (this.isObject ? BRACE_CLOSE : BRACKET_CLOSE)) return this.close(p, false);
    return this.fail(p, JsonFault.UnexpectedByte);
  }

  private readDeep(p: usize, end: usize): usize {
    while (p < end) {
      const byte = load<u8>(p);
      if (byte == QUOTE) {
        this.valueStart = this.origin + <i64>p;
        this.ends = 0;
        return this.beginText(p, end);
      }
      const bracket = byte | 0x20;
      if (bracket == BRACE_OPEN) {
        if (this.depth >= i32.MAX_VALUE - 1) return this.fail(p, JsonFault.TooDeep);
        this.depth++;
      } else if (bracket == BRACE_CLOSE) {
        if (--this.depth == CHECKED_DEPTH) {
          this.isObject = this.kindAt(CHECKED_DEPTH - 1);
          this.step = JsonStep.AfterValue;
          return p + 1;
        }
      }
      p++;
    }
    return end;
  }
}
