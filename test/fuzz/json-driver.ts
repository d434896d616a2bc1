// Feeds documents to the JSON scanner's module and reads all its answers back as one object.
import { loadParser, type ParserModule } from "./compile.ts";

interface JsonModule extends ParserModule {
  newTable(): void;
  addPath(length: number, mode: number, maxBytes: number): number;
  build(): void;
  reset(): void;
  feed(at: number, length: number): number;
  finish(): number;
  known(): bigint;
  fact(index: number): number;
  valueFact(path: number, index: number): number;
  valueInteger(path: number): bigint;
  valueText(path: number): number;
}

export const Mode = { Capture: 0, Measure: 1, Presence: 2 } as const;
export const State = { Incomplete: 0, Complete: 1, Invalid: 2 } as const;
export const Type = { None: 0, String: 1, Number: 2, True: 3, False: 4, Null: 5, Object: 6, Array: 7 } as const;

const FACTS = [
  "state",
  "fault",
  "faultOffset",
  "rootType",
  "rootOpen",
  "rootClose",
  "isRootEmpty",
  "textBytes",
] as const;
const MORE_FACTS = ["mediaItems", "mediaBytes", "fed"] as const;
const VALUE_FACTS = ["type", "isTruncated", "isInteger", "overflows", "isNegative", "isEmpty", "differs"] as const;
const MORE_VALUE_FACTS = ["seen", "size", "start", "end", "strings", "bytes"] as const;

export type Value = Record<(typeof VALUE_FACTS)[number] | (typeof MORE_VALUE_FACTS)[number], number> & {
  text: string | undefined;
  integer: bigint;
};
export type Scan = Record<(typeof FACTS)[number] | (typeof MORE_FACTS)[number], number> & {
  known: bigint;
  values: Value[];
};

export class JsonDriver {
  private readonly module: JsonModule;
  private count = 0;

  private constructor(module: JsonModule) {
    this.module = module;
  }

  static async load(simd = true): Promise<JsonDriver> {
    return new JsonDriver(await loadParser<JsonModule>("json", simd));
  }

  /** Wants these paths from now on and answers their indices. */
  want(paths: readonly (readonly [path: string, mode: number, maxBytes?: number])[]): number[] {
    this.module.newTable();
    this.count = 0;
    const indices = paths.map(([path, mode, maxBytes = 256]) => {
      const bytes = Buffer.from(path);
      this.bytes(0, bytes.length).set(bytes);
      const index = this.module.addPath(bytes.length, mode, maxBytes);
      this.count = Math.max(this.count, index + 1);
      return index;
    });
    this.module.build();
    return indices;
  }

  /** Scans a document, cut into chunks of these lengths (default: one chunk); `ended: false` leaves out `finish`. */
  scan(document: Buffer | string, lengths?: readonly number[], ended = true): Scan {
    const bytes = Buffer.from(document);
    this.bytes(0, bytes.length).set(bytes);
    this.module.reset();
    let at = 0;
    for (const length of lengths ?? [bytes.length]) {
      this.module.feed(at, length);
      at += length;
    }
    if (ended) this.module.finish();
    const scan: Record<string, unknown> = { known: this.module.known() };
    [...FACTS, ...MORE_FACTS].forEach((name, index) => (scan[name] = this.module.fact(index)));
    scan.values = Array.from({ length: this.count }, (_, path) => this.value(path));
    return scan as unknown as Scan;
  }

  /** Scans the first `length` bytes of the input buffer in chunks of `step`, answers the state only. */
  scanRaw(fill: (input: Uint8Array) => number, step: number): number {
    const length = fill(this.bytes(0, this.module.capacity()));
    this.module.reset();
    for (let at = 0; at < length; at += step) this.module.feed(at, Math.min(step, length - at));
    return this.module.finish();
  }

  get memoryBytes(): number {
    return this.module.memory.buffer.byteLength;
  }

  private value(path: number): Value {
    const value: Record<string, unknown> = { integer: this.module.valueInteger(path) };
    const names = [...VALUE_FACTS, ...MORE_VALUE_FACTS];
    names.forEach((name, index) => (value[name] = this.module.valueFact(path, index)));
    const ptr = this.module.valueText(path);
    const length = this.module.valueFact(path, 13);
    value.text = ptr ? Buffer.from(this.module.memory.buffer, ptr, length).toString() : undefined;
    return value as unknown as Value;
  }

  private bytes(at: number, length: number): Uint8Array {
    if (at + length > this.module.capacity()) throw new Error("the input buffer is too small");
    return new Uint8Array(this.module.memory.buffer, this.module.input() + at, length);
  }
}
