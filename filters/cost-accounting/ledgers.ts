// The ledgers of one configuration in shared data: reserved from, settled, corrected.
import { KeyHash } from "../../runtime/ai/key-hash";
import { SharedConfig } from "../../runtime/config/shared";
import { Text } from "../../runtime/config/text";
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
import { Adjusting, EndedFirst, Never, Once, Reserving, Settling, Telling, Untelling } from "./ledger-changes";

const MOST_ADJUSTMENTS: i32 = 10_000;
const ADJUSTMENT = new SlotLayout(1, 0);
const DIGITS: i32 = 2; // 256 groups
const FILTER = "cost-accounting";

const once = new Once();
const adjusting = new Adjusting();
const untelling = new Untelling();
const evicting = new EndedFirst();
const digest = memory.data(16, 8);
const common = memory.data(16, 8);

/** One reservation at a time: what came of the last `reserve` is in `reserving`, of the last `settle` in `settling`. */
@final
export class Ledgers {
  readonly reserving: Reserving = new Reserving();
  readonly settling: Settling = new Settling();
  readonly telling: Telling = new Telling();
  readonly keys: KeyHash[] = [];
  /** By what metrics name keys that may hold secrets: alike in all gateways. */
  readonly names: KeyHash[] = [];
  private readonly table: Table;
  private readonly made: Table;

  constructor(
    private readonly budgets: Budget[],
    private readonly shared: SharedConfig,
  ) {
    const instance = shared.instance.toString();
    this.table = new Table(instance, "ledgers", LEDGER, shared.maxKeys, evicting);
    this.made = new Table(instance, "adjustments", ADJUSTMENT, MOST_ADJUSTMENTS, new Never(), null, DIGITS);
  }

  /** Makes it ready and makes the corrections that were not made before. */
  open(adjustments: Adjustment[], now: i64): void {
    openSecret();
    const hashKey = new Text(this.shared.hashKey);
    sipHash128(0, 0, hashKey.bytes.ptr, hashKey.bytes.length, common);
    this.table.open();
    this.made.open();
    for (let i = 0; i < this.budgets.length; i++) {
      const budget = this.budgets[i];
      // A budget that turns from shadow to enforce starts with nothing spent.
      const identity = "budget/" + budget.name.toString() + (budget.isShadow ? "/shadow" : "/enforce");
      // Keys that all gateways share are the same everywhere.
      const high = budget.isGlobal ? load<u64>(common) : secretHigh();
      const low = budget.isGlobal ? load<u64>(common, 8) : secretLow();
      this.keys.push(new KeyHash(budget.key, identity, high, low));
      this.names.push(new KeyHash(budget.key, "key", load<u64>(common), load<u64>(common, 8)));
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
    settling.unit = this.budgets[index].isGlobal ? this.budgets[index].unit : 0;
    evicting.now = now;
    const outcome = this.table.change(claim.high, claim.low, settling);
    return outcome == Outcome.Written || outcome == Outcome.Kept;
  }

  /** Corrects what the rate limit service is to be told by so much; `telling` says the rest. False when the host failed. */
  tell(index: i32, high: u64, low: u64, by: i64, now: i64): bool {
    const telling = this.telling;
    telling.window = this.budgets[index].window;
    telling.now = now;
    telling.by = by;
    telling.unit = this.budgets[index].unit;
    evicting.now = now;
    return this.table.change(high, low, telling) == Outcome.Written;
  }

  /** So many units of what the rate limit service was to be told it was not told: the ledger remembers them. */
  untell(index: i32, high: u64, low: u64, units: i64, now: i64): void {
    const budget = this.budgets[index];
    untelling.window = budget.window;
    untelling.now = now;
    untelling.units = units;
    untelling.unit = budget.unit;
    evicting.now = now;
    this.table.change(high, low, untelling);
  }

  /** Whether this gateway knows that a correction was made. */
  isMade(adjustment: Adjustment): bool {
    hashId(adjustment);
    return this.made.find(load<u64>(digest), load<u64>(digest, 8)) != 0;
  }

  /** Notes that a correction was made. False when that was known. */
  noteMade(adjustment: Adjustment): bool {
    hashId(adjustment);
    return this.made.change(load<u64>(digest), load<u64>(digest, 8), once) == Outcome.Written && once.isFirst;
  }

  private correct(adjustment: Adjustment, now: i64): void {
    const index = adjustment.budget;
    if (index < 0 || index >= this.budgets.length) return;
    const budget = this.budgets[index];
    const key = this.keys[index];
    key.ofParts(adjustment.key);
    // Once per id, whatever else the correction says.
    if (budget.isGlobal || !this.noteMade(adjustment)) return;
    adjusting.window = budget.window;
    adjusting.now = now;
    adjusting.by = budget.share(adjustment.amount);
    evicting.now = now;
    this.table.change(key.high, key.low, adjusting);
  }
}

function hashId(adjustment: Adjustment): void {
  const id = adjustment.id.bytes;
  sipHash128(secretHigh(), secretLow(), id.ptr, id.length, digest);
}
