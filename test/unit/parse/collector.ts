// A sink that writes down the documents it gets, and cuts of a body that must not change them.
import { DocumentSink, DocumentSource } from "../../../runtime/parse/document";

/** Remembers each document as `name|data|start-end`, with a `!` behind it when it is not whole. */
export class Collector extends DocumentSink {
  documents: Array<string> = [];
  /** Documents with this name are refused when they begin. */
  refused: string = "(nothing)";
  private data: Array<u8> = [];

  onDocumentStart(source: DocumentSource): bool {
    this.data = [];
    return source.name.toText() != this.refused;
  }

  onDocumentData(ptr: usize, length: i32): void {
    for (let i = 0; i < length; i++) this.data.push(load<u8>(ptr + <usize>i));
  }

  onDocumentEnd(source: DocumentSource): void {
    const data = String.UTF8.decodeUnsafe(this.data.dataStart, this.data.length);
    const end = `${source.documentStart}-${source.documentEnd}`;
    this.documents.push(`${source.name.toText()}|${data}|${end}${source.isDocumentWhole ? "" : "!"}`);
  }

  /** The documents of a body that comes in pieces of this size, one per line. */
  read(source: DocumentSource, body: ArrayBuffer, size: i32): string {
    source.reset();
    this.documents = [];
    for (let at = 0; at < body.byteLength; at += min(size, body.byteLength - at)) {
      source.feed(changetype<usize>(body) + <usize>at, min(size, body.byteLength - at));
    }
    source.finish();
    return this.documents.join("\n");
  }

  /** The documents of a body in one piece; "cut at N: ..." when cutting it anywhere changes them. */
  readText(source: DocumentSource, text: string): string {
    const body = String.UTF8.encode(text);
    const whole = this.read(source, body, i32.MAX_VALUE);
    if (this.read(source, body, 1) != whole) return `byte by byte: ${this.documents.join("\n")}`;
    for (let cut = 1; cut < body.byteLength; cut++) {
      source.reset();
      this.documents = [];
      source.feed(changetype<usize>(body), cut);
      source.feed(changetype<usize>(body) + <usize>cut, body.byteLength - cut);
      source.finish();
      if (this.documents.join("\n") != whole) return `cut at ${cut}: ${this.documents.join("\n")}`;
    }
    return whole;
  }
}
