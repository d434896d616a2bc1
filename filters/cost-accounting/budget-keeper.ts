// Keeps budgets: reserves before a call, refuses or tags what is beyond, settles to what it cost.
import { HeaderMap } from "../../runtime/abi/enums";
import { AiCall } from "../../runtime/ai/call";
import { RequestFact } from "../../runtime/ai/facts";
import { Part } from "../../runtime/ai/part";
import { Pricer } from "../../runtime/ai/pricer";
import { Asked } from "../../runtime/ai/questions";
import { Bytes } from "../../runtime/bytes/bytes";
import { SharedConfig } from "../../runtime/config/shared";
import { nowNanos } from "../../runtime/host/clock";
import { setHeader } from "../../runtime/host/headers";
import { Cause } from "../../runtime/stream/half";
import { ErrorKind, reportError } from "../../runtime/telemetry/errors";
import { setState, State } from "../../runtime/telemetry/filter-state";
import { isCharged } from "./accountant";
import { Budget } from "./budget";
import { beginClaim } from "./budget-keys";
import { BudgetRuling, isReserved } from "./budget-ruling";
import { BudgetTelemetry, WORDS } from "./budget-telemetry";
import { CallMemory, NO_BUDGET } from "./call-memory";
import { Claim, Claims } from "./claims";
import { CostConfig } from "./config";
import { GlobalAdjustments } from "./global-adjustments";
import { GlobalBudgets } from "./global-budgets";
import { Ledgers } from "./ledgers";

const HEADER = Bytes.constant("x-ai-budget");
const NANOS: u64 = 1_000_000_000;

/** The part that keeps budgets. State per call is in `CallMemory` and `Claims`. */
export class BudgetKeeper extends Part {
  private readonly budgets: Budget[];
  private readonly claims: Claims;
  private readonly ledgers: Ledgers;
  private readonly global: GlobalBudgets;
  private readonly adjustments: GlobalAdjustments;
  private readonly telemetry: BudgetTelemetry;
  private readonly ruling: BudgetRuling;

  constructor(
    private readonly config: CostConfig,
    shared: SharedConfig,
    private readonly memory: CallMemory,
    pricer: Pricer,
  ) {
    super("cost-accounting");
    const claims = new Claims(config.budgets.length);
    const ledgers = new Ledgers(config.budgets, shared);
    const global = new GlobalBudgets(config.global, config.budgets, claims, memory, ledgers);
    const telemetry = new BudgetTelemetry(config.budgets, shared);
    this.budgets = config.budgets;
    this.claims = claims;
    this.ledgers = ledgers;
    this.global = global;
    this.adjustments = new GlobalAdjustments(config, ledgers, global);
    this.telemetry = telemetry;
    this.ruling = new BudgetRuling(config, memory, claims, ledgers, global, telemetry, pricer);
  }

  ownHeaders(): Bytes[] {
    return [HEADER];
  }

  onOpen(configHash: u64): void {
    const now = seconds();
    this.ledgers.open(this.config.adjustments, now);
    this.telemetry.open(now);
  }

  grow(slots: i32): void {
    this.claims.grow(slots);
    this.global.grow(slots);
  }

  reset(slot: i32): void {
    this.global.forget(slot);
    this.claims.clear(slot);
  }

  /** What rules ask of headers is answered now: they are gone when the model is known. */
  onRequestHeaders(call: AiCall): void {
    if (!isCharged(call)) return;
    const note = this.memory.note(call.slot);
    this.claims.clear(call.slot);
    for (let i = 0, k = this.budgets.length; i < k; i++) {
      const budget = this.budgets[i];
      if (!budget.when.headersMatch(call.facts)) continue;
      note.budgets |= (<u32>1) << (<u32>i);
      beginClaim(call, this.claims, this.ledgers, budget, i);
    }
  }

  /** The whole body: its size is what a call is estimated by. */
  requestFacts(call: AiCall): RequestFact {
    return this.memory.note(call.slot).budgets
      ? RequestFact.Model | RequestFact.MaxOutput | RequestFact.WholeBody
      : RequestFact.None;
  }

  decideRequest(call: AiCall, cause: Cause): bool {
    const exchange = call.exchange;
    const note = this.memory.note(call.slot);
    return !exchange || note.budgets == 0 || this.ruling.decide(call, exchange, note);
  }

  isAwaiting(call: AiCall): bool {
    return this.memory.note(call.slot).asked == Asked.Pending;
  }

  confirmRequest(call: AiCall): bool {
    const note = this.memory.note(call.slot);
    const isOpen = note.asked == Asked.Answered || note.asked == Asked.Failed;
    if (!isOpen || note.isConfirmed || note.refusedBy != NO_BUDGET) return true;
    note.isConfirmed = true;
    return this.ruling.confirm(call, note);
  }

  onGrpcReceive(token: u32, message: Bytes): bool {
    if (!this.config.global.isUsed) return false;
    return this.global.onReceive(token, message) || this.adjustments.onReceive(token, message, this.root, seconds());
  }

  onGrpcClose(token: u32, status: i32): bool {
    return this.config.global.isUsed && (this.global.onClose(token) || this.adjustments.onClose(token));
  }

  onTick(): void {
    this.telemetry.refresh(seconds());
    if (!this.config.global.isUsed) return;
    this.adjustments.ask(this.root);
    this.global.sendOwed(this.root, this.root);
  }

  onDelete(): void {
    this.global.close();
  }

  editRequestHeaders(call: AiCall): void {
    const note = this.memory.note(call.slot);
    if (note.mark != 0) setHeader(HeaderMap.RequestHeaders, HEADER, WORDS[note.mark]);
  }

  onLog(call: AiCall): void {
    const exchange = call.exchange;
    const slot = call.slot;
    const note = this.memory.note(slot);
    if (!exchange || note.budgets == 0) return;
    const cost = call.isAnswered ? 0 : max<i64>(note.cost, 0);
    const now = seconds();
    for (let rest = note.budgets; rest != 0; rest &= rest - 1) {
      const index = <i32>ctz(rest);
      const claim = this.claims.claim(slot, index);
      if (!isReserved(claim.state)) continue;
      if (!this.ledgers.settle(index, claim, cost, now)) {
        reportError(this.name, ErrorKind.HostFault, this.budgets[index].name.bytes);
        continue;
      }
      this.settled(index, claim, cost, note.asked == Asked.Answered, now);
    }
    const outer = call.outer;
    if (this.config.global.isUsed && outer) this.global.sendOwed(this.root, outer.id);
    if (note.toldBy == NO_BUDGET) return;
    setState(State.Budget, WORDS[note.told]);
    setState(State.BudgetName, this.budgets[note.toldBy].name.bytes);
  }

  private settled(index: i32, claim: Claim, cost: i64, isToldByService: bool, now: i64): void {
    const budget = this.budgets[index];
    const settling = this.ledgers.settling;
    const name = this.claims.name(claim);
    if (!budget.isGlobal) {
      this.telemetry.show(index, name, claim.amount, settling.spent, settling.end, cost > 0);
      return;
    }
    this.global.charge(index, claim.commonHigh, claim.commonLow, settling.units, now);
    if (!isToldByService) return;
    const spent = claim.spent + claim.unsent + cost / 1000;
    this.telemetry.show(index, name, claim.amount, spent, budget.window.endOf(budget.window.startOf(now, 0)), cost > 0);
  }
}

function seconds(): i64 {
  return <i64>(nowNanos() / NANOS);
}
