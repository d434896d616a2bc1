// How many calls of a variant failed within a window of time: pure, over memory that it is given.
//
// The memory: when it was rolled back (0: it was not), then ten parts of the window, each with its number since 1970, its
// calls and its failures. A part that is older than the window counts no more and is used again.

const PARTS: i32 = 10;
const PART_BYTES: usize = 16;

/** Bytes of a window. Zeros are a fresh one. */
export const WINDOW_BYTES: i32 = 8 + PARTS * 16;

/** When the variant was taken out, in nanoseconds since 1970; 0: it was not. */
export function rolledBackAt(window: usize): u64 {
  return load<u64>(window);
}

/**
 * Counts one call. True when with it the share of failures (parts of 1e9) passes `errorRate` after at least `minCalls`:
 * the variant is out from `nowNanos` on. A window that was rolled back stays as it is.
 */
export function countCall(
  window: usize,
  nowNanos: u64,
  windowNanos: i64,
  failed: bool,
  errorRate: i64,
  minCalls: i64,
): bool {
  if (load<u64>(window) != 0) return false;
  const number = <i64>(nowNanos / <u64>max<i64>(windowNanos / PARTS, 1));
  const part = window + 8 + <usize>(<i32>(number % PARTS)) * PART_BYTES;
  if (load<i64>(part) != number) {
    store<i64>(part, number);
    store<u64>(part, 0, 8);
  }
  store<u32>(part, saturated(load<u32>(part, 8)), 8);
  if (failed) store<u32>(part, saturated(load<u32>(part, 12)), 12);
  let calls: i64 = 0;
  let failures: i64 = 0;
  for (let i = 0; i < PARTS; i++) {
    const at = window + 8 + <usize>i * PART_BYTES;
    const age = number - load<i64>(at);
    if (age < 0 || age >= PARTS) continue;
    calls += load<u32>(at, 8);
    failures += load<u32>(at, 12);
  }
  // failures / calls > errorRate / 1e9; both sides fit: calls are at most 10 * 2^30.
  if (!failed || calls < minCalls || <u64>failures * 1_000_000 <= (<u64>calls * <u64>errorRate) / 1000) return false;
  store<u64>(window, max<u64>(nowNanos, 1));
  return true;
}

/** Far more than a part can see; keeps the comparison within 64 bits. */
const MOST_CALLS: u32 = 1 << 30;


@inline function saturated(count: u32): u32 {
  return min(count + 1, MOST_CALLS);
}
