// Parsers of answers that exchanges share: taken for a body, given back at its end.
import { AmazonEventStream } from "../parse/amazon-stream";
import { ArrayParser } from "../parse/array";
import { DocumentSink, DocumentSource } from "../parse/document";
import { NdjsonParser } from "../parse/ndjson";
import { SseParser } from "../parse/sse";
import { WholeBody } from "../parse/whole";
import { Stencil } from "./stencil";

/** The forms in which documents come. */
export const enum BodyForm {
  /** One JSON document. */
  Whole,
  /** The elements of a JSON array, or one document that is none. */
  Array,
  Sse,
  Ndjson,
  AmazonFrames,
}

const FORMS: i32 = 5;

/** Hands documents on to whom the parser is lent. */
@final
class Relay extends DocumentSink {
  target: DocumentSink | null = null;

  onDocumentStart(source: DocumentSource): bool {
    const target = this.target;
    return target !== null && target.onDocumentStart(source);
  }

  onDocumentData(ptr: usize, length: i32): void {
    const target = this.target;
    if (target !== null) target.onDocumentData(ptr, length);
  }

  onDocumentEnd(source: DocumentSource): void {
    const target = this.target;
    if (target !== null) target.onDocumentEnd(source);
  }
}

/** A parser of one form, to be lent. */
@final
export class BodyReader {
  readonly source: DocumentSource;
  /** For server-sent events: what knows one that repeats the one before it. */
  readonly stencil: Stencil | null;
  private readonly relay: Relay;

  private constructor(private readonly form: BodyForm) {
    const relay = new Relay();
    this.relay = relay;
    const source = parserOf(form, relay);
    this.source = source;
    this.stencil = source instanceof SseParser ? new Stencil(<SseParser>source) : null;
  }

  /** One from the pool, at the start of a body; its documents go to `sink`. */
  static take(form: BodyForm, sink: DocumentSink): BodyReader {
    const pool = unchecked(POOLS[<i32>form < FORMS ? <i32>form : 0]);
    const reader = pool.length == 0 ? new BodyReader(form) : pool.pop();
    reader.relay.target = sink;
    reader.source.reset();
    return reader;
  }

  /** Back to the pool; not to be used any more. */
  release(): void {
    this.relay.target = null;
    const stencil = this.stencil;
    if (stencil !== null) stencil.drop();
    unchecked(POOLS[<i32>this.form < FORMS ? <i32>this.form : 0]).push(this);
  }
}

const POOLS: BodyReader[][] = [[], [], [], [], []];

function parserOf(form: BodyForm, sink: DocumentSink): DocumentSource {
  switch (form) {
    case BodyForm.Array:
      return new ArrayParser(sink);
    case BodyForm.Sse:
      return new SseParser(sink);
    case BodyForm.Ndjson:
      return new NdjsonParser(sink);
    case BodyForm.AmazonFrames:
      return new AmazonEventStream(sink);
    default:
      return new WholeBody(sink);
  }
}
