// In `safe` the guard is told that a route has no retry policy of its own. What it learns of the truth of that, per route.
import { Failure, isNeverSent, isRetryWanted } from "./failure";

/** What is known of a route. */
export const enum Trust {
  /** As configured: nothing speaks against it. */
  Unproven,
  /**
   * A repeat came about and its cause was not seen (the answer that was thrown away leaves no trace). No more repeats,
   * until a failure tells what the route's own policy would have done.
   */
  Probation,
  /** A failure was seen that any unsafe policy in use would have repeated, and nobody wanted to. */
  Proven,
  /** The route's own policy repeats what may have been billed. */
  Unsafe,
}

/** Whether repeats may be asked for on such a route. */
export function mayRepeat(trust: Trust): bool {
  return trust == Trust.Unproven || trust == Trust.Proven;
}

/**
 * What is known after one more call. `asked`: repeats were asked for on it. `failure` and `status` tell how the last
 * attempt ended (`Failure.None` for a good answer), `flags` are Envoy's.
 */
export function learn(trust: Trust, asked: bool, attempts: i64, failure: Failure, status: i32, flags: i64): Trust {
  if (trust == Trust.Unsafe) return trust;
  const isWanted = isRetryWanted(flags);
  if (isWanted && failure != Failure.None && !isNeverSent(failure)) return Trust.Unsafe;
  // What was asked for here covers only what was never sent: beyond that the policy is the route's.
  if (!asked && !isWanted && tells(failure, status)) return Trust.Proven;
  const isUnexplained = attempts > 1 && !isNeverSent(failure);
  if (isUnexplained && !asked) return Trust.Unsafe;
  return isUnexplained && trust == Trust.Unproven ? Trust.Probation : trust;
}

/** Whether every policy that repeats billed calls in practice would have repeated this: `5xx`, `gateway-error`, `reset`. */
function tells(failure: Failure, status: i32): bool {
  if (failure == Failure.ConnectFailure || failure == Failure.Timeout || failure == Failure.Reset) return true;
  return failure == Failure.Answer && status >= 502 && status <= 504;
}
