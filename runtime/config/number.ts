// Reads members that hold quantities: whole numbers, numbers, durations, money, ratios. All exact.
import { formatScaled, isDecimal, scaleDecimal, Scaled } from "./decimal";
import { formatDuration, NO_DURATION, parseDuration } from "./duration";
import { FieldReader } from "./field";
import { JsonType } from "./json";

/** Decimal places of an amount of money: units of 1e-12 of the currency. */
export const MONEY_PLACES: i32 = 12;

/** Decimal places of a ratio. */
export const RATIO_PLACES: i32 = 9;

/** The ratio 1, in units of 1e-9. */
export const RATIO_ONE: i64 = 1_000_000_000;

/** A wrong value is reported and the default returned, so that reading goes on and finds every fault. */
export class NumberReader extends FieldReader {
  /** A whole number from `least` to `most`; `1e+06` and `2.0` are whole. */
  integer(name: string, absent: i64, least: i64, most: i64): i64 {
    const node = this.take(name);
    if (node === null) return absent;
    if (node.isInteger && node.integer >= least && node.integer <= most) return node.integer;
    this.mismatch(name, "a whole number from " + least.toString() + " to " + most.toString());
    return absent;
  }

  /** A number from `least` to `most`, all three in units of 10^-places; finer ones are rounded half up. */
  scaled(name: string, absent: i64, places: i32, least: i64, most: i64): i64 {
    const node = this.take(name);
    if (node === null) return absent;
    if (node.type == JsonType.Number) {
      const value = scaleDecimal(node.text, places);
      if (value.isBetween(least, most)) return value.asI64;
    }
    this.mismatch(name, "a number from " + formatScaled(least, places) + " to " + formatScaled(most, places));
    return absent;
  }

  /** Nanoseconds of a duration such as `"60s"`, from `least` to `most` nanoseconds. */
  duration(name: string, absent: i64, least: i64, most: i64): i64 {
    const node = this.take(name);
    if (node === null) return absent;
    const nanos = node.type == JsonType.String ? parseDuration(node.text) : NO_DURATION;
    if (nanos >= least && nanos <= most) return nanos;
    if (nanos == NO_DURATION) this.mismatch(name, 'a duration such as "60s"');
    else this.mismatch(name, "a duration from " + formatDuration(least) + " to " + formatDuration(most));
    return absent;
  }

  /** An amount of money, a decimal string such as `"2.50"`, in 1e-12 of the currency. */
  money(name: string, absent: u64): u64 {
    const value = this.amount(name, false);
    if (value === null) return absent;
    const isAbove = value.magnitude == u64.MAX_VALUE && value.remainder > 0;
    if (!value.isOverflow && !isAbove) return value.magnitude;
    this.mismatch(name, "an amount of at most " + wholeUnits(u64.MAX_VALUE));
    return absent;
  }

  /** As `money`, but it may be negative: a correction. */
  signedMoney(name: string, absent: i64): i64 {
    const value = this.amount(name, true);
    if (value === null) return absent;
    if (value.fitsI64) return value.asI64;
    const most = wholeUnits(<u64>i64.MAX_VALUE);
    this.mismatch(name, "an amount from -" + most + " to " + most);
    return absent;
  }

  /** A ratio, a decimal string such as `"0.05"` with at most 9 places, in units of 1e-9, from 0 to 1. */
  ratio(name: string, absent: i64): i64 {
    const node = this.take(name);
    if (node === null) return absent;
    if (node.type == JsonType.String && isDecimal(node.text, false)) {
      const value = scaleDecimal(node.text, RATIO_PLACES);
      if (!value.isRounded && value.isBetween(0, RATIO_ONE)) return value.asI64;
    }
    this.mismatch(name, 'a ratio from 0 to 1 as a decimal string such as "0.05", at most 9 places');
    return absent;
  }

  /** A decimal string in units of 1e-12; null when absent or wrong. What is finer is rounded half up, with a warning. */
  private amount(name: string, isSigned: bool): Scaled | null {
    const node = this.take(name);
    if (node === null) return null;
    if (node.type != JsonType.String || !isDecimal(node.text, isSigned)) {
      this.mismatch(name, 'an amount as a decimal string such as "' + (isSigned ? "-2.50" : "2.50") + '"');
      return null;
    }
    const value = scaleDecimal(node.text, MONEY_PLACES);
    if (value.isRounded) this.errors.warn(this.at(name), node.describe() + " is finer than 1e-12 and was rounded");
    return value;
  }
}

function wholeUnits(units: u64): string {
  return (units / 1_000_000_000_000).toString();
}
