// What the filter tells of its decisions: metrics, and filter state for access logs.
import { MetricType } from "../../runtime/abi/enums";
import { Bytes } from "../../runtime/bytes/bytes";
import { setState, setStateNumber, State } from "../../runtime/telemetry/filter-state";
import { Label } from "../../runtime/telemetry/labels";
import { Family } from "../../runtime/telemetry/series";
import { Grant } from "./grant";
import { millisUp } from "./wait";

export const ruleLabel: Label = new Label("rule");
export const consumerLabel: Label = new Label("consumer", true);

const labels = [ruleLabel, consumerLabel];
const allowed = new Family(MetricType.Counter, "sluice.ratelimit.allowed", labels);
const throttled = new Family(MetricType.Counter, "sluice.ratelimit.throttled", labels);
const wouldThrottle = new Family(MetricType.Counter, "sluice.ratelimit.would_throttle", labels);

const ALLOWED = Bytes.constant("allowed");
const THROTTLED = Bytes.constant("throttled");
const WOULD_THROTTLE = Bytes.constant("would-throttle");

/** A decision of one rule about one call. */
export const enum Verdict {
  Allowed,
  /** Refused. */
  Throttled,
  /** Over the limit, but let through: by a shadow rule, or with a tag. */
  WouldThrottle,
}

/** Counts a decision, by the labels of the rule and of the caller. */
export function countVerdict(verdict: Verdict, rule: i32, consumer: i32): void {
  if (verdict == Verdict.Allowed) allowed.increment(1, rule, consumer);
  else if (verdict == Verdict.Throttled) throttled.increment(1, rule, consumer);
  else wouldThrottle.increment(1, rule, consumer);
}

/** Writes what became of a call: of the rules that decided, the one that says most. Within `onLog`. */
export function writeState(verdict: Verdict, rule: Bytes, grant: Grant, reserved: i64): void {
  setState(
    State.RateLimit,
    verdict == Verdict.Allowed ? ALLOWED : verdict == Verdict.Throttled ? THROTTLED : WOULD_THROTTLE,
  );
  setState(State.RateLimitRule, rule);
  setStateNumber(State.RateLimitRemaining, grant.remaining);
  if (verdict != Verdict.Allowed) setStateNumber(State.RateLimitWaitMs, millisUp(grant.wait));
  if (reserved > 0) setStateNumber(State.Reserved, reserved);
}
