// JSON text (RFC 8259, strict) to a tree. For configurations; bodies have a scanner of their own that keeps nothing.
import { isBeyondDouble, scaleDecimal } from "./decimal";
import { Json, JsonType, quote } from "./json";

/** Arrays and objects may be nested this deep. */
export const MOST_DEPTH: i32 = 64;

/** A parsed text: the root, or the first fault and its place. */
export class ParsedJson {
  root: Json | null = null;
  /** What is wrong, empty when all is well. */
  fault: string = "";
  /** Bytes from the start of the text. */
  offset: i32 = 0;
  /** Both count from 1; a column is a character. */
  line: i32 = 1;
  column: i32 = 1;
}

/** Parses UTF-8 JSON. An empty text is an empty object: the host hands that over when nothing is configured. */
export function parseJson(ptr: usize, length: i32): ParsedJson {
  const parser = new Parser(ptr, length);
  const parsed = new ParsedJson();
  const root = length == 0 ? new Json(JsonType.Object, 0) : parser.document();
  if (parser.fault.length == 0) {
    parsed.root = root;
    return parsed;
  }
  parsed.fault = parser.fault;
  parsed.offset = parser.at;
  for (let i = 0; i < parser.at; i++) {
    const byte = load<u8>(ptr + <usize>i);
    if (byte == 0x0a) {
      parsed.line++;
      parsed.column = 1;
    } else if ((byte & 0xc0) != 0x80) parsed.column++;
  }
  return parsed;
}

class Parser {
  at: i32 = 0;
  fault: string = "";

  constructor(
    private ptr: usize,
    private length: i32,
  ) {}

  document(): Json {
    this.skipSpace();
    const root = this.value(0);
    if (this.fault.length) return root;
    this.skipSpace();
    if (this.at < this.length) this.fail("unexpected text after the value");
    return root;
  }

  private value(depth: i32): Json {
    const byte = this.peek();
    if (byte == 0x7b || byte == 0x5b) {
      if (depth >= MOST_DEPTH) return this.fail("nested deeper than " + MOST_DEPTH.toString());
      return byte == 0x7b ? this.object(depth) : this.array(depth);
    }
    if (byte == 0x22) {
      const node = new Json(JsonType.String, this.at);
      node.text = this.string();
      return node;
    }
    if (byte == 0x2d || isDigit(byte)) return this.numeric();
    const node = new Json(JsonType.Null, this.at);
    if (this.word("null")) return node;
    node.type = JsonType.Bool;
    if (this.word("false")) return node;
    node.bool = true;
    if (this.word("true")) return node;
    return this.fail(this.at < this.length ? "expected a JSON value" : "unexpected end");
  }

  private object(depth: i32): Json {
    const node = new Json(JsonType.Object, this.at++);
    const seen = new Set<string>();
    this.skipSpace();
    if (this.take(0x7d)) return node;
    while (true) {
      if (this.peek() != 0x22) return this.fail("expected a member name in double quotes");
      const start = this.at;
      const name = this.string();
      if (this.fault.length) return node;
      if (seen.has(name)) {
        this.at = start;
        return this.fail("duplicate member " + quote(name));
      }
      seen.add(name);
      this.skipSpace();
      if (!this.take(0x3a)) return this.fail("expected ':'");
      this.skipSpace();
      const item = this.value(depth + 1);
      if (this.fault.length) return node;
      node.names.push(name);
      node.items.push(item);
      this.skipSpace();
      if (this.take(0x7d)) return node;
      if (!this.take(0x2c)) return this.fail("expected ',' or '}'");
      this.skipSpace();
    }
  }

  private array(depth: i32): Json {
    const node = new Json(JsonType.Array, this.at++);
    this.skipSpace();
    if (this.take(0x5d)) return node;
    while (true) {
      const item = this.value(depth + 1);
      if (this.fault.length) return node;
      node.items.push(item);
      this.skipSpace();
      if (this.take(0x5d)) return node;
      if (!this.take(0x2c)) return this.fail("expected ',' or ']'");
      this.skipSpace();
    }
  }

  private numeric(): Json {
    const node = new Json(JsonType.Number, this.at);
    const start = this.at;
    this.take(0x2d);
    if (!this.take(0x30) && !this.digits()) return this.fail("expected a digit");
    if (this.take(0x2e) && !this.digits()) return this.fail("expected a digit");
    if ((this.peek() | 0x20) == 0x65) {
      this.at++;
      if (!this.take(0x2b)) this.take(0x2d);
      if (!this.digits()) return this.fail("expected a digit");
    }
    node.text = String.UTF8.decodeUnsafe(this.ptr + <usize>start, this.at - start);
    if (isBeyondDouble(node.text)) {
      this.at = start;
      return this.fail("a number too large for a double");
    }
    const scaled = scaleDecimal(node.text, 0);
    if (scaled.fitsI64 && !scaled.isRounded) {
      node.isInteger = true;
      node.integer = scaled.asI64;
    }
    return node;
  }

  private string(): string {
    let text = "";
    let run = ++this.at; // start of the bytes that need no change
    while (this.at < this.length) {
      const byte = this.peek();
      if (byte == 0x22) {
        text += this.plain(run);
        this.at++;
        return text;
      }
      if (byte < 0x20) {
        this.fail("a control character inside a string must be escaped");
        return text;
      }
      if (byte == 0x5c) {
        text += this.plain(run) + this.escape();
        if (this.fault.length) return text;
        run = this.at;
      } else if (byte < 0x80) this.at++;
      else {
        const size = utf8Size(this.ptr + <usize>this.at, this.length - this.at);
        if (size == 0) {
          this.fail("the text is not valid UTF-8");
          return text;
        }
        this.at += size;
      }
    }
    this.fail("a string does not end");
    return text;
  }

  private plain(from: i32): string {
    return from < this.at ? String.UTF8.decodeUnsafe(this.ptr + <usize>from, this.at - from) : "";
  }

  private escape(): string {
    const start = this.at++;
    const byte = this.peek();
    this.at++;
    if (byte == 0x22 || byte == 0x5c || byte == 0x2f) return String.fromCharCode(byte);
    if (byte == 0x62) return "\b";
    if (byte == 0x66) return "\f";
    if (byte == 0x6e) return "\n";
    if (byte == 0x72) return "\r";
    if (byte == 0x74) return "\t";
    if (byte == 0x75) {
      const unit = this.hex4();
      if (unit >= 0 && (unit & 0xf800) != 0xd800) return String.fromCharCode(unit);
      if (unit >= 0 && (unit & 0xfc00) == 0xd800 && this.take(0x5c) && this.take(0x75)) {
        const low = this.hex4();
        if (low >= 0 && (low & 0xfc00) == 0xdc00) return String.fromCharCode(unit, low);
      }
    }
    this.at = start;
    this.fail("an escape that JSON does not have, or half a surrogate pair");
    return "";
  }

  private hex4(): i32 {
    let unit = 0;
    for (let i = 0; i < 4; i++) {
      const byte = this.peek();
      const letter = byte | 0x20;
      if (isDigit(byte)) unit = (unit << 4) | (byte - 0x30);
      else if (letter >= 0x61 && letter <= 0x66) unit = (unit << 4) | (letter - 0x57);
      else return -1;
      this.at++;
    }
    return unit;
  }

  private digits(): bool {
    const start = this.at;
    while (isDigit(this.peek())) this.at++;
    return this.at > start;
  }

  private word(word: string): bool {
    const size = word.length;
    if (this.length - this.at < size) return false;
    for (let i = 0; i < size; i++) {
      if (<i32>load<u8>(this.ptr + <usize>(this.at + i)) != word.charCodeAt(i)) return false;
    }
    this.at += size;
    return true;
  }

  private take(byte: i32): bool {
    if (this.peek() != byte) return false;
    this.at++;
    return true;
  }

  /** The byte at hand, -1 at the end. */
  private peek(): i32 {
    return this.at < this.length ? <i32>load<u8>(this.ptr + <usize>this.at) : -1;
  }

  private skipSpace(): void {
    while (true) {
      const byte = this.peek();
      if (byte != 0x20 && byte != 0x0a && byte != 0x0d && byte != 0x09) return;
      this.at++;
    }
  }

  private fail(fault: string): Json {
    if (this.fault.length == 0) this.fault = fault;
    return new Json(JsonType.Null, this.at);
  }
}

function isDigit(byte: i32): bool {
  return byte >= 0x30 && byte <= 0x39;
}

/** Bytes of the well-formed multi-byte character at `ptr`; 0 for overlong forms, surrogates, cut or stray bytes. */
function utf8Size(ptr: usize, left: i32): i32 {
  const first = load<u8>(ptr);
  const size = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (size == 0 || size > left) return 0;
  for (let i = 1; i < size; i++) if ((load<u8>(ptr + <usize>i) & 0xc0) != 0x80) return 0;
  const second = load<u8>(ptr, 1);
  if (first == 0xe0 && second < 0xa0) return 0;
  if (first == 0xed && second > 0x9f) return 0;
  if (first == 0xf0 && second < 0x90) return 0;
  if (first == 0xf4 && second > 0x8f) return 0;
  return size;
}
