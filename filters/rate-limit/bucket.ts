// The bucket: what came back since, what is taken, what is given back. Token bucket and leaky bucket are this one formula:
// the first counts what is left, the second (as a meter) what is in it; both admit while capacity is not exceeded.
import { Meter, MOST_UNITS, NEVER } from "./meter";
import { rescale } from "./ratio";
import { DEFICIT, deficitOf, FULL_AT, GENERATIONS, OUTSTANDING, PAID, SCALE, TIME, timeOf } from "./slot";

/**
 * A clock that is behind a bucket by more than this was set back: the bucket goes on from the new time, and nothing comes
 * back for the step. By less another worker read it a moment later: the bucket's time stays, and the clock catches up.
 */
const CLOCK_WAS_SET: i64 = 60_000_000_000;

/**
 * Brings a slot up to `now`, in the units of `meter`. A slot of zeros becomes a full bucket. `reserves`: the slot has a
 * reserving bucket's fields. What is less than a quantum of time is left for later, so that nothing comes back twice.
 */
export function refresh(slot: usize, meter: Meter, now: i64, reserves: bool): void {
  const scale = load<i64>(slot, SCALE);
  if (scale != meter.scale) {
    if (scale > 0) convert(slot, scale, meter.scale, reserves);
    else store<i64>(slot, now, TIME);
    store<i64>(slot, meter.scale, SCALE);
  }
  const elapsed = now - timeOf(slot);
  if (elapsed <= 0) {
    if (elapsed < -CLOCK_WAS_SET) store<i64>(slot, now, TIME);
    return;
  }
  const deficit = deficitOf(slot);
  const quanta = elapsed / meter.quantum;
  if (deficit == 0 || (meter.rate > 0 && quanta > (deficit - 1) / meter.rate)) {
    store<i64>(slot, 0, DEFICIT);
    store<i64>(slot, now, TIME);
    return;
  }
  store<i64>(slot, deficit - quanta * meter.rate, DEFICIT);
  store<i64>(slot, timeOf(slot) + quanta * meter.quantum, TIME);
}

/** What of a cost a bucket can ask for: more than it holds would never be admitted. */
export function cut(meter: Meter, units: i64): i64 {
  return min(units, meter.capacity);
}

/** Whether so many units may be taken now. */
export function admits(slot: usize, meter: Meter, units: i64): bool {
  return deficitOf(slot) <= meter.capacity - units;
}

/** Takes units, whatever is left: what is missing is debt, down to the deepest. */
export function take(slot: usize, meter: Meter, units: i64): void {
  const deficit = deficitOf(slot);
  const sum = deficit + min(units, MOST_UNITS);
  // A limit that was made smaller forgives nothing of what was taken before.
  store<i64>(slot, max(deficit, min(sum, meter.deepest)), DEFICIT);
}

/**
 * Gives back what was taken when the deficit was `level` (with it) at time `at`, as far as it cannot have been paid since:
 * refilling pays what was taken first. For takings that are taken back soon.
 */
export function putBack(slot: usize, meter: Meter, units: i64, level: i64, at: i64): void {
  const deficit = deficitOf(slot);
  const quanta = max<i64>(timeOf(slot) - at, 0) / meter.quantum;
  const isPaid = meter.rate > 0 && quanta >= level / meter.rate;
  const left: i64 = isPaid ? 0 : level - quanta * meter.rate;
  store<i64>(slot, max<i64>(deficit - min(units, left), 0), DEFICIT);
}

/** Nanoseconds from `now` until so many units are admitted if nobody else takes any; `NEVER` when that cannot be said. */
export function waitFor(slot: usize, meter: Meter, units: i64, now: i64): i64 {
  const missing = deficitOf(slot) - (meter.capacity - units);
  if (missing <= 0) return 0;
  const nanos = meter.nanosFor(missing);
  if (nanos == NEVER) return NEVER;
  return max<i64>(nanos - max<i64>(now - timeOf(slot), 0), 0) + max<i64>(timeOf(slot) - now, 0);
}

/** Nanoseconds from `now` until the bucket is full. */
export function waitUntilFull(slot: usize, meter: Meter, now: i64): i64 {
  return waitFor(slot, meter, meter.capacity, now);
}

/** Notes when the bucket is full. The last step of a change. `pinnedUntil`: not before that. */
export function noteFull(slot: usize, meter: Meter, pinnedUntil: i64 = 0): void {
  const nanos = meter.nanosFor(deficitOf(slot));
  const fullAt = nanos > NEVER - timeOf(slot) ? NEVER : timeOf(slot) + nanos;
  store<i64>(slot, max(fullAt, pinnedUntil), FULL_AT);
}

/** The configuration changed: numbers become those of the new units, rounded against the caller. */
function convert(slot: usize, from: i64, to: i64, reserves: bool): void {
  convertField(slot + DEFICIT, from, to, true);
  if (!reserves) return;
  convertField(slot + PAID, from, to, true);
  for (let i: u32 = 0; i < GENERATIONS; i++) convertField(slot + OUTSTANDING + ((<usize>i) << 3), from, to, false);
}

function convertField(field: usize, from: i64, to: i64, up: bool): void {
  store<i64>(field, min(rescale(load<i64>(field), to, from, up), MOST_UNITS));
}
