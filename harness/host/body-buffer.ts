// A body in pieces: moved, not copied, between filters; with Envoy's high and low watermark.

/** Told when a buffer grows over its limit and when it has shrunk to half of it again. */
export interface Watermarks {
  limit: number;
  onHigh(): void;
  onLow(): void;
}

/** Bytes in pieces. A piece given to it must not be changed afterwards. */
export class BodyBuffer {
  #pieces: Uint8Array[] = [];
  #length = 0;
  readonly #watermarks: Watermarks | undefined;
  #isHigh = false;

  constructor(watermarks?: Watermarks) {
    this.#watermarks = watermarks;
  }

  static of(bytes: Uint8Array): BodyBuffer {
    const buffer = new BodyBuffer();
    if (bytes.length > 0) {
      buffer.#pieces.push(bytes);
      buffer.#length = bytes.length;
    }
    return buffer;
  }

  get length(): number {
    return this.#length;
  }

  append(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#pieces.push(bytes);
    this.#length += bytes.length;
    this.#checkHigh();
  }

  prepend(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#pieces.unshift(bytes);
    this.#length += bytes.length;
    this.#checkHigh();
  }

  /** Takes all of `other`, which is empty afterwards. */
  move(other: BodyBuffer): void {
    for (const piece of other.#pieces) this.#pieces.push(piece);
    this.#length += other.#length;
    other.drain(other.#length);
    this.#checkHigh();
  }

  /** Changes the limit of a buffer that has one. */
  setLimit(limit: number): void {
    if (this.#watermarks === undefined) return;
    this.#watermarks.limit = limit;
    this.#checkHigh();
  }

  /** Drops `count` bytes from the front (all, where it has fewer). */
  drain(count: number): void {
    let rest = Math.min(count, this.#length);
    this.#length -= rest;
    let gone = 0;
    while (rest > 0) {
      const piece = this.#pieces[gone] as Uint8Array;
      if (piece.length > rest) {
        this.#pieces[gone] = piece.subarray(rest);
        break;
      }
      rest -= piece.length;
      gone++;
    }
    if (gone > 0) this.#pieces.splice(0, gone);
    if (this.#length === 0) this.#pieces = [];
    const marks = this.#watermarks;
    if (this.#isHigh && marks !== undefined && this.#length <= marks.limit / 2) {
      this.#isHigh = false;
      marks.onLow();
    }
  }

  /** Copies `count` bytes from `start` on into `target` at `at`. The range must lie inside the buffer. */
  copyTo(target: Uint8Array, at: number, start: number, count: number): void {
    let skip = start;
    let rest = count;
    for (const piece of this.#pieces) {
      if (rest === 0) return;
      if (skip >= piece.length) {
        skip -= piece.length;
        continue;
      }
      const take = Math.min(piece.length - skip, rest);
      target.set(take === piece.length ? piece : piece.subarray(skip, skip + take), at);
      at += take;
      rest -= take;
      skip = 0;
    }
  }

  /** All bytes as one array; the buffer is empty afterwards. */
  take(): Uint8Array {
    const bytes = this.bytes();
    this.drain(this.#length);
    return bytes;
  }

  /** All bytes as one array. */
  bytes(): Uint8Array {
    if (this.#pieces.length === 1) return this.#pieces[0] as Uint8Array;
    const bytes = new Uint8Array(this.#length);
    this.copyTo(bytes, 0, 0, this.#length);
    return bytes;
  }

  #checkHigh(): void {
    const marks = this.#watermarks;
    if (marks === undefined || this.#isHigh || marks.limit === 0 || this.#length <= marks.limit) return;
    this.#isHigh = true;
    marks.onHigh();
  }
}
