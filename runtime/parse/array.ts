// A JSON array at the root of a body, one document per element, as Gemini streams without `alt=sse`.
import { isSpace } from "../bytes/bytes";
import {
  BACKSLASH,
  BRACE_CLOSE,
  BRACE_OPEN,
  BRACKET_CLOSE,
  BRACKET_OPEN,
  BYTE_ORDER_MARK,
  COMMA,
  QUOTE,
} from "./ascii";
import { BodyFault, BodyState, DocumentSource } from "./document";
import { plainEnd, spaceEnd } from "./runs";

const enum Place {
  Start,
  Between,
  Element,
  Text,
  Escape,
  After,
}

/**
 * Each element of the root array is a document, from its first byte to its last. A root that is no array is one
 * document. Commas are not checked, and what is inside an element is for its consumer to check: here brackets are
 * counted and strings skipped.
 */
export class ArrayParser extends DocumentSource {
  private place: Place = Place.Start;
  private mark: u32 = BYTE_ORDER_MARK;
  private isArray: bool = false;
  private depth: i64 = 0; // open brackets in the element

  reset(): void {
    super.reset();
    this.place = Place.Start;
    this.mark = BYTE_ORDER_MARK;
    this.isArray = false;
    this.depth = 0;
  }

  protected read(p: usize, end: usize): usize {
    if (this.place == Place.Start || this.place == Place.Between || this.place == Place.After) {
      return this.readOutside(p, end);
    }
    const stop = this.readElement(p, end);
    this.data(p, <i32>(stop - p));
    if (this.place == Place.After) this.state = BodyState.Ended;
    if (this.place == Place.Between || this.place == Place.After) this.end(this.origin + <i64>stop, true);
    return stop;
  }

  protected readEnd(): void {
    // Only the end of the body can end a number or literal at the root.
    if (this.isOpen && !this.isArray && this.place == Place.Element && this.depth == 0) this.end(this.fed, true);
  }

  private readOutside(p: usize, end: usize): usize {
    if (this.place == Place.Start && this.mark && load<u8>(p) == <u8>this.mark) {
      this.mark >>= 8;
      return p + 1;
    }
    if (this.mark != BYTE_ORDER_MARK && this.mark != 0) return this.refuse(p, BodyFault.UnexpectedByte);
    this.mark = 0;
    p = spaceEnd(p, end);
    if (p == end) return p;
    const byte = load<u8>(p);
    if (this.place == Place.After || byte == BRACE_CLOSE) return this.refuse(p, BodyFault.UnexpectedByte);
    if (this.place == Place.Start) {
      if (byte == BRACKET_OPEN) {
        this.isArray = true;
        this.place = Place.Between;
        return p + 1;
      }
    } else if (byte == COMMA) return p + 1;
    if (byte == BRACKET_CLOSE) {
      if (!this.isArray) return this.refuse(p, BodyFault.UnexpectedByte);
      this.place = Place.After;
      this.state = BodyState.Ended;
      return p + 1;
    }
    this.depth = 0;
    this.place = Place.Element;
    this.begin(this.origin + <i64>p);
    return p;
  }

  /** Answers the end of the element, with the place after it, or `end`. */
  private readElement(p: usize, end: usize): usize {
    const outside = this.isArray ? Place.Between : Place.After;
    while (p < end) {
      if (this.place == Place.Escape) {
        this.place = Place.Text;
        p++;
        continue;
      }
      if (this.place == Place.Text) {
        p = plainEnd(p, end);
        if (p == end) return end;
        const stop = load<u8>(p++);
        if (stop == BACKSLASH) this.place = Place.Escape;
        else if (stop == QUOTE) {
          this.place = this.depth == 0 ? outside : Place.Element;
          if (this.depth == 0) return p;
        }
        continue;
      }
      const byte = load<u8>(p);
      if (byte == QUOTE) this.place = Place.Text;
      else if (byte == BRACE_OPEN || byte == BRACKET_OPEN) this.depth++;
      else if (byte == BRACE_CLOSE || byte == BRACKET_CLOSE) {
        if (this.depth == 0) {
          this.place = outside;
          return p;
        }
        if (--this.depth == 0) {
          this.place = outside;
          return p + 1;
        }
      } else if (this.depth == 0 && (byte == COMMA || isSpace(byte))) {
        this.place = outside;
        return p;
      }
      p++;
    }
    return end;
  }
}
