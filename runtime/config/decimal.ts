// Decimal texts to scaled integers, exactly: money in 1e-12, ratios in 1e-9, integral doubles written as `1e+06`.

/** A decimal text times a power of ten, as a magnitude and a sign. */
export class Scaled {
  magnitude: u64 = 0;
  isNegative: bool = false;
  /** The magnitude does not fit u64. */
  isOverflow: bool = false;
  /** Where the exact magnitude lies: 1 above, -1 below the rounded one, 0 when nothing was rounded. */
  remainder: i32 = 0;

  /** Whether the value fits i64. */
  get fitsI64(): bool {
    return !this.isOverflow && this.magnitude <= <u64>i64.MAX_VALUE + (this.isNegative ? 1 : 0);
  }

  /** Whether digits beyond the last place were not zero. */
  get isRounded(): bool {
    return this.remainder != 0;
  }

  /** Whether the exact value, not only the rounded one, is from `least` to `most`. */
  isBetween(least: i64, most: i64): bool {
    if (!this.fitsI64) return false;
    const value = this.asI64;
    const side = this.isNegative ? -this.remainder : this.remainder;
    return (value > least || (value == least && side >= 0)) && (value < most || (value == most && side <= 0));
  }

  /** The value as i64; only where `fitsI64`. */
  get asI64(): i64 {
    return this.isNegative ? -(<i64>this.magnitude) : <i64>this.magnitude;
  }
}

/** A scaled integer as a plain decimal without needless zeros, for error lines. */
export function formatScaled(value: i64, places: i32): string {
  const digits = (value < 0 ? -(<u64>value) : <u64>value).toString().padStart(places + 1, "0");
  const whole = digits.substring(0, digits.length - places);
  let end = digits.length;
  while (end > whole.length && digits.charCodeAt(end - 1) == 0x30) end--;
  const fraction = digits.substring(whole.length, end);
  return (value < 0 ? "-" : "") + whole + (fraction.length ? "." + fraction : "");
}

/** Whether a text is a plain decimal: `12`, `0.05`, with `signed` also `-1.5`; no exponent, no needless zeros in front. */
export function isDecimal(text: string, signed: bool): bool {
  let i = signed && text.length > 0 && text.charCodeAt(0) == 0x2d ? 1 : 0;
  const whole = i;
  while (isDigitAt(text, i)) i++;
  if (i == whole || (i > whole + 1 && text.charCodeAt(whole) == 0x30)) return false;
  if (i == text.length) return true;
  if (text.charCodeAt(i) != 0x2e) return false;
  const fraction = ++i;
  while (isDigitAt(text, i)) i++;
  return i > fraction && i == text.length;
}

/** The value of a number in JSON's grammar (or a plain decimal) times 10^places, rounded half up in magnitude. */
export function scaleDecimal(text: string, places: i32): Scaled {
  const scaled = new Scaled();
  const decimal = new Decimal(text);
  const digits = decimal.digits;
  scaled.isNegative = decimal.isNegative;
  const kept = decimal.point + places; // digits that stand in front of the scaled point
  for (let at = 0; at < digits.length; at++) {
    const digit = <u64>(digits.charCodeAt(at) - 0x30);
    if (<i64>at < kept) push(scaled, digit);
    else if (<i64>at == kept && digit >= 5) {
      increment(scaled);
      scaled.remainder = -1;
    } else if (digit && scaled.remainder == 0) scaled.remainder = 1;
  }
  for (let at = <i64>digits.length; at < kept && scaled.magnitude && !scaled.isOverflow; at++) push(scaled, 0);
  return scaled;
}

/** A number in JSON's grammar in the one spelling that all of the same value share: `-125e-2`. */
export function canonicalNumber(text: string): string {
  const decimal = new Decimal(text);
  const digits = decimal.digits;
  let end = digits.length;
  while (end > 0 && digits.charCodeAt(end - 1) == 0x30) end--;
  if (end == 0) return "0";
  return (decimal.isNegative ? "-" : "") + digits.substring(0, end) + "e" + (decimal.point - <i64>end).toString();
}

/** Whether a number in JSON's grammar is too large for a double: what is nearer to 2^1024 than to the largest one. */
export function isBeyondDouble(text: string): bool {
  const decimal = new Decimal(text);
  if (decimal.digits.length == 0 || decimal.point < DOUBLE_DIGITS) return false;
  return decimal.point > DOUBLE_DIGITS || decimal.digits >= BEYOND_DOUBLE;
}

/** Digits of the largest double, and those that the first number which is rounded to infinity begins with. */
const DOUBLE_DIGITS: i64 = 309;
const BEYOND_DOUBLE: string = "1797693134862315807937289714053034150799341";

/** The parts of a number in JSON's grammar, or of a plain decimal. */
class Decimal {
  readonly isNegative: bool;
  /** Without zeros in front. */
  readonly digits: string;
  /** How many digits stand in front of the point; less than none when zeros follow it. */
  readonly point: i64;

  constructor(text: string) {
    let digits = "";
    let point: i64 = 0;
    let hasPoint = false;
    const isNegative = text.length > 0 && text.charCodeAt(0) == 0x2d;
    let i = isNegative ? 1 : 0;
    for (; i < text.length; i++) {
      if (isDigitAt(text, i)) {
        const isLeading = digits.length == 0 && text.charCodeAt(i) == 0x30;
        if (!isLeading) digits += text.charAt(i);
        if (hasPoint == isLeading) point += hasPoint ? -1 : 1;
      } else if (text.charCodeAt(i) == 0x2e && !hasPoint) hasPoint = true;
      else break;
    }
    this.isNegative = isNegative;
    this.digits = digits;
    this.point = point + exponentAt(text, i);
  }
}

function exponentAt(text: string, at: i32): i64 {
  if (at >= text.length || (text.charCodeAt(at) | 0x20) != 0x65) return 0;
  at++;
  let negative = false;
  if (at < text.length && (text.charCodeAt(at) == 0x2b || text.charCodeAt(at) == 0x2d)) {
    negative = text.charCodeAt(at) == 0x2d;
    at++;
  }
  let value: i64 = 0;
  for (; isDigitAt(text, at); at++) value = min<i64>(value * 10 + (text.charCodeAt(at) - 0x30), 1_000_000_000);
  return negative ? -value : value;
}

function push(scaled: Scaled, digit: u64): void {
  if (scaled.magnitude > (u64.MAX_VALUE - digit) / 10) scaled.isOverflow = true;
  else if (!scaled.isOverflow) scaled.magnitude = scaled.magnitude * 10 + digit;
}

function increment(scaled: Scaled): void {
  if (scaled.magnitude == u64.MAX_VALUE) scaled.isOverflow = true;
  else scaled.magnitude++;
}

function isDigitAt(text: string, at: i32): bool {
  if (at >= text.length) return false;
  const unit = text.charCodeAt(at);
  return unit >= 0x30 && unit <= 0x39;
}
