// multipart/form-data (RFC 7578, RFC 2046): each part is a document, named by its form field.
import { CR, LF, MINUS, SPACE, TAB } from "./ascii";
import { BodyFault, BodyState, DocumentSource } from "./document";
import { lineEnd } from "./runs";
import { PartHeader } from "./part-header";

/** Longest boundary that is accepted; RFC 2046 allows 70. */
export const BOUNDARY_BYTES: i32 = 200;

/** Bytes of one part's header block; a longer one makes the body invalid. */
export const PART_HEADER_BYTES: i32 = 16384;

const PADDING_BYTES: i32 = 64;

const enum Place {
  Content,
  LineFeed,
  Delimiter,
  AfterDelimiter,
  Padding,
  PaddingReturn,
  Header,
  Epilogue,
}

/**
 * Use: `setBoundary` once per body, after `reset()`. The line end before a boundary does not belong to the part;
 * boundary-like text inside a part does. LF alone is tolerated where CR LF belongs. The name is the `name` parameter
 * of `content-disposition`, known when the document begins; `isFile` tells whether there was a `filename`.
 * A part's stretch reaches from its header block to its content's end.
 */
export class MultipartParser extends DocumentSource {
  /** The current part carries a file name. */
  isFile: bool = false;
  private place: Place = Place.Content;
  private isPreamble: bool = true;
  private partStart: i64 = 0;
  private contentEnd: i64 = 0; // where the line end that may precede a boundary begins
  private headerBytes: i32 = 0;
  private delimiterLength: i32 = 0; // "--" and the boundary; 0 without one
  private matched: i32 = 0;
  private heldLength: i32 = 0; // bytes that look like a boundary so far
  private readonly delimiter: StaticArray<u8> = new StaticArray<u8>(BOUNDARY_BYTES + 2);
  private readonly held: StaticArray<u8> = new StaticArray<u8>(BOUNDARY_BYTES + 8 + PADDING_BYTES);
  private readonly header: PartHeader = new PartHeader();

  /** The `boundary` parameter of the content type, unquoted. False when it is empty or too long: no part will be found. */
  setBoundary(ptr: usize, length: i32): bool {
    this.delimiterLength = 0;
    if (length <= 0 || length > BOUNDARY_BYTES) return false;
    const delimiter = changetype<usize>(this.delimiter);
    store<u16>(delimiter, 0x2d2d);
    memory.copy(delimiter + 2, ptr, <usize>length);
    this.delimiterLength = length + 2;
    return true;
  }

  reset(): void {
    super.reset();
    this.isFile = false;
    this.isPreamble = true;
    this.partStart = 0;
    this.contentEnd = 0;
    this.heldLength = 0;
    // The first boundary may stand at the very beginning, without a line end before it.
    this.matched = 0;
    this.place = Place.Delimiter;
  }

  protected read(p: usize, end: usize): usize {
    switch (this.place) {
      case Place.Content:
        return this.readContent(p, end);
      case Place.Header:
        return this.readHeader(p, end);
      case Place.Epilogue:
        return end;
      default:
        return this.readCandidate(p);
    }
  }

  protected readEnd(): void {
    if (!this.isPreamble && this.place != Place.Epilogue) this.release();
  }

  private readContent(p: usize, end: usize): usize {
    const stop = lineEnd(p, end);
    if (!this.isPreamble) this.data(p, <i32>(stop - p));
    if (stop == end) return end;
    this.contentEnd = this.origin + <i64>stop;
    this.matched = 0;
    this.hold(load<u8>(stop));
    this.place = load<u8>(stop) == CR ? Place.LineFeed : Place.Delimiter;
    return stop + 1;
  }

  /** One byte of what may be a boundary. */
  private readCandidate(p: usize): usize {
    const byte = load<u8>(p);
    switch (this.place) {
      case Place.LineFeed:
        if (byte != LF) return this.noBoundary(p);
        this.place = Place.Delimiter;
        break;
      case Place.Delimiter:
        if (this.matched >= this.delimiterLength || byte != unchecked(this.delimiter[this.matched])) {
          return this.noBoundary(p);
        }
        if (++this.matched == this.delimiterLength) this.place = Place.AfterDelimiter;
        break;
      case Place.AfterDelimiter:
        if (byte == MINUS && this.matched == this.delimiterLength) {
          this.matched++;
          break;
        }
        if (this.matched > this.delimiterLength) {
          if (byte != MINUS) return this.noBoundary(p);
          this.endPart();
          this.place = Place.Epilogue;
          this.state = BodyState.Ended;
          return p + 1;
        }
        this.place = Place.Padding;
        return p;
      case Place.PaddingReturn:
        if (byte != LF) return this.noBoundary(p);
        this.startPart(p + 1);
        return p + 1;
      default:
        if (byte == LF) {
          this.startPart(p + 1);
          return p + 1;
        }
        if (byte == CR) this.place = Place.PaddingReturn;
        else if ((byte != SPACE && byte != TAB) || this.isHeldFull()) return this.noBoundary(p);
    }
    this.hold(byte);
    return p + 1;
  }

  private noBoundary(p: usize): usize {
    this.release();
    this.place = Place.Content;
    return p;
  }

  /** What was held is content after all. */
  private release(): void {
    if (!this.isPreamble && this.heldLength > 0 && this.isOpen)
      this.data(changetype<usize>(this.held), this.heldLength);
    this.heldLength = 0;
  }

  private hold(byte: u8): void {
    if (<u32>this.heldLength >= <u32>this.held.length) return;
    unchecked((this.held[this.heldLength] = byte));
    this.heldLength++;
  }

  private isHeldFull(): bool {
    return this.heldLength >= this.held.length - 2;
  }

  private endPart(): void {
    this.heldLength = 0;
    if (this.isOpen) this.end(this.contentEnd, true);
    this.clearName();
  }

  private startPart(p: usize): void {
    this.endPart();
    this.isPreamble = false;
    this.partStart = this.origin + <i64>p;
    this.contentEnd = this.partStart;
    this.headerBytes = 0;
    this.header.begin();
    this.place = Place.Header;
  }

  private readHeader(p: usize, end: usize): usize {
    const room = <usize>(PART_HEADER_BYTES - this.headerBytes);
    const stop = this.header.feed(p, min(end, p + room));
    this.headerBytes += <i32>(stop - p);
    if (!this.header.isOver) {
      return this.headerBytes < PART_HEADER_BYTES ? stop : this.refuse(stop, BodyFault.BadHeader);
    }
    this.isFile = this.header.isFile;
    this.addToName(this.header.namePtr, this.header.nameLength);
    this.begin(this.partStart);
    // An empty part's boundary may follow the header block's own line end.
    this.contentEnd = this.origin + <i64>stop;
    this.matched = 0;
    this.heldLength = 0;
    this.place = Place.Delimiter;
    return stop;
  }
}
