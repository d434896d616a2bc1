// Changes of a ledger's slot, to be run under compare-and-swap. One object of each for the whole filter.
import { Eviction, SlotChange } from "../../runtime/state/table";
import {
  adjust,
  admits,
  endOf,
  generationOf,
  refresh,
  reserve,
  reservedOf,
  settle,
  spareness,
  spentOf,
  takenOf,
  tell,
  unsentOf,
  untell,
} from "./ledger";
import { Window, WindowKind } from "./window";

abstract class LedgerChange extends SlotChange {
  window: Window = new Window(WindowKind.Day, 0);
  /** Seconds since 1970. */
  now: i64 = 0;
}

/** Reserves what a call will cost if it is admitted (or if that does not matter). Leaves the slot alone when not. */
@final
export class Reserving extends LedgerChange {
  amount: i64 = 0;
  estimate: i64 = 0;
  /** Whether a call that is not admitted is counted all the same: it will be let through. */
  always: bool = false;
  // What came of it.
  isAdmitted: bool = false;
  taken: i64 = 0;
  end: i64 = 0;
  generation: u32 = 0;
  /** Before this call: reserved by others, spent here, and what of that the rate limit service does not know yet. */
  inFlight: i64 = 0;
  spent: i64 = 0;
  unsent: i64 = 0;

  apply(slot: usize, isFresh: bool): bool {
    refresh(slot, this.window, this.now);
    this.isAdmitted = admits(slot, this.amount, this.estimate);
    this.end = endOf(slot);
    this.generation = generationOf(slot);
    this.inFlight = reservedOf(slot);
    this.spent = spentOf(slot);
    this.unsent = unsentOf(slot);
    const reserves = this.isAdmitted || this.always;
    if (reserves) reserve(slot, this.estimate);
    this.taken = takenOf(slot);
    return reserves;
  }
}

/** Ends a reservation: the call cost so much. */
@final
export class Settling extends LedgerChange {
  reserved: i64 = 0;
  generation: u32 = 0;
  /** In 1e-12 of the currency. */
  cost: i64 = 0;
  /** 1e-9 in a unit of the rate limit service; 0: it is not told. */
  unit: i64 = 0;
  // What came of it.
  spent: i64 = 0;
  end: i64 = 0;
  /** What it is to be told. */
  units: i64 = 0;

  apply(slot: usize, isFresh: bool): bool {
    this.units = 0;
    this.spent = 0;
    if (isFresh && this.cost == 0) return false;
    refresh(slot, this.window, this.now);
    const nanos = settle(slot, this.reserved, this.generation, this.cost);
    this.units = tell(slot, nanos, this.unit, this.now);
    this.spent = spentOf(slot);
    this.end = endOf(slot);
    return true;
  }
}

/** Corrects what was spent. */
@final
export class Adjusting extends LedgerChange {
  by: i64 = 0;

  apply(slot: usize, isFresh: bool): bool {
    refresh(slot, this.window, this.now);
    adjust(slot, this.by);
    return true;
  }
}

/** Corrects what the rate limit service is told. */
@final
export class Telling extends LedgerChange {
  by: i64 = 0;
  unit: i64 = 0;
  /** What it is to be told. */
  units: i64 = 0;

  apply(slot: usize, isFresh: bool): bool {
    refresh(slot, this.window, this.now);
    this.units = tell(slot, this.by, this.unit, this.now);
    return true;
  }
}

/** Takes back that the rate limit service was told so many units: it was not. */
@final
export class Untelling extends LedgerChange {
  units: i64 = 0;
  unit: i64 = 0;

  apply(slot: usize, isFresh: bool): bool {
    refresh(slot, this.window, this.now);
    untell(slot, this.units, this.unit);
    return true;
  }
}

/** Notes that a correction was made; says whether it was not before. */
@final
export class Once extends SlotChange {
  isFirst: bool = false;

  apply(slot: usize, isFresh: bool): bool {
    this.isFirst = isFresh;
    return isFresh;
  }
}

/** Ledgers whose period is over go first. */
@final
export class EndedFirst extends Eviction {
  /** Seconds since 1970; set before each use of a table. */
  now: i64 = 0;

  score(slot: usize): i64 {
    return spareness(slot, this.now);
  }
}

/** Corrections that were made stay known. */
@final
export class Never extends Eviction {
  score(slot: usize): i64 {
    return -1;
  }
}
