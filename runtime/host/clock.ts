// The host's wall clock.
import { Status } from "../abi/enums";
import { proxy_get_current_time_nanoseconds } from "../abi/imports";
import { ANSWER_NUMBER } from "./answer";

let last: u64 = 0;

/** Nanoseconds since 1970. Wall time: it may step back between two calls. The last good answer when the host fails. */
export function nowNanos(): u64 {
  if (proxy_get_current_time_nanoseconds(ANSWER_NUMBER) == Status.Ok) last = load<u64>(ANSWER_NUMBER);
  return last;
}
