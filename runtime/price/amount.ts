// Amounts of money in 1e-12 of a currency: how they are written, and how they are added without passing the end.
import { ByteBuffer } from "../bytes/buffer";

/** Units of an amount that make 1 of the currency. */
export const UNITS: u64 = 1_000_000_000_000;

/** Units of an amount that make 1e-9 of the currency, the unit of counters. */
export const UNITS_PER_NANO: u64 = 1000;

const PLACES: i32 = 12;

/** Appends a plain decimal: at most 12 places, no exponent, no needless zeros. */
export function appendAmount(out: ByteBuffer, amount: i64): ByteBuffer {
  if (amount < 0) out.byte(0x2d);
  const magnitude = amount < 0 ? -(<u64>amount) : <u64>amount;
  out.u64(magnitude / UNITS);
  let fraction = magnitude % UNITS;
  if (fraction == 0) return out;
  out.byte(0x2e);
  let places = PLACES;
  for (; fraction % 10 == 0; places--) fraction /= 10;
  let unit: u64 = 1;
  for (let i = 1; i < places; i++) unit *= 10;
  for (; unit > fraction; unit /= 10) out.byte(0x30);
  return out.u64(fraction);
}

/** The sum of two amounts; it stays at the ends of i64 instead of passing them. */
export function addAmounts(a: i64, b: i64): i64 {
  if (b > 0 && a > i64.MAX_VALUE - b) return i64.MAX_VALUE;
  if (b < 0 && a < i64.MIN_VALUE - b) return i64.MIN_VALUE;
  return a + b;
}
