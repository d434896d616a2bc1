// Sums of products in 128 bits: tokens times prices, divided once at the end, so that nothing is rounded on the way.

/** An unsigned 128-bit sum. Keep one and `clear` it: it allocates nothing. */
@final
export class WideSum {
  /** The sum left 128 bits, or a quotient left 64. */
  isOverflow: bool = false;
  private high: u64 = 0;
  private low: u64 = 0;

  clear(): this {
    this.high = 0;
    this.low = 0;
    this.isOverflow = false;
    return this;
  }

  /** Adds `a` times `b`. */
  addProduct(a: u64, b: u64): this {
    const aLow = a & 0xffffffff;
    const aHigh = a >> 32;
    const bLow = b & 0xffffffff;
    const bHigh = b >> 32;
    const lowest = aLow * bLow;
    const middle = aHigh * bLow + (lowest >> 32); // at most 2^64 - 2^32: no carry is lost
    const crossed = aLow * bHigh + (middle & 0xffffffff);
    this.add(aHigh * bHigh + (middle >> 32) + (crossed >> 32), (crossed << 32) | (lowest & 0xffffffff));
    return this;
  }

  /** The sum divided by `divisor` (not 0), rounded half up. u64.MAX_VALUE, and overflown, when it does not fit. */
  dividedBy(divisor: u32): u64 {
    const by = <u64>divisor;
    if (this.isOverflow || by == 0 || this.high >= by) return this.overflow();
    // Long division in digits of 32 bits; the sum's top digit is below the divisor.
    const first = (this.high << 32) | (this.low >> 32);
    const second = ((first % by) << 32) | (this.low & 0xffffffff);
    const upper = first / by;
    const quotient = (upper << 32) | (second / by);
    const isUp = second % by >= by - by / 2;
    if (upper > 0xffffffff || (isUp && quotient == u64.MAX_VALUE)) return this.overflow();
    return isUp ? quotient + 1 : quotient;
  }

  private add(high: u64, low: u64): void {
    const sum = this.low + low;
    const carry: u64 = sum < low ? 1 : 0;
    const top = this.high + high;
    if (top < high || top + carry < top) this.isOverflow = true;
    this.low = sum;
    this.high = top + carry;
  }

  private overflow(): u64 {
    this.isOverflow = true;
    return u64.MAX_VALUE;
  }
}
