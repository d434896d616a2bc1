// Keeps budgets: reserves before a call, refuses or tags what is beyond, settles to what it cost.
import { HeaderMap, MetricType } from "../../runtime/abi/enums";
import { AiCall } from "../../runtime/ai/call";
import { Exchange } from "../../runtime/ai/exchange";
import { RequestFact } from "../../runtime/ai/facts";
import { Part } from "../../runtime/ai/part";
import { RequestType } from "../../runtime/ai/request-type";
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { Bytes } from "../../runtime/bytes/bytes";
import { SharedConfig } from "../../runtime/config/shared";
import { nowNanos } from "../../runtime/host/clock";
import { setHeader } from "../../runtime/host/headers";
import { Cause } from "../../runtime/stream/half";
import { ErrorKind, reportError } from "../../runtime/telemetry/errors";
import { setState, State } from "../../runtime/telemetry/filter-state";
import { Label } from "../../runtime/telemetry/labels";
import { Family } from "../../runtime/telemetry/series";
import { isCharged } from "./accountant";
import { Budget, OnMissingKey } from "./budget";
import { refuseBudget, refuseMissingKey } from "./budget-refusal";
import { CallMemory, CallNote, NO_BUDGET } from "./call-memory";
import { Claim, Claims, ClaimState } from "./claims";
import { CostConfig } from "./config";
import { Ledgers } from "./ledgers";
import { Pricer } from "./pricer";
import { consumerLabel } from "./telemetry";

const HEADER = Bytes.constant("x-ai-budget");
/** How loud a budget speaks, and in which words: header and filter state. */
const enum Loudness {
  Silent,
  Ok,
  Warn,
  WouldReject,
  Exceeded,
  Rejected,
}
const WORDS: Bytes[] = [
  Bytes.absent(),
  Bytes.constant("ok"),
  Bytes.constant("warn"),
  Bytes.constant("would-reject"),
  Bytes.constant("exceeded"),
  Bytes.constant("rejected"),
];

const budgetLabel = new Label("budget");
const verdictLabel = new Label("verdict");
const firstVerdict = verdictLabel.reserveAll(["silent", "ok", "warn", "would-reject", "exceeded", "rejected"]);
const remaining = new Family(MetricType.Gauge, "sluice.budget_remaining_nano", [budgetLabel, consumerLabel]);
const amounts = new Family(MetricType.Gauge, "sluice.budget_amount_nano", [budgetLabel, consumerLabel]);
const windows = new Family(MetricType.Gauge, "sluice.budget_window_seconds", [budgetLabel]);
const decisions = new Family(MetricType.Counter, "sluice.budget_decisions", [budgetLabel, verdictLabel]);

const USUAL_OUTPUT: i64 = 1000;
const NANOS: u64 = 1_000_000_000;
const UNITS_PER_NANO: i64 = 1000;
const RATIO_ONE: i64 = 1_000_000_000;
const SLASH: u8 = 0x2f;
const keyName = new ByteBuffer(64, 256);

/** The part that keeps budgets. State per call is in `CallMemory` and `Claims`. */
export class BudgetKeeper extends Part {
  private readonly budgets: Budget[];
  private readonly claims: Claims;
  private readonly ledgers: Ledgers;
  private readonly labels: StaticArray<i32>;

  constructor(
    private readonly config: CostConfig,
    private readonly shared: SharedConfig,
    private readonly memory: CallMemory,
    private readonly pricer: Pricer,
  ) {
    super("cost-accounting");
    this.budgets = config.budgets;
    this.claims = new Claims(config.budgets.length);
    this.ledgers = new Ledgers(config.budgets, shared);
    this.labels = new StaticArray<i32>(config.budgets.length);
  }

  ownHeaders(): Bytes[] {
    return [HEADER];
  }

  onOpen(configHash: u64): void {
    const now = <i64>(nowNanos() / NANOS);
    this.ledgers.open(this.config.adjustments, now);
    for (let i = 0; i < this.budgets.length; i++) {
      const window = this.budgets[i].window;
      const start = window.startOf(now, 0);
      this.labels[i] = budgetLabel.reserve(this.budgets[i].name.bytes);
      windows.record(<u64>(window.endOf(start) - start), this.labels[i]);
    }
  }

  grow(slots: i32): void {
    this.claims.grow(slots);
  }

  reset(slot: i32): void {
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
      this.buildKey(call, i);
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
    const slot = call.slot;
    const note = this.memory.note(slot);
    if (!exchange || note.budgets == 0) return true;
    const now = <i64>(nowNanos() / NANOS);
    const estimate = this.estimate(call, exchange, note);
    for (let rest = note.budgets; rest != 0; rest &= rest - 1) {
      const index = <i32>ctz(rest);
      const claim = this.claims.claim(slot, index);
      if (!this.isAbout(call, exchange, index, claim)) {
        claim.state = ClaimState.None;
        continue;
      }
      const budget = this.budgets[index];
      if (!claim.isWhole && budget.onMissingKey == OnMissingKey.Reject && !budget.isShadow) {
        this.takeBack(slot, index, now);
        this.tell(note, index, Loudness.Rejected);
        note.refusedBy = index;
        claim.state = ClaimState.Refused;
        refuseMissingKey(call, budget);
        return false;
      }
      if (!this.decide(call, note, index, claim, estimate, now)) return false;
    }
    return true;
  }

  editRequestHeaders(call: AiCall): void {
    const note = this.memory.note(call.slot);
    if (note.told != Loudness.Warn && note.told != Loudness.Exceeded) return;
    setHeader(HeaderMap.RequestHeaders, HEADER, WORDS[note.told]);
    call.isRouteChanged = true;
  }

  onLog(call: AiCall): void {
    const exchange = call.exchange;
    const slot = call.slot;
    const note = this.memory.note(slot);
    if (!exchange || note.budgets == 0) return;
    const cost = call.isAnswered ? 0 : max<i64>(note.cost, 0);
    const now = <i64>(nowNanos() / NANOS);
    for (let rest = note.budgets; rest != 0; rest &= rest - 1) {
      const index = <i32>ctz(rest);
      const claim = this.claims.claim(slot, index);
      if (claim.state != ClaimState.Admitted && claim.state != ClaimState.Exceeded) continue;
      if (!this.ledgers.settle(index, claim, cost, now)) {
        reportError(this.name, ErrorKind.HostFault, this.budgets[index].name.bytes);
        continue;
      }
      this.show(index, claim, this.ledgers.settling.spent, cost > 0);
    }
    if (note.toldBy == NO_BUDGET) return;
    setState(State.Budget, WORDS[note.told]);
    setState(State.BudgetName, this.budgets[note.toldBy].name.bytes);
  }

  /** Hashes the parts of a budget's key that the headers tell. */
  private buildKey(call: AiCall, index: i32): void {
    const budget = this.budgets[index];
    const key = this.ledgers.keys[index];
    const claim = this.claims.claim(call.slot, index);
    key.build(call.facts);
    claim.high = key.high;
    claim.low = key.low;
    claim.isWhole = key.isWhole;
    claim.state = ClaimState.Matched;
    claim.amount = budget.amount;
    const isLate = budget.key.needsModel;
    for (let i = 0, k = budget.overrides.length; i < k; i++) {
      if (!budget.overrides[i].matches(key.writer)) continue;
      if (isLate) claim.overrides |= (<u64>1) << ((i & 63) as u64);
      else {
        claim.amount = budget.overrides[i].amount;
        break;
      }
    }
    if (budget.key.mayHoldSecrets) return;
    keyName.clear();
    for (let i = 0; i < key.writer.count; i++) {
      if (i > 0) keyName.byte(SLASH);
      keyName.add(key.writer.part(i));
    }
    this.claims.keepName(claim, keyName.view());
  }

  /** Whether a budget is about the call, now that its model is known or given up; finishes the budget's key. */
  private isAbout(call: AiCall, exchange: Exchange, index: i32, claim: Claim): bool {
    const budget = this.budgets[index];
    const key = this.ledgers.keys[index];
    if (budget.when.needsModel && !budget.when.modelMatch(call.facts)) return false;
    if (budget.key.needsModel) {
      const model = exchange.requestModel;
      if (!model.isPresent) claim.isWhole = false;
      else {
        key.addModel(claim.high, claim.low, model);
        claim.high = key.high;
        claim.low = key.low;
        for (let rest = claim.overrides; rest != 0; rest &= rest - 1) {
          const entry = budget.overrides[<i32>ctz(rest)];
          if (!entry.matchesModel(model)) continue;
          claim.amount = entry.amount;
          break;
        }
      }
    }
    if (claim.isWhole) return true;
    if (budget.onMissingKey == OnMissingKey.Skip) return false;
    key.missing();
    claim.high = key.high;
    claim.low = key.low;
    claim.amount = budget.amount;
    return true;
  }

  /** Asks one budget. False: the call is refused, and answered. */
  private decide(call: AiCall, note: CallNote, index: i32, claim: Claim, estimate: i64, now: i64): bool {
    const budget = this.budgets[index];
    const amount = budget.share(claim.amount);
    const lets = budget.isShadow || budget.tags;
    if (!this.ledgers.reserve(index, claim, amount, estimate, lets, now)) {
      reportError(this.name, ErrorKind.HostFault, budget.name.bytes);
      claim.state = ClaimState.Unknown;
      return true;
    }
    const reserving = this.ledgers.reserving;
    claim.reserved = estimate;
    claim.generation = reserving.generation;
    claim.amount = amount;
    if (reserving.isAdmitted) {
      claim.state = ClaimState.Admitted;
      this.tell(note, index, warns(budget, amount, reserving.taken) ? Loudness.Warn : Loudness.Ok);
      return true;
    }
    if (lets) {
      claim.state = ClaimState.Exceeded;
      this.tell(note, index, budget.isShadow ? Loudness.WouldReject : Loudness.Exceeded);
      return true;
    }
    this.takeBack(call.slot, index, now);
    claim.state = ClaimState.Refused;
    note.refusedBy = index;
    this.tell(note, index, Loudness.Rejected);
    refuseBudget(call, budget, amount, this.config.currency.bytes, reserving.end, now);
    return false;
  }

  /** Gives back what the budgets before this one reserved. */
  private takeBack(slot: i32, before: i32, now: i64): void {
    for (let i = 0; i < before; i++) {
      const claim = this.claims.claim(slot, i);
      if (claim.state != ClaimState.Admitted && claim.state != ClaimState.Exceeded) continue;
      if (!this.ledgers.settle(i, claim, 0, now))
        reportError(this.name, ErrorKind.HostFault, this.budgets[i].name.bytes);
      claim.state = ClaimState.None;
    }
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

  /** Of several budgets the loudest is told; each is counted. */
  private tell(note: CallNote, index: i32, loudness: Loudness): void {
    decisions.increment(1, this.labels[index], firstVerdict + <i32>loudness);
    if (<i32>loudness <= note.told) return;
    note.told = <i32>loudness;
    note.toldBy = index;
  }

  private show(index: i32, claim: Claim, spent: i64, isProven: bool): void {
    const name = this.claims.name(claim);
    const label = isProven ? consumerLabel.admit(name, this.shared.maxConsumers) : consumerLabel.find(name);
    remaining.record(<u64>max<i64>(claim.amount - max<i64>(spent, 0), 0), this.labels[index], label);
    amounts.record(<u64>claim.amount, this.labels[index], label);
  }
}

/** Whether the first of the shares that are told is reached. */
function warns(budget: Budget, amount: i64, taken: i64): bool {
  if (budget.warnAt.length == 0) return false;
  const share = budget.warnAt[0];
  const threshold = (amount / RATIO_ONE) * share + ((amount % RATIO_ONE) * share) / RATIO_ONE;
  return taken >= threshold;
}
