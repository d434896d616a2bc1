// What all readers of configuration objects share: members by name, which names are known, and how faults are worded.
import { ConfigErrors } from "./errors";
import { Json, JsonType } from "./json";

/** The members of one object of the configuration, or of nothing: then each is absent. */
export class FieldReader {
  /** Every name that was asked for. */
  protected readonly known: string[] = [];
  protected readonly node: Json | null;

  constructor(
    /** Where faults are reported. */
    readonly errors: ConfigErrors,
    node: Json | null,
    /** Place in the configuration, empty at its root. */
    readonly path: string,
  ) {
    this.node = node !== null && node.type == JsonType.Object ? node : null;
    if (node !== null && node.type != JsonType.Object) errors.error(path, "expected an object, got " + node.describe());
  }

  /** Whether there is an object at all. */
  get isPresent(): bool {
    return this.node !== null;
  }

  /** Whether the object has that member. Makes the name known. */
  has(name: string): bool {
    return this.take(name) !== null;
  }

  /** What a member is, for those that may be of several types. Makes the name known. */
  typeOf(name: string): JsonType {
    const node = this.take(name);
    return node === null ? JsonType.Absent : node.type;
  }

  /** How many elements a list has; 0 when it is absent or no list. */
  lengthOf(name: string): i32 {
    const node = this.take(name);
    return node === null ? 0 : node.type == JsonType.Array ? node.items.length : 0;
  }

  /** The names of all members, for objects whose names are free (`headers: {name: value}`). Read each of them. */
  get names(): string[] {
    const node = this.node;
    return node === null ? [] : node.names;
  }

  /** Reports an object that is there but empty, where that would mean nothing. */
  demandMembers(): void {
    if (this.isPresent && this.names.length == 0)
      this.errors.error(this.path, "expected at least one member, got an empty object");
  }

  /** The place of a member. */
  at(name: string): string {
    return this.path.length ? this.path + "." + name : name;
  }

  /** Reports a fault of a member that only its user can see. */
  error(name: string, message: string): void {
    this.errors.error(this.at(name), message);
  }

  /** Reports that a member is not what it has to be; `expected` with its article. */
  mismatch(name: string, expected: string): void {
    const node = this.take(name);
    this.error(
      name,
      node === null ? "missing, expected " + expected : "expected " + expected + ", got " + node.describe(),
    );
  }

  /** The member of that name, null when there is none. Makes the name known. */
  protected take(name: string): Json | null {
    if (!this.known.includes(name)) this.known.push(name);
    const node = this.node;
    return node === null ? null : node.member(name);
  }
}

/** The alternatives of an enumeration in the words of an error line. */
export function oneOf(values: string[]): string {
  return (values.length > 1 ? 'one of "' : '"') + values.join('", "') + '"';
}
