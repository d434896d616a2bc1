// Days of the Gregorian calendar, counted from 1970. Howard Hinnant's algorithms, on days and months of eras of 400 years.

/** Seconds of a day. */
export const DAY_SECONDS: i64 = 86_400;

/** The day with this number, in `year`, `month` (1 to 12) and `day` (1 to 31). One for the whole module. */
class CivilDay {
  year: i32 = 1970;
  month: i32 = 1;
  day: i32 = 1;

  /** Takes the date of a day. */
  set(days: i32): this {
    const shifted = days + 719_468; // from the 1st of March of year 0
    const era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097;
    const dayOfEra = shifted - era * 146_097;
    const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
    const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
    const month = (5 * dayOfYear + 2) / 153; // March is 0
    this.day = dayOfYear - (153 * month + 2) / 5 + 1;
    this.month = month < 10 ? month + 3 : month - 9;
    this.year = yearOfEra + era * 400 + (this.month <= 2 ? 1 : 0);
    return this;
  }
}

export const civilDay = new CivilDay();

/** The number of a day. A day beyond the month's end counts on into the next month. */
export function daysOf(year: i32, month: i32, day: i32): i32 {
  const y = month <= 2 ? year - 1 : year;
  const era = (y >= 0 ? y : y - 399) / 400;
  const yearOfEra = y - era * 400;
  const dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** What `parseDate` answers for a text that is no date. */
export const NO_DATE: i32 = i32.MIN_VALUE;

/** The day of `2026-11-01`; `NO_DATE` for anything else. The 29th of February of any year is taken. */
export function parseDate(text: string): i32 {
  if (text.length != 10 || text.charCodeAt(4) != 0x2d || text.charCodeAt(7) != 0x2d) return NO_DATE;
  const year = digits(text, 0, 4);
  const month = digits(text, 5, 7);
  const day = digits(text, 8, 10);
  if (year < 0 || month < 1 || month > 12 || day < 1 || day > longest(month)) return NO_DATE;
  return daysOf(year, month, day);
}

function longest(month: i32): i32 {
  if (month == 2) return 29;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

function digits(text: string, from: i32, to: i32): i32 {
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
