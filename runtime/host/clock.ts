// The host's wall clock.
import { Status } from "../abi/enums";
import { callbackNumber } from "../abi/events";
import { proxy_get_current_time_nanoseconds } from "../abi/imports";
import { ANSWER_NUMBER } from "./answer";

let last: u64 = 0;
let readIn: u64 = 0;

/**
 * Nanoseconds since 1970, the same all through an outermost callback. Wall time: it may step back between two callbacks.
 * The last good answer when the host fails.
 */
export function nowNanos(): u64 {
  const callback = callbackNumber();
  return callback != 0 && readIn == callback ? last : readNanos();
}

/** As `nowNanos`, asked anew. */
export function readNanos(): u64 {
  if (proxy_get_current_time_nanoseconds(ANSWER_NUMBER) == Status.Ok) last = load<u64>(ANSWER_NUMBER);
  readIn = callbackNumber();
  return last;
}
