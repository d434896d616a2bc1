// In which units a limit is counted, so that all of its arithmetic is in whole numbers and nothing is ever rounded.
//
// A limit lets T tokens in per interval I, to a millionth of one where weights need it (10^p parts of a token). In quanta of
// time q there are I/q of them, and with g = gcd(I/q, T·10^p) a part of a token is I/q/g units and each quantum brings
// T·10^p/g units: whole numbers, for every limit. The quantum is the finest of 1 ns, 1 µs, 1 ms with which all fits i64.

/** A deficit and a cost are at most this many units, so that their sum fits. */
export const MOST_UNITS: i64 = 1 << 61;

/** What stands for a time that never comes. */
export const NEVER: i64 = i64.MAX_VALUE;

/** One limit in units. */
@final
export class Meter {
  constructor(
    /** Units of a token. */
    readonly scale: i64,
    /** Units of the finest part of a token that a weight may name. */
    readonly part: i64,
    /** Units that come back in each quantum; 0: none ever does by itself. */
    readonly rate: i64,
    /** Nanoseconds of a quantum. */
    readonly quantum: i64,
    /** Units of the full bucket. */
    readonly capacity: i64,
    /** The largest deficit: capacity and debt. */
    readonly deepest: i64,
  ) {}

  /** Units of so many parts of tokens, at most `MOST_UNITS`. */
  units(parts: i64): i64 {
    if (parts <= 0) return 0;
    return parts > MOST_UNITS / this.part ? MOST_UNITS : parts * this.part;
  }

  /** Whole tokens that a deficit leaves. */
  remaining(deficit: i64): i64 {
    return deficit >= this.capacity ? 0 : (this.capacity - deficit) / this.scale;
  }

  /** Nanoseconds until so many units have come back, counted from the deficit's time; `NEVER` when they do not. */
  nanosFor(units: i64): i64 {
    if (units <= 0) return 0;
    if (this.rate == 0) return NEVER;
    const quanta = units / this.rate + (units % this.rate ? 1 : 0);
    return quanta > NEVER / 2 / this.quantum ? NEVER : quanta * this.quantum;
  }
}

/**
 * The units of a limit, null when it cannot be counted in whole numbers of 64 bits. `places` are the decimals of its
 * weights (0 to 6); all numbers are positive but `maxDebt`, which may be 0.
 */
export function meterOf(capacity: i64, refill: i64, intervalNanos: i64, maxDebt: i64, places: i32): Meter | null {
  const parts = powerOfTen(places);
  if (refill > i64.MAX_VALUE / parts) return null;
  for (let quantum: i64 = 1; quantum <= 1_000_000; quantum *= 1000) {
    if (intervalNanos % quantum) continue;
    const quanta = intervalNanos / quantum;
    const divisor = greatestCommonDivisor(quanta, refill * parts);
    const part = quanta / divisor;
    const rate = (refill * parts) / divisor;
    if (rate > MOST_UNITS || part > MOST_UNITS / parts) continue;
    const scale = part * parts;
    if (capacity > MOST_UNITS / scale || maxDebt > MOST_UNITS / scale - capacity) continue;
    return new Meter(scale, part, rate, quantum, capacity * scale, (capacity + maxDebt) * scale);
  }
  return null;
}

/** Calls in flight: nothing comes back but what is given back. */
export function meterOfCalls(most: i64): Meter {
  return new Meter(1, 1, 0, 1, most, most);
}

function powerOfTen(exponent: i32): i64 {
  let value: i64 = 1;
  for (let i = 0; i < exponent; i++) value *= 10;
  return value;
}

function greatestCommonDivisor(a: i64, b: i64): i64 {
  while (b) {
    const rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}
