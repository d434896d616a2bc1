// Feeds bodies to the document sources' module and reads the documents back.
import { loadParser, type ParserModule } from "./compile.ts";

interface DocumentsModule extends ParserModule {
  log(): number;
  logBytes(): number;
  start(index: number, boundaryLength: number): number;
  feed(at: number, length: number): void;
  finish(): void;
  state(): number;
  fault(): number;
  faultOffset(): number;
  addField(length: number, maxBytes: number): number;
  startForm(boundaryLength: number): void;
  feedForm(at: number, length: number): void;
  finishForm(): void;
  fieldFact(index: number, fact: number): number;
  kindOf(length: number): number;
  boundaryOf(length: number, room: number): number;
  decoded(length: number, room: number): number;
}

export const Source = { Whole: 0, Sse: 1, Ndjson: 2, Array: 3, Multipart: 4, Amazon: 5 } as const;
export const BodyState = { Open: 0, Ended: 1, Invalid: 2 } as const;
export const Kind = { None: 0, Json: 1, EventStream: 2, Ndjson: 3, Form: 4, Amazon: 5, Grpc: 6, Other: 7 } as const;

export interface Document {
  data: string; // latin1: one character per byte
  name: string;
  start: number;
  end: number;
  isWhole: boolean;
  isFile: boolean;
}

export interface Body {
  state: number;
  fault: number;
  faultOffset: number;
  documents: Document[];
  /** Documents that began and did not end. */
  open: number;
}

export interface Field {
  seen: number;
  isKnown: boolean;
  isFile: boolean;
  isTruncated: boolean;
  differs: boolean;
  size: number;
  text: string;
}

export class DocumentsDriver {
  private readonly module: DocumentsModule;

  private constructor(module: DocumentsModule) {
    this.module = module;
  }

  static async load(simd = true): Promise<DocumentsDriver> {
    return new DocumentsDriver(await loadParser<DocumentsModule>("documents", simd));
  }

  get memoryBytes(): number {
    return this.module.memory.buffer.byteLength;
  }

  /** Reads a body, cut into chunks of these lengths (default: one chunk). */
  read(source: number, body: Buffer, lengths: readonly number[] = [body.length], boundary = ""): Body {
    this.module.start(source, this.put(Buffer.from(boundary, "latin1")));
    this.put(body);
    let at = 0;
    for (const length of lengths) {
      this.module.feed(at, length);
      at += length;
    }
    this.module.finish();
    const { state, fault, faultOffset } = this.module;
    return { state: state(), fault: fault(), faultOffset: faultOffset(), ...this.documents() };
  }

  /** Wants a form field from now on. */
  want(name: string, maxBytes: number): number {
    return this.module.addField(this.put(Buffer.from(name)), maxBytes);
  }

  /** Reads a form and answers its wanted fields. */
  readForm(body: Buffer, boundary: string, count: number, lengths: readonly number[] = [body.length]): Field[] {
    this.module.startForm(this.put(Buffer.from(boundary, "latin1")));
    this.put(body);
    let at = 0;
    for (const length of lengths) {
      this.module.feedForm(at, length);
      at += length;
    }
    this.module.finishForm();
    return Array.from({ length: count }, (_, index) => {
      const fact = (which: number) => this.module.fieldFact(index, which);
      return {
        seen: fact(0),
        isKnown: fact(1) === 1,
        isFile: fact(2) === 1,
        isTruncated: fact(3) === 1,
        differs: fact(4) === 1,
        size: fact(5),
        text: Buffer.from(this.module.memory.buffer, fact(7), fact(6)).toString("latin1"),
      };
    });
  }

  kindOf(contentType: string): number {
    return this.module.kindOf(this.put(Buffer.from(contentType)));
  }

  /** The boundary, cut to `room` bytes, and its true length. */
  boundaryOf(contentType: string, room = 200): [boundary: string, length: number] {
    const length = this.module.boundaryOf(this.put(Buffer.from(contentType)), room);
    return [this.logText(Math.max(0, Math.min(length, room))), length];
  }

  /** The decoded segment, undefined when it does not fit. */
  percentDecoded(segment: string, room = 1000): string | undefined {
    const length = this.module.decoded(this.put(Buffer.from(segment)), room);
    return length < 0 ? undefined : this.logText(length);
  }

  private logText(length: number): string {
    return Buffer.from(this.module.memory.buffer, this.module.log(), length).toString("latin1");
  }

  private put(bytes: Buffer): number {
    if (bytes.length > this.module.capacity()) throw new Error("the input buffer is too small");
    new Uint8Array(this.module.memory.buffer, this.module.input(), bytes.length).set(bytes);
    return bytes.length;
  }

  private documents(): { documents: Document[]; open: number } {
    const log = Buffer.from(this.module.memory.buffer, this.module.log(), this.module.logBytes());
    const documents: Document[] = [];
    let open = 0;
    let data = "";
    let at = 0;
    const number = () => Number(log.readBigInt64LE((at += 8) - 8));
    const text = (length: number) => log.toString("latin1", at, (at += length));
    while (at < log.length) {
      const mark = text(1);
      if (mark === "S") {
        open++;
        data = "";
      } else if (mark === "D") data += text(number());
      else {
        open--;
        const [start, end, isWhole, isFile] = [number(), number(), number() === 1, number() === 1];
        documents.push({ data, start, end, isWhole, isFile, name: text(number()) });
      }
    }
    return { documents, open };
  }
}
