// What is told of budgets: in a header, in filter state and in metrics.
import { MetricType } from "../../runtime/abi/enums";
import { Bytes } from "../../runtime/bytes/bytes";
import { SharedConfig } from "../../runtime/config/shared";
import { Label, OTHER } from "../../runtime/telemetry/labels";
import { Family } from "../../runtime/telemetry/series";
import { Budget } from "./budget";
import { CallNote, NO_BUDGET } from "./call-memory";
import { consumerLabel } from "./telemetry";

/** How loud a budget speaks. */
export const enum Loudness {
  /** Nobody knows: the host or the rate limit service failed. */
  Unknown,
  Ok,
  Warn,
  WouldReject,
  Exceeded,
  Rejected,
}

const NAMES: string[] = ["unknown", "ok", "warn", "would-reject", "exceeded", "rejected"];
/** In which words: header and filter state. */
export const WORDS: Bytes[] = words();

const budgetLabel = new Label("budget");
const verdictLabel = new Label("verdict");
const firstVerdict = verdictLabel.reserveAll(NAMES);
const byKey = [budgetLabel, consumerLabel];
const remaining = new Family(MetricType.Gauge, "sluice.budget_remaining_nano", byKey);
const amounts = new Family(MetricType.Gauge, "sluice.budget_amount_nano", byKey);
// What all gateways tell alike is not to be added up.
const remainingOfAll = new Family(MetricType.Gauge, "sluice.budget_global_remaining_nano", byKey);
const amountsOfAll = new Family(MetricType.Gauge, "sluice.budget_global_amount_nano", byKey);
const windows = new Family(MetricType.Gauge, "sluice.budget_window_seconds", [budgetLabel]);
const decisions = new Family(MetricType.Counter, "sluice.budget_decisions", [budgetLabel, verdictLabel]);

/** Gauges that are brought back when their period ends, in each worker. */
const MOST_SHOWN: i32 = 512;

/** A gauge as it was set last. */
@unmanaged
class Shown {
  /** Budget and label, from 1; 0: nobody's. */
  key: u64;
  remaining: i64;
  amount: i64;
  /** When the period ends, in seconds since 1970. */
  end: i64;
}

/** The gauges and counters of one configuration. Amounts are in 1e-9 of the currency, times seconds since 1970. */
@final
export class BudgetTelemetry {
  private readonly labels: StaticArray<i32>;
  private readonly shown: StaticArray<u8>;
  private nextEnd: i64 = i64.MAX_VALUE;

  constructor(
    private readonly budgets: Budget[],
    private readonly shared: SharedConfig,
  ) {
    this.labels = new StaticArray<i32>(budgets.length);
    this.shown = new StaticArray<u8>(MOST_SHOWN * <i32>offsetof<Shown>());
  }

  open(now: i64): void {
    for (let i = 0; i < this.budgets.length; i++) {
      const window = this.budgets[i].window;
      const start = window.startOf(now, 0);
      this.labels[i] = budgetLabel.reserve(this.budgets[i].name.bytes);
      windows.record(<u64>(window.endOf(start) - start), this.labels[i]);
    }
  }

  /** Of several budgets the loudest is told; each is counted. */
  tell(note: CallNote, index: i32, loudness: Loudness): void {
    decisions.increment(1, this.labels[index], firstVerdict + <i32>loudness);
    if (loudness == Loudness.Warn || loudness == Loudness.Exceeded) note.mark = max(note.mark, <i32>loudness);
    if (note.toldBy != NO_BUDGET && <i32>loudness <= note.told) return;
    note.told = <i32>loudness;
    note.toldBy = index;
  }

  /** Shows what is left of a key's amount until `end`. New names get labels once a call was good (`isProven`). */
  show(index: i32, name: Bytes, amount: i64, spent: i64, end: i64, isProven: bool): void {
    const label = isProven ? consumerLabel.admit(name, this.shared.maxConsumers) : consumerLabel.find(name);
    if (label == OTHER) return; // what is left of many keys is no number
    const left = max<i64>(amount - max<i64>(spent, 0), 0);
    this.record(index, label, left, amount);
    const key = ((<u64>index) << 32) + <u64>label + 1;
    const shown = this.find(key);
    if (!shown) return;
    shown.key = key;
    shown.remaining = left;
    shown.amount = amount;
    shown.end = end;
    this.nextEnd = min(this.nextEnd, end);
  }

  /** Periods end without calls, too: then all of an amount is left. */
  refresh(now: i64): void {
    if (now < this.nextEnd) return;
    this.nextEnd = i64.MAX_VALUE;
    for (let i = 0; i < MOST_SHOWN; i++) {
      const shown = this.at(i);
      if (shown.key == 0) continue;
      if (now < shown.end) {
        this.nextEnd = min(this.nextEnd, shown.end);
        continue;
      }
      const index = <i32>((shown.key - 1) >> 32);
      const label = <i32>(<u32>(shown.key - 1));
      // Another worker may have told of the new period already.
      const family = this.budgets[index].isGlobal ? remainingOfAll : remaining;
      if (family.value(this.labels[index], label) == <u64>shown.remaining) {
        this.record(index, label, shown.amount, shown.amount);
      }
      shown.key = 0;
    }
  }

  private record(index: i32, label: i32, left: i64, amount: i64): void {
    const isGlobal = this.budgets[index].isGlobal;
    (isGlobal ? remainingOfAll : remaining).record(<u64>left, this.labels[index], label);
    (isGlobal ? amountsOfAll : amounts).record(<u64>amount, this.labels[index], label);
  }

  /** The place of a gauge, or a free one; null when there is none nearby. */
  private find(key: u64): Shown | null {
    let free: Shown | null = null;
    const first = <i32>((key * 0x9e3779b97f4a7c15) >> 55);
    for (let i = 0; i < 8; i++) {
      const shown = this.at((first + i) % MOST_SHOWN);
      if (shown.key == key) return shown;
      if (shown.key == 0 && !free) free = shown;
    }
    return free;
  }


  @inline private at(index: i32): Shown {
    return changetype<Shown>(changetype<usize>(this.shown) + <usize>index * offsetof<Shown>());
  }
}

function words(): Bytes[] {
  const all: Bytes[] = [];
  for (let i = 0; i < NAMES.length; i++) all.push(Bytes.constant(NAMES[i]));
  return all;
}
