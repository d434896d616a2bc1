// Taking the chunk of usage out of streams, without a host.
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { UsageStripper } from "../../filters/cost-accounting/usage-stripper";

const CAPACITY: i32 = 1 << 17;
const bytes = heap.alloc(CAPACITY);
const out = new ByteBuffer(1024);
let stripper = UsageStripper.take(true);

export function input(): usize {
  return bytes;
}

export function capacity(): i32 {
  return CAPACITY;
}

/** Begins a stream. */
export function open(): void {
  stripper.release();
  stripper = UsageStripper.take(true);
  out.clear();
}

/** The next piece: bytes of the input from `start` on. Answers how many bytes went on so far. */
export function feed(start: i32, length: i32): i32 {
  stripper.feed(bytes + <usize>start, length, out);
  return out.length;
}

export function finish(): i32 {
  stripper.finish(out);
  return out.length;
}

export function isBetweenEvents(): bool {
  return stripper.isBetweenEvents;
}

export function output(): usize {
  return out.ptr;
}
