import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { durationNanos, scaleDecimal } from "../../harness/schema/decimal.ts";
import { loadModule } from "./module.ts";
import { Random } from "./random.ts";

/** The exports of numbers.as.ts. */
interface Numbers extends WebAssembly.Exports {
  memory: WebAssembly.Memory;
  allocate(size: number): number;
  duration(pointer: number, length: number): bigint;
  scale(pointer: number, length: number, places: number): void;
  magnitude(): bigint;
  isNegative(): number;
  isOverflow(): number;
  remainder(): number;
  tree(pointer: number, length: number): bigint;
  collect(): void;
}

const LONGEST = 2n ** 63n - 1n;
let module: Numbers;

before(async () => {
  module = (await loadModule("numbers")) as Numbers;
});

function place(text: string): [number, number] {
  const bytes = new TextEncoder().encode(text);
  const pointer = module.allocate(bytes.length);
  new Uint8Array(module.memory.buffer).set(bytes, pointer);
  return [pointer, bytes.length];
}

function digits(random: Random, most: number): string {
  return Array.from({ length: 1 + random.below(most) }, () => String(random.below(10))).join("");
}

describe("durations", () => {
  it("are what BigInt says", () => {
    const random = new Random(1);
    for (let i = 0; i < 20_000; i++) {
      const unit = random.pick(["ms", "s", "m", "h", "d", "ns", "", "S", " s", "ms "]);
      const text =
        digits(random, random.pick([2, 8, 22])).replace(/^0+(?=\d)/, (zeros) => (random.below(4) ? "" : zeros)) + unit;
      const expected = durationNanos(text);
      const actual = module.duration(...place(text));
      if (expected === undefined) assert.equal(actual, -1n, text);
      else assert.equal(actual, expected > LONGEST ? -2n : expected, text);
    }
    module.collect();
  });

  it("reach the last nanosecond that fits", () => {
    assert.equal(module.duration(...place("9223372036854ms")), 9_223_372_036_854_000_000n);
    assert.equal(module.duration(...place("9223372036855ms")), -2n);
    assert.equal(module.duration(...place("106751d")), 106_751n * 86_400_000_000_000n);
    assert.equal(module.duration(...place("106752d")), -2n);
  });
});

describe("decimals", () => {
  it("are what BigInt says, rounded half up", () => {
    const random = new Random(2);
    for (let i = 0; i < 40_000; i++) {
      const whole = String(BigInt(digits(random, random.pick([1, 4, 22]))));
      const fraction = random.below(3) ? `.${digits(random, random.pick([1, 12, 14, 30]))}` : "";
      const exponent = random.below(4) ? "" : `e${random.pick(["", "+", "-"])}${random.below(random.pick([3, 30]))}`;
      const text = `${random.below(5) ? "" : "-"}${whole}${fraction}${exponent}`;
      const places = random.pick([0, 4, 9, 12]);
      const expected = scaleDecimal(text, places);
      assert.ok(expected);
      module.scale(...place(text), places);
      const exact = expected.value < 0n ? -expected.value : expected.value;
      assert.equal(module.isOverflow() === 1, exact >= 2n ** 64n, text);
      if (exact >= 2n ** 64n) continue;
      assert.equal(BigInt.asUintN(64, module.magnitude()), exact, `${text} in 1e-${places}`);
      assert.equal(module.remainder() !== 0, expected.isRounded, text);
      assert.equal(module.isNegative() === 1, text.startsWith("-"), text);
    }
    module.collect();
  });

  it("survive exponents of any length", () => {
    for (const text of ["1e999999999999999999999", "0e999999999999999999999", "1e-999999999999999999999"]) {
      module.scale(...place(text), 12);
      assert.equal(module.isOverflow(), text.startsWith("1e9") ? 1 : 0, text);
    }
  });
});

describe("the tree of a configuration", () => {
  const SEED = `{"a":[1,-2.5e3,0,true,false,null,"x\\u00e9\\n\\"é😀\\ud83d\\ude00"],"b":{"c":{},"d":[[],[{}]]},"":"\\/"}`;

  it("accepts what JSON.parse accepts, and means the same", () => {
    const random = new Random(3);
    let accepted = 0;
    for (let i = 0; i < 20_000; i++) {
      const text = mutated(SEED, random);
      const actual = module.tree(...place(text));
      const parsed = parse(text);
      const isStricter = parsed !== undefined && (hasDuplicates(text, parsed) || isRefusedOnPurpose(parsed));
      assert.equal(actual, parsed === undefined || isStricter ? -1n : BigInt(fold(parsed, 17) & 0x7fffffff), text);
      if (actual >= 0n) accepted++;
      if (i % 1000 === 0) module.collect();
    }
    assert.ok(accepted > 1000, `${accepted} accepted`);
  });
});

function mutated(seed: string, random: Random): string {
  let characters = [...seed];
  for (let times = random.below(3); times >= 0; times--) {
    const at = random.below(characters.length);
    const piece = random.pick([
      '"',
      "\\",
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      "0",
      "1",
      "-",
      ".",
      "e",
      "+",
      " ",
      "\t",
      "\n",
      "u",
      "é",
    ]);
    if (random.below(3) === 0) characters.splice(at, 1);
    else if (random.below(2) === 0) characters.splice(at, 0, piece);
    else if (random.below(8) === 0) characters = characters.slice(0, at);
    else characters[at] = piece;
  }
  return characters.join("");
}

function parse(text: string): unknown {
  try {
    return text === "" ? {} : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

/** Whether members were lost: JSON.parse keeps the last of two with one name. */
function hasDuplicates(text: string, parsed: unknown): boolean {
  let members = 0;
  const count = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    if (!Array.isArray(node)) members += Object.keys(node).length;
    Object.values(node).forEach(count);
  };
  count(parsed);
  return (text.replace(/"(?:[^"\\]|\\.)*"/g, "").match(/:/g) ?? []).length !== members;
}

/** Half surrogate pairs are no UTF-8; a number beyond the largest double is no number. */
const LONE_SURROGATE = /\p{Surrogate}/u;

function isRefusedOnPurpose(parsed: unknown): boolean {
  if (typeof parsed === "number") return !Number.isFinite(parsed);
  if (typeof parsed === "string") return LONE_SURROGATE.test(parsed);
  if (typeof parsed !== "object" || parsed === null) return false;
  return Object.entries(parsed).some(([name, value]) => LONE_SURROGATE.test(name) || isRefusedOnPurpose(value));
}

/** The same hash as in numbers.as.ts. */
function fold(node: unknown, seed: number): number {
  const type = nodeType(node);
  let hash = mix(seed, type);
  if (typeof node === "boolean") return mix(hash, node ? 1 : 0);
  if (typeof node === "string") return mixText(hash, node);
  if (typeof node === "number") {
    const bits = new DataView(new Float64Array([node]).buffer);
    return mix(mix(hash, bits.getUint32(0, true)), bits.getUint32(4, true));
  }
  if (typeof node !== "object" || node === null) return hash;
  for (const [name, value] of Object.entries(node)) {
    if (Array.isArray(node)) hash = fold(value, hash);
    else hash = (hash + fold(value, mixText(17, name))) >>> 0;
  }
  return hash;
}

/** The numbers of `JsonType`. */
function nodeType(node: unknown): number {
  if (node === null) return 1;
  if (typeof node === "boolean") return 2;
  if (typeof node === "number") return 3;
  if (typeof node === "string") return 4;
  return Array.isArray(node) ? 5 : 6;
}

function mixText(hash: number, text: string): number {
  for (let i = 0; i < text.length; i++) hash = mix(hash, text.charCodeAt(i));
  return mix(hash, 0xffff);
}

function mix(hash: number, value: number): number {
  return Math.imul(hash ^ value, 0x01000193) >>> 0;
}
