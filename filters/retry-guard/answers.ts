// Answers that failed: judged, told to clients, replaced by canned ones.
import { GrpcStatus, HeaderMap } from "../../runtime/abi/enums";
import { Api } from "../../runtime/ai/api";
import { AiCall, responseHead } from "../../runtime/ai/call";
import { Exchange } from "../../runtime/ai/exchange";
import { Outcome, ResponseFact } from "../../runtime/ai/facts";
import { ErrorKind as ReplyKind } from "../../runtime/ai/reply";
import { Bytes } from "../../runtime/bytes/bytes";
import { removeHeader, setHeader } from "../../runtime/host/headers";
import { getProperty, getPropertyI64, propertyPath } from "../../runtime/host/properties";
import { providerText } from "../../runtime/ai/provider";
import { CallState } from "./call-state";
import { ClientRetries, RetryGuardConfig } from "./config";
import { Failure, failureOf, isNeverSent } from "./failure";
import { FallbackRule } from "./fallback";
import { FallbackShape } from "./fallback-body";
import { countFallback, countStopped, modelOf } from "./metrics";
import { ProxyRetriesPolicy } from "./proxy-retries";
import { Billing, BodyEnd, Judgement, Verdict, verdictText } from "./verdict";
import { VETO_HEADER, VETO_VALUE } from "./veto";

const FLAGS = propertyPath("response.flags");
const DETAILS = propertyPath("response.code_details");
const ATTEMPTS = propertyPath("upstream.request_attempt_count");

const SHOULD_RETRY = Bytes.constant("x-should-retry");
const VERDICT_HEADER = Bytes.constant("x-ai-retry-verdict");
const FALLBACK_HEADER = Bytes.constant("x-ai-fallback");
const REPLAYED_HEADER = Bytes.constant("x-ai-replayed");
const TRUE = Bytes.constant("true");
const FALSE = Bytes.constant("false");
const GRPC_OK = Bytes.constant("0");
const GRPC_EXHAUSTED = Bytes.constant("8");
const FALLBACK_DETAILS = Bytes.constant("sluice_fallback");
const FALLBACK_CODE = Bytes.constant("fallback");

const judgement = new Judgement();
const shape = new FallbackShape();

/** The say of one configuration in answers. */
export class Answers {
  constructor(
    private readonly config: RetryGuardConfig,
    private readonly proxy: ProxyRetriesPolicy,
  ) {}

  /** The answer's head is there. */
  readHead(call: AiCall, state: CallState): void {
    state.isAnswered = true;
    state.status = responseHead.status;
    state.hasShouldRetry = responseHead.xShouldRetry.isPresent;
    state.isVetoed = responseHead.find(VETO_HEADER).equals(VETO_VALUE);
    state.hasForgedMarks =
      responseHead.find(FALLBACK_HEADER).isPresent ||
      responseHead.find(REPLAYED_HEADER).isPresent ||
      responseHead.find(VERDICT_HEADER).isPresent;
    const grpc = responseHead.grpcStatus;
    const isGrpcError = !grpc.isEmpty && !grpc.equals(GRPC_OK);
    if (state.status < 400 && !isGrpcError) return;
    this.readEnvoy(state);
    state.failure = failureOf(state.flags, getProperty(DETAILS), state.attempts);
    if (isGrpcError && state.failure == Failure.Answer) {
      state.status = 500;
      if (grpc.equals(GRPC_EXHAUSTED)) state.billing = Billing.None;
    } else if (state.failure == Failure.Answer) state.billing = this.billingOf(call.exchange, state, false);
  }

  /** Whether the answer's headers must wait for its body: only there the type of its error stands. */
  needsBody(state: CallState): bool {
    const config = this.config;
    if (!config.isEnforced || state.failure != Failure.Answer || state.billing != Billing.Unread) return false;
    return config.clientRetries == ClientRetries.Stop && !state.hasShouldRetry;
  }

  /** Whether the body of a failure is of interest at all. */
  wantsBody(state: CallState): bool {
    return state.failure == Failure.Answer && state.billing == Billing.Unread;
  }

  /** Decides whether a canned answer goes out instead: false then, as `call.reply` says. */
  decide(call: AiCall, state: CallState): bool {
    this.settleBilling(call, state);
    if (state.failure == Failure.None) return true;
    this.judge(state);
    const rule = this.config.fallbacks.find(state.fallbacks, call.facts, state.failure, state.status);
    if (!rule) return true;
    if (!this.config.isEnforced || !this.writeFallback(call, state, rule)) return true;
    state.isFallback = true;
    countFallback(state.reason, modelOf(call));
    return false;
  }

  /** Writes what clients are told. */
  edit(call: AiCall, state: CallState): void {
    const map = HeaderMap.ResponseHeaders;
    if (state.isVetoed) removeHeader(map, VETO_HEADER);
    if (!this.config.isEnforced) return;
    if (state.hasForgedMarks) {
      removeHeader(map, FALLBACK_HEADER);
      removeHeader(map, REPLAYED_HEADER);
      removeHeader(map, VERDICT_HEADER);
    }
    if (this.config.clientRetries != ClientRetries.Stop) return;
    if (state.verdict != Verdict.Unsafe || state.hasShouldRetry) return;
    setHeader(map, SHOULD_RETRY, FALSE);
    setHeader(map, VERDICT_HEADER, verdictText(state.verdict));
    countStopped(modelOf(call));
  }

  /** The call is over: the last word. */
  settle(call: AiCall, state: CallState): void {
    const exchange = call.exchange;
    this.readEnvoy(state);
    this.settleBilling(call, state);
    if (state.status == 0 && state.failure == Failure.None && exchange && exchange.outcome == Outcome.Truncated) {
      state.failure = failureOf(state.flags, getProperty(DETAILS), state.attempts);
    }
    this.judge(state, exchange);
  }

  private judge(state: CallState, exchange: Exchange | null = null): void {
    judgement.reset();
    judgement.failure = state.failure;
    judgement.status = state.status;
    judgement.billing = state.billing;
    judgement.attempts = state.attempts;
    judgement.isIdempotent = state.isIdempotent;
    judgement.areEarlierSafe = this.proxy.areEarlierSafe(state);
    if (exchange && state.failure == Failure.None && state.status > 0) {
      if (exchange.outcome == Outcome.Truncated) judgement.bodyEnd = BodyEnd.Cut;
      else if (exchange.outcome == Outcome.Error || exchange.outcome == Outcome.StreamError) {
        judgement.bodyEnd = BodyEnd.Error;
      }
    }
    judgement.decide();
    state.verdict = judgement.verdict;
    state.reason = judgement.reason;
  }

  private readEnvoy(state: CallState): void {
    state.flags = getPropertyI64(FLAGS, 0);
    state.attempts = getPropertyI64(ATTEMPTS, -1);
  }

  /** What could not be read before may have been read by now. */
  private settleBilling(call: AiCall, state: CallState): void {
    if (state.failure != Failure.Answer || state.billing != Billing.Unread) return;
    const exchange = call.exchange;
    if (!exchange || !exchange.wantsResponseBody) return;
    state.billing = this.billingOf(exchange, state, exchange.isResponseKnown(ResponseFact.WholeBody));
  }

  private billingOf(exchange: Exchange | null, state: CallState, isRead: bool): Billing {
    const type = exchange ? exchange.errorType : Bytes.absent();
    const provider = exchange ? providerText(exchange.provider) : Bytes.absent();
    return this.config.notBilled.judge(state.status, type, isRead || type.isPresent, provider);
  }

  private writeFallback(call: AiCall, state: CallState, rule: FallbackRule): bool {
    const exchange = call.exchange;
    const reply = call.reply;
    if (!exchange || !exchange.isCall) return false;
    if (rule.status >= 400) {
      const isBusy = rule.status == 429;
      const kind = isBusy ? ReplyKind.RateLimit : ReplyKind.BadGateway;
      const text = reply.open(rule.status, kind, GrpcStatus.Unavailable, FALLBACK_CODE, FALLBACK_DETAILS);
      text.add(rule.plain.bytes);
      reply.isRetriable = state.verdict == Verdict.Safe;
    } else {
      if (exchange.api == Api.Grpc) return false;
      shape.api = exchange.api;
      shape.requestType = exchange.requestType;
      shape.isStream = exchange.isStream;
      shape.includesUsage = exchange.request.includesUsage;
      shape.isEventStream = state.isEventStream;
      shape.model = exchange.requestModel;
      shape.text = rule.text.bytes;
      const type = shape.contentType();
      if (!type.isPresent) return false;
      if (!shape.write(reply.openWhole(rule.status, type, FALLBACK_DETAILS))) return false;
    }
    reply.headers.add(FALLBACK_HEADER, TRUE);
    return true;
  }
}

/** Whether what a call came to is known to have cost nothing. */
export function isFree(state: CallState): bool {
  return isNeverSent(state.failure) || (state.failure == Failure.Answer && state.billing == Billing.None);
}
