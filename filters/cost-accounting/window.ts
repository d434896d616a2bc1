// The periods of budgets: days, weeks, months of the calendar at a fixed offset from UTC, or 30 days from the first call.
import { civilDay, DAY_SECONDS, daysOf } from "../../runtime/price/date";

/** Kinds of periods. The order is that of their names. */
export const enum WindowKind {
  Day,
  /** Begins on Mondays (ISO 8601). */
  Week,
  Month,
  /** Begins with the first call after the last one ended. */
  ThirtyDays,
}

/** The names of the kinds in configurations. */
export const WINDOWS: string[] = ["day", "week", "month", "30d"];

const THIRTY_DAYS: i64 = 30 * DAY_SECONDS;
/** Monday, 29 December 1969. */
const FIRST_MONDAY: i32 = -3;

/** One window. Times are seconds since 1970, in UTC. */
@final
export class Window {
  constructor(
    readonly kind: WindowKind,
    /** East of Greenwich. */
    readonly offsetSeconds: i32,
  ) {}

  /** When the period that has `now` began. `lastStart`: that of the last call, 0 without one (30d needs it). */
  startOf(now: i64, lastStart: i64): i64 {
    if (this.kind == WindowKind.ThirtyDays) {
      // A clock that was set back far ends the period, too.
      return lastStart > 0 && now < lastStart + THIRTY_DAYS && now >= lastStart - DAY_SECONDS ? lastStart : now;
    }
    const day = this.dayOf(now);
    if (this.kind == WindowKind.Day) return this.secondsOf(day);
    if (this.kind == WindowKind.Week) return this.secondsOf(day - weekday(day));
    civilDay.set(day);
    return this.secondsOf(daysOf(civilDay.year, civilDay.month, 1));
  }

  /** When the period that began at `start` ends, and the next begins. */
  endOf(start: i64): i64 {
    if (this.kind == WindowKind.ThirtyDays) return start + THIRTY_DAYS;
    if (this.kind == WindowKind.Day) return start + DAY_SECONDS;
    if (this.kind == WindowKind.Week) return start + 7 * DAY_SECONDS;
    civilDay.set(this.dayOf(start));
    const isDecember = civilDay.month == 12;
    const next = daysOf(isDecember ? civilDay.year + 1 : civilDay.year, isDecember ? 1 : civilDay.month + 1, 1);
    return this.secondsOf(next);
  }

  /** The first day of the period that has `now`, in local days since 1970: what all gateways call it. Not for 30d. */
  firstDay(now: i64): i32 {
    return this.dayOf(this.startOf(now, 0));
  }

  private dayOf(seconds: i64): i32 {
    const local = seconds + <i64>this.offsetSeconds;
    return <i32>(local >= 0 ? local / DAY_SECONDS : (local - DAY_SECONDS + 1) / DAY_SECONDS);
  }

  private secondsOf(day: i32): i64 {
    return <i64>day * DAY_SECONDS - <i64>this.offsetSeconds;
  }
}

/** Monday is 0. */
function weekday(day: i32): i32 {
  const since = (day - FIRST_MONDAY) % 7;
  return since < 0 ? since + 7 : since;
}

/** What `parseOffset` answers for a text that is none. */
export const NO_OFFSET: i32 = i32.MIN_VALUE;

/** Seconds of `Z`, `+08:00` or `-03:30`, at most 14 hours; `NO_OFFSET` for anything else. */
export function parseOffset(text: string): i32 {
  if (text == "Z") return 0;
  if (text.length != 6 || text.charCodeAt(3) != 0x3a) return NO_OFFSET;
  const sign = text.charCodeAt(0);
  const hours = twoDigits(text, 1);
  const minutes = twoDigits(text, 4);
  if ((sign != 0x2b && sign != 0x2d) || hours < 0 || hours > 14 || minutes < 0 || minutes > 59) return NO_OFFSET;
  const seconds = (hours * 60 + minutes) * 60;
  return sign == 0x2d ? -seconds : seconds;
}

function twoDigits(text: string, at: i32): i32 {
  const tens = text.charCodeAt(at) - 0x30;
  const ones = text.charCodeAt(at + 1) - 0x30;
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : tens * 10 + ones;
}
