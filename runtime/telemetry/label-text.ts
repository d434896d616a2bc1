// Writes a label's value into a metric's name, so that the name can be taken apart again.
import { ByteBuffer } from "../bytes/buffer";
import { Bytes } from "../bytes/bytes";

const REPLACEMENT: u8 = 0x5f; // _

/**
 * Appends a value: `;.;` and `=.=` (what separates labels in a name), control characters and bytes that are no UTF-8
 * become `_` each.
 */
export function appendLabelValue(name: ByteBuffer, value: Bytes): void {
  for (let i = 0; i < value.length;) {
    const size = plainSize(value, i);
    if (size > 0) name.raw(value.ptr + <usize>i, size);
    else name.byte(REPLACEMENT);
    i += size == 0 ? 1 : abs(size);
  }
}

/** Bytes of the character at `at` when it may stay, 0 for one bad byte, -n for n bytes that one `_` replaces. */
function plainSize(value: Bytes, at: i32): i32 {
  const byte = value.at(at);
  if (byte < 0x80) return byte < 0x20 || byte == 0x7f ? 0 : separatorSize(value, at, byte);
  return utf8Size(value, at, byte);
}

function separatorSize(value: Bytes, at: i32, byte: u8): i32 {
  if ((byte != 0x3b && byte != 0x3d) || value.at(at + 1) != 0x2e) return 1;
  if (value.at(at + 2) == byte) return -3;
  // A value that ends in ";." would make a separator with the one behind it.
  return byte == 0x3b && at + 2 == value.length ? -2 : 1;
}

/** Length of the UTF-8 sequence that begins here; 0 when there is none, or it encodes a control character. */
function utf8Size(value: Bytes, at: i32, lead: u8): i32 {
  const size = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (size == 0 || at + size > value.length) return 0;
  for (let i = 1; i < size; i++) if ((value.at(at + i) & 0xc0) != 0x80) return 0;
  const next = value.at(at + 1);
  if (lead == 0xc2 && next < 0xa0) return -2;
  if (lead == 0xe0 && next < 0xa0) return 0;
  if (lead == 0xed && next > 0x9f) return 0;
  if (lead == 0xf0 && next < 0x90) return 0;
  if (lead == 0xf4 && next > 0x8f) return 0;
  return size;
}
