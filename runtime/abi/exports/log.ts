// Export for the moment when the access log is written: before on_done, for finished, cut and aborted streams.
import { enter, leave } from "../events";

/** The stream is over and its properties are final; what is set here is still seen by the access log. */
export function proxy_on_log(contextId: u32): void {
  const events = enter();
  if (events) events.log(contextId);
  leave();
}
