// What is known of a call, for access logs and other filters: filter state `wasm.sluice.NAME`.
import { Status } from "../abi/enums";
import { ByteBuffer } from "../bytes/buffer";
import { Bytes } from "../bytes/bytes";
import { setProperty } from "../host/properties";

/** The names, in the order of the texts below. */
export const enum State {
  Model,
  ResponseModel,
  ModelSource,
  RequestType,
  Api,
  Provider,
  Stream,
  Outcome,
  Consumer,
  Team,
  Project,
  Tier,
  Split,
  Variant,
  InputTokens,
  OutputTokens,
  CachedInputTokens,
  CacheWriteTokens,
  ReasoningTokens,
  UsageStatus,
  Cost,
  Currency,
  PriceId,
  Budget,
  BudgetName,
  RateLimit,
  RateLimitRule,
  RateLimitWaitMs,
  RateLimitRemaining,
  Reserved,
  RetryVerdict,
  RetryReason,
  Attempts,
  OriginalRequestId,
  Replayed,
  Fallback,
  ConfigHash,
}

const NAMES: string[] = [
  "model",
  "response_model",
  "model_source",
  "request_type",
  "api",
  "provider",
  "stream",
  "outcome",
  "consumer",
  "team",
  "project",
  "tier",
  "split",
  "variant",
  "input_tokens",
  "output_tokens",
  "cached_input_tokens",
  "cache_write_tokens",
  "reasoning_tokens",
  "usage_status",
  "cost",
  "currency",
  "price_id",
  "budget",
  "budget_name",
  "ratelimit",
  "ratelimit_rule",
  "ratelimit_wait_ms",
  "ratelimit_remaining",
  "reserved",
  "retry_verdict",
  "retry_reason",
  "attempts",
  "original_request_id",
  "replayed",
  "fallback",
  "config_hash",
];

// The dot is a byte of the name: Envoy splits paths at 0, and shows a name of one part behind `wasm.`.
const PATHS: StaticArray<Bytes> = paths();
const number = new ByteBuffer(32);
const TRUE = Bytes.constant("true");
const FALSE = Bytes.constant("false");

/**
 * Writes one fact of the effective stream. Seen by the access log when written in `onLog` or before; once written it can
 * be changed, not removed. An absent value writes nothing.
 */
export function setState(state: State, value: Bytes): Status {
  if (!value.isPresent) return Status.Ok;
  return setProperty(statePath(state), value);
}

/** As `setState`, a number in decimal. Nothing is allocated. */
export function setStateNumber(state: State, value: i64): Status {
  return setProperty(statePath(state), number.clear().i64(value).view());
}

/** As `setState`, `true` or `false`. */
export function setStateFlag(state: State, value: bool): Status {
  return setProperty(statePath(state), value ? TRUE : FALSE);
}

/** The property path of a fact, to read it back with `getProperty`. */
export function statePath(state: State): Bytes {
  return <u32>state < <u32>PATHS.length ? unchecked(PATHS[<i32>state]) : Bytes.empty();
}

function paths(): StaticArray<Bytes> {
  const all = new StaticArray<Bytes>(NAMES.length);
  for (let i = 0; i < NAMES.length; i++) all[i] = Bytes.constant("sluice." + NAMES[i]);
  return all;
}
