// Paths in one safe normal form, and questions about their segments.
//
// Servers differ in what they do with encoded bytes, double slashes and the like before they route a request. The normal
// form undoes all of it, so that no spelling of a path that some server takes for an AI call passes unseen; a path that
// only looks like a call costs a look at a body. In order: the query is cut, `;parameters` are cut off each segment,
// percent-encoding is decoded once (slashes too), `\` becomes `/`, empty and `.` segments go, `..` takes its parent along.
// Letters keep their case; comparisons ignore it.
import { arenaAlloc } from "../bytes/arena";
import { Bytes, lowerAscii } from "../bytes/bytes";
import { BACKSLASH, DOT, PERCENT, SEMICOLON, SLASH, hexDigit } from "../parse/ascii";

const HASH: u8 = 0x23;
const QUESTION: u8 = 0x3f;
const AMPERSAND: u8 = 0x26;
const EQUALS: u8 = 0x3d;
const PLUS: u8 = 0x2b;
const SPACE: u8 = 0x20;

/** The normal form, in the arena: begins with `/`, ends without one (but for the root). Absent stays absent. */
export function normalPath(raw: Bytes): Bytes {
  if (!raw.isPresent) return raw;
  const start = arenaAlloc(raw.length + 2);
  store<u8>(start, SLASH);
  let out = start + 1; // behind the slash that opens the current segment
  let segment = out;
  let isParameter = false;
  let i = 0;
  for (; i < raw.length; i++) {
    let byte = raw.at(i);
    if (byte == QUESTION || byte == HASH) break;
    const isRawSlash = byte == SLASH;
    if (isRawSlash) isParameter = false;
    else if (byte == SEMICOLON) isParameter = true;
    if (isParameter) continue;
    if (byte == PERCENT) {
      const decoded = escapeAt(raw, i);
      if (decoded >= 0) {
        byte = <u8>decoded;
        i += 2;
      }
    }
    if (byte == SLASH || byte == BACKSLASH) {
      out = endSegment(start, segment, out);
      segment = out;
    } else store<u8>(out++, byte);
  }
  out = endSegment(start, segment, out);
  if (out > start + 1) out--;
  return Bytes.view(start, <i32>(out - start));
}

/** The byte that `%XX` at `index` stands for, -1 when it is no escape. */
function escapeAt(raw: Bytes, index: i32): i32 {
  if (index + 2 >= raw.length) return -1;
  const high = hexDigit(raw.at(index + 1));
  const low = hexDigit(raw.at(index + 2));
  return high < 16 && low < 16 ? ((<i32>high) << 4) | low : -1;
}

/** Ends the segment [segment, out) with a slash, or drops it; answers where the next one begins. */
function endSegment(start: usize, segment: usize, out: usize): usize {
  const length = out - segment;
  if (length == 0 || (length == 1 && load<u8>(segment) == DOT)) return segment;
  if (length == 2 && load<u8>(segment) == DOT && load<u8>(segment + 1) == DOT) {
    if (segment <= start + 1) return segment;
    let at = segment - 1;
    while (at > start && load<u8>(at - 1) != SLASH) at--;
    return at;
  }
  store<u8>(out, SLASH);
  return out + 1;
}

/** Whether the path ends with these whole segments (`/chat/completions`), in any case of letters. */
export function endsWithPath(path: Bytes, suffix: Bytes): bool {
  const from = path.length - suffix.length;
  return from >= 0 && isAt(path, from, suffix);
}

/** Index of the last occurrence of `part` (in any case of letters) that begins before `before`, -1 when none. */
export function lastIndexOf(path: Bytes, part: Bytes, before: i32 = i32.MAX_VALUE): i32 {
  for (let i = min(path.length - part.length, before - 1); i >= 0; i--) if (isAt(path, i, part)) return i;
  return -1;
}

/** The last segment, without its slash. */
export function lastSegment(path: Bytes): Bytes {
  let from = path.length;
  while (from > 0 && path.at(from - 1) != SLASH) from--;
  return path.slice(from);
}

/** The path without its last segment and the slash before it. */
export function parentPath(path: Bytes): Bytes {
  let to = path.length;
  while (to > 0 && path.at(to - 1) != SLASH) to--;
  return path.slice(0, max(to - 1, 0));
}

/** The first value of a query parameter of a raw path, decoded into the arena; absent when there is none. */
export function queryParameter(raw: Bytes, name: Bytes): Bytes {
  let at = raw.indexOfByte(QUESTION);
  while (at >= 0) {
    const next = raw.indexOfByte(AMPERSAND, at + 1);
    const end = next < 0 ? raw.length : next;
    const value = at + 1 + name.length;
    if (value < end && raw.at(value) == EQUALS && isAt(raw, at + 1, name)) return decoded(raw.slice(value + 1, end));
    at = next;
  }
  return Bytes.absent();
}

function decoded(text: Bytes): Bytes {
  const start = arenaAlloc(text.length + 1);
  let out = start;
  for (let i = 0; i < text.length; i++) {
    let byte = text.at(i);
    if (byte == HASH) break;
    if (byte == PLUS) byte = SPACE;
    const escape = byte == PERCENT ? escapeAt(text, i) : -1;
    if (escape >= 0) {
      byte = <u8>escape;
      i += 2;
    }
    store<u8>(out++, byte);
  }
  return Bytes.view(start, <i32>(out - start));
}

/** Whether `part` stands at `index`, in any case of letters. */
function isAt(path: Bytes, index: i32, part: Bytes): bool {
  if (index + part.length > path.length) return false;
  const a = path.ptr + <usize>index;
  for (let i: usize = 0, k = <usize>part.length; i < k; i++) {
    if (lowerAscii(load<u8>(a + i)) != lowerAscii(load<u8>(part.ptr + i))) return false;
  }
  return true;
}
