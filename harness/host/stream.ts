// One downstream request as the connection manager handles it: around the filters, what is done to headers before and after,
// local replies, resets, the access log.
import { BodyBuffer } from "./body-buffer.ts";
import type { Clock } from "./clock.ts";
import type { Filter } from "./filter.ts";
import { FilterManager, type LocalReply } from "./filter-manager.ts";
import { CallState } from "./filter-pass.ts";
import type { HeaderMap } from "./headers.ts";
import { buildLocalReply } from "./local-reply.ts";
import { Router, type RouterGateway } from "./router.ts";
import { findRoute } from "./routes.ts";
import type { RouteSpec } from "../scenario/scenario.ts";
import { StreamInfo } from "./stream-info.ts";

// Over HTTP/2 a stream may hold back its window (Envoy's default), whatever the connection's limit is.
const http2BufferLimit = 16 * 1024 * 1024;

/** The client's side of a stream. */
export interface Downstream {
  onHeaders(headers: HeaderMap, end: boolean): void;
  onData(data: BodyBuffer, end: boolean): void;
  onTrailers(trailers: HeaderMap): void;
  /** The stream was cut. */
  onReset(): void;
  /** The gateway reads no more of the request, or goes on. */
  onReadPaused(isPaused: boolean): void;
  /** The access log is written; all of the stream is gone then. */
  onLogged(info: StreamInfo): void;
}

/** What a stream needs of the gateway. */
export interface StreamGateway extends RouterGateway {
  readonly clock: Clock;
  readonly bufferLimit: number;
  readonly routes: readonly RouteSpec[];
  /** Upgrades that the connection manager lets through, lower case; `connect` for CONNECT. */
  readonly upgrades: readonly string[];
  createFilters(stream: DownstreamStream): Filter[];
  trapped(message: string): void;
}

/** One request. */
export class DownstreamStream extends FilterManager {
  readonly info = new StreamInfo();
  readonly clock: Clock;
  readonly worker: number;
  /** The request's number in the scenario or test. */
  readonly index: number;
  readonly #gateway: StreamGateway;
  readonly #downstream: Downstream;
  #router: Router | undefined;
  #isRequestComplete = false;
  #isHead = false;
  #isGrpc = false;
  #route: { found: RouteSpec | undefined } | undefined;
  #prepared: { headers: HeaderMap; body: string } | undefined;
  #pausedRequest = 0;
  #pausedResponse = 0;

  constructor(gateway: StreamGateway, worker: number, index: number, isHttp2: boolean, downstream: Downstream) {
    super(isHttp2 ? http2BufferLimit : gateway.bufferLimit);
    this.info.protocol = isHttp2 ? "HTTP/2" : "HTTP/1.1";
    this.#gateway = gateway;
    this.clock = gateway.clock;
    this.worker = worker;
    this.index = index;
    this.#downstream = downstream;
    this.info.startMs = this.clock.now;
    this.info.startWallNanos = this.clock.wallNanos;
  }

  get requestComplete(): boolean {
    return this.#isRequestComplete;
  }

  // From the client.

  headers(headers: HeaderMap, end: boolean): void {
    this.#isRequestComplete = end;
    this.#isHead = headers.get(":method") === "HEAD";
    this.#isGrpc = /^application\/grpc(?:$|[+;])/.test(headers.get("content-type") ?? "");
    this.decode.headers = headers;
    this.route();
    const upgrade = headers.get(":method") === "CONNECT" ? "connect" : headers.get("upgrade")?.toLowerCase();
    const filters = this.#gateway.createFilters(this);
    this.#router = new Router(this, this.#gateway);
    this.setFilters([...filters, this.#router], false);
    if (upgrade !== undefined && !this.#gateway.upgrades.includes(upgrade)) {
      this.sendLocalReply({ status: 403, body: "", headers: [], grpcStatus: -1, details: "upgrade_failed" });
      return;
    }
    this.decode.runHeaders(null, headers, end);
  }

  data(bytes: Uint8Array, end: boolean): void {
    if (this.destroyed) return;
    if (end) this.#isRequestComplete = true;
    this.info.bytesReceived += bytes.length;
    this.decode.runData(null, BodyBuffer.of(bytes), end);
  }

  trailers(trailers: HeaderMap): void {
    if (this.destroyed) return;
    this.#isRequestComplete = true;
    this.decode.trailers = trailers;
    this.decode.runTrailers(null, trailers);
  }

  /** The client left. */
  clientLeft(): void {
    if (this.destroyed) return;
    const isHttp2 = this.info.protocol === "HTTP/2";
    this.info.addFlag(isHttp2 ? "DR" : "DC");
    this.info.responseCodeDetails = isHttp2 ? "http2.remote_reset" : "downstream_remote_disconnect";
    this.#destroy();
  }

  // Route.

  /** The route, found once until something clears it. */
  route(): RouteSpec | undefined {
    if (this.#route === undefined) {
      const found = findRoute(this.#gateway.routes, this.decode.headers as HeaderMap);
      this.#route = { found };
      this.info.routeName = found === undefined ? undefined : (found.name ?? "");
      this.info.clusterName = found?.cluster;
    }
    return this.#route.found;
  }

  clearRouteCache(): void {
    this.#route = undefined;
  }

  // Local replies and resets.

  sendLocalReply(reply: LocalReply): void {
    if (this.destroyed) return;
    this.abortRunning();
    this.info.responseCodeDetails = reply.details;
    this.info.responseCode = reply.status;
    const built = buildLocalReply(reply, this.#isGrpc);
    if (this.encode.headers === null) {
      if (this.decode.headers !== null) this.route();
      if ((this.callState & CallState.DecodingMask) !== 0) this.#prepared ??= built;
      else this.#encodeReply(built);
    } else if (!this.headersEncoded) {
      this.#writeReply(built);
    } else {
      this.resetStream();
    }
  }

  executePreparedReply(): void {
    const prepared = this.#prepared;
    this.#prepared = undefined;
    if (prepared !== undefined && !this.destroyed) this.#encodeReply(prepared);
  }

  resetStream(): void {
    if (this.destroyed) return;
    this.abortRunning();
    this.#downstream.onReset();
    this.#destroy();
  }

  misuse(what: string): void {
    this.#gateway.trapped(what);
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

  // Backpressure.

  pauseRequest(): void {
    if (this.#pausedRequest++ === 0) this.#downstream.onReadPaused(true);
  }

  resumeRequest(): void {
    if (--this.#pausedRequest === 0) this.#downstream.onReadPaused(false);
  }

  pauseResponse(): void {
    if (this.#pausedResponse++ === 0) this.#router?.pause(true);
  }

  resumeResponse(): void {
    if (--this.#pausedResponse === 0) this.#router?.pause(false);
  }

  // The answer leaves.

  checkResponseHeaders(headers: HeaderMap): boolean {
    if (/^[1-9]\d\d$/.test(headers.get(":status") ?? "")) return true;
    this.sendLocalReply({
      status: 502,
      body: "missing required header: :status",
      headers: [],
      grpcStatus: -1,
      details: "filter_removed_required_response_headers{missing_required_header:_:status}",
    });
    return false;
  }

  writeHeaders(headers: HeaderMap, end: boolean): void {
    for (const name of ["connection", "transfer-encoding", "keep-alive", "proxy-connection"]) headers.remove(name);
    if (!headers.has("date")) headers.add("date", new Date(this.clock.epochMs + this.clock.now).toUTCString());
    headers.set("server", "envoy");
    this.info.responseCode = Number(headers.get(":status"));
    this.#downstream.onHeaders(headers, end || this.#isHead);
  }

  writeData(data: BodyBuffer, end: boolean): void {
    this.info.bytesSent += data.length;
    this.#downstream.onData(data, end);
  }

  writeTrailers(trailers: HeaderMap): void {
    this.#downstream.onTrailers(trailers);
  }

  protected endStream(): void {
    this.#destroy();
  }

  #encodeReply(reply: { headers: HeaderMap; body: string }): void {
    const endsWithHeaders = reply.body === "" || this.#isHead;
    this.encode.headers = reply.headers;
    this.encode.runHeaders(null, reply.headers, endsWithHeaders);
    if (endsWithHeaders || this.destroyed) return;
    this.encode.runData(null, BodyBuffer.of(bytesOfString(reply.body)), true);
  }

  #writeReply(reply: { headers: HeaderMap; body: string }): void {
    const endsWithHeaders = reply.body === "" || this.#isHead;
    this.encode.streaming = true;
    this.encode.headers = reply.headers;
    this.localComplete = true;
    this.headersEncoded = true;
    this.writeHeaders(reply.headers, endsWithHeaders);
    if (!endsWithHeaders && !this.destroyed) this.writeData(BodyBuffer.of(bytesOfString(reply.body)), true);
    if (!this.destroyed) this.maybeEnd(true);
  }

  #destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.localComplete = true;
    this.info.durationNanos = BigInt(Math.round((this.clock.now - this.info.startMs) * 1e6));
    for (const filter of this.filters) filter.log();
    this.#downstream.onLogged(this.info);
    for (const filter of this.filters) filter.destroy();
  }
}

function bytesOfString(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
