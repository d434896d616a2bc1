// Durations as the configuration writes them: a whole number and one unit, `"250ms"`, `"60s"`, `"5m"`, `"1h"`, `"1d"`.

/** What `parseDuration` answers for a text that is no duration. */
export const NO_DURATION: i64 = -1;

/** What `parseDuration` answers for a duration that does not fit i64 nanoseconds (about 292 years). */
export const ENDLESS_DURATION: i64 = -2;

const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1000 * MILLISECOND;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/** Nanoseconds of a duration; `NO_DURATION` or `ENDLESS_DURATION` when it is none or too long. */
export function parseDuration(text: string): i64 {
  let value: u64 = 0;
  let isEndless = false;
  let i = 0;
  for (; i < text.length; i++) {
    const digit = <u64>(text.charCodeAt(i) - 0x30);
    if (digit > 9) break;
    if (value > (u64.MAX_VALUE - digit) / 10) isEndless = true;
    else value = value * 10 + digit;
  }
  if (i == 0 || (i > 1 && text.charCodeAt(0) == 0x30)) return NO_DURATION;
  const unit = unitOf(text.substring(i));
  if (unit == 0) return NO_DURATION;
  if (isEndless || value > <u64>i64.MAX_VALUE / unit) return ENDLESS_DURATION;
  return <i64>(value * unit);
}

/** A duration in its largest whole unit, for error lines. Not negative; finer than a millisecond is cut off. */
export function formatDuration(nanos: i64): string {
  const value = <u64>nanos;
  if (value && value % DAY == 0) return (value / DAY).toString() + "d";
  if (value && value % HOUR == 0) return (value / HOUR).toString() + "h";
  if (value && value % MINUTE == 0) return (value / MINUTE).toString() + "m";
  if (value % SECOND == 0) return (value / SECOND).toString() + "s";
  return (value / MILLISECOND).toString() + "ms";
}

function unitOf(text: string): u64 {
  if (text == "ms") return MILLISECOND;
  if (text == "s") return SECOND;
  if (text == "m") return MINUTE;
  if (text == "h") return HOUR;
  if (text == "d") return DAY;
  return 0;
}
