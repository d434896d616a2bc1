// An upstream's part in one attempt: takes the request and answers as its data says.
import { BodyReceiver } from "./body-receiver.ts";
import { toText } from "./byte-string.ts";
import type { Clock } from "./clock.ts";
import { HeaderMap } from "./headers.ts";
import { bytesOf, piecesOf, type Piece } from "../scenario/bytes.ts";
import type { UpstreamSeen } from "../scenario/result.ts";
import { requestIndexHeader, type AnswerSpec, type UpstreamSpec } from "../scenario/scenario.ts";

/** Who gets the upstream's frames. */
export interface UpstreamSink {
  onServerHeaders(headers: HeaderMap, end: boolean): void;
  onServerData(bytes: Uint8Array, end: boolean): void;
  onServerTrailers(trailers: HeaderMap): void;
  /** The connection (HTTP/2: the stream) broke. */
  onServerReset(): void;
}

/** One attempt as the upstream sees it. */
export class UpstreamServer {
  readonly seen: UpstreamSeen;
  readonly #spec: UpstreamSpec;
  readonly #isHttp2: boolean;
  readonly #clock: Clock;
  readonly #worker: number;
  readonly #sink: UpstreamSink;
  readonly #frameSize: number;
  readonly #body: BodyReceiver;
  readonly #hasLength: boolean;
  #isStarted = false;
  #isClosed = false;
  #isPaused = false;
  #waiting: (() => void)[] = [];

  /** Takes the request's headers. `frameSize`: how many bytes the gateway reads at once. */
  constructor(
    spec: UpstreamSpec,
    cluster: { name: string; isHttp2: boolean },
    clock: Clock,
    worker: number,
    frameSize: number,
    headers: HeaderMap,
    sink: UpstreamSink,
  ) {
    this.#spec = spec;
    this.#isHttp2 = cluster.isHttp2;
    this.#clock = clock;
    this.#worker = worker;
    this.#frameSize = frameSize;
    this.#sink = sink;
    this.#hasLength = headers.has("content-length");
    this.#body = new BodyReceiver(headers.get("content-length"), cluster.isHttp2);
    const body = this.#body;
    this.seen = {
      get body() {
        return body.bytes;
      },
      cluster: cluster.name,
      method: toText(headers.get(":method") ?? ""),
      path: toText(headers.get(":path") ?? ""),
      authority: toText(headers.get(":authority") ?? ""),
      headers: headers.toList().filter(([name]) => name !== requestIndexHeader),
      trailers: [],
      complete: false,
    };
    if (spec.kind === "reset" && spec.after === "headers") this.#post(0, () => this.#reset());
    else if (spec.kind === "answer" && spec.after === "headers") this.#answer(spec);
  }

  /** More of the request. */
  data(bytes: Uint8Array, end: boolean): void {
    if (this.#isClosed) return;
    this.#body.take(bytes);
    if (this.#body.isBroken) this.#post(0, () => this.#reset());
    else if (end) this.#end();
    else this.#checkComplete();
  }

  trailers(trailers: HeaderMap): void {
    if (this.#isClosed) return;
    // HTTP/1 has no place for trailers behind a body with a length.
    if (this.#isHttp2 || !this.#hasLength) this.seen.trailers = trailers.toList();
    this.#end();
  }

  /** The request ends with its headers. */
  endWithHeaders(): void {
    this.#end();
  }

  /** The gateway gave up: nothing is sent any more. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
  }

  /** The gateway stops reading, or goes on. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (isPaused) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const send of waiting) this.#post(0, send);
  }

  #end(): void {
    this.#body.end();
    if (this.#body.isBroken) this.#post(0, () => this.#reset());
    else this.#checkComplete();
  }

  #checkComplete(): void {
    if (!this.#body.isComplete || this.seen.complete) return;
    this.seen.complete = true;
    const spec = this.#spec;
    if (spec.kind === "reset") this.#post(0, () => this.#reset());
    else if (spec.kind === "answer") this.#answer(spec);
  }

  #answer(spec: AnswerSpec): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#post(spec.delayMs ?? 0, () => this.#start(spec));
  }

  #start(spec: AnswerSpec): void {
    const status = spec.status ?? 200;
    const isBodiless = this.seen.method === "HEAD" || status === 204 || status === 304;
    const isEcho = typeof spec.body === "object" && "echo" in spec.body;
    const body = isBodiless ? new Uint8Array(0) : isEcho ? this.seen.body : bytesOf(spec.body as never);
    const trailers = spec.trailers === undefined ? null : HeaderMap.from(spec.trailers);
    const hasLength = (spec.framing ?? (trailers === null ? "content-length" : "chunked")) === "content-length";
    const headers = new HeaderMap();
    headers.add(":status", String(status));
    for (const [name, value] of HeaderMap.from(spec.headers ?? []).entries()) headers.add(name, value);
    if (!isBodiless && hasLength) headers.add("content-length", String(body.length));
    else if (!isBodiless && !this.#isHttp2) headers.add("transfer-encoding", "chunked");
    const pieces = this.#frames(piecesOf(body, spec.chunks));
    if (spec.cutAfterChunks !== undefined) pieces.length = Math.min(pieces.length, spec.cutAfterChunks);
    const isCut = spec.cutAfterChunks !== undefined;
    const endsWithHeaders =
      pieces.length === 0 && trailers === null && !isCut && (isBodiless || hasLength || this.#isHttp2);
    this.#sink.onServerHeaders(headers, endsWithHeaders);
    if (!endsWithHeaders) this.#sendPieces(pieces, 0, trailers, isCut);
  }

  #sendPieces(pieces: Piece[], at: number, trailers: HeaderMap | null, isCut: boolean): void {
    if (this.#isClosed) return;
    const piece = pieces[at];
    if (piece === undefined) {
      if (isCut) this.#post(0, () => this.#reset());
      else this.#finish(trailers);
      return;
    }
    const send = (): void => {
      const isLast = at + 1 === pieces.length;
      const endsStream = isLast && this.#isHttp2 && trailers === null && !isCut;
      this.#sink.onServerData(piece.bytes, endsStream);
      if (!endsStream) this.#sendPieces(pieces, at + 1, trailers, isCut);
    };
    if (at === 0 && piece.afterMs === 0) this.#whenRead(send);
    else this.#post(piece.afterMs, send);
  }

  #finish(trailers: HeaderMap | null): void {
    this.#whenRead(() => {
      if (trailers !== null) this.#sink.onServerTrailers(trailers);
      else this.#sink.onServerData(new Uint8Array(0), true);
    });
  }

  // HTTP/2 sends frames of 16 KiB; over HTTP/1 the gateway reads so many bytes at once.
  #frames(pieces: Piece[]): Piece[] {
    const size = this.#isHttp2 ? 16384 : this.#frameSize;
    return pieces.flatMap(({ bytes, afterMs }) => {
      const frames: Piece[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        frames.push({ bytes: bytes.subarray(at, at + size), afterMs: at === 0 ? afterMs : 0 });
      }
      return frames;
    });
  }

  #reset(): void {
    this.#isClosed = true;
    this.#sink.onServerReset();
  }

  // While the gateway does not read, frames wait.
  #whenRead(send: () => void): void {
    if (this.#isClosed) return;
    if (this.#isPaused) this.#waiting.push(send);
    else send();
  }

  #post(delayMs: number, run: () => void): void {
    this.#clock.after(delayMs, this.#worker, () => this.#whenRead(run));
  }
}
