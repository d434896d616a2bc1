// SipHash-2-4 with 128 bits of output (Aumasson, Bernstein): the keyed hash of state keys, bodies and sticky splits.

/** Bytes of a digest. */
export const SIPHASH_SIZE: i32 = 16;

/** Bytes of memory that a streaming state needs. */
export const SIPHASH_STATE_SIZE: i32 = 48;

// A state: v0..v3 (0..31), the bytes that do not fill a word yet (32..39), the count of bytes so far (40..47).
const TAIL: usize = 32;
const COUNT: usize = 40;

const scratch: usize = memory.data(48);

/** Makes `state` (SIPHASH_STATE_SIZE bytes) that of an empty message under the 128-bit key k0, k1 (little-endian words). */
export function sipInit(state: usize, k0: u64, k1: u64): void {
  store<u64>(state, k0 ^ 0x736f6d6570736575);
  store<u64>(state, k1 ^ 0x646f72616e646f6d ^ 0xee, 8);
  store<u64>(state, k0 ^ 0x6c7967656e657261, 16);
  store<u64>(state, k1 ^ 0x7465646279746573, 24);
  store<u64>(state, 0, TAIL);
  store<u64>(state, 0, COUNT);
}

/** Adds bytes to the message. */
export function sipUpdate(state: usize, ptr: usize, length: i32): void {
  if (length <= 0) return;
  const end = ptr + <usize>length;
  const count = load<u64>(state, COUNT);
  store<u64>(state, count + <u64>length, COUNT);
  let filled = <i32>(count & 7);
  if (filled > 0) {
    let tail = load<u64>(state, TAIL);
    while (filled < 8 && ptr < end) {
      const byte: u64 = load<u8>(ptr);
      const shift: u64 = filled << 3;
      tail |= byte << shift;
      filled++;
      ptr++;
    }
    store<u64>(state, tail, TAIL);
    if (filled < 8) return;
    absorb(state, tail);
    store<u64>(state, 0, TAIL);
  }
  while (end - ptr >= 8) {
    absorb(state, load<u64>(ptr));
    ptr += 8;
  }
  let tail: u64 = 0;
  let shift: u64 = 0;
  while (ptr < end) {
    const byte: u64 = load<u8>(ptr);
    tail |= byte << shift;
    shift += 8;
    ptr++;
  }
  store<u64>(state, tail, TAIL);
}

/** Ends the message and writes the digest (SIPHASH_SIZE bytes) to `out`. The state must be made anew before its next use. */
export function sipFinal(state: usize, out: usize): void {
  absorb(state, load<u64>(state, TAIL) | (load<u64>(state, COUNT) << 56));
  store<u64>(state, load<u64>(state, 16) ^ 0xee, 16);
  rounds(state, 4);
  store<u64>(out, fold(state));
  store<u64>(state, load<u64>(state, 8) ^ 0xdd, 8);
  rounds(state, 4);
  store<u64>(out, fold(state), 8);
}

/** Digest of one piece of memory. `out` may be the same memory. */
export function sipHash128(k0: u64, k1: u64, ptr: usize, length: i32, out: usize): void {
  sipInit(scratch, k0, k1);
  sipUpdate(scratch, ptr, length);
  sipFinal(scratch, out);
}

function absorb(state: usize, word: u64): void {
  store<u64>(state, load<u64>(state, 24) ^ word, 24);
  rounds(state, 2);
  store<u64>(state, load<u64>(state) ^ word);
}

// @ts-ignore: decorator
@inline
function fold(state: usize): u64 {
  return load<u64>(state) ^ load<u64>(state, 8) ^ load<u64>(state, 16) ^ load<u64>(state, 24);
}

function rounds(state: usize, count: i32): void {
  let v0 = load<u64>(state);
  let v1 = load<u64>(state, 8);
  let v2 = load<u64>(state, 16);
  let v3 = load<u64>(state, 24);
  for (let i = 0; i < count; i++) {
    v0 += v1;
    v1 = rotl<u64>(v1, 13) ^ v0;
    v0 = rotl<u64>(v0, 32);
    v2 += v3;
    v3 = rotl<u64>(v3, 16) ^ v2;
    v0 += v3;
    v3 = rotl<u64>(v3, 21) ^ v0;
    v2 += v1;
    v1 = rotl<u64>(v1, 17) ^ v2;
    v2 = rotl<u64>(v2, 32);
  }
  store<u64>(state, v0);
  store<u64>(state, v1, 8);
  store<u64>(state, v2, 16);
  store<u64>(state, v3, 24);
}
