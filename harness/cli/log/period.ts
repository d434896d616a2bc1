// A month (or any span) in a time zone of fixed offset.
import { usageError } from "../command.ts";

/** Milliseconds since 1970: from `start`, before `end`. */
export interface Period {
  startMs: number;
  endMs: number;
}

/** Minutes east of UTC of `+08:00`, `-05:30`, `Z` or `UTC`. */
export function offsetMinutes(text: string): number {
  if (/^(z|utc|gmt)$/i.test(text)) return 0;
  const [, sign = "", hours = "", minutes = "0"] = /^([+-])(\d{1,2})(?::?(\d{2}))?$/.exec(text) ?? [];
  if (sign === "" || Number(hours) > 14 || Number(minutes) > 59) {
    throw usageError(`--time-zone takes an offset such as +08:00 or UTC, not "${text}"`);
  }
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

/** `2026-11`, or a day `2026-11-21`, in the zone. */
export function periodOf(text: string, zone: string): Period {
  const [, year = "", month = "", day] = /^(\d{4})-(\d{2})(?:-(\d{2}))?$/.exec(text) ?? [];
  if (year === "" || Number(month) < 1 || Number(month) > 12 || Number(day ?? 1) < 1 || Number(day ?? 1) > 31) {
    throw usageError(`--month takes a month such as 2026-11, or a day such as 2026-11-21, not "${text}"`);
  }
  const shift = offsetMinutes(zone) * 60_000;
  const at = (months: number, days: number) =>
    Date.UTC(Number(year), Number(month) - 1 + months, Number(day ?? 1) + days) - shift;
  return day === undefined ? { startMs: at(0, 0), endMs: at(1, 0) } : { startMs: at(0, 0), endMs: at(0, 1) };
}
