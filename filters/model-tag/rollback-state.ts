// A variant's window of failures in shared data: all workers count into it, and all see when it is taken out.
import { Bytes } from "../../runtime/bytes/bytes";
import { Text } from "../../runtime/config/text";
import { Change, changeShared, Outcome, readShared } from "../../runtime/state/cas";
import { countCall, rolledBackAt, WINDOW_BYTES } from "./failure-window";
import { Rollback } from "./split";

const LAYOUT = "v1";

class Count extends Change {
  rollback: Rollback | null = null;
  nowNanos: u64 = 0;
  failed: bool = false;
  /** Whether this call was the one too many. */
  isLast: bool = false;
  private readonly value: Bytes = changetype<Bytes>(heap.alloc(offsetof<Bytes>()));
  private readonly window: usize = heap.alloc(WINDOW_BYTES);

  apply(found: Bytes): Bytes {
    const rollback = this.rollback;
    this.isLast = false;
    if (!rollback) return Bytes.absent();
    if (found.length == WINDOW_BYTES) memory.copy(this.window, found.ptr, WINDOW_BYTES);
    else memory.fill(this.window, 0, WINDOW_BYTES);
    if (rolledBackAt(this.window) != 0) return Bytes.absent();
    this.isLast = countCall(
      this.window,
      this.nowNanos,
      rollback.windowNanos,
      this.failed,
      rollback.errorRate,
      rollback.minCalls,
    );
    this.value.ptr = this.window;
    this.value.length = WINDOW_BYTES;
    return this.value;
  }
}

const count = new Count();

/** The state of one split with a rollback. A changed configuration has another hash, and so begins anew. */
export class RollbackState {
  private readonly key: Text;

  constructor(
    private readonly rollback: Rollback,
    instance: string,
    split: string,
    configHash: u64,
  ) {
    this.key = new Text("sluice/" + instance + "/split/" + LAYOUT + "/" + split + "/" + configHash.toString(16));
  }

  /** Whether the variant is out. One host call; a host that fails takes nothing out. */
  get isOut(): bool {
    const found = readShared(this.key.bytes);
    return found.length == WINDOW_BYTES && rolledBackAt(found.ptr) != 0;
  }

  /** Counts a call that went to the variant. True for the one that takes it out. */
  countCall(nowNanos: u64, failed: bool): bool {
    count.rollback = this.rollback;
    count.nowNanos = nowNanos;
    count.failed = failed;
    return changeShared(this.key.bytes, count) == Outcome.Written && count.isLast;
  }
}
