// Percent-decoding of a path segment or query value (RFC 3986, section 2.1).
import { PERCENT, hexDigit } from "./ascii";

/**
 * Decodes to `out` and answers the length, -1 when `capacity` bytes do not suffice. A percent sign that two
 * hexadecimal digits do not follow stands for itself. `out` may be `ptr`.
 */
export function percentDecode(ptr: usize, length: i32, out: usize, capacity: i32): i32 {
  const end = ptr + <usize>max(length, 0);
  let written = 0;
  while (ptr < end) {
    if (written >= capacity) return -1;
    let byte = load<u8>(ptr++);
    if (byte == PERCENT && end - ptr >= 2) {
      const high = hexDigit(load<u8>(ptr));
      const low = hexDigit(load<u8>(ptr + 1));
      if (high != 255 && low != 255) {
        byte = (high << 4) | low;
        ptr += 2;
      }
    }
    store<u8>(out + <usize>written, byte);
    written++;
  }
  return written;
}
