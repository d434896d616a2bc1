// Packed data is what was packed, and a module that unpacks its own has the memory that it was compiled with.

import assert from "node:assert/strict";
import { test } from "node:test";
import { pack, packData, unpack } from "./packed-data.js";

/** Numbers that look random and are the same in every run. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state >>> 16;
  }
}

const texts = ["", "a", "model", "usage.prompt_tokens", "usage.completion_tokens", "é and more", "x".repeat(300)];
const images: Record<string, Uint8Array> = {
  nothing: new Uint8Array(0),
  zeros: new Uint8Array(66_000),
  "a byte at the end": Uint8Array.from({ length: 66_000 }, (_, i) => (i === 65_999 ? 7 : 0)),
  "UTF-16 texts": Buffer.concat(texts.map((text) => Buffer.from(`${text}${"\0".repeat(9)}${text}`, "utf16le"))),
  "texts far from their like": Buffer.concat([
    Buffer.from(texts.join("")),
    Buffer.alloc(65_600),
    Buffer.from(texts.join("")),
  ]),
};
for (const seed of [1, 2, 3]) {
  const random = numbers(seed);
  const next = () => random.next().value;
  images[`noise ${seed}`] = Uint8Array.from({ length: 3000 }, () => (next() % 3 === 0 ? 0 : next() % (seed * 80)));
}

for (const [name, image] of Object.entries(images)) {
  test(`${name}: packed and unpacked again it is the same`, () => {
    const packed = pack(image);
    assert.deepEqual(Buffer.from(unpack(packed, image.length)), Buffer.from(image));
    assert.ok(packed.length <= image.length + Math.ceil(image.length / 63) + 1);
  });
}

test("texts in UTF-16 take about half the room, repeated ones almost none", () => {
  const text = Buffer.from("expected a whole number from 1 to 64, got nothing", "utf16le");
  const packed = pack(text).length;
  assert.ok(packed <= text.length / 2 + 2, `${packed}`);
  assert.ok(pack(Buffer.concat([text, text, text])).length <= packed + 6);
});

test("the packed module has one segment behind its static memory, and memory that holds it", () => {
  // (module (memory 1) (data (i32.const 8) "ab") (data (i32.const 60) "ab"))
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const data = [2, 0, 0x41, 8, 0x0b, 2, 0x61, 0x62, 0, 0x41, 60, 0x0b, 2, 0x61, 0x62];
  const wasm = Uint8Array.from([...header, 5, 3, 1, 0, 1, 11, data.length, ...data]);
  const packed = packData(wasm, 65_534);
  assert.ok(WebAssembly.validate(new Uint8Array(packed)));
  assert.deepEqual([...packed.subarray(8, 13)], [5, 3, 1, 0, 2]);
  assert.deepEqual([...packed.subarray(15, 16)], [1]);
});
