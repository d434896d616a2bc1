// What a model did lately: calls, repeats, successes and how long it took. One packed record per model, in windows.
//
//   0  number of the window of the counts (i64); 8, 24: two windows of calls, repeats, good and bad ends (u32 each)
//  40  number of the window of the durations (i64); 48, 112: two windows of counts per bucket (u16 each)

/** Bytes of a record. */
export const HEALTH_BYTES: i32 = 176;
/** How long one window of counts is; two of them are looked at. */
export const COUNT_WINDOW_MS: i64 = 30_000;
/** The same for durations. */
export const DURATION_WINDOW_MS: i64 = 300_000;
/** Durations are told apart by a quarter of an octave: at most 19 % too long. */
const BUCKETS_PER_OCTAVE: i64 = 4;
const BUCKETS: i32 = 32;
/** The first bucket ends here; the last but one at about 430 s. */
const FIRST_BUCKET_MS: i64 = 2_000;

const COUNTS: usize = 8;
const COUNTS_BYTES: usize = 16;
const CALLS: usize = 0;
const REPEATS: usize = 4;
const GOOD: usize = 8;
const BAD: usize = 12;
const DURATION_WINDOW: usize = 40;
const DURATIONS: usize = 48;
const DURATIONS_BYTES: usize = 64;

/** Below so many calls the share of repeats says nothing: this many repeats are always allowed. */
const ALWAYS_ALLOWED: u64 = 3;
/** Below so many ends the share of good ones says nothing. */
const LEAST_ENDS: u64 = 10;
/** Below so many durations there is no percentile. */
export const LEAST_DURATIONS: u32 = 100;

/** The ratio 1 in the units of ratios. */
const ONE: u64 = 1_000_000_000;

/** Adds what one call came to. Both windows move on by themselves; a clock that was set back changes nothing before it. */
export function addCall(record: usize, nowMs: i64, repeats: i64, isGood: bool, isBad: bool): void {
  turn(record, 0, COUNTS, COUNTS_BYTES, nowMs / COUNT_WINDOW_MS);
  add32(record + COUNTS + CALLS, 1);
  if (repeats > 0) add32(record + COUNTS + REPEATS, <u32>min<i64>(repeats, 100));
  if (isGood) add32(record + COUNTS + GOOD, 1);
  if (isBad) add32(record + COUNTS + BAD, 1);
}

/** Adds how long one call took. */
export function addDuration(record: usize, nowMs: i64, durationMs: i64): void {
  turn(record, DURATION_WINDOW, DURATIONS, DURATIONS_BYTES, nowMs / DURATION_WINDOW_MS);
  const at = record + DURATIONS + ((<usize>bucketOf(durationMs)) << 1);
  const count = load<u16>(at);
  if (count < u16.MAX_VALUE) store<u16>(at, count + 1);
}

/** Whether one more safe repeat fits the budget, and whether the model is well enough for it. Ratios in 1e-9. */
export function allowsRepeat(record: usize, nowMs: i64, budget: i64, leastSuccess: i64): bool {
  const age = nowMs / COUNT_WINDOW_MS - load<i64>(record);
  if (age > 1) return true;
  const calls = sum32(record, CALLS, age);
  const repeats = sum32(record, REPEATS, age);
  const good = sum32(record, GOOD, age);
  const ends = good + sum32(record, BAD, age);
  if (ends >= LEAST_ENDS && good * ONE < ends * <u64>max<i64>(leastSuccess, 0)) return false;
  return repeats < ALWAYS_ALLOWED || repeats * ONE < calls * <u64>max<i64>(budget, 0);
}

/** The time that 99 of 100 calls stayed under lately, in milliseconds; 0 while too few were seen. */
export function durationP99Ms(record: usize, nowMs: i64): i64 {
  const age = nowMs / DURATION_WINDOW_MS - load<i64>(record, DURATION_WINDOW);
  if (age > 1) return 0;
  let total: u32 = 0;
  for (let i = 0; i < BUCKETS; i++) total += bucketCount(record, i, age);
  if (total < LEAST_DURATIONS) return 0;
  const wanted = total - total / 100;
  let seen: u32 = 0;
  for (let i = 0; i < BUCKETS; i++) {
    seen += bucketCount(record, i, age);
    if (seen >= wanted) return bucketEndMs(i);
  }
  return bucketEndMs(BUCKETS - 1);
}

/** The bucket of a duration. */
export function bucketOf(durationMs: i64): i32 {
  for (let i = 0; i < BUCKETS - 1; i++) if (durationMs <= bucketEndMs(i)) return i;
  return BUCKETS - 1;
}

/** The longest duration of a bucket. */
export function bucketEndMs(bucket: i32): i64 {
  const octave = <i64>bucket / BUCKETS_PER_OCTAVE;
  const start = FIRST_BUCKET_MS << (octave as i64);
  return start + (start * (<i64>bucket % BUCKETS_PER_OCTAVE)) / BUCKETS_PER_OCTAVE;
}

/** Makes the newest window that of `number`; the one before it is kept if it is the next older one. */
function turn(record: usize, numberAt: usize, windowsAt: usize, bytes: usize, number: i64): void {
  const known = load<i64>(record + numberAt);
  if (number <= known && known - number <= 1) return;
  const newest = record + windowsAt;
  if (number == known + 1) memory.copy(newest + bytes, newest, bytes);
  else memory.fill(newest + bytes, 0, bytes);
  memory.fill(newest, 0, bytes);
  store<i64>(record + numberAt, number);
}

function sum32(record: usize, at: usize, age: i64): u64 {
  const newest = <u64>load<u32>(record + COUNTS + at);
  return age >= 1 ? newest : newest + <u64>load<u32>(record + COUNTS + COUNTS_BYTES + at);
}

function bucketCount(record: usize, bucket: i32, age: i64): u32 {
  const at = record + DURATIONS + ((<usize>bucket) << 1);
  const newest = <u32>load<u16>(at);
  return age >= 1 ? newest : newest + <u32>load<u16>(at + DURATIONS_BYTES);
}

function add32(at: usize, by: u32): void {
  const value = load<u32>(at);
  store<u32>(at, value > u32.MAX_VALUE - by ? u32.MAX_VALUE : value + by);
}
