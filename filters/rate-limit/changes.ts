// Changes of a bucket's slot, to be run under compare-and-swap. One object of each for the whole filter.
import { Eviction, SlotChange } from "../../runtime/state/table";
import { admits, cut, noteFull, putBack, refresh, take, waitFor, waitUntilFull } from "./bucket";
import { learn, USED_AT } from "./estimate";
import { Meter, meterOfCalls, NEVER } from "./meter";
import { refreshReserving, reserve, reservedUntil, settle } from "./reservation";
import { deficitOf, FULL_AT, GENERATION } from "./slot";

abstract class BucketChange extends SlotChange {
  meter: Meter = meterOfCalls(1);
  now: i64 = 0;
  /** Milliseconds of a generation, 0: a plain bucket. */
  length: u32 = 0;

  protected refresh(slot: usize): void {
    if (this.length > 0) refreshReserving(slot, this.meter, this.length, this.now);
    else refresh(slot, this.meter, this.now, false);
  }

  protected finish(slot: usize): void {
    noteFull(slot, this.meter, this.length > 0 ? reservedUntil(slot) : 0);
  }
}

/** Takes, or reserves, what a call asks for if it is admitted. Leaves the slot alone when not. */
@final
export class Taking extends BucketChange {
  /** Asked for; what is beyond the capacity is left out. */
  units: i64 = 0;
  /** Taken beside them where twice as many remain afterwards: a lease. */
  extra: i64 = 0;
  // What came of it.
  isAdmitted: bool = false;
  taken: i64 = 0;
  tookExtra: bool = false;
  level: i64 = 0;
  remaining: i64 = 0;
  full: i64 = 0;
  wait: i64 = 0;
  generation: u32 = 0;

  apply(slot: usize, isFresh: bool): bool {
    const meter = this.meter;
    this.refresh(slot);
    const units = cut(meter, this.units);
    this.taken = units;
    this.tookExtra = false;
    this.isAdmitted = admits(slot, meter, units);
    this.wait = 0;
    if (this.isAdmitted) {
      this.tookExtra = this.extra > 0 && admits(slot, meter, units + this.extra * 3);
      if (this.length > 0) {
        reserve(slot, meter, units);
        this.generation = load<u32>(slot, GENERATION);
      } else take(slot, meter, this.tookExtra ? units + this.extra : units);
      this.finish(slot);
    } else this.wait = waitFor(slot, meter, units, this.now);
    this.level = deficitOf(slot);
    this.remaining = meter.remaining(this.level);
    this.full = waitUntilFull(slot, meter, this.now);
    return this.isAdmitted;
  }
}

/** Ends a reservation: the call cost so much. */
@final
export class Settling extends BucketChange {
  reserved: i64 = 0;
  generation: u32 = 0;
  cost: i64 = 0;
  remaining: i64 = 0;

  apply(slot: usize, isFresh: bool): bool {
    if (isFresh && this.cost == 0) return false;
    this.refresh(slot);
    settle(slot, this.meter, this.reserved, this.generation, this.cost);
    this.finish(slot);
    this.remaining = this.meter.remaining(deficitOf(slot));
    return true;
  }
}

/** Takes back what was taken of a plain bucket. */
@final
export class Undoing extends BucketChange {
  units: i64 = 0;
  level: i64 = 0;
  at: i64 = 0;

  apply(slot: usize, isFresh: bool): bool {
    if (isFresh) return false;
    this.refresh(slot);
    putBack(slot, this.meter, this.units, this.level, this.at);
    this.finish(slot);
    return true;
  }
}

/** Buckets that are full lose nothing: the one that has been for the longest goes first. No other goes. */
@final
export class FullestFirst extends Eviction {
  now: i64 = 0;

  score(slot: usize): i64 {
    const fullAt = load<i64>(slot, FULL_AT);
    return fullAt <= this.now ? NEVER - max<i64>(fullAt, 0) : -1;
  }
}

/** Notes what a call of a model was. */
@final
export class Learning extends SlotChange {
  size: i64 = 0;
  input: i64 = 0;
  cached: i64 = 0;
  output: i64 = 0;
  now: i64 = 0;

  apply(slot: usize, isFresh: bool): bool {
    learn(slot, this.size, this.input, this.cached, this.output, this.now);
    return true;
  }
}

/** Models that nobody asked for go first. */
@final
export class LeastUsed extends Eviction {
  score(slot: usize): i64 {
    return NEVER - max<i64>(load<i64>(slot, USED_AT), 0);
  }
}
