// One attempt of the router: the upstream's own filters, then the connection to the server.
import { BodyBuffer } from "./body-buffer.ts";
import { PassingFilter, type Filter } from "./filter.ts";
import { FilterManager, type LocalReply } from "./filter-manager.ts";
import type { HeaderMap } from "./headers.ts";
import { HeadersStatus } from "./status.ts";
import { StreamInfo } from "./stream-info.ts";
import { UpstreamServer, type UpstreamSink } from "./upstream-server.ts";
import type { AttemptFailure } from "./retry.ts";

/** Who gets what comes of an attempt: the router. */
export interface AttemptOwner {
  onAttemptHeaders(attempt: UpstreamStream, headers: HeaderMap, end: boolean): void;
  onAttemptData(attempt: UpstreamStream, data: BodyBuffer, end: boolean): void;
  onAttemptTrailers(attempt: UpstreamStream, trailers: HeaderMap): void;
  onAttemptFailure(attempt: UpstreamStream, failure: AttemptFailure): void;
  onAttemptReply(reply: LocalReply): void;
}

/** What an attempt needs of the gateway. */
export interface AttemptOptions {
  owner: AttemptOwner;
  downstream: FilterManager;
  filters: readonly Filter[];
  bufferLimit: number;
  isRefused: boolean;
  /** Runs `run` as the next event of the worker. */
  post(run: () => void): void;
  /** Opens the connection with the request's headers. */
  connect(headers: HeaderMap, sink: UpstreamSink): UpstreamServer;
}

/** One attempt. */
export class UpstreamStream extends FilterManager implements UpstreamSink {
  readonly info: StreamInfo;
  readonly #options: AttemptOptions;
  readonly #codec: CodecFilter;
  #isRequestComplete = false;
  /** Nothing of it counts any more. */
  isDone = false;
  server: UpstreamServer | undefined;

  constructor(options: AttemptOptions) {
    super(options.bufferLimit);
    this.#options = options;
    const { info } = options.downstream;
    this.info = Object.assign(Object.create(StreamInfo.prototype) as StreamInfo, info);
    this.#codec = new CodecFilter(this);
    this.setFilters([...options.filters, this.#codec], false);
  }

  get requestComplete(): boolean {
    return this.#isRequestComplete;
  }

  start(headers: HeaderMap, end: boolean): void {
    this.decode.headers = headers;
    this.#isRequestComplete = end;
    this.#options.post(() => {
      if (this.isDone) return;
      if (this.#options.isRefused) {
        this.info.transportFailureReason = "delayed_connect_error:_Connection_refused";
        this.#options.owner.onAttemptFailure(this, "connect");
      } else {
        this.#codec.connected();
      }
    });
    this.decode.runHeaders(null, headers, end);
  }

  sendData(data: BodyBuffer, end: boolean): void {
    if (end) this.#isRequestComplete = true;
    this.decode.runData(null, data, end);
  }

  sendTrailers(trailers: HeaderMap): void {
    this.#isRequestComplete = true;
    this.decode.trailers = trailers;
    this.decode.runTrailers(null, trailers);
  }

  /** Ends the attempt: its filters are done, nothing more is sent or heard. */
  finish(): void {
    if (this.isDone) return;
    this.isDone = true;
    this.destroyed = true;
    this.server?.close();
    for (const filter of this.filters) filter.destroy();
  }

  connect(headers: HeaderMap): UpstreamServer {
    this.server = this.#options.connect(headers, this);
    return this.server;
  }

  // From the server.

  onServerHeaders(headers: HeaderMap, end: boolean): void {
    if (this.isDone) return;
    const { downstream } = this.#options;
    downstream.info.responseCode = Number(headers.get(":status"));
    this.info.responseCode = downstream.info.responseCode;
    this.encode.headers = headers;
    this.encode.runHeaders(null, headers, end);
  }

  onServerData(bytes: Uint8Array, end: boolean): void {
    if (!this.isDone) this.encode.runData(null, BodyBuffer.of(bytes), end);
  }

  onServerTrailers(trailers: HeaderMap): void {
    if (this.isDone) return;
    this.encode.trailers = trailers;
    this.encode.runTrailers(null, trailers);
  }

  onServerReset(): void {
    if (!this.isDone) this.#options.owner.onAttemptFailure(this, "reset");
  }

  // The filter manager's other end.

  writeHeaders(headers: HeaderMap, end: boolean): void {
    this.#options.owner.onAttemptHeaders(this, headers, end);
  }

  writeData(data: BodyBuffer, end: boolean): void {
    if (!this.isDone) this.#options.owner.onAttemptData(this, data, end);
  }

  writeTrailers(trailers: HeaderMap): void {
    if (!this.isDone) this.#options.owner.onAttemptTrailers(this, trailers);
  }

  checkResponseHeaders(): boolean {
    return true;
  }

  protected endStream(): void {}

  sendLocalReply(reply: LocalReply): void {
    this.decode.aborted = true;
    this.encode.aborted = true;
    this.#options.owner.onAttemptReply(reply);
  }

  executePreparedReply(): void {}

  resetStream(): void {
    this.abortRunning();
    this.#options.downstream.resetStream();
  }

  clearRouteCache(): void {}

  misuse(what: string): void {
    this.#options.downstream.misuse(what);
  }

  onRequestTooLarge(): void {
    this.sendLocalReply({
      status: 413,
      body: "Payload Too Large",
      headers: [],
      grpcStatus: -1,
      details: "request_payload_too_large",
    });
  }

  onResponseTooLarge(): void {
    this.sendLocalReply({
      status: 500,
      body: "Internal Server Error",
      headers: [],
      grpcStatus: -1,
      details: "response_payload_too_large",
    });
  }

  pauseRequest(): void {
    this.#options.downstream.pauseRequest();
  }

  resumeRequest(): void {
    this.#options.downstream.resumeRequest();
  }

  pauseResponse(): void {
    this.server?.pause(true);
  }

  resumeResponse(): void {
    this.server?.pause(false);
  }
}

/** The last filter of an attempt: holds the request until there is a connection, then writes it. */
class CodecFilter extends PassingFilter {
  readonly #stream: UpstreamStream;
  #isConnected = false;
  #headers: HeaderMap | undefined;
  #endsWithHeaders = false;

  constructor(stream: UpstreamStream) {
    super("upstream_codec");
    this.#stream = stream;
  }

  connected(): void {
    this.#isConnected = true;
    if (this.#headers === undefined) return;
    this.decodeHeaders(this.#headers, this.#endsWithHeaders);
    this.decoder.continueIteration();
  }

  override decodeHeaders(headers: HeaderMap, endStream: boolean): number {
    if (!this.#isConnected) {
      this.#headers = headers;
      this.#endsWithHeaders = endStream;
      return HeadersStatus.StopAllIterationAndWatermark;
    }
    const server = this.#stream.connect(headers);
    if (endStream) server.endWithHeaders();
    return HeadersStatus.Continue;
  }

  override decodeData(data: BodyBuffer, endStream: boolean): number {
    this.#stream.server?.data(data.take(), endStream);
    return 0;
  }

  override decodeTrailers(trailers: HeaderMap): number {
    this.#stream.server?.trailers(trailers);
    return 0;
  }
}
