// Reads one object of the configuration, member by member, and reports every fault with its place.
import { ConfigErrors } from "./errors";
import { oneOf } from "./field";
import { describeForm, hasForm, TextForm } from "./forms";
import { hashConfig } from "./hash";
import { Json, JsonType, quote } from "./json";
import { nearestName } from "./nearest";
import { NumberReader } from "./number";
import { Text } from "./text";
import { parseJson } from "./tree";

/**
 * Each method names a member, says what it must be and what stands for an absent one. That is the only declaration of
 * the member: what was never asked for is unknown, and `finish` reports it for the whole tree below.
 */
export class ObjectReader extends NumberReader {
  private readonly children: ObjectReader[] = [];

  bool(name: string, absent: bool): bool {
    const node = this.take(name);
    if (node === null) return absent;
    if (node.type == JsonType.Bool) return node.bool;
    this.mismatch(name, "true or false");
    return absent;
  }

  /** A text of some form; by default anything but the empty text. */
  string(name: string, absent: string, form: TextForm = TextForm.Any): string {
    const node = this.take(name);
    if (node === null) return absent;
    if (node.type == JsonType.String && hasForm(node.text, form)) return node.text;
    this.mismatch(name, "a " + describeForm(form));
    return absent;
  }

  /** As `string`, but the member must be there. Empty when it is not, or is wrong. */
  requiredString(name: string, form: TextForm = TextForm.Any): string {
    if (!this.has(name)) this.mismatch(name, "a " + describeForm(form));
    return this.string(name, "", form);
  }

  /** A text of some form as bytes; null when absent or wrong. */
  optionalText(name: string, form: TextForm = TextForm.Any): Text | null {
    const value = this.string(name, "", form);
    return value.length ? new Text(value) : null;
  }

  /** A list of at least one text of some form; empty when absent. Wrong elements are reported and left out. */
  strings(name: string, form: TextForm = TextForm.Any): string[] {
    const values: string[] = [];
    const items = this.elements(name, describeForm(form));
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      if (item.type == JsonType.String && hasForm(item.text, form)) values.push(item.text);
      else this.error(element(name, i), "expected a " + describeForm(form) + ", got " + item.describe());
    }
    return values;
  }

  /** Whether a member's name, where names are free, has some form; reports it when not. Makes the name known. */
  checkName(name: string, form: TextForm): bool {
    this.take(name);
    if (hasForm(name, form)) return true;
    this.errors.error(this.path, "expected a " + describeForm(form) + " as a member's name, got " + quote(name));
    return false;
  }

  /** The index of a member's value in `allowed`. */
  enumeration(name: string, allowed: string[], absent: i32): i32 {
    const node = this.take(name);
    if (node === null) return absent;
    const index = node.type == JsonType.String ? allowed.indexOf(node.text) : -1;
    if (index >= 0) return index;
    this.mismatch(name, oneOf(allowed));
    return absent;
  }

  /** As `enumeration`, but the member must be there. */
  requiredEnumeration(name: string, allowed: string[]): i32 {
    if (!this.has(name)) this.mismatch(name, oneOf(allowed));
    return this.enumeration(name, allowed, 0);
  }

  /** A list of at least one out of `allowed`, as indexes; empty when absent. */
  enumerations(name: string, allowed: string[]): i32[] {
    const indexes: i32[] = [];
    if (!this.has(name)) return indexes;
    const items = this.elements(name, oneOf(allowed));
    for (let i = 0; i < items.length; i++) {
      const item = items[i];
      const index = item.type == JsonType.String ? allowed.indexOf(item.text) : -1;
      if (index >= 0) indexes.push(index);
      else this.error(element(name, i), "expected " + oneOf(allowed) + ", got " + item.describe());
    }
    return indexes;
  }

  /** The object under a name; a reader of nothing when absent or wrong. */
  object(name: string): ObjectReader {
    const child = new ObjectReader(this.errors, this.take(name), this.at(name));
    this.children.push(child);
    return child;
  }

  /** As `object`, but the member must be there. */
  requiredObject(name: string): ObjectReader {
    if (!this.has(name)) this.mismatch(name, "an object");
    return this.object(name);
  }

  /** The objects of a list; none when absent. Elements of another type are reported and left out. */
  objects(name: string): ObjectReader[] {
    const readers: ObjectReader[] = [];
    const node = this.take(name);
    if (node === null) return readers;
    if (node.type != JsonType.Array) {
      this.mismatch(name, "a list of objects");
      return readers;
    }
    for (let i = 0; i < node.items.length; i++) {
      const child = new ObjectReader(this.errors, node.items[i], this.at(element(name, i)));
      this.children.push(child);
      if (child.isPresent) readers.push(child);
    }
    return readers;
  }

  /** Which configuration this is, asked at its root: see `hashConfig`. */
  hash(): u64 {
    return hashConfig(this.node);
  }

  /** Reports every member, here and below, that nothing asked for. Call it once, at the root, when all was read. */
  finish(): void {
    const names = this.names;
    for (let i = 0; i < names.length; i++) {
      if (this.known.includes(names[i])) continue;
      const near = nearestName(names[i], this.known);
      const hint = near.length ? "did you mean " + quote(near) + "?" : "known here: " + this.known.join(", ");
      this.errors.error(this.path, "unknown field " + quote(names[i]) + ", " + hint);
    }
    for (let i = 0; i < this.children.length; i++) this.children[i].finish();
  }

  private elements(name: string, expected: string): Json[] {
    const node = this.take(name);
    if (node === null) return [];
    if (node.type == JsonType.Array && node.items.length) return node.items;
    this.mismatch(name, "a list of at least one " + expected);
    return [];
  }
}

/** The reader of a configuration's root, given its JSON text. A text that is no JSON is one error. */
export function readConfig(errors: ConfigErrors, ptr: usize, length: i32): ObjectReader {
  const parsed = parseJson(ptr, length);
  if (parsed.root === null) {
    const place = " at line " + parsed.line.toString() + ", column " + parsed.column.toString();
    errors.error("", "not valid JSON: " + parsed.fault + place + " (byte " + parsed.offset.toString() + ")");
  }
  return new ObjectReader(errors, parsed.root, "");
}

/** The place of an element of a list. */
export function element(name: string, index: i32): string {
  return name + "[" + index.toString() + "]";
}
