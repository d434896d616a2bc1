// How the far end of a connection reads a body: by content-length where there is one, else to the end that is signalled.

/** Reads one message's body. */
export class BodyReceiver {
  readonly #pieces: Uint8Array[] = [];
  readonly #wanted: number | undefined;
  readonly #isStrict: boolean;
  #length = 0;
  /** All of the message is here. */
  isComplete = false;
  /** The body is longer than its content-length or, over HTTP/2, differs from it: a protocol error. */
  isBroken = false;

  /** `contentLength` as in the headers; `isHttp2`: a body that differs from it breaks the stream. */
  constructor(contentLength: string | undefined, isHttp2: boolean) {
    this.#wanted = contentLength !== undefined && /^\d+$/.test(contentLength) ? Number(contentLength) : undefined;
    this.#isStrict = isHttp2;
  }

  get length(): number {
    return this.#length;
  }

  /** The body so far. */
  get bytes(): Uint8Array {
    const all = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }

  /** Takes bytes; those beyond the content-length are no part of the message. */
  take(bytes: Uint8Array): void {
    let piece = bytes;
    if (this.#wanted !== undefined && this.#length + piece.length > this.#wanted) {
      this.isBroken = true;
      piece = piece.subarray(0, this.#wanted - this.#length);
    }
    if (piece.length > 0) this.#pieces.push(piece);
    this.#length += piece.length;
    if (!this.#isStrict && this.#wanted !== undefined && this.#length === this.#wanted) this.isComplete = true;
  }

  /** The sender says that this was all. Over HTTP/1 a short body leaves the reader waiting. */
  end(): void {
    if (this.#wanted === undefined || this.#length === this.#wanted) this.isComplete = true;
    else if (this.#isStrict) this.isBroken = true;
  }
}
