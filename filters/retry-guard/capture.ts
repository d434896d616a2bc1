// Keeps the bytes of answers that are to be stored while they pass by: a small pool, so that memory is bounded.
import { ByteBuffer } from "../../runtime/bytes/buffer";

/** Answers that are captured at one time; more are not stored. */
const MOST_CAPTURES: i32 = 32;
/** What stands for "not captured". */
export const NO_CAPTURE: i32 = -1;

/** The pool of one configuration. */
export class Captures {
  private readonly buffers: ByteBuffer[] = [];
  private taken: u32 = 0;

  constructor(mostBytes: i32) {
    for (let i = 0; i < MOST_CAPTURES; i++) this.buffers.push(new ByteBuffer(16, mostBytes));
  }

  /** Begins to capture; `NO_CAPTURE` when all are in use. */
  take(): i32 {
    const free = <i32>ctz(~this.taken);
    if (free >= this.buffers.length) return NO_CAPTURE;
    this.taken |= (<u32>1) << (free as u32);
    this.buffers[free].clear();
    return free;
  }

  /** The bytes so far; null for `NO_CAPTURE`. */
  at(capture: i32): ByteBuffer | null {
    return <u32>capture < <u32>this.buffers.length ? this.buffers[capture] : null;
  }

  /** Ends a capture. */
  give(capture: i32): void {
    if (<u32>capture >= <u32>this.buffers.length) return;
    this.buffers[capture].release();
    this.taken &= ~((<u32>1) << (capture as u32));
  }

  /** Ends all memory. The configuration goes. */
  free(): void {
    for (let i = 0; i < this.buffers.length; i++) this.buffers[i].free();
    this.buffers.length = 0;
  }
}
