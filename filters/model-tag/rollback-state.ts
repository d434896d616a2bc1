// A variant's window of failures in shared data: all workers count into it, and all see when it is taken out.
//
// One value for each split: the windows of the latest configurations, the one in use first. So what a configuration counted
// stays apart from the next one's, and the number of keys never grows.
import { Bytes } from "../../runtime/bytes/bytes";
import { Text } from "../../runtime/config/text";
import { Change, changeShared, Outcome, readShared } from "../../runtime/state/cas";
import { countCall, rolledBackAt, WINDOW_BYTES } from "./failure-window";
import { Rollback } from "./split";

const LAYOUT = "v1";

/** The configuration in use, and those before it that may still end their last calls. */
const CONFIGS: i32 = 4;
const ENTRY_BYTES: i32 = 8 + WINDOW_BYTES;
const VALUE_BYTES: i32 = CONFIGS * ENTRY_BYTES;

const work: usize = heap.alloc(VALUE_BYTES);
const value: Bytes = changetype<Bytes>(heap.alloc(offsetof<Bytes>()));

/** What is known of a variant at one moment. */
export const enum Standing {
  /** Another configuration has taken this one's place. */
  Superseded,
  In,
  Out,
}

/** A configuration comes into use: its window is a fresh one, unless it is the one in use already. */
class Claim extends Change {
  hash: u64 = 0;

  apply(found: Bytes): Bytes {
    if (found.length != VALUE_BYTES) memory.fill(work, 0, VALUE_BYTES);
    else if (found.ptr != work) memory.copy(work, found.ptr, VALUE_BYTES);
    if (load<u64>(work) == this.hash) return Bytes.absent();
    let last = 1;
    while (last < CONFIGS - 1 && load<u64>(entryAt(work, last)) != this.hash) last++;
    memory.copy(entryAt(work, 1), work, <usize>(last * ENTRY_BYTES));
    memory.fill(work, 0, ENTRY_BYTES);
    store<u64>(work, this.hash);
    return wholeValue();
  }
}

class Count extends Change {
  hash: u64 = 0;
  rollback: Rollback | null = null;
  nowNanos: u64 = 0;
  failed: bool = false;
  /** Whether this call was the one too many. */
  isLast: bool = false;

  apply(found: Bytes): Bytes {
    const rollback = this.rollback;
    this.isLast = false;
    if (!rollback || found.length != VALUE_BYTES) return Bytes.absent();
    if (found.ptr != work) memory.copy(work, found.ptr, VALUE_BYTES);
    const index = indexOf(work, this.hash);
    if (index < 0) return Bytes.absent();
    const window = entryAt(work, index) + 8;
    if (rolledBackAt(window) != 0) return Bytes.absent();
    this.isLast = countCall(
      window,
      this.nowNanos,
      rollback.windowNanos,
      this.failed,
      rollback.errorRate,
      rollback.minCalls,
    );
    return wholeValue();
  }
}

const claim = new Claim();
const count = new Count();

/** The state of one split with a rollback, under one configuration. */
export class RollbackState {
  /** Whether the configuration came into use. */
  isClaimed: bool = false;
  private readonly key: Text;

  constructor(
    private readonly rollback: Rollback,
    instance: string,
    split: string,
    private readonly configHash: u64,
  ) {
    this.key = new Text("sluice/" + instance + "/split/" + LAYOUT + "/" + split);
  }

  /** Whether the variant is out. One host call; a host that fails takes nothing out. */
  get isOut(): bool {
    this.claim();
    const found = readShared(this.key.bytes, work, VALUE_BYTES);
    if (found.length != VALUE_BYTES) return false;
    const index = indexOf(found.ptr, this.configHash);
    return index >= 0 && rolledBackAt(entryAt(found.ptr, index) + 8) != 0;
  }

  /** The variant's standing, for those who tell it. */
  get standing(): Standing {
    this.claim();
    const found = readShared(this.key.bytes, work, VALUE_BYTES);
    if (found.length != VALUE_BYTES) return Standing.In;
    if (load<u64>(found.ptr) != this.configHash) return Standing.Superseded;
    return rolledBackAt(found.ptr + 8) != 0 ? Standing.Out : Standing.In;
  }

  /** Counts a call that went to the variant. True for the one that takes it out. */
  countCall(nowNanos: u64, failed: bool): bool {
    this.claim();
    count.hash = this.configHash;
    count.rollback = this.rollback;
    count.nowNanos = nowNanos;
    count.failed = failed;
    const outcome = changeShared(this.key.bytes, count, work, VALUE_BYTES);
    return outcome == Outcome.Written && count.isLast;
  }

  /**
   * Once, when the configuration is used for the first time. Not before: Envoy tries configurations in a VM that serves
   * nothing, and may refuse them for other reasons.
   */
  private claim(): void {
    if (this.isClaimed) return;
    claim.hash = this.configHash;
    const outcome = changeShared(this.key.bytes, claim, work, VALUE_BYTES);
    this.isClaimed = outcome == Outcome.Written || outcome == Outcome.Kept;
  }
}

function indexOf(table: usize, hash: u64): i32 {
  for (let i = 0; i < CONFIGS; i++) if (load<u64>(entryAt(table, i)) == hash) return i;
  return -1;
}

function entryAt(table: usize, index: i32): usize {
  return table + <usize>(index * ENTRY_BYTES);
}

function wholeValue(): Bytes {
  value.ptr = work;
  value.length = VALUE_BYTES;
  return value;
}
