// The ASCII bytes that the parsers in this folder look for.

export const TAB: u8 = 0x09;
export const LF: u8 = 0x0a;
export const CR: u8 = 0x0d;
export const SPACE: u8 = 0x20;
export const QUOTE: u8 = 0x22;
export const PERCENT: u8 = 0x25;
export const PLUS: u8 = 0x2b;
export const COMMA: u8 = 0x2c;
export const MINUS: u8 = 0x2d;
export const DOT: u8 = 0x2e;
export const SLASH: u8 = 0x2f;
export const ZERO: u8 = 0x30;
export const COLON: u8 = 0x3a;
export const SEMICOLON: u8 = 0x3b;
export const EQUALS: u8 = 0x3d;
export const BRACKET_OPEN: u8 = 0x5b;
export const BACKSLASH: u8 = 0x5c;
export const BRACKET_CLOSE: u8 = 0x5d;
export const BRACE_OPEN: u8 = 0x7b;
export const BRACE_CLOSE: u8 = 0x7d;

/** The UTF-8 byte order mark, first byte lowest, as JSON bodies and event streams may begin with it. */
export const BYTE_ORDER_MARK: u32 = 0xbfbbef;

/** Whether the byte is a decimal digit. */
@inline export function isDigit(byte: u8): bool {
  return byte - ZERO < 10;
}

/** Value of a hexadecimal digit, 255 for any other byte. */
export function hexDigit(byte: u8): u8 {
  if (byte - ZERO < 10) return byte - ZERO;
  const letter = (byte | 0x20) - 0x61;
  return letter < 6 ? letter + 10 : 255;
}
