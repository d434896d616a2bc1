// Decides about a call: asks every budget that is about it, and takes all back when one of them refuses.
import { AiCall } from "../../runtime/ai/call";
import { Exchange } from "../../runtime/ai/exchange";
import { Pricer } from "../../runtime/ai/pricer";
import { Asked } from "../../runtime/ai/questions";
import { RequestType } from "../../runtime/ai/request-type";
import { nowNanos } from "../../runtime/host/clock";
import { UNITS_PER_NANO } from "../../runtime/price/amount";
import { OnError } from "../../runtime/rls/config";
import { SERVICE_AWAY } from "../../runtime/rls/service";
import { ErrorKind, reportError } from "../../runtime/telemetry/errors";
import { Budget, OnMissingKey } from "./budget";
import { finishClaim } from "./budget-keys";
import { refuseBudget, refuseMissingKey, refuseUnknownBudget } from "./budget-refusal";
import { BudgetTelemetry, Loudness } from "./budget-telemetry";
import { CallMemory, CallNote } from "./call-memory";
import { Claim, Claims, ClaimState } from "./claims";
import { CostConfig } from "./config";
import { GlobalBudgets } from "./global-budgets";
import { fits } from "./ledger";
import { Ledgers } from "./ledgers";

const FILTER = "cost-accounting";
const USUAL_OUTPUT: i64 = 1000;
const RATIO_ONE: i64 = 1_000_000_000;
const NANOS: u64 = 1_000_000_000;


@final
export class BudgetRuling {
  private readonly budgets: Budget[];

  constructor(
    private readonly config: CostConfig,
    private readonly memory: CallMemory,
    private readonly claims: Claims,
    private readonly ledgers: Ledgers,
    private readonly global: GlobalBudgets,
    private readonly telemetry: BudgetTelemetry,
    private readonly pricer: Pricer,
  ) {
    this.budgets = config.budgets;
  }

  /** Asks all budgets. False: the call is refused, and answered. Where the rate limit service is asked, `confirm` follows. */
  decide(call: AiCall, exchange: Exchange, note: CallNote): bool {
    const now = <i64>(nowNanos() / NANOS);
    const estimate = this.estimate(call, exchange, note);
    for (let rest = note.budgets; rest != 0; rest &= rest - 1) {
      const index = <i32>ctz(rest);
      const budget = this.budgets[index];
      const claim = this.claims.claim(call.slot, index);
      if (!finishClaim(call, exchange, claim, this.claims, this.ledgers, budget, index)) {
        claim.state = ClaimState.None;
        continue;
      }
      if (!claim.isWhole && budget.onMissingKey == OnMissingKey.Reject && !budget.isShadow) {
        this.refuse(call, note, index, now);
        refuseMissingKey(call, budget);
        return false;
      }
      if (!this.ask(call, note, index, claim, estimate, now)) return false;
    }
    return note.asks == 0 || this.global.ask(call, note, now) || this.decideAlone(call, note, now);
  }

  /** The rate limit service answered, or did not. False: the call is refused, and answered. */
  confirm(call: AiCall, note: CallNote): bool {
    const now = <i64>(nowNanos() / NANOS);
    if (note.asked != Asked.Answered) return this.decideAlone(call, note, now);
    for (let rest = note.asks; rest != 0; rest &= rest - 1) {
      const index = <i32>ctz(rest);
      const claim = this.claims.claim(call.slot, index);
      const taken = claim.spent + claim.unsent + claim.inFlight;
      if (!this.judge(call, note, index, claim, fits(taken, claim.amount, claim.reserved), taken, now)) return false;
    }
    return true;
  }

  /** Takes back all that was reserved for a call. */
  takeBack(slot: i32, now: i64): void {
    for (let i = 0, k = this.budgets.length; i < k; i++) {
      const claim = this.claims.claim(slot, i);
      if (!isReserved(claim.state)) continue;
      if (!this.ledgers.settle(i, claim, 0, now)) this.reportFault(i);
      claim.state = ClaimState.None;
    }
  }

  /** Asks one budget. */
  private ask(call: AiCall, note: CallNote, index: i32, claim: Claim, estimate: i64, now: i64): bool {
    const budget = this.budgets[index];
    const amount = budget.share(claim.amount);
    const reserving = this.ledgers.reserving;
    claim.commonHigh = claim.high;
    claim.commonLow = claim.low;
    const always = budget.isGlobal || budget.isShadow || budget.tags;
    if (!this.ledgers.reserve(index, claim, amount, estimate, always, now)) {
      this.reportFault(index);
      this.telemetry.tell(note, index, Loudness.Unknown);
      claim.state = ClaimState.Unknown;
      return true;
    }
    claim.reserved = estimate;
    claim.generation = reserving.generation;
    claim.amount = amount;
    if (!budget.isGlobal) {
      const before = reserving.spent + reserving.inFlight;
      return this.judge(call, note, index, claim, reserving.isAdmitted, before, now);
    }
    claim.inFlight = reserving.inFlight;
    claim.spentHere = reserving.spent;
    claim.unsent = reserving.unsent;
    claim.state = ClaimState.Asked;
    note.asks |= (<u32>1) << (<u32>index);
    return true;
  }

  /** The rate limit service is away: each budget that it keeps decides as `onError` says. */
  private decideAlone(call: AiCall, note: CallNote, now: i64): bool {
    const global = this.config.global;
    note.asked = Asked.Failed;
    for (let rest = note.asks; rest != 0; rest &= rest - 1) {
      const index = <i32>ctz(rest);
      const claim = this.claims.claim(call.slot, index);
      const budget = this.budgets[index];
      reportError(FILTER, SERVICE_AWAY, budget.name.bytes);
      if (global.onError == OnError.Local) {
        const taken = claim.spentHere + claim.inFlight;
        const share = shareOf(claim.amount, global.localShare);
        if (!this.judge(call, note, index, claim, fits(taken, share, claim.reserved), taken, now)) return false;
        continue;
      }
      if (global.onError == OnError.Closed && !budget.isShadow) {
        if (budget.tags) {
          this.judge(call, note, index, claim, false, 0, now);
          continue;
        }
        this.refuse(call, note, index, now);
        refuseUnknownBudget(call, budget);
        return false;
      }
      claim.state = ClaimState.Admitted;
      this.telemetry.tell(note, index, Loudness.Unknown);
    }
    return true;
  }

  /** One budget's word: `taken` was taken before this call. False: it is refused, and answered. */
  private judge(call: AiCall, note: CallNote, index: i32, claim: Claim, isAdmitted: bool, taken: i64, now: i64): bool {
    const budget = this.budgets[index];
    if (isAdmitted) {
      claim.state = ClaimState.Admitted;
      const isNear = warns(budget, claim.amount, taken + claim.reserved);
      this.telemetry.tell(note, index, isNear ? Loudness.Warn : Loudness.Ok);
      return true;
    }
    if (budget.isShadow || budget.tags) {
      claim.state = ClaimState.Exceeded;
      this.telemetry.tell(note, index, budget.isShadow ? Loudness.WouldReject : Loudness.Exceeded);
      return true;
    }
    const end = budget.isGlobal ? budget.window.endOf(budget.window.startOf(now, 0)) : this.ledgers.reserving.end;
    this.refuse(call, note, index, now);
    refuseBudget(call, budget, claim.amount, this.config.currency.bytes, end, now);
    return false;
  }

  private refuse(call: AiCall, note: CallNote, index: i32, now: i64): void {
    this.takeBack(call.slot, now);
    this.claims.claim(call.slot, index).state = ClaimState.Refused;
    note.refusedBy = index;
    this.telemetry.tell(note, index, Loudness.Rejected);
  }

  /** What a call will cost, in 1e-9 of the currency, rounded up; 0 without a price. */
  private estimate(call: AiCall, exchange: Exchange, note: CallNote): i64 {
    const type = exchange.requestType;
    const writes = type == RequestType.Chat || type == RequestType.Completion;
    const most = exchange.maxOutputTokens;
    const usual = writes ? USUAL_OUTPUT : 0;
    const output = most >= 0 ? min(most, usual) : usual;
    const input = exchange.estimatedInput;
    const cost = this.pricer.estimate(exchange, this.memory.host(call.slot), input, output, note.startNanos);
    if (cost <= 0) return 0;
    return cost / UNITS_PER_NANO + (cost % UNITS_PER_NANO ? 1 : 0);
  }

  private reportFault(index: i32): void {
    reportError(FILTER, ErrorKind.HostFault, this.budgets[index].name.bytes);
  }
}

/** Whether a ledger holds something for the call. */
export function isReserved(state: ClaimState): bool {
  return state == ClaimState.Asked || state == ClaimState.Admitted || state == ClaimState.Exceeded;
}

/** Whether the first of the shares that are told is reached. */
function warns(budget: Budget, amount: i64, taken: i64): bool {
  return budget.warnAt.length > 0 && taken >= shareOf(amount, budget.warnAt[0]);
}

/** A share in 1e-9 of an amount. */
function shareOf(amount: i64, share: i64): i64 {
  return (amount / RATIO_ONE) * share + ((amount % RATIO_ONE) * share) / RATIO_ONE;
}
