// The health of models, in shared data: what the retry budget and learnt timeouts rest on.
import { Bytes } from "../../runtime/bytes/bytes";
import { SlotLayout } from "../../runtime/state/slots";
import { Eviction, SlotChange, Table } from "../../runtime/state/table";
import { KeyKind, lastKeyHigh, lastKeyLow, makeKey, nowMs } from "./ledger";
import { addCall, addDuration, allowsRepeat, durationP99Ms, HEALTH_BYTES } from "./model-health";

const LAYOUT = new SlotLayout(1, HEALTH_BYTES);
const MOST_MODELS: i32 = 512;
const DIGITS: i32 = 1;

/** The model that was counted longest ago goes first. */
class Oldest extends Eviction {
  score(payload: usize): i64 {
    return max<i64>(i64.MAX_VALUE - load<i64>(payload), 0);
  }
}

class Ending extends SlotChange {
  nowMs: i64 = 0;
  repeats: i64 = 0;
  isGood: bool = false;
  isBad: bool = false;
  /** -1: not to be learnt. */
  durationMs: i64 = -1;

  apply(payload: usize, isFresh: bool): bool {
    addCall(payload, this.nowMs, this.repeats, this.isGood, this.isBad);
    if (this.durationMs >= 0) addDuration(payload, this.nowMs, this.durationMs);
    return true;
  }
}

const ending = new Ending();
const oldest = new Oldest();

/** Of one configuration. Streams and plain answers of a model are apart: their times differ. */
export class Models {
  private readonly table: Table;

  constructor(instance: string) {
    this.table = new Table(instance, "models", LAYOUT, MOST_MODELS, oldest, null, DIGITS);
  }

  /** Makes it ready, after `openSecret`. */
  open(): void {
    this.table.open();
  }

  /** Whether one more safe repeat of a call of this model may be asked for; yes where nothing is known. */
  allowsRepeat(model: Bytes, isStream: bool, budget: i64, leastSuccess: i64): bool {
    const record = this.find(model, isStream);
    return !record || allowsRepeat(record, nowMs(), budget, leastSuccess);
  }

  /** The time that 99 of 100 calls stayed under, 0 where too few were seen. */
  p99Ms(model: Bytes, isStream: bool): i64 {
    const record = this.find(model, isStream);
    return record ? durationP99Ms(record, nowMs()) : 0;
  }

  /** A call ended. `durationMs` -1: not to be learnt. */
  count(model: Bytes, isStream: bool, repeats: i64, isGood: bool, isBad: bool, durationMs: i64): void {
    makeKey(KeyKind.Model, isStream ? 1 : 0, 0, model);
    ending.nowMs = nowMs();
    ending.repeats = repeats;
    ending.isGood = isGood;
    ending.isBad = isBad;
    ending.durationMs = durationMs;
    this.table.change(lastKeyHigh(), lastKeyLow(), ending);
  }

  private find(model: Bytes, isStream: bool): usize {
    makeKey(KeyKind.Model, isStream ? 1 : 0, 0, model);
    return this.table.find(lastKeyHigh(), lastKeyLow());
  }
}
