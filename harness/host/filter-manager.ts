// The filters of one stream, both directions: requests in the order of the chain, responses backwards.
import type { BodyBuffer } from "./body-buffer.ts";
import type { Filter } from "./filter.ts";
import { CallState, Pass } from "./filter-pass.ts";
import type { HeaderMap } from "./headers.ts";
import type { StreamInfo } from "./stream-info.ts";

/** An answer that the gateway itself gives. Texts are byte strings. */
export interface LocalReply {
  status: number;
  body: string;
  headers: readonly (readonly [name: string, value: string])[];
  /** gRPC status for gRPC requests; -1: derived from `status`. */
  grpcStatus: number;
  /** `%RESPONSE_CODE_DETAILS%`. */
  details: string;
}

/** Base of the downstream stream (stream.ts) and of an upstream attempt with filters of its own (upstream-stream.ts). */
export abstract class FilterManager {
  readonly decode: Pass;
  readonly encode: Pass;
  readonly filters: Filter[] = [];
  /** Bytes that a direction may hold back. */
  bufferLimit: number;
  abstract readonly info: StreamInfo;
  /** Which filter callbacks run: bits of CallState. */
  callState = 0;
  /** The answer's last frame has entered its filters. */
  localComplete = false;
  /** The answer's last frame has left them. */
  encodeComplete = false;
  /** The answer's headers have left them. */
  headersEncoded = false;
  destroyed = false;

  constructor(bufferLimit: number) {
    this.bufferLimit = bufferLimit;
    this.decode = new DecodePass(this);
    this.encode = new EncodePass(this);
  }

  /** Sets the chain, terminal filter last. */
  protected setFilters(filters: readonly Filter[], terminalEncodes: boolean): void {
    const decoders = filters.map((filter) => this.decode.add(filter));
    for (let i = filters.length - 1; i >= 0; i--) {
      const filter = filters[i] as Filter;
      const hasEncoder = terminalEncodes || i < filters.length - 1;
      filter.attach(decoders[i] as (typeof decoders)[number], hasEncoder ? this.encode.add(filter) : null);
    }
    this.filters.push(...filters);
  }

  /** The request's last frame has come. */
  abstract get requestComplete(): boolean;
  abstract sendLocalReply(reply: LocalReply): void;
  /** Sends the local reply that a filter asked for from inside a request callback. */
  abstract executePreparedReply(): void;
  /** Ends the stream without (the rest of) an answer. */
  abstract resetStream(): void;
  abstract clearRouteCache(): void;
  /** A filter did what Envoy has no defined answer to. */
  abstract misuse(what: string): void;
  abstract onRequestTooLarge(): void;
  abstract onResponseTooLarge(): void;
  abstract pauseRequest(): void;
  abstract resumeRequest(): void;
  abstract pauseResponse(): void;
  abstract resumeResponse(): void;
  /** The answer leaves the filters. */
  abstract writeHeaders(headers: HeaderMap, end: boolean): void;
  abstract writeData(data: BodyBuffer, end: boolean): void;
  abstract writeTrailers(trailers: HeaderMap): void;
  abstract checkResponseHeaders(headers: HeaderMap): boolean;
  protected abstract endStream(): void;

  /** A filter wants another limit for this stream. */
  setRequestLimit(limit: number): void {
    this.bufferLimit = limit;
    this.decode.buffered?.setLimit(limit);
    this.encode.buffered?.setLimit(limit);
  }

  /** The last frame of the answer has left. */
  maybeEnd(end: boolean): void {
    if (!end || this.encodeComplete) return;
    this.encodeComplete = true;
    this.endStream();
  }

  /** A callback that is running stops its direction once it returns. */
  protected abortRunning(): void {
    if ((this.callState & CallState.DecodingMask) !== 0) this.decode.aborted = true;
    else if ((this.callState & CallState.EncodingMask) !== 0) this.encode.aborted = true;
  }
}

class DecodePass extends Pass {
  protected readonly headersBit = 0x01;
  protected readonly dataBit = 0x02;
  protected readonly trailersBit = 0x08;
  protected readonly lastIsTerminal = true;

  get complete(): boolean {
    return this.manager.requestComplete;
  }

  protected get canContinue(): boolean {
    return !this.manager.localComplete && !this.aborted;
  }

  protected get isClosed(): boolean {
    return this.manager.localComplete;
  }

  protected enter(): void {}

  protected callHeaders(filter: Filter, headers: HeaderMap, end: boolean): number {
    return filter.decodeHeaders(headers, end);
  }

  protected callData(filter: Filter, data: BodyBuffer, end: boolean): number {
    return filter.decodeData(data, end);
  }

  protected callTrailers(filter: Filter, trailers: HeaderMap): number {
    return filter.decodeTrailers(trailers);
  }

  protected finishHeaders(): boolean {
    return true;
  }

  protected finishData(): void {}

  protected finishTrailers(): void {}

  protected onTooLarge(): void {
    this.manager.onRequestTooLarge();
  }

  protected onHigh(): void {
    this.manager.pauseRequest();
  }

  protected onLow(): void {
    this.manager.resumeRequest();
  }
}

class EncodePass extends Pass {
  protected readonly headersBit = 0x10;
  protected readonly dataBit = 0x20;
  protected readonly trailersBit = 0x80;
  protected readonly lastIsTerminal = false;

  get complete(): boolean {
    return this.manager.localComplete;
  }

  protected get canContinue(): boolean {
    return !this.manager.encodeComplete && !this.aborted;
  }

  protected get isClosed(): boolean {
    return false;
  }

  protected enter(end: boolean): void {
    this.manager.localComplete = end;
  }

  protected callHeaders(filter: Filter, headers: HeaderMap, end: boolean): number {
    return filter.encodeHeaders(headers, end);
  }

  protected callData(filter: Filter, data: BodyBuffer, end: boolean): number {
    return filter.encodeData(data, end);
  }

  protected callTrailers(filter: Filter, trailers: HeaderMap): number {
    return filter.encodeTrailers(trailers);
  }

  protected finishHeaders(headers: HeaderMap, end: boolean): boolean {
    const manager = this.manager;
    if (!manager.checkResponseHeaders(headers)) return false;
    manager.headersEncoded = true;
    manager.writeHeaders(headers, end);
    if (manager.destroyed) return false;
    manager.maybeEnd(end);
    return true;
  }

  protected finishData(data: BodyBuffer, end: boolean): void {
    this.manager.writeData(data, end);
    if (!this.manager.destroyed) this.manager.maybeEnd(end);
  }

  protected finishTrailers(trailers: HeaderMap): void {
    this.manager.writeTrailers(trailers);
    if (!this.manager.destroyed) this.manager.maybeEnd(true);
  }

  protected onTooLarge(): void {
    this.manager.onResponseTooLarge();
  }

  protected onHigh(): void {
    this.manager.pauseResponse();
  }

  protected onLow(): void {
    this.manager.resumeResponse();
  }
}
