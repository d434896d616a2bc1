// Repeats on the way to the upstream: which headers tell Envoy's router what it may repeat, and how long calls may take.
import { HeaderMap } from "../../runtime/abi/enums";
import { AiCall } from "../../runtime/ai/call";
import { RequestFact } from "../../runtime/ai/facts";
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { Bytes } from "../../runtime/bytes/bytes";
import { SharedConfig } from "../../runtime/config/shared";
import { setHeader } from "../../runtime/host/headers";
import { nowNanos } from "../../runtime/host/clock";
import { setProperty } from "../../runtime/host/properties";
import { addErrorKind, reportError } from "../../runtime/telemetry/errors";
import { CallState } from "./call-state";
import { ProxyRetries, RetryGuardConfig } from "./config";
import { Failure } from "./failure";
import { countUnexplained, countUnsafePolicy } from "./metrics";
import { Models } from "./models";
import { Routes, routeText } from "./routes";
import { mayRepeat, Trust } from "./route-trust";
import { NOT_SET } from "./timeouts";
import { GUARDED, NO, YES } from "./veto";

const NAME = "retry-guard";
const MAX_RETRIES = Bytes.constant("x-envoy-max-retries");
const RETRY_ON = Bytes.constant("x-envoy-retry-on");
const HEDGE = Bytes.constant("x-envoy-hedge-on-per-try-timeout");
const REQUEST_TIMEOUT = Bytes.constant("x-envoy-upstream-rq-timeout-ms");
const PER_TRY_TIMEOUT = Bytes.constant("x-envoy-upstream-rq-per-try-timeout-ms");
const ZERO = Bytes.constant("0");
const FALSE = Bytes.constant("false");
/** What Envoy retries only while nothing of the request reached a server that would act on it. */
const SAFE_CONDITIONS = Bytes.constant("connect-failure,refused-stream,reset-before-request");

const UNSAFE_POLICY = addErrorKind(
  "unsafe_retry_policy",
  "a route has a retry policy that repeats calls which may have been billed: no retries on it any more; write " +
    "retries.attempts: 0 there, or use proxyRetries strict",
);
const UNEXPLAINED = addErrorKind(
  "unexplained_retry",
  "a call was repeated, and what the first attempt came to was not seen: no retries on its route until a failure " +
    "shows that the route has no retry policy of its own",
);

const number = new ByteBuffer(24);
/** A learnt time never makes less of a call that took longer than this. */
const LONGEST_MS: i64 = 3_600_000;

/** The headers of Envoy's router that clients may not send. */
export function routerHeaders(): Bytes[] {
  return [
    MAX_RETRIES,
    RETRY_ON,
    HEDGE,
    REQUEST_TIMEOUT,
    PER_TRY_TIMEOUT,
    Bytes.constant("x-envoy-retry-grpc-on"),
    Bytes.constant("x-envoy-retriable-status-codes"),
    Bytes.constant("x-envoy-retriable-header-names"),
    Bytes.constant("x-envoy-upstream-rq-timeout-alt-response"),
  ];
}

/** The say of one configuration in the router's work. */
export class ProxyRetriesPolicy {
  private readonly models: Models;
  private readonly routes: Routes;

  constructor(
    private readonly config: RetryGuardConfig,
    shared: SharedConfig,
  ) {
    const instance = shared.instance.toString();
    this.models = new Models(instance);
    this.routes = new Routes(instance);
  }

  /** Makes shared state ready. */
  open(): void {
    this.models.open();
    this.routes.open();
  }

  /** What must be known before the headers go on. */
  get requestFacts(): RequestFact {
    const config = this.config;
    if (!config.isEnforced) return RequestFact.None;
    let facts = RequestFact.None;
    if (config.timeouts.needsModel || this.isBudgeted) facts |= RequestFact.Model;
    if (config.timeouts.needsStream) facts |= RequestFact.Stream;
    return facts;
  }

  /** Writes the router's headers. Within `editRequestHeaders`, behind all others that may change the route. */
  edit(call: AiCall, state: CallState): void {
    state.startNanos = nowNanos();
    if (!this.config.isEnforced) return;
    const map = HeaderMap.RequestHeaders;
    if (!state.isIdempotent) {
      if (this.config.proxyRetries == ProxyRetries.Veto) {
        // A hedged attempt begins before the one before it is over: nobody could veto it.
        setHeader(map, HEDGE, FALSE);
        setProperty(GUARDED, YES);
      } else if (this.config.proxyRetries == ProxyRetries.Safe && this.allows(call, state)) {
        state.isRetryAsked = true;
        setHeader(map, RETRY_ON, SAFE_CONDITIONS);
        setHeader(map, MAX_RETRIES, number.clear().i64(this.config.maxRetries).view());
        setHeader(map, HEDGE, FALSE);
      } else setHeader(map, MAX_RETRIES, ZERO);
    } else if (this.config.proxyRetries == ProxyRetries.Veto) setProperty(GUARDED, NO);
    this.editTimeouts(call);
  }

  /** Whether every attempt before the last one is known to have been harmless. */
  areEarlierSafe(state: CallState): bool {
    if (!this.config.isEnforced || state.isIdempotent) return false;
    // Asked for was only what was never sent, and the configuration says that nobody else asks.
    return this.config.proxyRetries == ProxyRetries.Veto || state.isRetryAsked;
  }

  /** Learns from a call that is over. */
  learn(call: AiCall, state: CallState, isGood: bool): void {
    const config = this.config;
    if (!config.isEnforced) return;
    if (config.proxyRetries == ProxyRetries.Safe && !state.isIdempotent && state.attempts > 0) this.learnRoute(state);
    const learnsTime = config.timeouts.isLearning;
    const exchange = call.exchange;
    if (!exchange || !exchange.isCall || state.attempts <= 0 || !(learnsTime || this.isBudgeted)) return;
    const isBad = !isGood && (state.failure != Failure.None || state.status >= 500) && !isCallersFault(state);
    const isTimed = learnsTime && (isGood || state.failure == Failure.Timeout);
    const duration = isTimed ? durationMs(state.startNanos) : -1;
    this.models.count(exchange.requestModel, exchange.isStream, state.attempts - 1, isGood, isBad, duration);
  }

  private get isBudgeted(): bool {
    return this.config.proxyRetries == ProxyRetries.Safe;
  }

  private allows(call: AiCall, state: CallState): bool {
    const exchange = call.exchange;
    // The route that counts is the one that the headers written so far lead to: writing one makes Envoy choose it anew.
    if (!mayRepeat(this.routes.resolve(state))) return false;
    if (!exchange || !exchange.isCall) return true;
    const config = this.config;
    return this.models.allowsRepeat(exchange.requestModel, exchange.isStream, config.budget, config.minSuccessRate);
  }

  private learnRoute(state: CallState): void {
    const news = this.routes.learn(state);
    if (news == Trust.Unsafe) {
      countUnsafePolicy();
      reportError(NAME, UNSAFE_POLICY, routeText.view());
    } else if (news == Trust.Probation) {
      countUnexplained();
      reportError(NAME, UNEXPLAINED, routeText.view());
    }
  }

  private editTimeouts(call: AiCall): void {
    const exchange = call.exchange;
    if (!exchange || !exchange.isCall) return;
    const rule = this.config.timeouts.find(exchange.requestModel, exchange.isStream);
    if (!rule) return;
    const p99 = rule.isLearning ? this.models.p99Ms(exchange.requestModel, exchange.isStream) : 0;
    setTime(REQUEST_TIMEOUT, rule.inForce(rule.requestMs, p99));
    setTime(PER_TRY_TIMEOUT, rule.inForce(rule.perTryMs, p99));
  }
}

function setTime(name: Bytes, ms: i64): void {
  if (ms != NOT_SET) setHeader(HeaderMap.RequestHeaders, name, number.clear().i64(ms).view());
}

/** An answer of 400 to 428 and the like says nothing about the model's health. */
function isCallersFault(state: CallState): bool {
  return state.failure == Failure.Answer && state.status < 500 && state.status != 429;
}

/** A clock that was set back is no time at all, one that was set forward a long one at most. */
function durationMs(sinceNanos: u64): i64 {
  const now = nowNanos();
  return now <= sinceNanos ? 0 : min<i64>(<i64>((now - sinceNanos) / 1_000_000), LONGEST_MS);
}
