// A number times a ratio of two others, exactly, where the product needs 128 bits.

/** The whole part of `value * to / from`, and one more where `up` and something is left. Saturates; `from` is not 0. */
export function rescale(value: i64, to: i64, from: i64, up: bool): i64 {
  if (value <= 0 || to <= 0 || from <= 0) return 0;
  if (value <= i64.MAX_VALUE / to) {
    const product = value * to;
    return product / from + (up && product % from ? 1 : 0);
  }
  return divide(highOf(<u64>value, <u64>to), <u64>value * <u64>to, <u64>from, up);
}

function highOf(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >> 32;
  const middle = aHigh * bLow + ((aLow * bLow) >> 32);
  const crossed = aLow * bHigh + (middle & 0xffffffff);
  return aHigh * bHigh + (middle >> 32) + (crossed >> 32);
}

/** Long division, bit by bit: it is rare. The divisor is below 2^63, so that the remainder can be doubled. */
function divide(high: u64, low: u64, by: u64, up: bool): i64 {
  if (high >= by) return i64.MAX_VALUE;
  let rest = high;
  let quotient: u64 = 0;
  for (let bit = 63; bit >= 0; bit--) {
    rest = (rest << 1) | ((low >> (<u64>bit)) & 1);
    quotient <<= 1;
    if (rest < by) continue;
    rest -= by;
    quotient |= 1;
  }
  if (up && rest) quotient++;
  return quotient > <u64>i64.MAX_VALUE ? i64.MAX_VALUE : <i64>quotient;
}
