// One AI call on its way through the parts: the exchange, the two directions, the answer from here if there is one.
import { HeaderMap } from "../abi/enums";
import { ByteBuffer } from "../bytes/buffer";
import { Bytes } from "../bytes/bytes";
import { getPairs } from "../host/headers";
import { getProperty, getPropertyI64, propertyPath } from "../host/properties";
import { NO_CONSUMER } from "../match/consumers";
import { Call, Start } from "../stream/call";
import { Half } from "../stream/half";
import { NativeFlag, Role } from "../stream/hold-root";
import { CallFacts } from "./call-facts";
import { RequestHalf, ResponseHalf } from "./call-halves";
import { Exchange } from "./exchange";
import { BytesWish, Outcome, RequestFact, ResponseFact } from "./facts";
import { RequestHead, ResponseHead } from "./head";
import { OwnedText } from "./owned-text";
import { Part } from "./part";
import { Plugin } from "./plugin";
import { recordCall } from "./record";
import { Reply } from "./reply";

/** The head of the request whose headers callback is running. */
export const requestHead: RequestHead = new RequestHead();
/** The head of the response whose headers callback is running. */
export const responseHead: ResponseHead = new ResponseHead();

const RESPONSE_FLAGS = propertyPath("response.flags");
/** Bytes of the body that Envoy received, where the request does not declare its length. */
const RECEIVED = propertyPath("request.size");
/** Fits every buffer limit that is in use. */
const SHORT_BYTES: i64 = 4096;
const PROTOCOL = propertyPath("request.protocol");
const HTTP1 = Bytes.constant("HTTP/1");
const EXPECT = Bytes.constant("expect");
const REQUEST_ID_BYTES: i32 = 64;
const REQUEST = Bytes.constant(". (request ");
const REQUEST_END = Bytes.constant(")");
const DOT = Bytes.constant(".");
/** Envoy's flags for an answer that the upstream did not finish: UT, UR, UF, UC, SI, UMSDR and UPE. */
const UPSTREAM_FAILED: i64 = (1 << 2) | (1 << 4) | (1 << 5) | (1 << 6) | (1 << 16) | (1 << 19) | (1 << 23);

export class AiCall extends Call {
  /** Null for requests that are no AI call (and for which no part asks). */
  exchange: Exchange | null = null;
  readonly reply: Reply = new Reply();
  /** Who calls: index into the plugin's consumer table. */
  consumer: i32 = NO_CONSUMER;
  /** The variant of the model that the call was given, and the split that gave it; absent without one. */
  variant: Bytes = Bytes.absent();
  split: Bytes = Bytes.absent();
  /** Whether the call was answered from here. */
  isAnswered: bool = false;
  /** `x-request-id`, for answers from here: the headers cannot be asked for it once they have left. */
  readonly requestId: OwnedText = new OwnedText(REQUEST_ID_BYTES);
  /** Content-length of the request as the client sent it, -1 without one. */
  requestLength: i64 = -1;
  private readonly requestHalf: RequestHalf = new RequestHalf();
  private readonly responseHalf: ResponseHalf = new ResponseHalf();

  constructor(
    readonly plugin: Plugin,
    slot: i32,
  ) {
    super(plugin, slot);
    this.requestHalf.call = this;
    this.responseHalf.call = this;
  }

  get request(): Half {
    return this.requestHalf;
  }

  get response(): Half {
    return this.responseHalf;
  }

  /**
   * What rules may ask about the call: all within the request's headers callback, later what the exchange and the
   * consumer's entry tell (model, request type, provider, team, project, tier).
   */
  get facts(): CallFacts {
    const facts = this.plugin.facts;
    facts.turnTo(this);
    return facts;
  }

  /** Those parts that look at this request: all where it is an AI call, else those that want every request. */
  get parts(): Part[] {
    const exchange = this.exchange;
    return exchange && exchange.isCall ? this.plugin.parts : this.plugin.generalParts;
  }

  onRequestHeaders(endOfStream: bool, canHold: bool): Start {
    const plugin = this.plugin;
    const pairs = getPairs(HeaderMap.RequestHeaders);
    if (!pairs.isPresent) {
      plugin.reportHostFault();
      return Start.Ignore;
    }
    requestHead.open(pairs);
    plugin.facts.open(this);
    plugin.stripClientHeaders(pairs);
    if (plugin.isPassive) return Start.Ignore;
    const exchange = Exchange.take();
    exchange.openRequest(requestHead, plugin.settings);
    if (!exchange.isCall && plugin.generalParts.length == 0) {
      exchange.release();
      return Start.Ignore;
    }
    this.exchange = exchange;
    this.requestLength = requestHead.contentLength;
    this.requestId.set(requestHead.requestId);
    this.consumer = plugin.shared.consumers.resolve(plugin.facts);
    const parts = this.parts;
    let awaited = RequestFact.None;
    let interest = RequestFact.None;
    let wish = BytesWish.None;
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i];
      part.onRequestHeaders(this);
      awaited |= part.requestFacts(this);
      interest |= part.requestInterest(this);
      wish = max(wish, part.requestBytes(this));
    }
    this.requestHalf.open(awaited, interest, wish);
    if (endOfStream) this.requestHalf.finish();
    if (!canHold || !exchange.wantsRequestBody || requestHead.contentLength == 0) return Start.Decide;
    // Holding one call that need not wait tells whether the native flag is there, before an answer has to be held.
    const isProbe = plugin.mayHold && plugin.role == Role.Single && plugin.flag == NativeFlag.Unknown;
    if (this.requestHalf.isKnown() && !isProbe) return Start.Decide;
    // Envoy answers 100 itself and removes the header; where it is still there, the body waits for the upstream's word.
    if (requestHead.find(EXPECT).isPresent) return Start.Decide;
    this.requestHalf.mayStayInHost = requestHead.contentLength >= 0 && requestHead.contentLength <= SHORT_BYTES;
    if (requestHead.contentLength < 0) {
      this.requestHalf.mayComeLate = getPropertyI64(RECEIVED, 0) > 0;
      // HTTP/2 brings little at once; HTTP/1 may bring more than any buffer limit allows.
      this.requestHalf.mayStayInHost = plugin.role == Role.Single && !getProperty(PROTOCOL).startsWith(HTTP1);
    }
    return Start.Hold;
  }

  onResponseHeaders(endOfStream: bool, canHold: bool): Start {
    const exchange = this.exchange;
    if (!exchange || this.isAnswered) return Start.Ignore;
    if (exchange.isCall || this.plugin.readsEveryAnswer) {
      const pairs = getPairs(HeaderMap.ResponseHeaders);
      if (!pairs.isPresent) {
        this.plugin.reportHostFault();
        return Start.Ignore;
      }
      responseHead.open(pairs);
      exchange.openResponse(responseHead);
    }
    const parts = this.parts;
    let awaited = ResponseFact.None;
    let interest = ResponseFact.None;
    let wish = BytesWish.None;
    let rewriter: Part | null = null;
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i];
      part.onResponseHeaders(this);
      awaited |= part.responseFacts(this);
      interest |= part.responseInterest(this);
      wish = max(wish, part.responseBytes(this));
      if (!rewriter && !endOfStream && part.rewritesResponse(this)) rewriter = part;
    }
    this.responseHalf.open(awaited, interest, wish, rewriter);
    if (endOfStream) this.responseHalf.finish();
    const mayHold =
      canHold && exchange.wantsResponseBody && !exchange.isResponseStream && responseHead.contentLength != 0;
    if (!mayHold || exchange.isResponseKnown(awaited)) return Start.Decide;
    this.responseHalf.mayComeLate = responseHead.contentLength < 0;
    return Start.Hold;
  }

  /** The answer that a part awaited has come (or failed). Callable from any event, on any context. */
  resume(): void {
    if (!this.requestHalf.isAwaiting()) this.requestHalf.resolve();
  }

  /** Ends a sentence for people with the request's id, by which its log line is found. */
  endSentence(text: ByteBuffer): void {
    const id = this.requestId;
    if (id.isPresent && !id.view.isEmpty) text.add(REQUEST).add(id.view).add(REQUEST_END);
    else text.add(DOT);
  }

  onLog(): void {
    const exchange = this.exchange;
    if (!exchange) return;
    if (exchange.isCall && !this.isAnswered && exchange.outcome == Outcome.None) {
      exchange.abortResponse((getPropertyI64(RESPONSE_FLAGS, 0) & UPSTREAM_FAILED) != 0);
    }
    recordCall(this, exchange);
    const parts = this.parts;
    for (let i = 0; i < parts.length; i++) parts[i].onLog(this);
  }

  free(): void {
    this.requestHalf.edits.free();
    this.responseHalf.edits.free();
    this.reply.free();
  }

  reset(): void {
    this.requestHalf.reset();
    this.responseHalf.reset();
    const exchange = this.exchange;
    if (exchange) {
      const parts = this.parts;
      for (let i = 0; i < parts.length; i++) parts[i].reset(this.slot);
      exchange.release();
    }
    this.exchange = null;
    this.reply.clear();
    this.consumer = NO_CONSUMER;
    this.sawResponse = false;
    this.variant = Bytes.absent();
    this.split = Bytes.absent();
    this.isAnswered = false;
  }
}
