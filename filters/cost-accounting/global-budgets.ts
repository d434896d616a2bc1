// Budgets of all gateways together: Envoy's rate limit service counts what was spent, the gateways know the amounts.
//
// Its counters only grow: what is spent and what is given back are two of them. Descriptors:
//
//   budget=NAME  sum=spent/4 or credit/4 (in 1e-4 of the currency)  period=2026-11+08:00  key=HASH
//   adjustment=NAME/ID, once
import { AiCall } from "../../runtime/ai/call";
import { Asked, Questions } from "../../runtime/ai/questions";
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { Bytes } from "../../runtime/bytes/bytes";
import { Text } from "../../runtime/config/text";
import { nowNanos } from "../../runtime/host/clock";
import { GlobalConfig } from "../../runtime/rls/config";
import { BucketWriter, Owed } from "../../runtime/rls/owed";
import { addEntry, beginRequest, endDescriptor } from "../../runtime/rls/request";
import { ResponseReader } from "../../runtime/rls/response";
import { ErrorKind, reportError } from "../../runtime/telemetry/errors";
import { Budget } from "./budget";
import { CallMemory, CallNote } from "./call-memory";
import { Claim, Claims } from "./claims";
import { Ledgers } from "./ledgers";
import { appendPeriod } from "./period";

const FILTER = "cost-accounting";
const NANOS: u64 = 1_000_000_000;
const BUDGET = Bytes.constant("budget");
const SUM = Bytes.constant("sum");
const PERIOD = Bytes.constant("period");
const KEY = Bytes.constant("key");
const value = new ByteBuffer(64);
const message = new ByteBuffer(1024, 65536);
const reader = new ResponseReader();

/** Names the counters of budgets. Their first number is twice the budget's, plus one for credit. */
@final
class Sums extends BucketWriter {
  private readonly names: Text[] = [];
  private readonly sums: Text[] = [];

  constructor(
    private readonly budgets: Budget[],
    private readonly ledgers: Ledgers,
  ) {
    super();
    for (let i = 0; i < budgets.length; i++) {
      const budget = budgets[i];
      const name = budget.name.toString();
      this.names.push(new Text(budget.isShadow ? "shadow/" + name : name));
      this.sums.push(new Text("spent/" + budget.unitPlaces.toString()));
      this.sums.push(new Text("credit/" + budget.unitPlaces.toString()));
    }
  }

  /** `period`: the first local day of it. */
  write(out: ByteBuffer, sum: i32, period: i32, high: u64, low: u64, hits: u64): void {
    const index = sum >> 1;
    addEntry(BUDGET, this.names[index].bytes);
    addEntry(SUM, this.sums[sum].bytes);
    appendPeriod(value.clear(), this.budgets[index].window, period);
    addEntry(PERIOD, value.view());
    addEntry(KEY, value.clear().hex64(high).hex64(low).view());
    endDescriptor(out, hits);
  }

  /** The ledger, which outlives this configuration, remembers what the service was not told of the running period. */
  abandon(sum: i32, period: i32, high: u64, low: u64, units: i64): void {
    const now = <i64>(nowNanos() / NANOS);
    const index = sum >> 1;
    if (period == this.budgets[index].window.firstDay(now))
      this.ledgers.untell(index, high, low, sum & 1 ? -units : units, now);
  }
}

/** The budgets of one configuration that the service keeps. */
@final
export class GlobalBudgets {
  private readonly sums: Sums;
  private readonly owed: Owed | null;
  private readonly questions: Questions = new Questions();

  constructor(
    readonly config: GlobalConfig,
    private readonly budgets: Budget[],
    private readonly claims: Claims,
    private readonly memory: CallMemory,
    ledgers: Ledgers,
  ) {
    const sums = new Sums(budgets, ledgers);
    this.sums = sums;
    this.owed = config.isUsed ? new Owed(sums) : null;
  }

  grow(slots: i32): void {
    if (this.config.isUsed) this.questions.grow(slots);
  }

  /** Asks what is spent of all budgets whose claim says so. False when it cannot be asked. */
  ask(call: AiCall, note: CallNote, now: i64): bool {
    beginRequest(message, this.config.domain.bytes);
    for (let rest = note.asks; rest != 0; rest &= rest - 1) {
      const index = <i32>ctz(rest);
      const claim = this.claims.claim(call.slot, index);
      const period = this.budgets[index].window.firstDay(now);
      claim.unsent += this.owedOf(index, period, claim);
      this.sums.write(message, 2 * index, period, claim.commonHigh, claim.commonLow, 0);
      this.sums.write(message, 2 * index + 1, period, claim.commonHigh, claim.commonLow, 0);
    }
    if (message.isTruncated) return false;
    if (!this.questions.ask(call, this.config.cluster.bytes, message.view(), this.config.timeoutMs)) return false;
    note.asked = Asked.Pending;
    return true;
  }

  /** The call is over, or gone. */
  forget(slot: i32): void {
    this.questions.forget(slot);
  }

  /** An answer. False when it is not to one of our questions. */
  onReceive(token: u32, answer: Bytes): bool {
    const slot = this.questions.slotOf(token);
    const owed = this.owed;
    if (slot < 0) return owed != null && owed.end(token, true);
    const note = this.memory.note(slot);
    note.asked = this.read(slot, note, answer) ? Asked.Answered : Asked.Failed;
    this.questions.resume(slot);
    return true;
  }

  /** No answer. False when it is not one of our questions. */
  onClose(token: u32): bool {
    const slot = this.questions.slotOf(token);
    const owed = this.owed;
    if (slot < 0) return owed != null && owed.end(token, false);
    this.memory.note(slot).asked = Asked.Failed;
    this.questions.resume(slot);
    return true;
  }

  /** Tells the service, now or later, that so many of its units were spent; below zero: they were not after all. */
  charge(index: i32, high: u64, low: u64, units: i64, now: i64): void {
    const owed = this.owed;
    if (units == 0 || !owed) return;
    const budget = this.budgets[index];
    const sum = units < 0 ? 2 * index + 1 : 2 * index;
    if (owed.add(sum, budget.window.firstDay(now), high, low, abs(units))) return;
    reportError(FILTER, ErrorKind.StateFull, budget.name.bytes);
  }

  /** Sends what is owed. `context`: the effective one, before and after. */
  sendOwed(root: u32, context: u32): void {
    const owed = this.owed;
    if (owed) owed.send(root, context, this.config);
  }

  /** The configuration goes. */
  close(): void {
    const owed = this.owed;
    if (owed) owed.abandon();
  }

  /** What this worker owes for a key, in 1e-9 of the currency. */
  private owedOf(index: i32, period: i32, claim: Claim): i64 {
    const owed = this.owed;
    if (!owed) return 0;
    const spent = owed.of(2 * index, period, claim.commonHigh, claim.commonLow);
    return (spent - owed.of(2 * index + 1, period, claim.commonHigh, claim.commonLow)) * this.budgets[index].unit;
  }

  /** Writes what the service says to the claims it was asked about. */
  private read(slot: i32, note: CallNote, answer: Bytes): bool {
    reader.open(answer);
    for (let rest = note.asks; rest != 0; rest &= rest - 1) {
      const index = <i32>ctz(rest);
      if (!this.readSums(this.claims.claim(slot, index), this.budgets[index].unit)) return false;
    }
    return reader.isSound;
  }

  /** A service that has no limit for a counter does not count it. */
  private readSums(claim: Claim, unit: i64): bool {
    if (!reader.next() || !reader.status.hasLimit) return false;
    const spent = reader.status.limit - reader.status.remaining;
    if (!reader.next() || !reader.status.hasLimit) return false;
    claim.spent = (spent - reader.status.limit + reader.status.remaining) * unit;
    return true;
  }
}
