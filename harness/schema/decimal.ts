// Decimal texts and durations as exact integers: what the modules compute, on BigInt.

/** A decimal text times 10^places, rounded half up in magnitude, and whether anything was rounded. */
export interface Scaled {
  value: bigint;
  isRounded: boolean;
}

/** The value of a number in JSON's grammar in units of 10^-places; undefined for a text that is none. */
export function scaleDecimal(text: string, places: number): Scaled | undefined {
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (!parts) return undefined;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = parts;
  const digits = whole + fraction;
  const shift = Number(exponent) + places - fraction.length;
  if (shift >= 0) return { value: signed(sign, BigInt(digits) * 10n ** BigInt(shift)), isRounded: false };
  const unit = 10n ** BigInt(-shift);
  const exact = BigInt(digits);
  const rounded = (exact * 2n + unit) / (unit * 2n);
  return { value: signed(sign, rounded), isRounded: exact % unit !== 0n };
}

/** Compares two decimal texts exactly: negative, zero or positive. Both must be decimals. */
export function compareDecimals(left: string, right: string): number {
  const places = Math.max(fractionLength(left), fractionLength(right));
  const difference = (scaleDecimal(left, places)?.value ?? 0n) - (scaleDecimal(right, places)?.value ?? 0n);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

const NANOS: Record<string, bigint> = {
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
};

/** Nanoseconds of a duration such as `60s`; undefined for a text that is none. */
export function durationNanos(text: string): bigint | undefined {
  const [, count, unit = ""] = /^(0|[1-9]\d*)(ms|s|m|h|d)$/.exec(text) ?? [];
  const nanos = NANOS[unit];
  return count === undefined || nanos === undefined ? undefined : BigInt(count) * nanos;
}

function signed(sign: string, magnitude: bigint): bigint {
  return sign === "-" ? -magnitude : magnitude;
}

function fractionLength(text: string): number {
  const point = text.indexOf(".");
  return point < 0 ? 0 : text.length - point - 1;
}
