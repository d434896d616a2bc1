// The directions of this VM whose headers wait, and those that the next event lets go.
import { Bytes } from "../bytes/bytes";
import { dequeue, enqueue, NO_QUEUE, registerQueue } from "../host/queue";
import { Half } from "./half";

const held: Half[] = [];
const ONE_BYTE = Bytes.constant(".");
let queue: u32 = NO_QUEUE;
let queueRoot: u32 = 0;
let pending: i32 = 0;

/** Puts a direction on the list that the tick looks through. */
export function rememberHeld(half: Half): void {
  if (half.heldIndex >= 0) return;
  half.heldIndex = held.length;
  held.push(half);
}

/** Takes a direction off the list; no fault when it is not on it. */
export function forgetHeld(half: Half): void {
  const index = half.heldIndex;
  if (index < 0) return;
  half.heldIndex = -1;
  const last = held.pop();
  if (last == half) return;
  held[index] = last;
  last.heldIndex = index;
}

/** Number of directions that wait. */
export function heldCount(): i32 {
  return held.length;
}

/** A waiting direction by place. Walk from the end: letting one go moves the last into its place. */
export function heldAt(index: i32): Half {
  return held[index];
}

/**
 * Has `release` called from another event of this worker: of a shared queue that belongs to this VM, or of the tick where
 * there is no queue. Within a body callback that ends the stream, letting the holder go would lose the body.
 */
export function releaseSoon(half: Half): void {
  rememberHeld(half);
  pending++;
  if (queue != NO_QUEUE) enqueue(queue, ONE_BYTE);
}

/** Whether something was decided and there is no queue to let it go: then a tick of 1 ms has to. */
export function needsTick(): bool {
  return pending > 0 && queue == NO_QUEUE;
}

/** Whether a live root has the VM's queue. */
export function isQueueClaimed(): bool {
  return queueRoot != 0;
}

/** Registers the VM's queue for a root, unless a live root has it. The effective context must be that root. */
export function claimQueue(rootId: u32, name: Bytes): void {
  if (queueRoot) return;
  queue = registerQueue(name);
  if (queue != NO_QUEUE) queueRoot = rootId;
}

/** A root is gone; if the queue was its, another root has to claim it. */
export function disclaimQueue(rootId: u32): void {
  if (queueRoot != rootId) return;
  queueRoot = 0;
  queue = NO_QUEUE;
}

/** Lets go all that is decided. Called by the queue's event and by the tick. */
export function releaseDecided(token: u32): void {
  if (token != NO_QUEUE) dequeue(token);
  if (pending == 0) return;
  pending = 0;
  for (let i = held.length - 1; i >= 0; i--) if (i < held.length) unchecked(held[i]).release();
}
