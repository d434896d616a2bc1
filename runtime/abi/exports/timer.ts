// Exports for events that come without a stream: the tick and shared queues.
import { enter, leave } from "../events";

/** The period that `setTickPeriod` asked for has passed. */
export function proxy_on_tick(rootId: u32): void {
  const events = enter();
  if (events) events.tick(rootId);
  leave();
}

/** A queue that this root registered has something. */
export function proxy_on_queue_ready(rootId: u32, token: u32): void {
  const events = enter();
  if (events) events.queueReady(rootId, token);
  leave();
}
