import { sipFinal, sipHash128, sipInit, sipUpdate } from "../../../runtime/bytes/siphash";
import { SIPHASH_SIZE, SIPHASH_STATE_SIZE } from "../../../runtime/bytes/siphash";
import { hex } from "./hex";

const K0: u64 = 0x0706050403020100;
const K1: u64 = 0x0f0e0d0c0b0a0908;
const digest = new ArrayBuffer(SIPHASH_SIZE);

/** The message of the reference vectors: 00 01 02 … */
function counting(length: i32): ArrayBuffer {
  const bytes = new ArrayBuffer(length);
  for (let i = 0; i < length; i++) store<u8>(changetype<usize>(bytes) + <usize>i, <u8>i);
  return bytes;
}

function sipOf(length: i32): string {
  sipHash128(K0, K1, changetype<usize>(counting(length)), length, changetype<usize>(digest));
  return hex(digest);
}

describe("SipHash-2-4-128 (vectors of the reference implementation)", () => {
  it("hashes the empty message", () => {
    expect(sipOf(0)).toBe("a3817f04ba25a8e66df67214c7550293");
  });

  it("hashes less than a word", () => {
    expect(sipOf(1)).toBe("da87c1d86b99af44347659119b22fc45");
    expect(sipOf(2)).toBe("8177228da4a45dc7fca38bdef60affe4");
  });

  it("hashes whole words", () => {
    expect(sipOf(8)).toBe("3b62a9ba6258f5610f83e264f31497b4");
    expect(sipOf(15)).toBe("5493e99933b0a8117e08ec0f97cfc3d9");
    expect(sipOf(63)).toBe("5150d1772f50834a503e069a973fbd7c");
  });

  it("gives the same digest whatever the pieces", () => {
    const message = counting(100);
    const whole = sipOf(100);
    const memory = new ArrayBuffer(SIPHASH_STATE_SIZE); // held here, so that no collection frees it
    const state = changetype<usize>(memory);
    for (let piece = 1; piece < 30; piece++) {
      sipInit(state, K0, K1);
      for (let at = 0; at < 100; at += piece) {
        sipUpdate(state, changetype<usize>(message) + <usize>at, min(piece, 100 - at));
      }
      sipFinal(state, changetype<usize>(digest));
      expect(hex(digest)).toBe(whole);
    }
  });
});
