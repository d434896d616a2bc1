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
  let digits = "";
  let whole = -1; // digits in front of the point
  let i = 0;
  if (i < text.length && text.charCodeAt(i) == 0x2d) {
    scaled.isNegative = true;
    i++;
  }
  for (; i < text.length; i++) {
    if (isDigitAt(text, i)) digits += text.charAt(i);
    else if (text.charCodeAt(i) == 0x2e && whole < 0) whole = digits.length;
    else break;
  }
  if (whole < 0) whole = digits.length;
  const kept = <i64>whole + exponentAt(text, i) + places; // digits that stand in front of the scaled point
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
