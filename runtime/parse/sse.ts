// Server-sent events by the rules of the WHATWG HTML standard, section 9.2.6, on bytes.
import { BYTE_ORDER_MARK, COLON, CR, LF, SPACE } from "./ascii";
import { DocumentSource } from "./document";
import { lineEnd } from "./runs";

const enum Place {
  Mark,
  Field,
  AfterColon,
  Data,
  EventName,
  Ignored,
}

const DATA: u64 = 0x61746164;
const EVENT: u64 = 0x746e657665;
const NEWLINE: usize = memory.data<u8>([LF]);

/**
 * Each event with at least one data line is a document: its bytes are the data lines, joined by a line feed; its name
 * is the event's (`event:` usually precedes the data, then it is known at the start; at the end it always is).
 * Unlike a browser it delivers a last event that no blank line ends. An event's stretch reaches from the end of the
 * one before it to the end of its own blank line; when that ends in CR, the event ends as the next byte comes.
 */
export class SseParser extends DocumentSource {
  private place: Place = Place.Mark;
  private mark: u32 = BYTE_ORDER_MARK;
  private field: u64 = 0; // first bytes of the line's field name, lowest first
  private fieldLength: i32 = 0;
  private isData: bool = false; // the field after whose colon we are
  private isAfterReturn: bool = false; // a line feed may still belong to the last line's end
  private isAfterBlank: bool = false; // ... and that line was blank
  private blockStart: i64 = 0;

  reset(): void {
    super.reset();
    this.place = Place.Mark;
    this.mark = BYTE_ORDER_MARK;
    this.isAfterReturn = false;
    this.isAfterBlank = false;
    this.blockStart = 0;
    this.startLine();
    this.place = Place.Mark;
  }

  /** Offset of the first byte that belongs to no event that has ended. */
  get restStart(): i64 {
    return this.blockStart;
  }

  /**
   * Passes over events that nobody need read, without telling of their documents. Only when all events before have
   * ended (`restStart` == `fed`), and for bytes that end with the line feed of a blank line.
   */
  skip(length: i32): void {
    this.fed += <i64>length;
    this.blockStart = this.fed;
    this.startLine();
  }

  protected read(p: usize, end: usize): usize {
    if (this.isAfterReturn) {
      this.isAfterReturn = false;
      if (load<u8>(p) == LF) p++;
      if (this.isAfterBlank) this.endBlock(this.origin + <i64>p);
      return p;
    }
    switch (this.place) {
      case Place.Mark:
        return this.readMark(p);
      case Place.Field:
        return this.readField(p, end);
      case Place.AfterColon:
        this.place = this.isData ? Place.Data : Place.EventName;
        return load<u8>(p) == SPACE ? p + 1 : p;
      default:
        const stop = lineEnd(p, end);
        if (this.place == Place.Data) this.data(p, <i32>(stop - p));
        else if (this.place == Place.EventName) this.addToName(p, <i32>(stop - p));
        return stop < end ? this.endLine(stop) : end;
    }
  }

  protected readEnd(): void {
    if (this.isAfterReturn && this.isAfterBlank) this.endBlock(this.fed);
    else if (this.place == Place.Field) this.endField();
  }

  private readMark(p: usize): usize {
    if (load<u8>(p) == <u8>this.mark) {
      this.mark >>= 8;
      if (!this.mark) this.place = Place.Field;
      return p + 1;
    }
    // No mark after all: its first bytes begin a field name that nobody knows.
    for (let mark: u32 = BYTE_ORDER_MARK; mark != this.mark; mark >>= 8) this.addToField(<u8>mark);
    this.place = Place.Field;
    return p;
  }

  private readField(p: usize, end: usize): usize {
    if (this.fieldLength == 0 && end - p >= 6 && load<u32>(p) == <u32>DATA && load<u8>(p, 4) == COLON) {
      this.place = Place.Data;
      this.startData();
      return load<u8>(p, 5) == SPACE ? p + 6 : p + 5;
    }
    while (p < end) {
      const byte = load<u8>(p);
      if (byte == COLON) {
        this.readColon();
        return p + 1;
      }
      if (byte == LF || byte == CR) return this.endLine(p);
      this.addToField(byte);
      p++;
    }
    return p;
  }


  @inline private addToField(byte: u8): void {
    if (this.fieldLength < 8) this.field |= (<u64>byte) << ((<u64>this.fieldLength) << 3);
    this.fieldLength = min(this.fieldLength + 1, 9);
  }

  private readColon(): void {
    if (this.fieldLength == 4 && this.field == DATA) {
      this.isData = true;
      this.place = Place.AfterColon;
      this.startData();
    } else if (this.fieldLength == 5 && this.field == EVENT) {
      this.isData = false;
      this.place = Place.AfterColon;
      this.clearName();
    } else this.place = Place.Ignored;
  }

  private startData(): void {
    if (this.isOpen) this.data(NEWLINE, 1);
    else this.begin(this.blockStart);
  }

  /** A line without a colon is a field without a value. */
  private endField(): void {
    if (this.fieldLength == 4 && this.field == DATA) this.startData();
    else if (this.fieldLength == 5 && this.field == EVENT) this.clearName();
  }

  /** `p` is at the CR or LF. */
  private endLine(p: usize): usize {
    const isBlank = this.place == Place.Field && this.fieldLength == 0;
    if (this.place == Place.Field) this.endField();
    this.startLine();
    if (load<u8>(p) == CR) {
      this.isAfterReturn = true;
      this.isAfterBlank = isBlank;
    } else if (isBlank) this.endBlock(this.origin + <i64>p + 1);
    return p + 1;
  }

  private startLine(): void {
    this.place = Place.Field;
    this.field = 0;
    this.fieldLength = 0;
  }

  private endBlock(offset: i64): void {
    this.isAfterReturn = false;
    this.isAfterBlank = false;
    if (this.isOpen) this.end(offset, true);
    this.clearName();
    this.blockStart = offset;
  }
}
