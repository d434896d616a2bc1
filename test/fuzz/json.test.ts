// The JSON scanner against JSON.parse: random documents, broken ones, any cut into chunks.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { JsonDriver, Mode, State, Type, type Scan, type Value } from "./json-driver.ts";
import { FUZZ_SEED, Random, fuzz } from "./random.ts";

const KEYS = [
  "model",
  "model",
  "a",
  "a",
  "b",
  "usage",
  "usage",
  "data",
  "items",
  "stream",
  "näme",
  "b64_json",
  "long_key_that_is_not_wanted",
];
const SINGLE = ["model", "stream", "usage", "usage.a", "usage.b.model", "näme", "a.b.a.b", "items", "data.model"];
const REPEATED = ["items[].a", "items[].b.model", "items[][].a", "usage.items[].a", "data[]"];
const WANTED = [
  ...SINGLE.map((path) => [path, Mode.Capture, 4096] as const),
  ...SINGLE.map((path) => [path, Mode.Presence] as const),
  ...REPEATED.map((path) => [path, Mode.Measure] as const),
];

interface Shape {
  duplicates: boolean;
}

function whitespace(random: Random): string {
  if (random.chance(0.7)) return "";
  return Array.from({ length: random.below(random.chance(0.1) ? 60 : 4) }, () =>
    random.pick([" ", "\n", "\r", "\t"]),
  ).join("");
}

function stringOf(text: string, random: Random): string {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const plain = JSON.stringify(text[i]).slice(1, -1);
    if (random.chance(0.06)) {
      const hex = unit.toString(16).padStart(4, "0");
      out += "\\u" + (random.chance(0.5) ? hex.toUpperCase() : hex);
    } else if (text[i] === "/" && random.chance(0.3)) out += "\\/";
    else out += unit >= 0xd800 && unit < 0xe000 && plain.length === 1 ? text[i] : plain;
  }
  return `"${out}"`;
}

function randomText(random: Random): string {
  const pieces = [
    "a",
    "gpt-4o",
    '"',
    "\\",
    "/",
    "\n",
    "\t\b\f\r",
    "\u0001",
    "é",
    "漢字",
    "😀",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\u007f",
  ];
  const length = random.pick([0, 1, 2, 5, 12, 30, random.below(400)]);
  const text = Array.from({ length }, () => random.pick(pieces)).join("");
  return random.chance(0.1) ? `data:image/png;base64,${text}` : text;
}

function randomString(random: Random): string {
  if (random.chance(0.05))
    return '"' + random.pick(["\\ud800", "\\udc00", "\\ud83d\\ud83d\\ude00", "\\ud83dx", "\\ud83d\\n"]) + '"';
  return stringOf(randomText(random), random);
}

function randomNumber(random: Random): string {
  const digits = (count: number) =>
    Array.from({ length: count }, () => random.pick(["0", "0", "9", String(random.below(10))])).join("");
  const whole = random.chance(0.2) ? "0" : String(1 + random.below(9)) + digits(random.pick([0, 1, 3, 17, 18, 19, 25]));
  const fraction = random.chance(0.3) ? "." + digits(1 + random.below(random.pick([3, 24]))) : "";
  const exponent = random.chance(0.3)
    ? random.pick(["e", "E"]) + random.pick(["", "+", "-"]) + digits(1 + random.below(2))
    : "";
  return (random.chance(0.2) ? "-" : "") + whole + fraction + exponent;
}

function randomValue(random: Random, depth: number, shape: Shape): string {
  const kind = depth === 0 && random.chance(0.8) ? 9 : random.below(depth > 6 ? 6 : 10);
  if (kind < 2) return randomString(random);
  if (kind < 4) return randomNumber(random);
  if (kind < 5) return random.pick(["true", "false", "null"]);
  if (kind < 6) return random.pick(["{}", "[]", "{ }", "[\n]", '""', "0"]);
  const size = random.below(depth === 0 ? 10 : 5);
  const between = () => whitespace(random);
  if (kind < 7) {
    const elements = Array.from({ length: size }, () => between() + randomValue(random, depth + 1, shape) + between());
    return `[${elements.join(",")}${elements.length ? "" : between()}]`;
  }
  const used = new Set<string>();
  const members: string[] = [];
  for (let i = 0; i < size; i++) {
    const key = random.pick(KEYS);
    if (used.has(key) && !shape.duplicates) continue;
    used.add(key);
    members.push(
      between() +
        stringOf(key, random) +
        between() +
        ":" +
        between() +
        randomValue(random, depth + 1, shape) +
        between(),
    );
  }
  return `{${members.join(",")}${members.length ? "" : between()}}`;
}

function lookUp(value: unknown, segments: readonly string[]): unknown {
  for (const segment of segments) {
    if (typeof value !== "object" || value === null || Array.isArray(value) || !Object.hasOwn(value, segment))
      return undefined;
    value = (value as Record<string, unknown>)[segment];
  }
  return value;
}

function allStrings(value: unknown, segments: readonly string[]): string[] {
  const [first, ...rest] = segments;
  if (first === undefined) return typeof value === "string" ? [value] : [];
  if (first === "[]") return Array.isArray(value) ? value.flatMap((element) => allStrings(element, rest)) : [];
  const inner = lookUp(value, [first]);
  return inner === undefined ? [] : allStrings(inner, rest);
}

function utf8(text: string): string {
  return Buffer.from(text).toString(); // lone surrogates become U+FFFD
}

function checkNumber(value: Value, text: string, note: string): void {
  assert.equal(value.text, text, note);
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  assert.ok(match, note);
  const [, minus = "", whole = "", fraction = "", exponent = "0"] = match;
  const digits = BigInt(whole + fraction);
  const scale = Number(exponent) - fraction.length;
  const isInteger = scale >= 0 || digits % 10n ** BigInt(-scale) === 0n;
  assert.equal(value.isInteger === 1, isInteger, note);
  assert.equal(value.isNegative === 1, minus !== "" && digits !== 0n, note);
  if (!isInteger) return;
  const size = scale >= 0 ? digits * 10n ** BigInt(scale) : digits / 10n ** BigInt(-scale);
  const exact = minus ? -size : size;
  const nearest = exact > 2n ** 63n - 1n ? 2n ** 63n - 1n : exact < -(2n ** 63n) ? -(2n ** 63n) : exact;
  assert.equal(value.overflows === 1, exact !== nearest, note);
  assert.equal(value.integer, nearest, note);
}

function checkCaptured(value: Value, expected: unknown, text: Buffer, note: string): void {
  if (expected === undefined) return assert.equal(value.type, Type.None, note);
  const raw = text.subarray(value.start, value.end).toString();
  assert.deepEqual(JSON.parse(raw), expected, note);
  assert.equal(raw.trim(), raw, note);
  if (typeof expected === "string") {
    assert.equal(value.type, Type.String, note);
    assert.equal(value.size, Buffer.byteLength(expected), note);
    if (value.isTruncated) assert.ok(utf8(expected).startsWith((value.text ?? "").slice(0, -3)), note);
    else assert.equal(value.text, utf8(expected), note);
  } else if (typeof expected === "number") checkNumber(value, raw, note);
  else if (expected === true) assert.equal(value.type, Type.True, note);
  else if (expected === false) assert.equal(value.type, Type.False, note);
  else if (expected === null) assert.equal(value.type, Type.Null, note);
  else {
    assert.equal(value.type, Array.isArray(expected) ? Type.Array : Type.Object, note);
    assert.equal(value.isEmpty === 1, Object.keys(expected as object).length === 0, note);
  }
}

/** Raw bytes of string values, by a tokenizer of another kind. */
function stringStatistics(text: string): { text: number; items: number; media: number } {
  const out = { text: 0, items: 0, media: 0 };
  let key = "";
  for (const [token, follower] of tokens(text)) {
    if (!token.startsWith('"')) {
      key = token === ":" ? key : "";
      continue;
    }
    if (follower === ":") {
      key = JSON.parse(token) as string;
      continue;
    }
    const raw = Buffer.byteLength(token) - 2;
    const isMedia =
      (["data", "bytes", "b64_json"].includes(key) && raw > 256) || (JSON.parse(token) as string).startsWith("data:");
    if (isMedia) {
      out.items++;
      out.media += raw;
    } else out.text += raw;
    key = "";
  }
  return out;
}

function* tokens(text: string): Generator<[string, string]> {
  const found = text.match(/"(?:[^"\\]|\\.)*"|[^\s"]/g) ?? [];
  for (let i = 0; i < found.length; i++) yield [found[i] as string, found[i + 1] ?? ""];
}

function parses(document: Buffer): boolean {
  try {
    const bytes = document.subarray(0, 3).toString("latin1") === "\xef\xbb\xbf" ? document.subarray(3) : document;
    JSON.parse(bytes.toString());
    return true;
  } catch {
    return false;
  }
}

for (const simd of [true, false]) {
  describe(`JSON scanner (${simd ? "SIMD" : "scalar"})`, () => {
    let driver: JsonDriver;
    before(async () => {
      driver = await JsonDriver.load(simd);
      driver.want(WANTED);
    });

    const sameInPieces = (document: Buffer, whole: Scan, random: Random) => {
      const lengths = random.chance(0.3) ? document.length : random.chunks(document.length);
      const pieces = typeof lengths === "number" ? Array.from({ length: lengths }, () => 1) : lengths;
      assert.deepEqual(driver.scan(document, pieces), whole, document.toString());
    };

    it("finds in random documents what JSON.parse finds", () => {
      fuzz("JSON documents", (random) => {
        const shape = { duplicates: random.chance(0.5) };
        const mark = random.chance(0.05) ? "\ufeff" : "";
        const text = whitespace(random) + randomValue(random, 0, shape) + whitespace(random);
        const document = Buffer.from(mark + text);
        const root: unknown = JSON.parse(text);
        const scan = driver.scan(document);
        assert.equal(scan.state, State.Complete, text);
        SINGLE.forEach((path, index) => {
          const expected = lookUp(root, path.split("."));
          checkCaptured(scan.values[index] as Value, expected, document, `${path} in ${text}`);
          const present = scan.values[index + SINGLE.length] as Value;
          const captured = scan.values[index] as Value;
          assert.deepEqual(
            [present.type, present.start, present.end],
            [captured.type, captured.start, captured.end],
            text,
          );
        });
        if (!shape.duplicates) {
          REPEATED.forEach((path, index) => {
            const strings = allStrings(root, path.replaceAll("[]", ".[]").split("."));
            const value = scan.values[2 * SINGLE.length + index] as Value;
            assert.equal(value.strings, strings.length, `${path} in ${text}`);
            assert.equal(
              value.bytes,
              strings.reduce((sum, string) => sum + Buffer.byteLength(string), 0),
              `${path} in ${text}`,
            );
          });
        }
        if (typeof root === "object" && root !== null) {
          assert.equal(scan.rootOpen, document.indexOf(Array.isArray(root) ? "[" : "{"));
          assert.equal(scan.rootClose, document.lastIndexOf(Array.isArray(root) ? "]" : "}"));
          assert.equal(scan.isRootEmpty === 1, Object.keys(root).length === 0);
        }
        const statistics = stringStatistics(text);
        assert.deepEqual([scan.textBytes, scan.mediaItems, scan.mediaBytes], Object.values(statistics), text);
        sameInPieces(document, scan, random);
      });
    });

    it("accepts and refuses what JSON.parse accepts and refuses", () => {
      fuzz("JSON mutations", (random) => {
        const original = Buffer.from(whitespace(random) + randomValue(random, 3, { duplicates: true }));
        const document = random.mutate(original, '{}[]",:\\0123456789.eE+-tfn u\n');
        const scan = driver.scan(document);
        assert.equal(scan.state === State.Complete, parses(document), document.toString());
        if (scan.state === State.Invalid) assert.ok(scan.faultOffset >= 0 && scan.faultOffset < document.length);
        sameInPieces(document, scan, random);
      });
    });

    it("survives random bytes without growing", () => {
      const memory = driver.memoryBytes;
      fuzz("JSON noise", (random) => {
        const alphabet = random.pick(['{}[]",:\\', '[[[{"a":', '"\\u00dD8', "\x00\xff\xef\xbb\xbf[", "0.e-+1"]);
        const length = random.below(300);
        const document = Buffer.from(Array.from({ length }, () => alphabet.charCodeAt(random.below(alphabet.length))));
        const scan = driver.scan(document);
        assert.equal(scan.state === State.Complete, parses(document));
        sameInPieces(document, scan, random);
      });
      assert.equal(driver.memoryBytes, memory);
    });

    it("survives a million levels, closed or not", () => {
      const levels = 1_000_000;
      for (const [open, close] of [
        ["[", "]"],
        ['{"a":', "}"],
      ] as const) {
        for (const whole of [true, false]) {
          const state = driver.scanRaw((input) => {
            const text = Buffer.from(
              open.repeat(levels / open.length) + '"]"' + (whole ? close.repeat(levels / open.length) : ""),
            );
            input.set(text);
            return text.length;
          }, 4093);
          assert.equal(state, whole ? State.Complete : State.Incomplete);
        }
      }
    });

    it("gives the same answer when cut at any two bytes", () => {
      const document = Buffer.from(
        '\ufeff { "\\u006dodel" : "a\\n\\u00e9\\ud83d\\ude00\\/" ,"stream":true,"usage":{"a":-12.50e2,"b":{"model":"x"}},' +
          '"items":[{"a":"1"},[{"a":"é😀"}],null],"näme":[ ],"model":"\\ud800"} ',
      );
      const whole = driver.scan(document);
      assert.equal(whole.state, State.Complete);
      assert.equal(whole.values[0]?.text, "\ufffd");
      assert.equal(whole.values[0]?.differs, 1);
      for (let first = 0; first <= document.length; first++) {
        for (let second = first; second <= document.length; second += 1 + ((first * 7) % 5)) {
          const cut = [first, second - first, document.length - second];
          assert.deepEqual(driver.scan(document, cut), whole, `cut at ${first} and ${second}`);
        }
      }
    });
  });
}

console.log(`# FUZZ_SEED=${FUZZ_SEED}`);
