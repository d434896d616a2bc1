// Recognizes an event that repeats the one before it but for its texts: most of a stream, and spared the parsing.
import { areSame } from "../bytes/same";
import { isDigit, LF, QUOTE, ZERO } from "../parse/ascii";
import { JsonScanner } from "../parse/json";
import { JsonString, StringEnd } from "../parse/json-string";
import { JsonType } from "../parse/json-value";
import { plainEnd } from "../parse/runs";
import { SseParser } from "../parse/sse";
import { Answer } from "./answer";

/** An event that is longer is parsed each time; what varies beyond so many places must stay as it is. */
const MOST_BYTES: i32 = 2048;
const MOST_HOLES: i32 = 4;

/** What may stand in a hole. */
const enum Hole {
  /** The inside of a string that counts as content. */
  Content,
  /** The inside of a string. */
  Text,
  /** A whole number that is not negative. */
  Number,
}

/**
 * The bytes of an event without its holes: the insides of those strings of which only the length is wanted, or nothing
 * at all, and such numbers. What fits is the same document to whoever read it, but for these lengths. Any other event must drop the
 * stencil, as reading the same twice tells nothing new only while nothing else was read in between.
 */
@final
export class Stencil {
  private isCut: bool = false;
  private holes: i32 = 0;
  private content: i64 = 0; // bytes of content outside the holes
  private length: i32 = 0;
  private readonly bytes: StaticArray<u8> = new StaticArray<u8>(MOST_BYTES);
  private readonly holeAt: StaticArray<i32> = new StaticArray<i32>(MOST_HOLES + 1); // in `bytes`; then their end
  private readonly kinds: StaticArray<Hole> = new StaticArray<Hole>(MOST_HOLES);
  private readonly escaped: JsonString = new JsonString(8);

  constructor(private readonly events: SseParser) {}

  /** Forgets the event. */
  @inline drop(): void {
    this.isCut = false;
  }

  /**
   * Takes the event in [from, end) whose document begins at `document` and was read to `json`. All strings that it
   * measured were taken for content, each byte once.
   */
  cut(from: usize, end: usize, document: usize, json: JsonScanner): void {
    this.isCut = false;
    this.holes = 0;
    this.length = 0;
    this.content = json.measuredBytes();
    const unkept = json.unkept;
    while (this.holes < MOST_HOLES) {
      const next = firstHole(json, unkept, <i64>from - <i64>document);
      if (next < 0) break;
      const value = json.value(next);
      const isNumber = value.type == JsonType.Number;
      const margin: usize = isNumber ? 0 : 1; // a quote
      const start = document + <usize>value.start + margin;
      const stop = document + <usize>value.end - margin;
      if (!this.addBytes(from, start)) return;
      from = stop;
      if (isNumber && numberEnd(start, stop) != stop) return;
      const isContent = json.isMeasured(next) && !isNumber;
      if (isContent) this.content -= value.size;
      unchecked((this.kinds[this.holes] = isNumber ? Hole.Number : isContent ? Hole.Content : Hole.Text));
      unchecked((this.holeAt[this.holes++] = this.length));
    }
    if (!this.addBytes(from, end)) return;
    unchecked((this.holeAt[this.holes] = this.length));
    this.isCut = this.holes > 0 && load<u8>(end - 1) == LF;
  }

  /** Passes over all events at `p` that fit, tells of their content, and answers where it stopped. */
  pass(p: usize, end: usize, answer: Answer): usize {
    const events = this.events;
    if (!this.isCut || events.restStart != events.fed) return p;
    const start = p;
    for (let stop = this.passOne(p, end, answer); stop; stop = this.passOne(p, end, answer)) p = stop;
    if (p > start) events.skip(<i32>(p - start));
    return p;
  }

  /** The end of the event at `p`, 0 when it does not fit (or is not whole). */
  private passOne(p: usize, end: usize, answer: Answer): usize {
    const bytes = changetype<usize>(this.bytes);
    const holes = this.holes;
    let content = this.content;
    let from = 0;
    for (let i = 0; ; i++) {
      const to = unchecked(this.holeAt[i]);
      const length = <usize>(to - from);
      if (end - p < length || !areSame(bytes + <usize>from, p, <i32>length)) return 0;
      p += length;
      if (i == holes) break;
      const kind = unchecked(this.kinds[i]);
      let stop = kind == Hole.Number ? numberEnd(p, end) : plainEnd(p, end);
      if (stop == end) return 0;
      if (kind != Hole.Number) {
        let size = <i64>(stop - p);
        if (load<u8>(stop) != QUOTE) {
          stop = this.escapedEnd(p, end);
          if (!stop) return 0;
          size = this.escaped.size;
        }
        if (kind == Hole.Content) content += size;
      } else if (stop == p) return 0;
      p = stop;
      from = to;
    }
    answer.addContent(content);
    return p;
  }

  /** The closing quote of a string with escapes, 0 when there is none or the string is bad. */
  private escapedEnd(p: usize, end: usize): usize {
    const escaped = this.escaped;
    escaped.begin(0);
    p = escaped.feed(p, end);
    return escaped.ended == StringEnd.Closed ? p - 1 : 0;
  }

  private addBytes(from: usize, to: usize): bool {
    const length = to - from;
    if (length > <usize>(MOST_BYTES - this.length)) return false;
    memory.copy(changetype<usize>(this.bytes) + <usize>this.length, from, length);
    this.length += <i32>length;
    return true;
  }
}

/** The end of a whole number that is not negative; `p` when there is none. */
function numberEnd(p: usize, end: usize): usize {
  let stop = p;
  while (stop < end && isDigit(load<u8>(stop))) stop++;
  return stop - p > 1 && load<u8>(p) == ZERO ? p : stop;
}

/** The path, of these, of the first number or string with something in it at or behind an offset; -1 for none. */
function firstHole(json: JsonScanner, paths: u64, from: i64): i32 {
  let first = -1;
  let start = i64.MAX_VALUE;
  for (let rest = paths; rest; rest &= rest - 1) {
    const index = <i32>ctz(rest);
    const value = json.value(index);
    const isHole = value.type == JsonType.Number || (value.type == JsonType.String && value.size > 0);
    if (!isHole || value.start < from || value.start >= start) continue;
    first = index;
    start = value.start;
  }
  return first;
}
