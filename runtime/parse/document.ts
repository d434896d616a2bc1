// A body as a row of documents: the one shape behind which plain JSON, SSE, NDJSON, arrays, forms and frames stand.
import { Bytes } from "../bytes/bytes";
import { KeptBytes } from "./kept-bytes";

/** Takes the documents of a body as they stream by. Every start is followed by one end, unless the source is reset. */
export abstract class DocumentSink {
  /** A document begins; its name may be known already (see each source). False: its bytes need not be handed over. */
  abstract onDocumentStart(source: DocumentSource): bool;

  /** Next bytes of the document; valid during the call only. */
  abstract onDocumentData(ptr: usize, length: i32): void;

  /** The document ended: see `source.name`, `documentStart`, `documentEnd` and `isDocumentWhole`. */
  abstract onDocumentEnd(source: DocumentSource): void;
}

/** How far a body is. */
export const enum BodyState {
  /** More may come. */
  Open,
  /** The end was seen, by the format's own mark or by `finish`. */
  Ended,
  /** Not of this format: see `fault`. Further bytes are ignored. */
  Invalid,
}

/** Why a body is not of its format. */
export const enum BodyFault {
  None,
  UnexpectedByte,
  /** A length that cannot be, or a header block beyond its bound. */
  BadLength,
  BadChecksum,
  BadHeader,
}

/** Bytes kept of a document's name. */
export const NAME_BYTES: i32 = 64;

/**
 * Cuts a body into documents. Bytes go to the sink as they come: nothing is buffered, whatever a document's size,
 * nothing is allocated after construction, and any cut into chunks gives the same documents.
 * Use: `reset()`, `feed` each chunk, `finish()`.
 */
export abstract class DocumentSource {
  state: BodyState = BodyState.Open;
  fault: BodyFault = BodyFault.None;
  /** Offset of the byte that made the body invalid, else -1. */
  faultOffset: i64 = -1;
  /** Bytes fed. */
  fed: i64 = 0;
  /** Documents begun. */
  documents: i64 = 0;
  /** Name of the current document: SSE event, form part, frame's event type. Its first NAME_BYTES bytes. */
  readonly name: Bytes;
  /** Offset in the body where the current (or last) document's own stretch begins, framing included. */
  documentStart: i64 = 0;
  /** Offset after it, framing included: [documentStart, documentEnd) may be cut out and the rest stays well-formed. */
  documentEnd: i64 = -1;
  /** In `onDocumentEnd`: the document ended by its own mark; false when the body stopped inside it or it is damaged. */
  isDocumentWhole: bool = false;
  protected isOpen: bool = false;
  protected origin: i64 = 0; // offset in the body of address 0
  private isWanted: bool = false;
  private readonly nameBytes: KeptBytes;

  constructor(protected readonly sink: DocumentSink) {
    const bytes = new KeptBytes(NAME_BYTES);
    this.nameBytes = bytes;
    this.name = bytes.view;
  }

  /** Whether a document has begun and not ended. */
  get isInDocument(): bool {
    return this.isOpen;
  }

  /** Takes the next bytes of the body. `ptr` must be readable for `length` bytes during the call. */
  feed(ptr: usize, length: i32): void {
    if (length <= 0) return;
    this.origin = this.fed - <i64>ptr;
    this.fed += <i64>length;
    const end = ptr + <usize>length;
    while (ptr < end && this.state != BodyState.Invalid) ptr = this.read(ptr, end);
  }

  /** Says that the body is over; an open document ends with it. */
  finish(): void {
    if (this.state != BodyState.Invalid) this.readEnd();
    if (this.isOpen) this.end(this.fed, false);
    if (this.state == BodyState.Open) this.state = BodyState.Ended;
  }

  /** Forgets the body; the next `feed` starts another. An open document gets no end. */
  reset(): void {
    this.state = BodyState.Open;
    this.fault = BodyFault.None;
    this.faultOffset = -1;
    this.fed = 0;
    this.documents = 0;
    this.documentStart = 0;
    this.documentEnd = -1;
    this.isDocumentWhole = false;
    this.isOpen = false;
    this.clearName();
  }

  /** Reads at least one of the bytes in [p, end), or says that the body is invalid; answers where it stopped. */
  protected abstract read(p: usize, end: usize): usize;

  /** The body is over: ends what only its end can end. */
  protected abstract readEnd(): void;

  protected begin(start: i64): void {
    this.isOpen = true;
    this.documents++;
    this.documentStart = start;
    this.documentEnd = -1;
    this.isDocumentWhole = false;
    this.isWanted = this.sink.onDocumentStart(this);
  }

  protected data(ptr: usize, length: i32): void {
    if (this.isWanted && length > 0) this.sink.onDocumentData(ptr, length);
  }

  protected end(end: i64, isWhole: bool): void {
    this.isOpen = false;
    this.documentEnd = end;
    this.isDocumentWhole = isWhole;
    this.sink.onDocumentEnd(this);
  }

  /** The body is not of this format: an open document ends here, all further bytes are ignored. Answers `p`. */
  protected refuse(p: usize, fault: BodyFault): usize {
    this.state = BodyState.Invalid;
    this.fault = fault;
    this.faultOffset = this.origin + <i64>p;
    if (this.isOpen) this.end(this.faultOffset, false);
    return p;
  }

  protected clearName(): void {
    this.nameBytes.clear();
  }

  protected addToName(ptr: usize, length: i32): void {
    this.nameBytes.add(ptr, length);
  }
}
