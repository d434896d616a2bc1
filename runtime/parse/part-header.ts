// The header block of a form part: finds the field's name and whether the part is a file.
import { Bytes } from "../bytes/bytes";
import { CR, LF, SPACE, TAB } from "./ascii";
import { isText, readParameter } from "./parameters";
import { lineEnd } from "./runs";

const LINE_BYTES: i32 = 1024;
const NAME_BYTES: i32 = 256;

const DISPOSITION: Bytes = Bytes.constant("content-disposition:");
const NAME: Bytes = Bytes.constant("name");
const FILENAME: Bytes = Bytes.constant("filename");
const EXTENDED_FILENAME: Bytes = Bytes.constant("filename*");

/** Reads header lines up to and with the blank one. Of a (folded) line the first LINE_BYTES count. */
export class PartHeader {
  /** The blank line was read. */
  isOver: bool = false;
  /** There was a `filename` (or `filename*`) parameter. */
  isFile: bool = false;
  /** Bytes of the `name` parameter, unquoted. */
  nameLength: i32 = 0;
  private length: i32 = 0;
  private isLineStart: bool = true;
  private isAfterReturn: bool = false;
  private readonly line: StaticArray<u8> = new StaticArray<u8>(LINE_BYTES);
  private readonly name: StaticArray<u8> = new StaticArray<u8>(NAME_BYTES);

  /** Address of the name. */
  get namePtr(): usize {
    return changetype<usize>(this.name);
  }

  /** Starts a header block. */
  begin(): void {
    this.isOver = false;
    this.isFile = false;
    this.nameLength = 0;
    this.length = 0;
    this.isLineStart = true;
    this.isAfterReturn = false;
  }

  /** Reads on; answers the byte after the block, then `isOver`, or `end`. */
  feed(p: usize, end: usize): usize {
    while (p < end) {
      const byte = load<u8>(p);
      if (this.isAfterReturn) {
        this.isAfterReturn = false;
        if (byte == LF) {
          p++;
          if (this.endLine()) return p;
          continue;
        }
        this.isLineStart = false; // a lone CR is a part of the line
      }
      if (this.isLineStart && byte != CR && byte != LF) {
        // A line that begins with white space continues the one before.
        if (byte != SPACE && byte != TAB) this.readLine();
        this.isLineStart = false;
      }
      const stop = lineEnd(p, end);
      this.keep(p, <i32>(stop - p));
      if (stop == end) return end;
      p = stop + 1;
      if (load<u8>(stop) == CR) this.isAfterReturn = true;
      else if (this.endLine()) return p;
    }
    return p;
  }

  /** Whether that was the blank line. */
  private endLine(): bool {
    if (!this.isLineStart) {
      this.isLineStart = true;
      return false;
    }
    this.readLine();
    this.isOver = true;
    return true;
  }

  private keep(p: usize, length: i32): void {
    const fits = min(length, LINE_BYTES - this.length);
    if (fits <= 0) return;
    memory.copy(changetype<usize>(this.line) + <usize>this.length, p, <usize>fits);
    this.length += fits;
  }

  private readLine(): void {
    const line = changetype<usize>(this.line);
    const length = this.length;
    this.length = 0;
    if (length < DISPOSITION.length || !isText(line, DISPOSITION.length, DISPOSITION)) return;
    this.nameLength = min(max(readParameter(line, length, NAME, this.namePtr, NAME_BYTES), 0), NAME_BYTES);
    this.isFile =
      readParameter(line, length, FILENAME, 0, 0) >= 0 || readParameter(line, length, EXTENDED_FILENAME, 0, 0) >= 0;
  }
}
