// Whether the process may have one more series: the host's metrics are those of all workers, so all count in one table.
import { Bytes } from "../bytes/bytes";
import { sipHash128 } from "../bytes/siphash";
import { Outcome } from "../state/cas";
import { SlotLayout } from "../state/slots";
import { Eviction, SlotChange, Table } from "../state/table";

const digest = memory.data(16, 8);

/** A series is known by the hash of its name alone. */
const LAYOUT = new SlotLayout(1, 0);
/** 256 groups: a series is asked for once in each worker. */
const DIGITS: i32 = 2;

/** Series never end. */
class Forever extends Eviction {
  score(payload: usize): i64 {
    return -1;
  }
}

class Presence extends SlotChange {
  apply(payload: usize, isFresh: bool): bool {
    return isFresh;
  }
}

/** The series that the process may have. */
export class SeriesPermit {
  private readonly forOwn: Table;
  private readonly forCallers: Table;
  private readonly presence: Presence = new Presence();

  /** `most` in all, of which `mostOfCallers` may have values that no configuration names. At configure time. */
  constructor(most: i32, mostOfCallers: i32) {
    const forever = new Forever();
    this.forOwn = new Table(".", "series", LAYOUT, most, forever, null, DIGITS);
    this.forCallers = new Table(".", "series", LAYOUT, mostOfCallers, forever, null, DIGITS);
    this.forOwn.open();
  }

  /** Takes a place for a name, unless one worker has one already. True where the host fails: the VM bounds itself, too. */
  allows(name: Bytes, isReserved: bool): bool {
    sipHash128(0, 0, name.ptr, name.length, digest);
    const table = isReserved ? this.forOwn : this.forCallers;
    return table.change(load<u64>(digest), load<u64>(digest, 8), this.presence) != Outcome.Full;
  }
}
