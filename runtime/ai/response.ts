// Reads the body of an answer: cuts it into documents and lets the API's dialect read each.
import { Bytes } from "../bytes/bytes";
import { AmazonEventStream } from "../parse/amazon-stream";
import { BodyState, DocumentSink, DocumentSource } from "../parse/document";
import { JsonFault, JsonScanner, JsonState } from "../parse/json";
import { Answer } from "./answer";
import { BodyForm, BodyReader } from "./body-reader";
import { Dialect } from "./dialect";
import { Stencil } from "./stencil";

/** `[DONE]`, lowest byte first: ends OpenAI's streams. */
const DONE: u64 = 0x5d454e4f445b;
const DONE_BYTES: i32 = 6;
const EVENT = Bytes.constant("event");
const ERROR = Bytes.constant("error");

/** The reader of one answer's body. Closed when it holds no parser. */
@final
export class ResponseBody extends DocumentSink {
  readonly answer: Answer = new Answer();
  /** The body was read to its end, or will not tell more. */
  isSettled: bool = true;
  private form: BodyForm = BodyForm.Whole;
  private dialect: Dialect | null = null;
  private reader: BodyReader | null = null;
  private json: JsonScanner | null = null;
  private head: u64 = 0; // first bytes of the document, lowest first
  private length: i64 = 0; // bytes of the document
  private piece: usize = 0; // its last bytes
  private pieceLength: i32 = 0;
  private chunk: usize = 0; // what is fed now, and its offset in the body
  private chunkOffset: i64 = 0;
  private isRead: bool = false; // the document was read before its end

  /** As new. */
  reset(): void {
    this.close();
    this.answer.reset();
    this.isSettled = true;
  }

  /** Begins a body of documents of this dialect. */
  open(form: BodyForm, dialect: Dialect): void {
    this.close();
    this.form = form;
    this.dialect = dialect;
    this.reader = BodyReader.take(form, this);
    this.json = dialect.take();
    this.isSettled = false;
  }

  feed(ptr: usize, length: i32): void {
    const reader = this.reader;
    if (reader === null || length <= 0) return;
    const stencil = reader.stencil;
    if (stencil !== null) {
      const end = ptr + <usize>length;
      ptr = stencil.pass(ptr, end, this.answer);
      if (ptr == end) return;
      length = <i32>(end - ptr);
    }
    this.chunk = ptr;
    this.chunkOffset = reader.source.fed;
    reader.source.feed(ptr, length);
    this.chunk = 0;
    if (this.form == BodyForm.Whole) this.lookAhead();
  }

  /** The body is over. `isWhole`: by its own end, not cut. Whatever is open ends. */
  end(isWhole: bool): void {
    const reader = this.reader;
    if (reader !== null) {
      // A cut ends the last document in the middle, but one that is whole by itself counts all the same.
      reader.source.finish();
      if (this.form == BodyForm.Array && reader.source.state != BodyState.Invalid && isWhole)
        this.answer.isFinished = true;
    }
    this.close();
    this.isSettled = true;
  }

  onDocumentStart(source: DocumentSource): bool {
    const json = this.json;
    if (json !== null) json.reset();
    this.head = 0;
    this.length = 0;
    this.isRead = false;
    return true;
  }

  onDocumentData(ptr: usize, length: i32): void {
    for (let i = 0, at = this.length; at < 8 && i < length; i++, at++) {
      const shift = <u64>(at * 8);
      this.head |= (<u64>load<u8>(ptr + <usize>i)) << shift;
    }
    this.length += <i64>length;
    this.piece = ptr;
    this.pieceLength = length;
    const json = this.json;
    if (json !== null) json.feed(ptr, length);
  }

  onDocumentEnd(source: DocumentSource): void {
    const json = this.json;
    const dialect = this.dialect;
    if (json === null || dialect === null || this.isRead) return;
    const answer = this.answer;
    if (source instanceof AmazonEventStream) {
      const type = (<AmazonEventStream>source).headers.messageType;
      if (!type.isEmpty && !type.equals(EVENT)) {
        answer.fail(source.name);
        return;
      }
    }
    json.finish();
    const stencil = this.stencil;
    if (stencil !== null) stencil.drop();
    if (json.state == JsonState.Complete) {
      const before = answer.contentBytes;
      dialect.read(json, source.name, answer);
      if (this.form == BodyForm.Whole) answer.isFinished = true;
      if (dialect.isRepeatable && answer.contentBytes - before == json.measuredBytes()) this.cutStencil(source, json);
    } else if (this.form == BodyForm.Whole && json.state == JsonState.Incomplete) {
      // JSON as far as it came.
      answer.isRecognized = true;
    } else if (this.length >= DONE_BYTES && (this.head & 0xffffffffffff) == DONE) answer.isFinished = true;
    else if (source.name.equals(ERROR)) answer.fail(Bytes.absent());
  }

  private get stencil(): Stencil | null {
    const reader = this.reader;
    return reader === null ? null : reader.stencil;
  }

  /** Lets the next events be known by their likeness to this one, if all of it is in what is fed now. */
  private cutStencil(source: DocumentSource, json: JsonScanner): void {
    const stencil = this.stencil;
    if (stencil === null || !this.chunk || !source.isDocumentWhole) return;
    const start = source.documentStart - this.chunkOffset;
    if (start < 0 || this.length != <i64>this.pieceLength) return;
    const end = source.documentEnd - this.chunkOffset;
    stencil.cut(this.chunk + <usize>start, this.chunk + <usize>end, this.piece, json);
  }

  /** A plain document need not be over to be known. */
  private lookAhead(): void {
    const json = this.json;
    const dialect = this.dialect;
    if (json === null || dialect === null || this.isRead) return;
    const isWhole =
      json.state == JsonState.Complete || (json.state == JsonState.Invalid && json.fault == JsonFault.TrailingBytes);
    if (!isWhole) {
      dialect.peek(json, this.answer);
      if (json.state == JsonState.Invalid) this.isSettled = true;
      return;
    }
    dialect.read(json, Bytes.empty(), this.answer);
    this.answer.isFinished = true;
    this.isRead = true;
    this.isSettled = true;
  }

  /** Gives the parsers back. */
  private close(): void {
    const reader = this.reader;
    const json = this.json;
    const dialect = this.dialect;
    if (reader !== null) reader.release();
    if (json !== null && dialect !== null) dialect.give(json);
    this.reader = null;
    this.json = null;
    this.dialect = null;
  }
}
