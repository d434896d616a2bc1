// The tick of the effective root context.
import { Status } from "../abi/enums";
import { proxy_set_tick_period_milliseconds } from "../abi/imports";

/** Calls `tick` on the effective root every `periodMs`; 0 ends it. */
export function setTickPeriod(periodMs: u32): Status {
  return proxy_set_tick_period_milliseconds(periodMs);
}
