// Decides about a call: asks every rule that is about it, and takes all back when one of them refuses.
import { AiCall } from "../../runtime/ai/call";
import { Exchange } from "../../runtime/ai/exchange";
import { RequestFact } from "../../runtime/ai/facts";
import { ErrorKind, reportError } from "../../runtime/telemetry/errors";
import { taking } from "./buckets";
import { CallNote, NO_RULE } from "./call-memory";
import { finishKey } from "./call-keys";
import { Dialect } from "./dialects";
import { OnError } from "../../runtime/rls/config";
import { SERVICE_AWAY } from "../../runtime/rls/service";
import { Asked } from "../../runtime/ai/questions";
import { Grant, GrantState } from "./grant";
import { LEASE_MS } from "./leases";
import { Limits } from "./limits";
import { refuse, refuseMissing, refuseUnknown } from "./refusal";
import { OnMissingKey, Rule } from "./rule";
import { countDecisions, countVerdict, Verdict } from "./telemetry";
import { countsUsage, Unit } from "./unit";

/** The filter, as its errors name it. */
export const FILTER: string = "rate-limit";


@final
export class Ruling {
  constructor(private readonly limits: Limits) {}

  /** Asks all rules. False: the call is refused, and answered. Where the rate limit service is asked, `confirm` follows. */
  decide(call: AiCall, exchange: Exchange, note: CallNote): bool {
    const limits = this.limits;
    limits.begin();
    note.isDecided = true;
    for (let rest = note.matched; rest != 0; rest &= rest - 1) {
      const index = <i32>ctz(rest);
      const rule = limits.rules[index];
      const grant = limits.memory.grant(call.slot, index);
      if (!finishKey(limits, call, exchange, index)) {
        grant.state = GrantState.None;
        continue;
      }
      if (!grant.isWhole && rule.onMissingKey == OnMissingKey.Reject && !rule.isShadow) {
        this.end(call, note, index, index);
        grant.state = GrantState.Over;
        refuseMissing(call, limits.config.reject, rule);
        return false;
      }
      if (!this.ask(call, exchange, note, index)) return false;
    }
    if (note.asks != 0) return limits.global.ask(call, note.asks) || this.decideAlone(call, exchange, note);
    countDecisions(limits, call.slot, note);
    return true;
  }

  /** The rate limit service answered, or did not. False: the call is refused, and answered. */
  confirm(call: AiCall, exchange: Exchange, note: CallNote): bool {
    const limits = this.limits;
    limits.begin();
    if (note.asked != Asked.Answered) return this.decideAlone(call, exchange, note);
    for (let rest = note.asks; rest != 0; rest &= rest - 1) {
      const index = <i32>ctz(rest);
      const grant = limits.memory.grant(call.slot, index);
      if (grant.answer == GrantState.Granted) grant.state = GrantState.Granted;
      else if (!this.letOver(call, note, index, limits.rules.length)) return false;
    }
    countDecisions(limits, call.slot, note);
    return true;
  }

  /** Asks one rule. */
  private ask(call: AiCall, exchange: Exchange, note: CallNote, index: i32): bool {
    const limits = this.limits;
    const rule = limits.rules[index];
    const grant = limits.memory.grant(call.slot, index);
    if (limits.global.keeps(rule)) {
      note.asks |= (<u64>1) << (<u64>index);
      grant.askedHigh = grant.high;
      grant.askedLow = grant.low;
      if (!rule.reserves) {
        grant.state = GrantState.Asked;
        return true;
      }
    } else if (limits.leases.spend(index, grant)) return true;
    if (!limits.buckets.take(index, grant, this.askedOf(call, exchange, note, rule), limits.clock())) {
      reportError(FILTER, ErrorKind.HostFault, rule.name.bytes);
      grant.state = GrantState.Unknown;
      if (!limits.config.failsClosed || rule.isShadow) return true;
      this.end(call, note, index, index);
      refuseUnknown(call, rule);
      return false;
    }
    if (taking.tookExtra) {
      limits.leases.keep(index, grant);
      call.plugin.tickWithin(LEASE_MS, call.request.reader);
    }
    return grant.state != GrantState.Over || this.letOver(call, note, index, index);
  }

  /** The rate limit service is away: each rule that it keeps decides as `onError` says. */
  private decideAlone(call: AiCall, exchange: Exchange, note: CallNote): bool {
    const limits = this.limits;
    const onError = limits.config.global.onError;
    const count = limits.rules.length;
    note.asked = Asked.Failed;
    for (let rest = note.asks; rest != 0; rest &= rest - 1) {
      const index = <i32>ctz(rest);
      const rule = limits.rules[index];
      const grant = limits.memory.grant(call.slot, index);
      reportError(FILTER, SERVICE_AWAY, rule.name.bytes);
      if (rule.isShadow || onError == OnError.Open) {
        if (grant.state == GrantState.Asked) grant.state = GrantState.Unknown;
        continue;
      }
      if (onError == OnError.Closed) {
        this.end(call, note, index, count);
        refuseUnknown(call, rule);
        return false;
      }
      this.giveBack(index, grant);
      limits.buckets.standAlone(grant);
      if (!limits.buckets.take(index, grant, this.askedOf(call, exchange, note, rule), limits.clock())) {
        grant.state = GrantState.Unknown;
      } else if (grant.state == GrantState.Over && !this.letOver(call, note, index, count)) return false;
    }
    countDecisions(limits, call.slot, note);
    return true;
  }

  /** A rule's limit is reached: false when the call is refused for it. Rules before `taken` may have taken something. */
  private letOver(call: AiCall, note: CallNote, index: i32, taken: i32): bool {
    const limits = this.limits;
    const rule = limits.rules[index];
    const grant = limits.memory.grant(call.slot, index);
    const asked = countsUsage(rule.unit) ? grant.units / limits.buckets.limitOf(rule, grant).meter.scale : 0;
    this.giveBack(index, grant);
    grant.state = GrantState.Over;
    if (rule.isShadow) return true;
    if (rule.tags) {
      grant.state = GrantState.Tagged;
      if (note.taggedBy == NO_RULE) note.taggedBy = index;
      return true;
    }
    this.end(call, note, index, taken);
    refuse(call, limits.config, rule, grant, asked);
    if (!(limits.config.reject.dialects & Dialect.None)) limits.headers.write(call.slot, call.reply.headers);
    return false;
  }

  /** A rule refuses the call: takes back what the rules before `taken` took. */
  private end(call: AiCall, note: CallNote, index: i32, taken: i32): void {
    const limits = this.limits;
    for (let i = 0; i < taken; i++) {
      const grant = limits.memory.grant(call.slot, i);
      this.giveBack(i, grant);
      if (grant.state == GrantState.Granted || grant.state == GrantState.Asked) grant.state = GrantState.None;
    }
    note.refusedBy = index;
    countVerdict(Verdict.Throttled, limits.labels[index], note.consumer);
  }

  /** Takes back what one rule took. */
  private giveBack(index: i32, grant: Grant): void {
    const limits = this.limits;
    if (grant.state != GrantState.Granted) return;
    const isSpent = grant.isLeased && limits.leases.undo(index, grant);
    const isGood = isSpent || limits.buckets.undo(index, grant, limits.clock());
    if (!isGood) reportError(FILTER, ErrorKind.HostFault, limits.rules[index].name.bytes);
    grant.units = 0;
  }

  /** Parts of tokens, or of money, that a call asks a rule for. */
  private askedOf(call: AiCall, exchange: Exchange, note: CallNote, rule: Rule): i64 {
    const limits = this.limits;
    if (!countsUsage(rule.unit)) return 1;
    if (!rule.reserves) return 0;
    if (!note.isEstimated) {
      const isRead = exchange.isRequestKnown(RequestFact.WholeBody);
      limits.models.estimate(exchange, note, isRead, call.requestLength);
    }
    if (rule.unit == Unit.Cost) return limits.money.expected(exchange, note, call.slot);
    return rule.weights.ofEstimate(note.input, note.cached, note.output);
  }
}
