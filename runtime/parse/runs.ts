// Ends of byte runs: sixteen bytes a step with SIMD, one a step in a scalar build (`asc` without `--enable simd`).
import { BACKSLASH, CR, LF, QUOTE, SPACE, TAB } from "./ascii";

/** First byte in [p, end) that ends plain string content: a quote, a backslash or a control character; `end` when none. */
export function plainEnd(p: usize, end: usize): usize {
  if (ASC_FEATURE_SIMD) {
    if (end - p >= 16) {
      const bits = i8x16.bitmask(stops(p));
      if (bits) return p + <usize>ctz(bits);
      p += 16;
    }
    // Long texts: four steps at once.
    while (end - p >= 64) {
      const four = v128.or(v128.or(stops(p), stops(p + 16)), v128.or(stops(p + 32), stops(p + 48)));
      if (v128.any_true(four)) break;
      p += 64;
    }
    while (end - p >= 16) {
      const bits = i8x16.bitmask(stops(p));
      if (bits) return p + <usize>ctz(bits);
      p += 16;
    }
  }
  while (p < end) {
    const byte = load<u8>(p);
    if (byte == QUOTE || byte == BACKSLASH || byte < SPACE) return p;
    p++;
  }
  return end;
}

/** Which of the sixteen bytes at `p` end plain string content. Flipping bit 1 puts the quote beside the control characters. */
@inline function stops(p: usize): v128 {
  const bytes = v128.load(p);
  const low = v128.le<u8>(v128.xor(bytes, i8x16.splat(QUOTE ^ SPACE)), i8x16.splat(SPACE));
  return v128.or(low, i8x16.eq(bytes, i8x16.splat(BACKSLASH)));
}

/** First byte in [p, end) that is no JSON white space; `end` when none. Most calls end at the first byte. */
@inline export function spaceEnd(p: usize, end: usize): usize {
  return p < end && load<u8>(p) > SPACE ? p : longSpaceEnd(p, end);
}

function longSpaceEnd(p: usize, end: usize): usize {
  if (ASC_FEATURE_SIMD) {
    const spaces = i8x16.splat(SPACE);
    const tabs = i8x16.splat(TAB);
    const feeds = i8x16.splat(LF);
    const returns = i8x16.splat(CR);
    while (end - p >= 16) {
      const bytes = v128.load(p);
      const white = v128.or(
        v128.or(i8x16.eq(bytes, spaces), i8x16.eq(bytes, tabs)),
        v128.or(i8x16.eq(bytes, feeds), i8x16.eq(bytes, returns)),
      );
      const bits = i8x16.bitmask(white);
      if (bits != 0xffff) return p + <usize>ctz(~bits);
      p += 16;
    }
  }
  while (p < end) {
    const byte = load<u8>(p);
    if (byte != SPACE && byte != LF && byte != CR && byte != TAB) return p;
    p++;
  }
  return end;
}

/** First quote or backslash in [p, end) with this byte behind it; `end` when none. */
export function markBefore(byte: u8, p: usize, end: usize): usize {
  if (ASC_FEATURE_SIMD) {
    const wanted = i8x16.splat(byte);
    while (end - p >= 17) {
      const bytes = v128.load(p);
      const marks = v128.or(i8x16.eq(bytes, i8x16.splat(QUOTE)), i8x16.eq(bytes, i8x16.splat(BACKSLASH)));
      const bits = i8x16.bitmask(v128.and(marks, i8x16.eq(v128.load(p, 1), wanted)));
      if (bits) return p + <usize>ctz(bits);
      p += 16;
    }
  }
  while (p + 1 < end) {
    const mark = load<u8>(p);
    if ((mark == QUOTE || mark == BACKSLASH) && load<u8>(p, 1) == byte) return p;
    p++;
  }
  return end;
}

/** First CR or LF in [p, end); `end` when none. */
export function lineEnd(p: usize, end: usize): usize {
  if (ASC_FEATURE_SIMD) {
    const feeds = i8x16.splat(LF);
    const returns = i8x16.splat(CR);
    while (end - p >= 16) {
      const bytes = v128.load(p);
      const bits = i8x16.bitmask(v128.or(i8x16.eq(bytes, feeds), i8x16.eq(bytes, returns)));
      if (bits) return p + <usize>ctz(bits);
      p += 16;
    }
  }
  while (p < end) {
    const byte = load<u8>(p);
    if (byte == LF || byte == CR) return p;
    p++;
  }
  return end;
}
