// Finds one value in a query string or in a cookie header.
import { arenaAlloc } from "../bytes/arena";
import { Bytes } from "../bytes/bytes";

const PERCENT: u8 = 0x25;
const PLUS: u8 = 0x2b;

/** The first value of a query parameter, decoded; absent when it is not there. `name` is the decoded name. */
export function queryValue(query: Bytes, name: Bytes): Bytes {
  let start = 0;
  while (start < query.length) {
    let end = query.indexOfByte(0x26, start);
    if (end < 0) end = query.length;
    let equals = query.indexOfByte(0x3d, start);
    if (equals < 0 || equals > end) equals = end;
    if (decoded(query.slice(start, equals)).equals(name)) return decoded(query.slice(min(equals + 1, end), end));
    start = end + 1;
  }
  return Bytes.absent();
}

/** The first value of a cookie, without the quotes around it; absent when it is not there. */
export function cookieValue(header: Bytes, name: Bytes): Bytes {
  let start = 0;
  while (start < header.length) {
    let end = header.indexOfByte(0x3b, start);
    if (end < 0) end = header.length;
    const equals = header.indexOfByte(0x3d, start);
    if (equals >= 0 && equals < end && header.slice(start, equals).trim().equals(name)) {
      const value = header.slice(equals + 1, end).trim();
      const isQuoted = value.length >= 2 && value.at(0) == 0x22 && value.at(value.length - 1) == 0x22;
      return isQuoted ? value.slice(1, value.length - 1) : value;
    }
    start = end + 1;
  }
  return Bytes.absent();
}

/** The text with `%41` and `+` decoded: a copy in the arena, or the same view when nothing is encoded. */
function decoded(text: Bytes): Bytes {
  if (text.indexOfByte(PERCENT) < 0 && text.indexOfByte(PLUS) < 0) return text;
  const out = arenaAlloc(<usize>text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    let byte = text.at(i);
    if (byte == PLUS) byte = 0x20;
    else if (byte == PERCENT && i + 2 < text.length) {
      const high = hexDigit(text.at(i + 1));
      const low = hexDigit(text.at(i + 2));
      if (high >= 0 && low >= 0) {
        byte = <u8>((high << 4) | low);
        i += 2;
      }
    }
    store<u8>(out + <usize>length, byte);
    length++;
  }
  return Bytes.view(out, length);
}

function hexDigit(byte: u8): i32 {
  const letter = byte | 0x20;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
