// Body bytes that a filter keeps in its own memory while headers wait, so that Envoy's buffer limit never stops them.
import { BufferType, MetricType } from "../abi/enums";
import { prependBuffer, readBufferInto } from "../host/body";
import { Family } from "../telemetry/series";
import { Edits } from "./edits";

const FIRST_BLOCK_BYTES: i32 = 16384;
const BLOCK_BYTES: i32 = 65536;

/** One block: a header, then `capacity` bytes. */
@unmanaged
class Block {
  older: usize;
  capacity: i32;
  length: i32;
}

/** The most that one read brings: longer bodies come in several. */
export const MAX_READ_BYTES: i32 = BLOCK_BYTES;

const heldBytes = new Family(MetricType.Gauge, "sluice.held_bytes");
let total: i64 = 0;
let published: i64 = 0;
/** A first block that nobody uses, for the next body: most calls keep one for the length of a callback. */
let spare: usize = 0;

/** Bytes of all spools of this VM. */
export function spooledBytes(): i64 {
  return total;
}

/** Brings the gauge of all VMs' kept bytes up to date with this one's. */
export function publishHeldBytes(): void {
  if (total == published) return;
  heldBytes.increment(total - published);
  published = total;
}

/** Bytes in the order in which they came. */
export class Spool {
  /** Bytes kept. */
  length: i32 = 0;
  /** Address of what the last `read` brought. */
  lastPtr: usize = 0;
  private newest: usize = 0;

  /** Reads `count` (at most MAX_READ_BYTES) bytes of a host buffer from `start` on. How many came, -1 on a host fault. */
  read(type: BufferType, start: i32, count: i32): i32 {
    const block = this.blockWithRoomFor(count);
    this.lastPtr = changetype<usize>(block) + offsetof<Block>() + <usize>block.length;
    const came = readBufferInto(type, start, count, this.lastPtr);
    if (came <= 0) return came;
    block.length += came;
    this.length += came;
    total += came;
    return came;
  }

  /** Puts the first `count` bytes, changed by `edits`, in front of a host buffer. False when the host refuses. */
  prependTo(type: BufferType, count: i32, edits: Edits): bool {
    let good = true;
    let to = count;
    for (let i = edits.count - 1; i >= 0; i--) {
      good = this.prependRange(type, edits.offset(i) + edits.removed(i), to) && good;
      good = prepend(type, edits.inserted(i), edits.insertedLength(i)) && good;
      to = edits.offset(i);
    }
    return this.prependRange(type, 0, to) && good;
  }

  /** Lets go of everything. */
  clear(): void {
    total -= this.length;
    this.length = 0;
    while (this.newest) {
      const block = changetype<Block>(this.newest);
      const older = block.older;
      if (block.capacity == FIRST_BLOCK_BYTES && !spare) spare = this.newest;
      else heap.free(this.newest);
      this.newest = older;
    }
  }

  private prependRange(type: BufferType, from: i32, to: i32): bool {
    let good = true;
    let end = this.length;
    for (let at = this.newest; at;) {
      const block = changetype<Block>(at);
      const start = end - block.length;
      const first = max(from, start);
      const last = min(to, end);
      if (first < last) good = prepend(type, at + offsetof<Block>() + <usize>(first - start), last - first) && good;
      end = start;
      at = block.older;
    }
    return good;
  }

  private blockWithRoomFor(count: i32): Block {
    if (this.newest) {
      const block = changetype<Block>(this.newest);
      if (block.capacity - block.length >= count) return block;
    }
    const capacity = max(this.newest ? BLOCK_BYTES : FIRST_BLOCK_BYTES, count);
    const isSpare = capacity == FIRST_BLOCK_BYTES && spare != 0;
    const fresh = isSpare ? spare : heap.alloc(offsetof<Block>() + <usize>capacity);
    if (isSpare) spare = 0;
    const block = changetype<Block>(fresh);
    block.older = this.newest;
    block.capacity = capacity;
    block.length = 0;
    this.newest = fresh;
    return block;
  }
}

function prepend(type: BufferType, ptr: usize, length: i32): bool {
  return length == 0 || prependBuffer(type, ptr, length) == 0;
}
