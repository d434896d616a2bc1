// The terminal filter: route, attempts, timeouts, retries; brings the upstream's answer into the response filters.
import { BodyBuffer } from "./body-buffer.ts";
import type { Timer } from "./clock.ts";
import { PassingFilter, type Filter } from "./filter.ts";
import type { LocalReply } from "./filter-manager.ts";
import type { HeaderMap } from "./headers.ts";
import { RetryState, type AttemptFailure } from "./retry.ts";
import type { ClusterSpec, RouteSpec } from "../scenario/scenario.ts";
import { DataStatus, HeadersStatus, TrailersStatus } from "./status.ts";
import type { DownstreamStream } from "./stream.ts";
import type { UpstreamServer, UpstreamSink } from "./upstream-server.ts";
import { UpstreamStream, type AttemptOwner } from "./upstream-stream.ts";

const defaultTimeoutMs = 15_000;
const retryDelayMs = 10;
const stripped = [
  "x-envoy-retry-on",
  "x-envoy-retry-grpc-on",
  "x-envoy-max-retries",
  "x-envoy-retriable-status-codes",
  "x-envoy-retriable-header-names",
  "x-envoy-hedge-on-per-try-timeout",
  "x-envoy-upstream-rq-timeout-ms",
  "x-envoy-upstream-rq-timeout-alt-response",
  "x-envoy-upstream-rq-per-try-timeout-ms",
  "x-envoy-upstream-alt-stat-name",
];

/** What the router asks of the gateway. */
export interface RouterGateway {
  findCluster(name: string): ClusterSpec | undefined;
  /** The cluster's own filters for one attempt. */
  upstreamFilters(stream: DownstreamStream, cluster: ClusterSpec): Filter[];
  openUpstream(stream: DownstreamStream, cluster: ClusterSpec, headers: HeaderMap, sink: UpstreamSink): UpstreamServer;
}

/** The router of one stream. */
export class Router extends PassingFilter implements AttemptOwner {
  readonly #stream: DownstreamStream;
  readonly #gateway: RouterGateway;
  #headers: HeaderMap | undefined;
  #cluster: ClusterSpec | undefined;
  #retry: RetryState | undefined;
  #attempt: UpstreamStream | undefined;
  #attempts = 0;
  #sentMs = 0;
  #requestDoneMs = 0;
  #timeoutMs = 0;
  #timer: Timer | undefined;
  #perTryTimer: Timer | undefined;
  #retryTimer: Timer | undefined;
  /** The request's body, kept while it may have to be sent again; null: no longer. */
  #kept: Uint8Array[] | null = null;
  #keptSize = 0;
  #trailers: HeaderMap | undefined;
  #isRequestDone = false;
  #isAnswered = false;
  #isPaused = false;

  constructor(stream: DownstreamStream, gateway: RouterGateway) {
    super("router");
    this.#stream = stream;
    this.#gateway = gateway;
  }

  override decodeHeaders(headers: HeaderMap, endStream: boolean): number {
    const route = this.#stream.route();
    if (route === undefined) {
      this.#stream.info.addFlag("NR");
      this.#reply(404, "", "route_not_found");
      return HeadersStatus.StopIteration;
    }
    if (route.respond !== undefined) {
      this.#reply(route.respond.status, route.respond.body ?? "", "direct_response");
      return HeadersStatus.StopIteration;
    }
    const cluster = this.#gateway.findCluster(route.cluster ?? "");
    if (cluster === undefined) {
      this.#reply(503, "", "cluster_not_found");
      return HeadersStatus.StopIteration;
    }
    this.#headers = headers;
    this.#cluster = cluster;
    this.#prepare(route, headers);
    if (endStream) this.#requestDone();
    this.#startAttempt(endStream);
    return HeadersStatus.StopIteration;
  }

  override decodeData(data: BodyBuffer, endStream: boolean): number {
    const bytes = data.take();
    if (this.#kept !== null) {
      this.#kept.push(bytes);
      this.#keptSize += bytes.length;
      if (this.#keptSize > this.#stream.bufferLimit) this.#kept = null;
    }
    if (endStream) this.#requestDone();
    this.#attempt?.sendData(BodyBuffer.of(bytes), endStream);
    return DataStatus.StopIterationNoBuffer;
  }

  override decodeTrailers(trailers: HeaderMap): number {
    this.#trailers = trailers;
    this.#requestDone();
    this.#attempt?.sendTrailers(trailers);
    return TrailersStatus.StopIteration;
  }

  override destroy(): void {
    this.#cancelTimers();
    this.#attempt?.finish();
    this.#attempt = undefined;
  }

  /** The response filters want no more, or more again. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#attempt?.server?.pause(isPaused);
  }

  onAttemptHeaders(attempt: UpstreamStream, headers: HeaderMap, end: boolean): void {
    const stream = this.#stream;
    const status = Number(headers.get(":status"));
    this.#stream.clock.cancel(this.#perTryTimer);
    if (this.#canRetry && this.#retry?.retriesAnswer(status, headers) === true) {
      this.#dropAttempt(attempt);
      this.#retrySoon();
      return;
    }
    if (this.#retry?.isExhausted === true) stream.info.addFlag("URX");
    this.#isAnswered = true;
    this.#kept = null;
    stream.info.responseCode = status;
    stream.info.responseCodeDetails = "via_upstream";
    headers.set("x-envoy-upstream-service-time", String(Math.round(stream.clock.now - this.#sentMs)));
    if (end) this.#answerDone();
    stream.encode.headers = headers;
    stream.encode.runHeaders(null, headers, end);
  }

  onAttemptData(_attempt: UpstreamStream, data: BodyBuffer, end: boolean): void {
    if (end) this.#answerDone();
    this.#stream.encode.runData(null, data, end);
  }

  onAttemptTrailers(_attempt: UpstreamStream, trailers: HeaderMap): void {
    this.#answerDone();
    this.#stream.encode.trailers = trailers;
    this.#stream.encode.runTrailers(null, trailers);
  }

  onAttemptFailure(attempt: UpstreamStream, failure: AttemptFailure): void {
    const { info, clock } = this.#stream;
    clock.cancel(this.#perTryTimer);
    const reason = attempt.info.transportFailureReason;
    if (reason !== undefined) info.transportFailureReason = reason;
    const isHttp2 = this.#cluster?.protocol === "h2";
    this.#dropAttempt(attempt);
    if (this.#isAnswered) {
      info.addFlag(isHttp2 ? "UR" : "UPE");
      const why = isHttp2 ? "remote_reset" : "protocol_error";
      info.responseCodeDetails = `upstream_reset_after_response_started{${why}}`;
      this.#stream.resetStream();
      return;
    }
    if (this.#canRetry && this.#retry?.retriesFailure(failure) === true) {
      this.#retrySoon();
      return;
    }
    if (this.#retry?.isExhausted === true) info.addFlag("URX");
    if (failure === "per-try-timeout") {
      info.addFlag("UT");
      this.#reply(504, "upstream request timeout", "upstream_per_try_timeout");
      return;
    }
    const isConnect = failure === "connect";
    info.addFlag(isConnect ? "UF" : isHttp2 ? "UR" : "UC");
    const words = isConnect ? "remote connection failure" : isHttp2 ? "remote reset" : "connection termination";
    const details = words.replaceAll(" ", "_") + (isConnect ? `|${reason}` : "");
    const text = "upstream connect error or disconnect/reset before headers. reset reason: ";
    this.#reply(503, text + words, `upstream_reset_before_response_started{${details}}`);
  }

  onAttemptReply(reply: LocalReply): void {
    this.#stream.sendLocalReply(reply);
  }

  get #canRetry(): boolean {
    return this.#kept !== null && !this.#isAnswered;
  }

  #prepare(route: RouteSpec, headers: HeaderMap): void {
    const asked = headers.get("x-envoy-upstream-rq-timeout-ms");
    this.#timeoutMs =
      asked !== undefined && /^\d+$/.test(asked) ? Number(asked) : (route.timeoutMs ?? defaultTimeoutMs);
    this.#retry = new RetryState(route.retry, headers);
    if (this.#retry.isEnabled) this.#kept = [];
    for (const name of stripped) headers.remove(name);
  }

  #startAttempt(endsWithHeaders: boolean): void {
    const stream = this.#stream;
    const cluster = this.#cluster as ClusterSpec;
    stream.info.attemptCount = ++this.#attempts;
    this.#writeAttemptHeaders(this.#headers as HeaderMap);
    stream.info.upstreamAddress = "127.0.0.1:20000";
    stream.info.transportFailureReason = "";
    this.#sentMs = stream.clock.now;
    const attempt = new UpstreamStream({
      owner: this,
      downstream: stream,
      filters: this.#gateway.upstreamFilters(stream, cluster),
      bufferLimit: stream.bufferLimit,
      isRefused: cluster.refused === true,
      post: (run) => stream.clock.post(stream.worker, run),
      connect: (headers, sink) => {
        const server = this.#gateway.openUpstream(stream, cluster, headers, sink);
        if (this.#isPaused) server.pause(true);
        return server;
      },
    });
    this.#attempt = attempt;
    const perTryMs = this.#retry?.perTryTimeoutMs ?? 0;
    if (perTryMs > 0) {
      this.#perTryTimer = stream.clock.after(perTryMs, stream.worker, () =>
        this.onAttemptFailure(attempt, "per-try-timeout"),
      );
    }
    attempt.start(this.#headers as HeaderMap, endsWithHeaders);
  }

  // What the upstream is told: the time that is left, and the number of the attempt.
  #writeAttemptHeaders(headers: HeaderMap): void {
    const perTryMs = this.#retry?.perTryTimeoutMs ?? 0;
    const spentMs = this.#timer === undefined ? 0 : Math.round(this.#stream.clock.now - this.#requestDoneMs);
    const leftMs = this.#timeoutMs === 0 ? 0 : Math.max(1, this.#timeoutMs - spentMs);
    const expectedMs = perTryMs > 0 && (leftMs === 0 || perTryMs < leftMs) ? perTryMs : leftMs;
    if (expectedMs > 0) headers.set("x-envoy-expected-rq-timeout-ms", String(expectedMs));
    headers.set("x-envoy-attempt-count", String(this.#attempts));
  }

  #retrySoon(): void {
    const { clock, worker } = this.#stream;
    this.#retryTimer = clock.after(retryDelayMs, worker, () => {
      const kept = this.#kept ?? [];
      const hasMore = kept.length > 0 || this.#trailers !== undefined || !this.#isRequestDone;
      this.#startAttempt(!hasMore);
      const isDone = this.#isRequestDone && this.#trailers === undefined;
      kept.forEach((bytes, i) => this.#attempt?.sendData(BodyBuffer.of(bytes), isDone && i === kept.length - 1));
      if (this.#trailers !== undefined) this.#attempt?.sendTrailers(this.#trailers);
    });
  }

  #requestDone(): void {
    this.#isRequestDone = true;
    this.#requestDoneMs = this.#stream.clock.now;
    if (this.#timeoutMs === 0 || this.#timer !== undefined) return;
    const { clock, worker } = this.#stream;
    this.#timer = clock.after(this.#timeoutMs, worker, () => this.#timedOut());
  }

  #timedOut(): void {
    const { info } = this.#stream;
    info.addFlag("UT");
    const attempt = this.#attempt;
    if (attempt !== undefined) this.#dropAttempt(attempt);
    this.#cancelTimers();
    if (this.#isAnswered) {
      info.responseCodeDetails = "response_timeout";
      this.#stream.resetStream();
    } else {
      this.#reply(504, "upstream request timeout", "response_timeout");
    }
  }

  #answerDone(): void {
    this.#cancelTimers();
    const attempt = this.#attempt;
    // The attempt's filters are done before the last frame enters those of the stream.
    if (attempt !== undefined) this.#dropAttempt(attempt);
  }

  #dropAttempt(attempt: UpstreamStream): void {
    attempt.finish();
    if (this.#attempt === attempt) this.#attempt = undefined;
  }

  #cancelTimers(): void {
    const { clock } = this.#stream;
    clock.cancel(this.#timer);
    clock.cancel(this.#perTryTimer);
    clock.cancel(this.#retryTimer);
  }

  #reply(status: number, body: string, details: string): void {
    this.#stream.sendLocalReply({ status, body, headers: [], grpcStatus: -1, details });
  }
}
