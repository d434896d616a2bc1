// Decimal numbers in bytes, checked for overflow.
import { Bytes } from "./bytes";

/** What `parseU64` answers for anything but a plain decimal number that fits. */
export const NO_NUMBER: u64 = u64.MAX_VALUE;

/** A plain decimal number (digits only) below 2^64 - 1; `NO_NUMBER` for all else. */
export function parseU64(bytes: Bytes): u64 {
  if (bytes.length == 0 || bytes.length > 20) return NO_NUMBER;
  let value: u64 = 0;
  for (let i = 0; i < bytes.length; i++) {
    const digit = <u64>bytes.at(i) - 0x30;
    if (digit > 9) return NO_NUMBER;
    if (value > (NO_NUMBER - 1 - digit) / 10) return NO_NUMBER;
    value = value * 10 + digit;
  }
  return value;
}
