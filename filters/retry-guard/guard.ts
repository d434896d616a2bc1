// The filter itself: a call comes, is entered, is sent with the router's headers, is judged, and leaves.
import { AiCall, requestHead, responseHead } from "../../runtime/ai/call";
import { BytesWish, Outcome, RequestFact, ResponseFact } from "../../runtime/ai/facts";
import { Part } from "../../runtime/ai/part";
import { requestTypeText } from "../../runtime/ai/request-type";
import { Bytes } from "../../runtime/bytes/bytes";
import { SharedConfig } from "../../runtime/config/shared";
import { Outcome as Change } from "../../runtime/state/cas";
import { Cause } from "../../runtime/stream/half";
import { addErrorKind, reportError } from "../../runtime/telemetry/errors";
import { setState, setStateFlag, setStateNumber, State } from "../../runtime/telemetry/filter-state";
import { costNano } from "./amount";
import { Answers, isFree } from "./answers";
import { CallState, CallStates, originalId } from "./call-state";
import { Captures, NO_CAPTURE } from "./capture";
import { ProxyRetries, RetryGuardConfig } from "./config";
import { Failure, isRetryWanted } from "./failure";
import { End } from "./ledger-entry";
import { countAttempts, countAvoided, countVerdict, modelOf } from "./metrics";
import { ProxyRetriesPolicy, routerHeaders } from "./proxy-retries";
import { Repeats } from "./repeats";
import { Billing, reasonText, Verdict, verdictText } from "./verdict";

const NAME = "retry-guard";
const POST = Bytes.constant("POST");
const PATCH = Bytes.constant("PATCH");
const EVENT_STREAM_QUERY = Bytes.constant("alt=sse");

const REPLAY_FULL = addErrorKind(
  "replay_full",
  "an answer could not be stored for replay, all places hold answers that are still good: a repeat will be passed",
);

/** Guards calls. State per call: `CallState`. */
export class Guard extends Part {
  private readonly states: CallStates = new CallStates();
  private readonly proxy: ProxyRetriesPolicy;
  private readonly repeats: Repeats;
  private readonly answers: Answers;
  private readonly captures: Captures | null;

  constructor(
    private readonly config: RetryGuardConfig,
    shared: SharedConfig,
    trustedHeaders: string[],
  ) {
    super(NAME);
    const proxy = new ProxyRetriesPolicy(config, shared);
    const captures = config.replays ? new Captures(config.maxReplayBytes) : null;
    this.proxy = proxy;
    this.captures = captures;
    this.repeats = new Repeats(config, shared, trustedHeaders);
    this.answers = new Answers(config, proxy);
  }

  get wantsEveryRequest(): bool {
    return this.config.match != null;
  }

  get mayHold(): bool {
    return this.config.mayHold;
  }

  ownHeaders(): Bytes[] {
    return routerHeaders();
  }

  onOpen(configHash: u64): void {
    this.repeats.open();
    this.proxy.open();
  }

  grow(slots: i32): void {
    this.states.grow(slots);
  }

  reset(slot: i32): void {
    // The second of a pair may end after the first one's configuration.
    if (!this.states.has(slot)) return;
    const captures = this.captures;
    if (captures) captures.give(this.states.at(slot).capture);
    this.states.reset(slot);
  }

  free(): void {
    const captures = this.captures;
    if (captures) captures.free();
    this.repeats.free();
    this.states.free();
  }

  onRequestHeaders(call: AiCall): void {
    const state = this.states.at(call.slot);
    state.isGuarded = this.guards(call);
    if (!state.isGuarded) return;
    state.isIdempotent = this.isIdempotent(call);
    state.fallbacks = this.config.fallbacks.candidates(call.facts);
    state.isEventStream = requestHead.path.indexOf(EVENT_STREAM_QUERY) >= 0;
    if (!state.isIdempotent) this.repeats.readHead(call, state);
  }

  requestFacts(call: AiCall): RequestFact {
    if (!this.states.at(call.slot).isGuarded) return RequestFact.None;
    // The shape of a canned answer must be known even when the failure comes before the body does.
    const needsShape = this.config.isEnforced && !this.config.fallbacks.isEmpty;
    return this.proxy.requestFacts | (needsShape ? RequestFact.Model | RequestFact.Stream : RequestFact.None);
  }

  requestInterest(call: AiCall): RequestFact {
    if (!this.states.at(call.slot).isGuarded || this.config.fallbacks.isEmpty) return RequestFact.None;
    return RequestFact.StreamOptions;
  }

  requestBytes(call: AiCall): BytesWish {
    const state = this.states.at(call.slot);
    if (!state.isHashing) return BytesWish.None;
    state.isHashAwaited = this.repeats.needsBody(state);
    return state.isHashAwaited ? BytesWish.BeforeHeaders : BytesWish.Passing;
  }

  onRequestBytes(call: AiCall, ptr: usize, length: i32): void {
    this.repeats.hash(this.states.at(call.slot), ptr, length);
  }

  onRequestEnd(call: AiCall): void {
    this.repeats.finishHash(this.states.at(call.slot));
  }

  decideRequest(call: AiCall, cause: Cause): bool {
    const state = this.states.at(call.slot);
    return !state.isGuarded || this.repeats.decide(call, state);
  }

  editRequestHeaders(call: AiCall): void {
    const state = this.states.at(call.slot);
    if (state.isGuarded) this.proxy.edit(call, state);
  }

  onResponseHeaders(call: AiCall): void {
    const state = this.states.at(call.slot);
    if (!state.isGuarded) return;
    this.answers.readHead(call, state);
    this.beginCapture(call, state);
  }

  responseFacts(call: AiCall): ResponseFact {
    return this.answers.needsBody(this.states.at(call.slot)) ? ResponseFact.WholeBody : ResponseFact.None;
  }

  responseInterest(call: AiCall): ResponseFact {
    const state = this.states.at(call.slot);
    // How a good answer ends is known by its own marks: `outcome`.
    if (state.isGuarded && state.failure == Failure.None) return ResponseFact.WholeBody;
    return this.answers.wantsBody(state) ? ResponseFact.WholeBody : ResponseFact.None;
  }

  responseBytes(call: AiCall): BytesWish {
    return this.states.at(call.slot).capture != NO_CAPTURE ? BytesWish.Passing : BytesWish.None;
  }

  onResponseBytes(call: AiCall, ptr: usize, length: i32): void {
    const captures = this.captures;
    const buffer = captures ? captures.at(this.states.at(call.slot).capture) : null;
    if (buffer) buffer.raw(ptr, length);
  }

  decideResponse(call: AiCall): bool {
    const state = this.states.at(call.slot);
    return !state.isGuarded || this.answers.decide(call, state);
  }

  editResponseHeaders(call: AiCall): void {
    const state = this.states.at(call.slot);
    if (state.isGuarded) this.answers.edit(call, state);
  }

  onLog(call: AiCall): void {
    const state = this.states.at(call.slot);
    if (!state.isGuarded) return;
    this.answers.settle(call, state);
    const isOthers = call.isAnswered && !state.isBlocked && !state.isFallback;
    const isGood = !isOthers && !state.isBlocked && isWell(call, state);
    if (!state.isBlocked && !isOthers) {
      this.proxy.learn(call, state, isGood);
      this.count(call, state);
    }
    if (state.isTracked) {
      // The answer is there before the call counts as answered, so that no repeat finds one without the other.
      if (isGood) this.store(call, state);
      const cost = isGood ? costNano() : 0;
      this.repeats.leave(call, state, isOthers ? End.Free : endOf(call, state, isGood), cost);
    }
    this.tell(state);
  }

  private guards(call: AiCall): bool {
    const exchange = call.exchange;
    if (exchange && exchange.isCall) return true;
    const match = this.config.match;
    const method = requestHead.method;
    if (!match || !(method.equals(POST) || method.equals(PATCH))) return false;
    return match.headersMatch(call.facts);
  }

  private isIdempotent(call: AiCall): bool {
    const exchange = call.exchange;
    const idempotent = this.config.idempotent;
    const header = idempotent.header;
    if (header && requestHead.find(header.bytes).isPresent) return true;
    if (idempotent.methods.matches(requestHead.method)) return true;
    return exchange != null && idempotent.requestTypes.matches(requestTypeText(exchange.requestType));
  }

  /** Begins to keep an answer that may be replayed. */
  private beginCapture(call: AiCall, state: CallState): void {
    const captures = this.captures;
    const exchange = call.exchange;
    if (!captures || !exchange || !state.hasIdEntry || !state.hasBodyHash || !state.isKnownConsumer) return;
    const isShort = responseHead.contentLength <= <i64>this.config.maxReplayBytes;
    const isPlain = !exchange.isResponseStream && responseHead.isIdentity;
    if (state.status < 200 || state.status > 299 || !isShort || !isPlain) return;
    const capture = captures.take();
    const buffer = captures.at(capture);
    if (!buffer) return;
    state.capture = capture;
    // The content type comes first, then a zero byte.
    buffer.add(responseHead.contentType).byte(0);
  }

  private store(call: AiCall, state: CallState): void {
    const captures = this.captures;
    const store = this.repeats.replays;
    const buffer = captures ? captures.at(state.capture) : null;
    if (!store || !buffer || buffer.isTruncated) return;
    const whole = buffer.view();
    const end = whole.indexOfByte(0);
    if (end < 0) return;
    const stored = store.put(state, state.status, whole.slice(0, end), whole.slice(end + 1));
    if (stored == Change.Full) reportError(NAME, REPLAY_FULL);
  }

  private count(call: AiCall, state: CallState): void {
    const model = modelOf(call);
    if (state.verdict != Verdict.None) countVerdict(state.verdict, state.reason, model);
    countAttempts(state.attempts, model);
    const isStrict = this.config.isEnforced && !state.isIdempotent && !state.isRetryAsked;
    const isPrevented = this.config.proxyRetries != ProxyRetries.Veto && isRetryWanted(state.flags);
    if (isStrict && (isPrevented || state.isVetoed)) countAvoided(model);
  }

  private tell(state: CallState): void {
    setState(State.RetryVerdict, verdictText(state.verdict));
    setState(State.RetryReason, reasonText(state.reason));
    if (state.attempts >= 0) setStateNumber(State.Attempts, state.attempts);
    const original = originalId(state);
    if (original.length) setState(State.OriginalRequestId, original);
    if (state.isReplayed) setStateFlag(State.Replayed, true);
    if (state.isFallback) setStateFlag(State.Fallback, true);
  }
}

/** Whether the call got its whole answer. */
function isWell(call: AiCall, state: CallState): bool {
  const exchange = call.exchange;
  if (!exchange || state.failure != Failure.None || state.status < 200 || state.status > 399) return false;
  return exchange.isCall ? exchange.outcome == Outcome.Ok : state.verdict == Verdict.None;
}

/** How a call ended, as far as money goes. */
function endOf(call: AiCall, state: CallState, isGood: bool): End {
  if (isGood) return End.Completed;
  if (isFree(state)) return End.Free;
  const exchange = call.exchange;
  if (state.failure == Failure.None || state.status == 0) {
    // Nothing went to an upstream: it left while its body came, or waited here.
    if (state.attempts == 0) return End.Free;
    return exchange && exchange.outcome == Outcome.Error ? End.Failed : End.Unfinished;
  }
  return state.failure == Failure.Answer && state.status < 500 && state.billing != Billing.Possible
    ? End.Free
    : End.Failed;
}
