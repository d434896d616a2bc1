// Newline-delimited JSON: each line that is not blank is a document.
import { CR, LF, SPACE, TAB } from "./ascii";
import { DocumentSource } from "./document";
import { lineEnd } from "./runs";

const RETURN: usize = memory.data<u8>([CR]);

/**
 * A document is a line without its end (LF or CR LF; a lone CR is a part of the line); its stretch is the line with its
 * end. A last line that nothing ends is a document when the body is over.
 */
export class NdjsonParser extends DocumentSource {
  private lineStart: i64 = 0;
  private hasReturn: bool = false; // a CR was seen that may belong to the line's end

  reset(): void {
    super.reset();
    this.lineStart = 0;
    this.hasReturn = false;
  }

  protected read(p: usize, end: usize): usize {
    if (!this.isOpen) return this.readBlank(p, end);
    if (this.hasReturn) {
      this.hasReturn = false;
      if (load<u8>(p) != LF) this.data(RETURN, 1);
    }
    const stop = lineEnd(p, end);
    this.data(p, <i32>(stop - p));
    if (stop == end) return end;
    if (load<u8>(stop) == CR) this.hasReturn = true;
    else this.endLine(stop);
    return stop + 1;
  }

  protected readEnd(): void {}

  private readBlank(p: usize, end: usize): usize {
    while (p < end) {
      const byte = load<u8>(p);
      if (byte == LF) this.lineStart = this.origin + <i64>p + 1;
      else if (byte != SPACE && byte != TAB && byte != CR) {
        this.begin(this.lineStart);
        return p;
      }
      p++;
    }
    return p;
  }

  private endLine(p: usize): void {
    this.lineStart = this.origin + <i64>p + 1;
    this.end(this.lineStart, true);
  }
}
