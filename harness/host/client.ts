// The client's part in one request: sends it as its data says, reads the answer, leaves when told or out of patience.
import type { BodyBuffer } from "./body-buffer.ts";
import { BodyReceiver } from "./body-receiver.ts";
import { fromText, toText } from "./byte-string.ts";
import type { Clock, Timer } from "./clock.ts";
import { HeaderMap } from "./headers.ts";
import { bytesOf, piecesOf, type Piece } from "../scenario/bytes.ts";
import type { RequestResult, UpstreamSeen } from "../scenario/result.ts";
import { requestIndexHeader, type Outcome, type RequestSpec } from "../scenario/scenario.ts";
import type { Downstream, DownstreamStream } from "./stream.ts";
import type { HostCallCounts, StreamInfo } from "./stream-info.ts";

const defaultPatienceMs = 5000;

/** How the gateway reads from a client. */
export interface ClientOptions {
  clock: Clock;
  worker: number;
  index: number;
  /** Bytes that the gateway reads at once over HTTP/1. */
  readSize: number;
  useRemoteAddress: boolean;
  open(run: ClientRun): DownstreamStream;
  /** The request has ended. */
  onDone(run: ClientRun): void;
}

/** What came of one request in this host: beside the common result, what only this host can tell. */
export interface HostRequestResult extends RequestResult {
  hostCalls: HostCallCounts;
  /** Attempts of the router, those included that reached no server. */
  attempts: number;
}

/** One request under way. */
export class ClientRun implements Downstream {
  readonly spec: RequestSpec;
  readonly index: number;
  readonly worker: number;
  /** One entry per attempt that reached a server. */
  readonly upstream: UpstreamSeen[] = [];
  readonly #options: ClientOptions;
  readonly #startMs: number;
  readonly #pieces: Piece[];
  readonly #isHttp2: boolean;
  readonly #trailers: HeaderMap | null;
  #stream: DownstreamStream | null = null;
  #isPaused = false;
  #waiting: (() => void)[] = [];
  #sentBytes = 0;
  #outcome: Outcome | null = null;
  #status = 0;
  #headers: HeaderMap | undefined;
  #body: BodyReceiver | undefined;
  #responseTrailers: HeaderMap | undefined;
  #patience: Timer | undefined;
  #result: HostRequestResult | undefined;

  constructor(spec: RequestSpec, options: ClientOptions) {
    this.spec = spec;
    this.index = options.index;
    this.worker = options.worker;
    this.#options = options;
    this.#startMs = options.clock.now;
    this.#isHttp2 = spec.protocol === "h2";
    this.#trailers = spec.trailers === undefined ? null : HeaderMap.from(spec.trailers);
    this.#pieces = this.#frames(piecesOf(bytesOf(spec.body), spec.chunks));
    this.#patience = options.clock.after(spec.patienceMs ?? defaultPatienceMs, options.worker, () =>
      this.#leave("hang"),
    );
    options.clock.post(options.worker, () => this.#start());
  }

  get isDone(): boolean {
    return this.#result !== undefined;
  }

  /** What came of it; throws nothing, undefined while it runs. */
  get result(): HostRequestResult | undefined {
    return this.#result;
  }

  /** The stream, while there is one. */
  get stream(): DownstreamStream | null {
    return this.#stream;
  }

  /** Leaves now, as a client that closes its connection. */
  abort(): void {
    this.#leave("aborted");
  }

  onHeaders(headers: HeaderMap, end: boolean): void {
    this.#headers = headers.clone();
    this.#status = Number(headers.get(":status"));
    this.#body = new BodyReceiver(end ? undefined : headers.get("content-length"), this.#isHttp2);
    this.#abortAfterResponse();
    if (end) this.#end();
  }

  onData(data: BodyBuffer, end: boolean): void {
    const body = this.#body as BodyReceiver;
    body.take(data.take());
    this.#abortAfterResponse();
    if (end) this.#end();
    else if (body.isComplete) this.#outcome ??= "complete";
  }

  onTrailers(trailers: HeaderMap): void {
    // HTTP/1 has no place for trailers behind a body with a length.
    if (this.#isHttp2 || this.#headers?.has("content-length") !== true) this.#responseTrailers = trailers.clone();
    this.#end();
  }

  onReset(): void {
    this.#outcome ??= "reset";
  }

  onReadPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (isPaused) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const send of waiting) this.#post(0, send);
  }

  onLogged(info: StreamInfo): void {
    this.#finish(info);
  }

  #start(): void {
    const options = this.#options;
    const stream = options.open(this);
    this.#stream = stream;
    stream.info.connectionId = this.index + 1;
    const headers = this.#requestHeaders(stream);
    const isUpgrade = headers.has("upgrade") || this.spec.method === "CONNECT";
    const hasBody = this.#pieces.length > 0 || this.#trailers !== null || isUpgrade || headers.has("transfer-encoding");
    headers.remove("transfer-encoding");
    const end = !hasBody && !(this.#isHttp2 && this.spec.end === "empty-data");
    stream.headers(headers, end);
    if (this.#abortAfterRequest(0)) return;
    if (!end) this.#send(0, isUpgrade);
    else this.#sentAll();
  }

  #send(at: number, isUpgrade: boolean): void {
    const piece = this.#pieces[at];
    if (piece === undefined) {
      if (isUpgrade) this.#sentAll();
      else this.#sendEnd();
      return;
    }
    const send = (): void => {
      const isLast = at + 1 === this.#pieces.length;
      const endsStream =
        isLast && this.#isHttp2 && this.spec.end !== "empty-data" && this.#trailers === null && !isUpgrade;
      this.#sentBytes += piece.bytes.length;
      this.#stream?.data(piece.bytes, endsStream);
      if (this.#abortAfterRequest(this.#sentBytes)) return;
      if (endsStream) this.#sentAll();
      else this.#send(at + 1, isUpgrade);
    };
    // What is sent with the headers is read with them.
    if (at === 0 && piece.afterMs === 0 && !this.#isPaused) send();
    else this.#post(piece.afterMs, send);
  }

  #sendEnd(): void {
    this.#whenRead(() => {
      if (this.#trailers !== null) this.#stream?.trailers(this.#trailers);
      else this.#stream?.data(new Uint8Array(0), true);
      this.#sentAll();
    });
  }

  #sentAll(): void {
    const abort = this.spec.abort;
    if (abort === undefined || abort.requestBytes !== undefined || abort.responseBytes !== undefined) return;
    this.#options.clock.after(abort.afterMs ?? 0, this.worker, () => this.#leave("aborted"));
  }

  #abortAfterRequest(sent: number): boolean {
    const abort = this.spec.abort;
    if (abort?.requestBytes === undefined || abort.responseBytes !== undefined || sent < abort.requestBytes)
      return false;
    this.#options.clock.after(abort.afterMs ?? 0, this.worker, () => this.#leave("aborted"));
    return true;
  }

  #abortAfterResponse(): void {
    const abort = this.spec.abort;
    if (abort?.responseBytes === undefined || (this.#body?.length ?? 0) < abort.responseBytes) return;
    this.#options.clock.after(abort.afterMs ?? 0, this.worker, () => this.#leave("aborted"));
  }

  #requestHeaders(stream: DownstreamStream): HeaderMap {
    const { spec } = this;
    const headers = new HeaderMap();
    const authority = fromText(spec.authority ?? "gateway.test");
    if (this.#isHttp2) {
      headers.add(":method", spec.method);
      headers.add(":path", fromText(spec.path));
      headers.add(":authority", authority);
    } else {
      headers.add(":authority", authority);
      headers.add(":path", fromText(spec.path));
      headers.add(":method", spec.method);
    }
    headers.add(":scheme", "http");
    for (const [name, value] of HeaderMap.from(spec.headers ?? []).entries()) headers.add(name, value);
    headers.add(requestIndexHeader, String(this.index));
    const size = this.#pieces.reduce((sum, piece) => sum + piece.bytes.length, 0);
    const hasBody = spec.body !== undefined || this.#trailers !== null;
    const framing = spec.framing ?? (this.#isHttp2 || this.#trailers !== null ? "chunked" : "content-length");
    if (hasBody && framing === "content-length") headers.add("content-length", String(size));
    if (hasBody && framing === "chunked" && !this.#isHttp2) headers.add("transfer-encoding", "chunked");
    sanitize(headers, stream, this.#options.useRemoteAddress, 40000 + (this.index % 20000));
    headers.add("x-forwarded-proto", "http");
    if (!headers.has("x-request-id")) {
      headers.add("x-request-id", `00000000-0000-4000-8000-${this.index.toString(16).padStart(12, "0")}`);
    }
    return headers;
  }

  #frames(pieces: Piece[]): Piece[] {
    const size = this.#isHttp2 ? 16384 : this.#options.readSize;
    return pieces.flatMap(({ bytes, afterMs }) => {
      const frames: Piece[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        frames.push({ bytes: bytes.subarray(at, at + size), afterMs: at === 0 ? afterMs : 0 });
      }
      return frames;
    });
  }

  #post(delayMs: number, run: () => void): void {
    this.#options.clock.after(delayMs, this.worker, () => this.#whenRead(run));
  }

  // While the gateway does not read, frames wait.
  #whenRead(run: () => void): void {
    if (this.#outcome !== null) return;
    if (this.#isPaused) this.#waiting.push(run);
    else run();
  }

  #end(): void {
    const body = this.#body as BodyReceiver;
    body.end();
    if (body.isBroken && this.#isHttp2) this.#outcome ??= "reset";
    else if (body.isComplete || this.spec.method === "HEAD") this.#outcome ??= "complete";
    // Else the client waits for bytes that never come.
  }

  #leave(outcome: Outcome): void {
    if (this.#result !== undefined) return;
    this.#outcome ??= outcome;
    const stream = this.#stream;
    if (stream !== null && !stream.destroyed) stream.clientLeft();
    else if (stream !== null) this.#finish(stream.info);
  }

  #finish(info: StreamInfo): void {
    if (this.#result !== undefined) return;
    // The gateway is through; a client that still waits for bytes is not.
    if (this.#outcome === null) return;
    this.#settle(info);
  }

  #settle(info: StreamInfo): void {
    const clock = this.#options.clock;
    clock.cancel(this.#patience);
    const filterState: Record<string, string> = {};
    for (const [name, value] of info.filterState) {
      if (name.startsWith("wasm.")) filterState[toText(name.slice(5))] = toText(value);
    }
    this.#result = {
      outcome: this.#outcome as Outcome,
      status: this.#status,
      headers: this.#headers?.toList() ?? [],
      body: this.#body?.bytes ?? new Uint8Array(0),
      trailers: this.#responseTrailers?.toList() ?? [],
      upstream: this.upstream,
      filterState,
      responseCodeDetails: toText(info.responseCodeDetails ?? "-"),
      responseFlags: info.flagNames,
      durationMs: clock.now - this.#startMs,
      hostCalls: info.hostCalls,
      attempts: info.attemptCount ?? 0,
    };
    this.#waiting = [];
    // The stream's filters are destroyed right after this: only then is it let go.
    clock.atEventEnd(() => {
      this.#stream = null;
      this.#options.onDone(this);
    });
  }
}

// What the connection manager does to a request's headers before the filters see them.
function sanitize(headers: HeaderMap, stream: DownstreamStream, useRemoteAddress: boolean, port: number): void {
  if (!headers.has("upgrade")) headers.remove("connection");
  for (const name of takenFromClients) headers.remove(name);
  if (useRemoteAddress) for (const name of takenAtTheEdge) headers.remove(name);
  stream.info.sourceAddress = `127.0.0.1:${port}`;
  if (useRemoteAddress) {
    headers.add("x-forwarded-for", "127.0.0.1");
    headers.set("x-envoy-external-address", "127.0.0.1");
    return;
  }
  const last = headers.get("x-forwarded-for")?.split(",").at(-1)?.trim();
  if (last !== undefined && /^[\d.]+$|^[\da-f:]+$/i.test(last)) stream.info.sourceAddress = `${last}:0`;
}

const takenFromClients = [
  "keep-alive",
  "proxy-connection",
  "x-envoy-expected-rq-timeout-ms",
  "x-envoy-force-trace",
  "x-envoy-hedge-on-per-try-timeout",
  "x-envoy-internal",
  "x-envoy-ip-tags",
  "x-envoy-max-retries",
  "x-envoy-original-url",
  "x-envoy-retriable-header-names",
  "x-envoy-retriable-status-codes",
  "x-envoy-retry-grpc-on",
  "x-envoy-retry-on",
  "x-envoy-upstream-alt-stat-name",
  "x-envoy-upstream-rq-per-try-timeout-ms",
  "x-envoy-upstream-rq-timeout-alt-response",
  "x-envoy-upstream-rq-timeout-ms",
  "x-envoy-upstream-stream-duration-ms",
];
const takenAtTheEdge = [
  "x-envoy-decorator-operation",
  "x-envoy-downstream-service-cluster",
  "x-envoy-downstream-service-node",
];
