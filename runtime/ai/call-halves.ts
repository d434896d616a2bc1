// The two directions of an AI call: bodies go to the exchange, decisions to the parts.
import { BufferType, HeaderMap, HeadersStatus, StreamType } from "../abi/enums";
import { ByteBuffer } from "../bytes/buffer";
import { Bytes } from "../bytes/bytes";
import { getPairs, removeHeader, setHeader } from "../host/headers";
import { Cause, Half } from "../stream/half";
import { Api } from "./api";
import { AiCall } from "./call";
import { Exchange } from "./exchange";
import { BytesWish, RequestFact, ResponseFact } from "./facts";
import { ResponseHead } from "./head";
import { Part } from "./part";

const CONTENT_LENGTH = Bytes.constant("content-length");
const trailersHead: ResponseHead = new ResponseHead();
const lengthText: ByteBuffer = new ByteBuffer(24);

/**
 * Once the rest is known, headers wait for `stream` within this many bytes only: most bodies are shorter, and it may
 * stand anywhere. A fixed place in the body, so that the answer does not depend on how the body was cut.
 */
const PATIENCE_BYTES: i32 = 65536;

abstract class AiHalf extends Half {
  call: AiCall | null = null;
  /** What parts want of the body's bytes, until it is over. */
  protected wish: BytesWish = BytesWish.None;

  maxHeldBytes(): i32 {
    const call = this.call;
    return call ? call.plugin.shared.maxHeldBytes : 0;
  }

  maxHeldTotal(): i64 {
    const call = this.call;
    return call ? call.plugin.shared.maxHeldTotal : 0;
  }

  answer(): void {
    const call = this.call;
    const exchange = this.exchange;
    if (!call || !exchange) return;
    call.isAnswered = true;
    call.reply.send(exchange.api);
  }

  isAwaiting(): bool {
    return false;
  }

  confirm(): bool {
    return true;
  }

  protected get exchange(): Exchange | null {
    const call = this.call;
    return call ? call.exchange : null;
  }
}

/** From the client to the model. */
export class RequestHalf extends AiHalf {
  /** What the headers wait for, and what is read on for. */
  private awaited: RequestFact = RequestFact.None;
  private interest: RequestFact = RequestFact.None;

  constructor() {
    super(HeaderMap.RequestHeaders, BufferType.RequestBody, StreamType.Request);
  }

  /** Says what the parts want of a request. */
  open(awaited: RequestFact, interest: RequestFact, wish: BytesWish): void {
    this.awaited = awaited;
    this.interest = awaited | interest;
    this.wish = wish;
  }

  feed(ptr: usize, length: i32): void {
    const call = this.call;
    const exchange = this.exchange;
    if (!call || !exchange) return;
    exchange.feedRequest(ptr, length);
    if (this.wish == BytesWish.None) return;
    const parts = call.parts;
    for (let i = 0; i < parts.length; i++) parts[i].onRequestBytes(call, ptr, length);
  }

  finish(): void {
    const call = this.call;
    const exchange = this.exchange;
    if (!call || !exchange) return;
    exchange.endRequest();
    this.wish = BytesWish.None;
    const parts = call.parts;
    for (let i = 0; i < parts.length; i++) parts[i].onRequestEnd(call);
  }

  isKnown(): bool {
    const exchange = this.exchange;
    if (this.wish == BytesWish.BeforeHeaders) return false;
    if (!exchange || exchange.isRequestKnown(this.awaited)) return true;
    return this.keptBytes >= PATIENCE_BYTES && exchange.isRequestKnown(this.awaited & ~RequestFact.Stream);
  }

  wantsMore(): bool {
    const exchange = this.exchange;
    if (this.wish != BytesWish.None) return true;
    return exchange != null && exchange.wantsRequestBody && !exchange.isRequestKnown(this.interest);
  }

  decide(cause: Cause): bool {
    const call = this.call;
    const exchange = this.exchange;
    if (!call || !exchange) return true;
    if (cause > Cause.End) {
      exchange.limitReached();
      call.plugin.reportHeld(cause);
    }
    const parts = call.parts;
    for (let i = 0; i < parts.length; i++) if (!parts[i].decideRequest(call, cause)) return false;
    return true;
  }

  isAwaiting(): bool {
    const call = this.call;
    if (!call) return false;
    const parts = call.parts;
    for (let i = 0; i < parts.length; i++) if (parts[i].isAwaiting(call)) return true;
    return false;
  }

  confirm(): bool {
    const call = this.call;
    if (!call) return true;
    const parts = call.parts;
    for (let i = 0; i < parts.length; i++) if (!parts[i].confirmRequest(call)) return false;
    return true;
  }

  answerLost(): void {
    const call = this.call;
    if (!call) return;
    call.reply.requestTooLarge();
    this.answer();
  }

  editHeaders(): void {
    const call = this.call;
    if (!call || !call.exchange) return;
    const parts = call.parts;
    for (let i = 0; i < parts.length; i++) parts[i].editRequestHeaders(call);
    if (this.growth != 0 && call.requestLength >= 0) {
      setHeader(
        this.headers,
        CONTENT_LENGTH,
        lengthText
          .clear()
          .i64(call.requestLength + this.growth)
          .view(),
      );
    }
  }
}

/** From the model to the client. */
export class ResponseHalf extends AiHalf {
  /** What the headers wait for, and what is read on for. */
  private awaited: ResponseFact = ResponseFact.None;
  private interest: ResponseFact = ResponseFact.None;
  /** The part that writes the body anew as it passes. */
  private rewriter: Part | null = null;

  constructor() {
    super(HeaderMap.ResponseHeaders, BufferType.ResponseBody, StreamType.Response);
  }

  /** Says what the parts want of an answer, and which of them writes it anew. */
  open(awaited: ResponseFact, interest: ResponseFact, wish: BytesWish, rewriter: Part | null): void {
    this.awaited = awaited;
    this.interest = awaited | interest;
    this.wish = rewriter && wish == BytesWish.None ? BytesWish.Passing : wish;
    this.rewriter = rewriter;
  }

  reset(): void {
    super.reset();
    this.rewriter = null;
  }

  rewrites(): bool {
    return this.rewriter != null;
  }

  rewrite(ptr: usize, length: i32, out: ByteBuffer): bool {
    const call = this.call;
    const rewriter = this.rewriter;
    return call != null && rewriter != null && rewriter.rewriteResponse(call, ptr, length, out);
  }

  endRewrite(out: ByteBuffer): void {
    const call = this.call;
    const rewriter = this.rewriter;
    this.rewriter = null;
    if (call && rewriter) rewriter.endRewrite(call, out);
  }

  feed(ptr: usize, length: i32): void {
    const call = this.call;
    const exchange = this.exchange;
    if (!call || !exchange) return;
    exchange.feedResponse(ptr, length);
    if (this.wish == BytesWish.None) return;
    const parts = call.parts;
    for (let i = 0; i < parts.length; i++) parts[i].onResponseBytes(call, ptr, length);
  }

  finish(): void {
    const call = this.call;
    const exchange = this.exchange;
    if (!call || !exchange) return;
    exchange.endResponse();
    this.wish = BytesWish.None;
    const parts = call.parts;
    for (let i = 0; i < parts.length; i++) parts[i].onResponseEnd(call);
  }

  isKnown(): bool {
    const exchange = this.exchange;
    return !exchange || exchange.isResponseKnown(this.awaited);
  }

  wantsMore(): bool {
    const exchange = this.exchange;
    if (this.wish != BytesWish.None) return true;
    if (exchange == null) return false;
    if (exchange.isResponseCompressed) return this.interest != ResponseFact.None;
    return exchange.wantsResponseBody && !exchange.isResponseKnown(this.interest);
  }

  /** gRPC says in its trailers how a call ended. */
  onTrailers(isHolderSure: bool): HeadersStatus {
    const exchange = this.exchange;
    if (exchange && exchange.api == Api.Grpc) {
      const pairs = getPairs(HeaderMap.ResponseTrailers);
      if (pairs.isPresent) {
        trailersHead.open(pairs);
        exchange.takeTrailers(trailersHead);
      }
    }
    return super.onTrailers(isHolderSure);
  }

  decide(cause: Cause): bool {
    const call = this.call;
    if (!call || !call.exchange) return true;
    if (cause > Cause.End) call.plugin.reportHeld(cause);
    const parts = call.parts;
    for (let i = 0; i < parts.length; i++) if (!parts[i].decideResponse(call)) return false;
    return true;
  }

  answerLost(): void {
    const call = this.call;
    if (!call) return;
    call.reply.answerTooLarge();
    this.answer();
  }

  editHeaders(): void {
    const call = this.call;
    if (!call || !call.exchange) return;
    const parts = call.parts;
    for (let i = 0; i < parts.length; i++) parts[i].editResponseHeaders(call);
    if (this.rewriter) removeHeader(this.headers, CONTENT_LENGTH);
  }
}
