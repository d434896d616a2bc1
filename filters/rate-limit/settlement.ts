// A call is over: every rule gets what it cost instead of what was reserved, and the model's next estimate is better.
import { AiCall } from "../../runtime/ai/call";
import { Exchange } from "../../runtime/ai/exchange";
import { RequestFact, UsageStatus } from "../../runtime/ai/facts";
import { ErrorKind, reportError } from "../../runtime/telemetry/errors";
import { CallNote } from "./call-memory";
import { costOf } from "./cost";
import { Asked } from "../../runtime/ai/questions";
import { GrantState } from "./grant";
import { Limits } from "./limits";
import { Rule } from "./rule";
import { FILTER } from "./ruling";
import { countsUsage, Unit } from "./unit";

/** Settles a call that was not refused here. Within `onLog`. */
export function settleCall(limits: Limits, call: AiCall, exchange: Exchange, note: CallNote): void {
  limits.begin();
  // Answered by another filter, or left while the rate limit service was asked: it did not go on.
  const wentOn = !call.isAnswered && note.asked != Asked.Pending;
  for (let rest = note.matched; rest != 0; rest &= rest - 1) {
    const index = <i32>ctz(rest);
    if (wentOn) settleRule(limits, exchange, note, call.slot, index);
    else undoRule(limits, call.slot, index);
  }
  if (exchange.usage.status == UsageStatus.Complete && limits.settles(call.slot)) {
    limits.models.learn(exchange, limits.clock());
  }
}

function settleRule(limits: Limits, exchange: Exchange, note: CallNote, slot: i32, index: i32): void {
  const rule = limits.rules[index];
  const grant = limits.memory.grant(slot, index);
  if (!rule.isReserving || (grant.state != GrantState.Granted && grant.state != GrantState.Unknown)) return;
  const cost = costFor(limits, exchange, note, slot, rule);
  const isKept = limits.global.keeps(rule);
  if (isKept && !limits.global.charge(index, grant, cost)) reportError(FILTER, ErrorKind.StateFull, rule.name.bytes);
  if (grant.state != GrantState.Granted || (isKept && !rule.reserves && !grant.isAlone)) return;
  if (!limits.buckets.settle(index, grant, cost, limits.clock())) {
    reportError(FILTER, ErrorKind.HostFault, rule.name.bytes);
  }
}

function undoRule(limits: Limits, slot: i32, index: i32): void {
  const grant = limits.memory.grant(slot, index);
  if (grant.state != GrantState.Granted || limits.buckets.undo(index, grant, limits.clock())) return;
  reportError(FILTER, ErrorKind.HostFault, limits.rules[index].name.bytes);
}

/** Parts of tokens, or of money, that a call cost a rule. */
function costFor(limits: Limits, exchange: Exchange, note: CallNote, slot: i32, rule: Rule): i64 {
  if (!countsUsage(rule.unit)) return 0;
  if (!note.isEstimated && exchange.usage.status != UsageStatus.Complete) {
    limits.models.estimate(exchange, note, exchange.isRequestKnown(RequestFact.WholeBody), -1);
  }
  if (rule.unit == Unit.Cost) return limits.money.spent(exchange, note, slot, FILTER);
  return costOf(exchange, rule.weights, note);
}
