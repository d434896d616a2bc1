// What the filter tells of its decisions: metrics, and filter state for access logs.
import { MetricType } from "../../runtime/abi/enums";
import { AiCall } from "../../runtime/ai/call";
import { Exchange } from "../../runtime/ai/exchange";
import { Outcome } from "../../runtime/ai/facts";
import { Bytes } from "../../runtime/bytes/bytes";
import { setState, setStateNumber, State } from "../../runtime/telemetry/filter-state";
import { Label, OTHER } from "../../runtime/telemetry/labels";
import { Family } from "../../runtime/telemetry/series";
import { CallNote, NO_RULE } from "./call-memory";
import { GrantState } from "./grant";
import { Limits } from "./limits";
import { NEVER } from "./meter";
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

/** Counts what the rules decided about a call that goes on. */
export function countDecisions(limits: Limits, slot: i32, note: CallNote): void {
  for (let rest = note.matched; rest != 0; rest &= rest - 1) {
    const index = <i32>ctz(rest);
    const state = limits.memory.grant(slot, index).state;
    if (state == GrantState.Granted) countVerdict(Verdict.Allowed, limits.labels[index], note.consumer);
    else if (isOver(state)) countVerdict(Verdict.WouldThrottle, limits.labels[index], note.consumer);
  }
}

/** Finds the caller's label; one who has none yet is remembered until the call was good. Within the headers callback. */
export function nameCaller(limits: Limits, call: AiCall, note: CallNote): void {
  const name = call.facts.consumer();
  note.consumer = consumerLabel.find(name);
  if (note.consumer == OTHER) limits.memory.keepName(call.slot, name);
}

/** Gives a caller who has none a label, after a good call. */
export function admitCaller(limits: Limits, exchange: Exchange, slot: i32): void {
  const name = limits.memory.name(slot);
  if (name.isEmpty || exchange.outcome != Outcome.Ok || !exchange.usage.isPresent) return;
  consumerLabel.admit(name, limits.shared.maxConsumers);
}

/** Writes what became of a call: of the rules that decided the one that says most. Within `onLog`. */
export function tell(limits: Limits, slot: i32, note: CallNote): void {
  let told = note.refusedBy;
  let verdict = told != NO_RULE ? Verdict.Throttled : Verdict.Allowed;
  for (let rest = note.matched; rest != 0 && note.refusedBy == NO_RULE; rest &= rest - 1) {
    const index = <i32>ctz(rest);
    const state = limits.memory.grant(slot, index).state;
    if (isOver(state) && verdict == Verdict.Allowed) {
      verdict = Verdict.WouldThrottle;
      told = index;
    }
    if (state == GrantState.Granted && told == NO_RULE) told = index;
  }
  if (told == NO_RULE) return;
  const grant = limits.memory.grant(slot, told);
  setState(State.RateLimit, textOf(verdict));
  setState(State.RateLimitRule, limits.rules[told].name.bytes);
  setStateNumber(State.RateLimitRemaining, grant.remaining);
  if (verdict != Verdict.Allowed && grant.wait != NEVER) setStateNumber(State.RateLimitWaitMs, millisUp(grant.wait));
  if (note.isEstimated) setStateNumber(State.Reserved, note.input + note.output);
}

function isOver(state: GrantState): bool {
  return state == GrantState.Over || state == GrantState.Tagged;
}

function textOf(verdict: Verdict): Bytes {
  return verdict == Verdict.Allowed ? ALLOWED : verdict == Verdict.Throttled ? THROTTLED : WOULD_THROTTLE;
}
