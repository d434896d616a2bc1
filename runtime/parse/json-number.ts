// Reads a JSON number in pieces (RFC 8259, section 6) and its exact value when that is a whole number.
import { DOT, MINUS, PLUS, ZERO, isDigit } from "./ascii";

/** Where in the grammar the next byte stands; the order matters to `isWhole`. */
const enum Place {
  Start,
  AfterMinus,
  AfterZero,
  Integer,
  AfterDot,
  Fraction,
  AfterE,
  AfterSign,
  Exponent,
}

/** Exponents are cut here: far beyond any i64, and no sum with digit counts overflows. */
const EXPONENT_LIMIT: i64 = 1 << 40;

/** The value is mantissa * 10^scale with no trailing zero in the mantissa, so it is whole iff scale >= 0. */
export class JsonNumber {
  /** After `settle`: the value is whole. */
  isInteger: bool = false;
  /** After `settle`: whole, but beyond i64. */
  overflows: bool = false;
  /** After `settle`: below zero. */
  isNegative: bool = false;
  /** After `settle`: the value when whole, the nearest i64 when it overflows. */
  integer: i64 = 0;
  private place: Place = Place.Start;
  private isCounted: bool = true;
  private hasMinus: bool = false;
  private isWide: bool = false; // more digits than a u64 holds
  private mantissa: u64 = 0;
  private zeros: i64 = 0; // zeros not in the mantissa yet
  private decimals: i64 = 0;
  private exponent: i64 = 0;
  private hasMinusExponent: bool = false;

  /** Starts a number; the value of one that is not counted is only checked, which is quicker. */
  begin(isCounted: bool): void {
    this.isCounted = isCounted;
    this.place = Place.Start;
    this.hasMinus = false;
    this.isWide = false;
    this.mantissa = 0;
    this.zeros = 0;
    this.decimals = 0;
    this.exponent = 0;
    this.hasMinusExponent = false;
  }

  /** Instead of reading: the number is this one. For `settle` only. */
  @inline set(value: u64): void {
    this.begin(true);
    this.mantissa = value;
  }

  /** Whether what was read so far is a number. */
  @inline get isWhole(): bool {
    const place = this.place;
    return place == Place.AfterZero || place == Place.Integer || place == Place.Fraction || place == Place.Exponent;
  }

  /** Reads on. Answers the first byte that does not belong to the number, or `end`. */
  feed(p: usize, end: usize): usize {
    while (p < end) {
      const byte = load<u8>(p);
      if (isDigit(byte)) {
        if (!this.digit(byte - ZERO)) return p;
        if (!this.isCounted && this.place != Place.AfterZero) while (p + 1 < end && isDigit(load<u8>(p + 1))) p++;
      } else if (!this.sign(byte)) return p;
      p++;
    }
    return end;
  }

  /** Computes the value, of a counted number. */
  settle(): void {
    this.isNegative = this.hasMinus && this.isCounted && this.mantissa != 0;
    this.integer = 0;
    this.overflows = false;
    this.isInteger = this.isCounted;
    if (this.mantissa == 0 || !this.isCounted) return;
    let scale = this.zeros - this.decimals + (this.hasMinusExponent ? -this.exponent : this.exponent);
    if (scale < 0) {
      this.isInteger = false;
      return;
    }
    const largest = <u64>i64.MAX_VALUE + <u64>this.hasMinus;
    let value = this.mantissa;
    this.overflows = this.isWide || scale > 19;
    while (scale-- > 0 && !this.overflows) {
      if (value > largest / 10) this.overflows = true;
      else value *= 10;
    }
    if (value > largest) this.overflows = true;
    if (this.overflows) value = largest;
    this.integer = this.hasMinus ? <i64>(0 - value) : <i64>value;
  }

  private digit(digit: u8): bool {
    switch (this.place) {
      case Place.Start:
      case Place.AfterMinus:
        this.place = digit ? Place.Integer : Place.AfterZero;
        break;
      case Place.AfterZero:
        return false;
      case Place.AfterDot:
        this.place = Place.Fraction;
        break;
      case Place.AfterE:
      case Place.AfterSign:
        this.place = Place.Exponent;
        break;
      default:
    }
    if (this.place == Place.Exponent) {
      this.exponent = min(this.exponent * 10 + digit, EXPONENT_LIMIT);
      return true;
    }
    if (this.place == Place.Fraction) this.decimals++;
    if (digit == 0) {
      if (this.mantissa) this.zeros++;
    } else if (!this.isWide) this.widen(digit);
    else this.zeros = 0;
    return true;
  }

  private widen(digit: u8): void {
    let value = this.mantissa;
    for (let left = value ? this.zeros + 1 : 0; left > 0; left--) {
      if (value > u64.MAX_VALUE / 10) {
        this.isWide = true;
        break;
      }
      value *= 10;
    }
    if (value > u64.MAX_VALUE - digit) this.isWide = true;
    if (!this.isWide) this.mantissa = value + digit;
    this.zeros = 0;
  }

  private sign(byte: u8): bool {
    const place = this.place;
    if (byte == MINUS || byte == PLUS) {
      if (place == Place.Start && byte == MINUS) {
        this.hasMinus = true;
        this.place = Place.AfterMinus;
        return true;
      }
      if (place != Place.AfterE) return false;
      this.hasMinusExponent = byte == MINUS;
      this.place = Place.AfterSign;
      return true;
    }
    if (place != Place.AfterZero && place != Place.Integer && place != Place.Fraction) return false;
    if (byte == DOT && place != Place.Fraction) {
      this.place = Place.AfterDot;
      return true;
    }
    if ((byte | 0x20) != 0x65) return false;
    this.place = Place.AfterE;
    return true;
  }
}
