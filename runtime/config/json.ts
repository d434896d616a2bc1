// The tree that a configuration's JSON text becomes. Managed: configure time only.

/** What a node of the tree is. `Absent` is the answer for a member that is not there. */
export const enum JsonType {
  Absent,
  Null,
  Bool,
  Number,
  String,
  Array,
  Object,
}

/** One value of the configuration, with the place where it stands. */
export class Json {
  /** A string's value; a number's source text, so that no digit is lost. */
  text: string = "";
  /** A bool's value. */
  bool: bool = false;
  /** Whether a number has no fraction (`1e+06`, `2.0`) and fits i64: then `integer` is exact. */
  isInteger: bool = false;
  integer: i64 = 0;
  /** The elements of an array, or the values of an object in their order. */
  items: Json[] = [];
  /** The member names of an object, one for each of `items`; no two are equal. */
  names: string[] = [];

  constructor(
    public type: JsonType,
    /** Where the value begins, in bytes from the start of the text. */
    public offset: i32,
  ) {}

  /** The member of that name, null when there is none or when this is no object. */
  member(name: string): Json | null {
    const index = this.names.indexOf(name);
    return index < 0 ? null : this.items[index];
  }

  /** What was found here, for an error line: scalars as they stand (cut to 64 characters), the others by their kind. */
  describe(): string {
    switch (this.type) {
      case JsonType.Null:
        return "null";
      case JsonType.Bool:
        return this.bool ? "true" : "false";
      case JsonType.Number:
        return cut(this.text);
      case JsonType.String:
        return quote(this.text);
      case JsonType.Array:
        return this.items.length ? "a list" : "an empty list";
      case JsonType.Object:
        return "an object";
      default:
        return "nothing";
    }
  }
}

/** A text in double quotes for an error line: cut to 64 characters, control characters shown as `?`. */
export function quote(text: string): string {
  let shown = "";
  const line = cut(text);
  for (let i = 0, k = line.length; i < k; i++) {
    const unit = line.charCodeAt(i);
    shown += unit < 0x20 || unit == 0x7f ? "?" : line.charAt(i);
  }
  return '"' + shown + '"';
}

function cut(text: string): string {
  if (text.length <= 64) return text;
  const end = (text.charCodeAt(63) & 0xfc00) == 0xd800 ? 63 : 64; // never half a surrogate pair
  return text.substring(0, end) + "…";
}
