// Parameters of a header value: `value; name=token; name="quoted text"` (RFC 9110, section 5.6.6).
import { Bytes, isSpace, lowerAscii } from "../bytes/bytes";
import { BACKSLASH, EQUALS, QUOTE, SEMICOLON } from "./ascii";

/**
 * Writes the first parameter with this name (`name` in lower case) to `out`, at most `capacity` bytes, and answers its
 * length, which is larger than `capacity` when it was cut; -1 when there is none. Quotes are taken off; a backslash
 * escapes a quote or a backslash, before any other byte it stands for itself (as in file names of old browsers).
 */
export function readParameter(ptr: usize, length: i32, name: Bytes, out: usize, capacity: i32): i32 {
  const end = ptr + <usize>max(length, 0);
  let p = valueEnd(ptr, end);
  while (p < end) {
    p = skipSpaces(p + 1, end);
    const nameStart = p;
    while (p < end && load<u8>(p) != EQUALS && load<u8>(p) != SEMICOLON) p++;
    if (p == end) return -1;
    if (load<u8>(p) == SEMICOLON) continue;
    const isWanted = isNamed(nameStart, trimEnd(nameStart, p), name);
    p = skipSpaces(p + 1, end);
    if (isWanted) return copyValue(p, end, out, capacity);
    p = valueEnd(p, end);
  }
  return -1;
}

/** Whether the bytes are this text, which is in lower case, in whatever case they are. */
export function isText(ptr: usize, length: i32, text: Bytes): bool {
  return isNamed(ptr, ptr + <usize>max(length, 0), text);
}

/** Length of the header value in front of its parameters, without white space at its end. */
export function bareLength(ptr: usize, length: i32): i32 {
  const end = ptr + <usize>max(length, 0);
  return <i32>(trimEnd(ptr, valueEnd(ptr, end)) - ptr);
}

/** First semicolon that is not quoted, else `end`. */
function valueEnd(p: usize, end: usize): usize {
  let isQuoted = false;
  while (p < end) {
    const byte = load<u8>(p);
    if (byte == QUOTE) isQuoted = !isQuoted;
    else if (isQuoted && isEscape(p, end)) p++;
    else if (byte == SEMICOLON && !isQuoted) return p;
    p++;
  }
  return end;
}

function isEscape(p: usize, end: usize): bool {
  if (load<u8>(p) != BACKSLASH || p + 1 >= end) return false;
  const next = load<u8>(p + 1);
  return next == QUOTE || next == BACKSLASH;
}

function copyValue(p: usize, end: usize, out: usize, capacity: i32): i32 {
  let length = 0;
  if (p < end && load<u8>(p) == QUOTE) {
    for (p++; p < end && load<u8>(p) != QUOTE; p++) {
      if (isEscape(p, end)) p++;
      if (length < capacity) store<u8>(out + <usize>length, load<u8>(p));
      length++;
    }
    return length;
  }
  length = <i32>(trimEnd(p, valueEnd(p, end)) - p);
  memory.copy(out, p, <usize>max(min(length, capacity), 0));
  return length;
}

function isNamed(start: usize, end: usize, name: Bytes): bool {
  if (<i32>(end - start) != name.length) return false;
  for (let i = 0; i < name.length; i++) {
    if (lowerAscii(load<u8>(start + <usize>i)) != load<u8>(name.ptr + <usize>i)) return false;
  }
  return true;
}

function skipSpaces(p: usize, end: usize): usize {
  while (p < end && isSpace(load<u8>(p))) p++;
  return p;
}

function trimEnd(start: usize, end: usize): usize {
  while (end > start && isSpace(load<u8>(end - 1))) end--;
  return end;
}
