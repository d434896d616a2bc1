// Ends of byte runs: sixteen bytes a step with SIMD, one a step in a scalar build (`asc` without `--enable simd`).
import { BACKSLASH, CR, LF, QUOTE, SPACE, TAB } from "./ascii";

/** First byte in [p, end) that ends plain string content: a quote, a backslash or a control character; `end` when none. */
export function plainEnd(p: usize, end: usize): usize {
  if (ASC_FEATURE_SIMD) {
    const quotes = i8x16.splat(QUOTE);
    const backslashes = i8x16.splat(BACKSLASH);
    const spaces = i8x16.splat(SPACE);
    while (end - p >= 16) {
      const bytes = v128.load(p);
      const stops = v128.or(v128.or(i8x16.eq(bytes, quotes), i8x16.eq(bytes, backslashes)), v128.lt<u8>(bytes, spaces));
      const bits = i8x16.bitmask(stops);
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

/** First byte in [p, end) that is no JSON white space; `end` when none. Most calls end at the first byte. */
export function spaceEnd(p: usize, end: usize): usize {
  if (p < end && load<u8>(p) > SPACE) return p;
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
