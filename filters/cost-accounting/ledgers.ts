// The ledgers of one configuration in shared data: reserved from, settled, corrected.
import { KeyHash } from "../../runtime/ai/key-hash";
import { SharedConfig } from "../../runtime/config/shared";
import { sipHash128 } from "../../runtime/bytes/siphash";
import { Outcome } from "../../runtime/state/cas";
import { openSecret, secretHigh, secretLow } from "../../runtime/state/secret";
import { SlotLayout } from "../../runtime/state/slots";
import { Table } from "../../runtime/state/table";
import { ErrorKind, reportError } from "../../runtime/telemetry/errors";
import { Adjustment } from "./adjustment";
import { Budget } from "./budget";
import { Claim } from "./claims";
import { LEDGER } from "./ledger";
import { Adjusting, EndedFirst, Never, Once, Reserving, Settling } from "./ledger-changes";

const MOST_ADJUSTMENTS: i32 = 10_000;
const ADJUSTMENT = new SlotLayout(1, 0);
const DIGITS: i32 = 2; // 256 groups
const FILTER = "cost-accounting";

const once = new Once();
const adjusting = new Adjusting();
const evicting = new EndedFirst();
const digest = memory.data(16, 8);

/** One reservation at a time: what came of the last `reserve` is in `reserving`, of the last `settle` in `settling`. */
@final
export class Ledgers {
  readonly reserving: Reserving = new Reserving();
  readonly settling: Settling = new Settling();
  readonly keys: KeyHash[] = [];
  private readonly table: Table;
  private readonly made: Table;

  constructor(
    private readonly budgets: Budget[],
    shared: SharedConfig,
  ) {
    const instance = shared.instance.toString();
    this.table = new Table(instance, "ledgers", LEDGER, shared.maxKeys, evicting);
    this.made = new Table(instance, "adjustments", ADJUSTMENT, MOST_ADJUSTMENTS, new Never(), null, DIGITS);
  }

  /** Makes it ready and makes the corrections that were not made before. */
  open(adjustments: Adjustment[], now: i64): void {
    openSecret();
    this.table.open();
    this.made.open();
    for (let i = 0; i < this.budgets.length; i++) {
      const budget = this.budgets[i];
      // A budget that turns from shadow to enforce starts with nothing spent.
      const identity = "budget/" + budget.name.toString() + (budget.isShadow ? "/shadow" : "/enforce");
      this.keys.push(new KeyHash(budget.key, identity, secretHigh(), secretLow()));
    }
    for (let i = 0; i < adjustments.length; i++) this.correct(adjustments[i], now);
  }

  /** Asks a budget for a call; `reserving` says what came of it. False when the host failed. */
  reserve(index: i32, claim: Claim, amount: i64, estimate: i64, always: bool, now: i64): bool {
    const budget = this.budgets[index];
    const reserving = this.reserving;
    reserving.window = budget.window;
    reserving.now = now;
    reserving.amount = amount;
    reserving.estimate = estimate;
    reserving.always = always;
    evicting.now = now;
    let outcome = this.table.change(claim.high, claim.low, reserving);
    if (outcome == Outcome.Full) {
      reportError(FILTER, ErrorKind.StateFull, budget.name.bytes);
      const key = this.keys[index];
      key.overflow();
      claim.high = key.high;
      claim.low = key.low;
      outcome = this.table.change(claim.high, claim.low, reserving);
    }
    return outcome == Outcome.Written || outcome == Outcome.Kept;
  }

  /** Ends what a call reserved: it cost so much, in 1e-12 of the currency. False when the host failed. */
  settle(index: i32, claim: Claim, cost: i64, now: i64): bool {
    const settling = this.settling;
    settling.window = this.budgets[index].window;
    settling.now = now;
    settling.reserved = claim.reserved;
    settling.generation = claim.generation;
    settling.cost = cost;
    evicting.now = now;
    const outcome = this.table.change(claim.high, claim.low, settling);
    return outcome == Outcome.Written || outcome == Outcome.Kept;
  }

  private correct(adjustment: Adjustment, now: i64): void {
    const index = adjustment.budget;
    if (index < 0 || index >= this.budgets.length) return;
    const budget = this.budgets[index];
    const key = this.keys[index];
    key.ofParts(adjustment.key);
    // Once per id, whatever else the correction says.
    const id = adjustment.id.bytes;
    sipHash128(secretHigh(), secretLow(), id.ptr, id.length, digest);
    if (this.made.change(load<u64>(digest), load<u64>(digest, 8), once) != Outcome.Written || !once.isFirst) return;
    adjusting.window = budget.window;
    adjusting.now = now;
    adjusting.by = budget.share(adjustment.amount);
    evicting.now = now;
    this.table.change(key.high, key.low, adjusting);
  }
}
