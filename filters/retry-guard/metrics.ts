// The guard's counters.
import { MetricType } from "../../runtime/abi/enums";
import { AiCall } from "../../runtime/ai/call";
import { labelOfModel, modelLabel } from "../../runtime/ai/record";
import { Label, OTHER } from "../../runtime/telemetry/labels";
import { Family } from "../../runtime/telemetry/series";
import { Original } from "./ledger-entry";
import { Reason, reasonTexts, Verdict } from "./verdict";

/** What became of a repeat; the label `action`. */
export const enum Action {
  Passed,
  Rejected,
  Replayed,
  /** 422: the same key, another body. */
  Refused,
  /** In shadow: what would have been done. */
  WouldReject,
  WouldReplay,
}

const reasons = new Label("reason");
const firstReason = reasons.reserveAll(reasonTexts());
const originals = new Label("original");
const firstOriginal = originals.reserveAll([
  "unknown",
  "ambiguous",
  "running",
  "completed",
  "unfinished",
  "failed",
  "free",
]);
const actions = new Label("action");
const firstAction = actions.reserveAll(["passed", "rejected", "replayed", "refused", "would_reject", "would_replay"]);

const safe = new Family(MetricType.Counter, "sluice.retry_guard.safe", [reasons, modelLabel]);
const unsafe = new Family(MetricType.Counter, "sluice.retry_guard.unsafe", [reasons, modelLabel]);
const unknown = new Family(MetricType.Counter, "sluice.retry_guard.unknown", [reasons, modelLabel]);
const attempts = new Family(MetricType.Counter, "sluice.retry_guard.attempts", [modelLabel]);
const avoided = new Family(MetricType.Counter, "sluice.retry_guard.retries_avoided", [modelLabel]);
const stopped = new Family(MetricType.Counter, "sluice.retry_guard.clients_stopped", [modelLabel]);
const repeats = new Family(MetricType.Counter, "sluice.retry_guard.repeats", [originals, actions, modelLabel]);
const unsafePolicy = new Family(MetricType.Counter, "sluice.retry_guard.unsafe_policy", []);
const unexplained = new Family(MetricType.Counter, "sluice.retry_guard.unexplained_retries", []);
const saved = new Family(MetricType.Counter, "sluice.retry_guard.saved_nano", []);
const fallbacks = new Family(MetricType.Counter, "sluice.fallbacks", [reasons, modelLabel]);

/** The label of a call's model. */
export function modelOf(call: AiCall): i32 {
  const exchange = call.exchange;
  return exchange ? labelOfModel(call, exchange) : OTHER;
}

/** A call failed, and was judged. */
export function countVerdict(verdict: Verdict, reason: Reason, model: i32): void {
  const label = labelOf(reason);
  if (verdict == Verdict.Safe) safe.increment(1, label, model);
  else if (verdict == Verdict.Unsafe) unsafe.increment(1, label, model);
  else if (verdict == Verdict.Unknown) unknown.increment(1, label, model);
}

/** So many attempts were made at the upstream. */
export function countAttempts(number: i64, model: i32): void {
  if (number > 0) attempts.increment(number, model);
}

/** The route would have repeated a call, and the guard kept it from that. */
export function countAvoided(model: i32): void {
  avoided.increment(1, model);
}

/** A client was told not to repeat. */
export function countStopped(model: i32): void {
  stopped.increment(1, model);
}

/** A repeat came. */
export function countRepeat(original: Original, action: Action, model: i32): void {
  repeats.increment(1, firstOriginal + <i32>original, firstAction + <i32>action, model);
}

/** A route turned out to have a policy that bills twice. */
export function countUnsafePolicy(): void {
  unsafePolicy.increment(1);
}

/** A repeat came about whose cause was not seen. */
export function countUnexplained(): void {
  unexplained.increment(1);
}

/** What a repeat would have cost that was not sent, in 1e-9 of the currency. */
export function countSaved(nano: i64): void {
  if (nano > 0) saved.increment(nano);
}

/** A canned answer went out. */
export function countFallback(reason: Reason, model: i32): void {
  fallbacks.increment(1, labelOf(reason), model);
}

function labelOf(reason: Reason): i32 {
  return reason == Reason.None ? OTHER : firstReason + <i32>reason - 1;
}
