// Reads the inside of a JSON string in pieces: finds its end, checks and decodes escapes (RFC 8259, section 7).
import { BACKSLASH, QUOTE, hexDigit } from "./ascii";
import { plainEnd } from "./runs";

const REPLACEMENT: u32 = 0xfffd;

/** What `JsonString.feed` ran into. */
export const enum StringEnd {
  /** The chunk ended first. */
  None,
  /** The closing quote. */
  Closed,
  /** An escape that JSON does not know. */
  BadEscape,
  /** A raw control character. */
  ControlByte,
}

/** Decodes into a buffer of its own, which keeps the first bytes only; lone surrogates become U+FFFD. */
export class JsonString {
  /** What ended the last `feed`. */
  ended: StringEnd = StringEnd.None;
  /** Bytes in the buffer. */
  kept: i32 = 0;
  /** Decoded length so far. */
  size: i64 = 0;
  private readonly buffer: StaticArray<u8>;
  private limit: i32 = 0;
  private escape: i32 = 0; // 0 outside, 1 after the backslash, 2..5 before a hexadecimal digit
  private unit: u32 = 0;
  private highSurrogate: u32 = 0;

  constructor(private readonly capacity: i32) {
    this.buffer = new StaticArray<u8>(capacity);
  }

  /** Address of the kept bytes. */
  @inline get ptr(): usize {
    return changetype<usize>(this.buffer);
  }

  /** Starts a string of which the first `limit` bytes are kept. */
  begin(limit: i32): void {
    this.ended = StringEnd.None;
    this.kept = 0;
    this.size = 0;
    this.limit = min(limit, this.capacity);
    this.escape = 0;
    this.highSurrogate = 0;
  }

  /** Reads on. Answers the byte after the closing quote, the offending byte, or `end`: see `ended`. */
  feed(p: usize, end: usize): usize {
    while (p < end) {
      if (this.escape) {
        if (!this.escaped(load<u8>(p))) return p;
        p++;
        continue;
      }
      const stop = plainEnd(p, end);
      if (stop > p) this.append(p, <i32>(stop - p));
      if (stop == end) return end;
      const byte = load<u8>(stop);
      if (byte == BACKSLASH) {
        this.escape = 1;
        p = stop + 1;
        continue;
      }
      if (byte == QUOTE) {
        if (this.highSurrogate) this.flushSurrogate();
        this.ended = StringEnd.Closed;
        return stop + 1;
      }
      this.ended = StringEnd.ControlByte;
      return stop;
    }
    return end;
  }

  /** Adds plain bytes. */
  append(ptr: usize, length: i32): void {
    if (this.highSurrogate) this.flushSurrogate();
    this.size += <i64>length;
    const room = this.limit - this.kept;
    if (room <= 0) return;
    const fits = min(room, length);
    memory.copy(this.ptr + <usize>this.kept, ptr, <usize>fits);
    this.kept += fits;
  }

  private escaped(byte: u8): bool {
    if (this.escape == 1) {
      if (byte == 0x75) {
        this.escape = 2;
        this.unit = 0;
        return true;
      }
      const plain = unescaped(byte);
      if (!plain) {
        this.ended = StringEnd.BadEscape;
        return false;
      }
      this.escape = 0;
      if (this.highSurrogate) this.flushSurrogate();
      this.put(plain);
      return true;
    }
    const digit = hexDigit(byte);
    if (digit == 255) {
      this.ended = StringEnd.BadEscape;
      return false;
    }
    this.unit = (this.unit << 4) | digit;
    if (++this.escape == 6) {
      this.escape = 0;
      this.codeUnit(this.unit);
    }
    return true;
  }

  private codeUnit(unit: u32): void {
    if (this.highSurrogate) {
      if (unit >> 10 == 0x37) {
        this.codePoint(0x10000 + ((this.highSurrogate - 0xd800) << 10) + (unit - 0xdc00));
        this.highSurrogate = 0;
        return;
      }
      this.flushSurrogate();
    }
    if (unit >> 10 == 0x36) this.highSurrogate = unit;
    else this.codePoint(unit >> 10 == 0x37 ? REPLACEMENT : unit);
  }

  private flushSurrogate(): void {
    this.highSurrogate = 0;
    this.codePoint(REPLACEMENT);
  }

  private codePoint(code: u32): void {
    if (code < 0x80) {
      this.put(<u8>code);
      return;
    }
    if (code < 0x800) this.put(<u8>(0xc0 | (code >> 6)));
    else {
      if (code < 0x10000) this.put(<u8>(0xe0 | (code >> 12)));
      else {
        this.put(<u8>(0xf0 | (code >> 18)));
        this.put(<u8>(0x80 | ((code >> 12) & 63)));
      }
      this.put(<u8>(0x80 | ((code >> 6) & 63)));
    }
    this.put(<u8>(0x80 | (code & 63)));
  }


  @inline private put(byte: u8): void {
    this.size++;
    if (this.kept >= this.limit) return;
    store<u8>(this.ptr + <usize>this.kept, byte);
    this.kept++;
  }
}

/** The byte that a one-letter escape stands for, 0 when there is none. */
function unescaped(byte: u8): u8 {
  switch (byte) {
    case 0x22:
    case 0x5c:
    case 0x2f:
      return byte;
    case 0x62:
      return 0x08;
    case 0x66:
      return 0x0c;
    case 0x6e:
      return 0x0a;
    case 0x72:
      return 0x0d;
    case 0x74:
      return 0x09;
    default:
      return 0;
  }
}
