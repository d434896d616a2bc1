// SHA-256 and HMAC-SHA256 (FIPS 180-4, RFC 2104): streaming, nothing allocated, state in memory that the caller gives.

/** Bytes of a digest. */
export const SHA256_SIZE: i32 = 32;

/** Bytes of memory that a streaming state needs. */
export const SHA256_STATE_SIZE: i32 = 112;

/** Bytes of memory that a prepared HMAC key needs: the chaining values after the inner and the outer padded key. */
export const HMAC_KEY_SIZE: i32 = 64;

// A state: 8 chaining words (0..31), the count of bytes so far (32..39), the block being filled (48..111).
const COUNT: usize = 32;
const BLOCK: usize = 48;
const BLOCK_SIZE: i32 = 64;

const INITIAL: usize = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);

const ROUND: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
]);

const schedule: usize = memory.data(256);
const scratch: usize = memory.data(112);
const inner: usize = memory.data(32);

/** Makes `state` (SHA256_STATE_SIZE bytes) that of an empty message. */
export function sha256Init(state: usize): void {
  memory.copy(state, INITIAL, 32);
  store<u64>(state, 0, COUNT);
}

/** Adds bytes to the message. */
export function sha256Update(state: usize, ptr: usize, length: i32): void {
  if (length <= 0) return;
  const count = load<u64>(state, COUNT);
  store<u64>(state, count + <u64>length, COUNT);
  const block = state + BLOCK;
  const filled = <i32>(count & 63);
  if (filled > 0) {
    const room = min(BLOCK_SIZE - filled, length);
    memory.copy(block + <usize>filled, ptr, <usize>room);
    if (filled + room < BLOCK_SIZE) return;
    compress(state, block);
    ptr += <usize>room;
    length -= room;
  }
  while (length >= BLOCK_SIZE) {
    compress(state, ptr);
    ptr += <usize>BLOCK_SIZE;
    length -= BLOCK_SIZE;
  }
  if (length > 0) memory.copy(block, ptr, <usize>length);
}

/** Ends the message and writes the digest (SHA256_SIZE bytes) to `out`. The state must be made anew before its next use. */
export function sha256Final(state: usize, out: usize): void {
  const count = load<u64>(state, COUNT);
  const block = state + BLOCK;
  let filled = <i32>(count & 63);
  store<u8>(block + <usize>filled, 0x80);
  filled++;
  if (filled > 56) {
    memory.fill(block + <usize>filled, 0, <usize>(BLOCK_SIZE - filled));
    compress(state, block);
    filled = 0;
  }
  memory.fill(block + <usize>filled, 0, <usize>(56 - filled));
  store<u64>(block, bswap<u64>(count << 3), 56);
  compress(state, block);
  for (let i: usize = 0; i < 32; i += 4) store<u32>(out + i, bswap<u32>(load<u32>(state + i)));
}

/** Digest of one piece of memory. `out` may be the same memory. */
export function sha256(ptr: usize, length: i32, out: usize): void {
  sha256Init(scratch);
  sha256Update(scratch, ptr, length);
  sha256Final(scratch, out);
}

/** Prepares an HMAC key (any length) into `prepared` (HMAC_KEY_SIZE bytes), so that each later MAC saves two blocks. */
export function hmacPrepare(key: usize, length: i32, prepared: usize): void {
  const block = scratch + BLOCK;
  if (length > BLOCK_SIZE) {
    sha256(key, length, inner);
    key = inner;
    length = SHA256_SIZE;
  }
  padKey(block, key, length, 0x36);
  memory.copy(prepared, INITIAL, 32);
  compress(prepared, block);
  padKey(block, key, length, 0x5c);
  memory.copy(prepared + 32, INITIAL, 32);
  compress(prepared + 32, block);
}

/** HMAC-SHA256 of a piece of memory under a prepared key, SHA256_SIZE bytes to `out`. */
export function hmacSha256(prepared: usize, ptr: usize, length: i32, out: usize): void {
  memory.copy(scratch, prepared, 32);
  store<u64>(scratch, 64, COUNT);
  sha256Update(scratch, ptr, length);
  sha256Final(scratch, inner);
  memory.copy(scratch, prepared + 32, 32);
  store<u64>(scratch, 64, COUNT);
  sha256Update(scratch, inner, SHA256_SIZE);
  sha256Final(scratch, out);
}

function padKey(block: usize, key: usize, length: i32, pad: u8): void {
  memory.fill(block, pad, <usize>BLOCK_SIZE);
  for (let i: usize = 0; i < <usize>length; i++) store<u8>(block + i, load<u8>(key + i) ^ pad);
}

function compress(state: usize, block: usize): void {
  for (let i: usize = 0; i < 64; i += 4) store<u32>(schedule + i, bswap<u32>(load<u32>(block + i)));
  for (let i: usize = 64; i < 256; i += 4) {
    const at = schedule + i;
    const w15 = load<u32>(at - 60);
    const w2 = load<u32>(at - 8);
    const s0 = rotr<u32>(w15, 7) ^ rotr<u32>(w15, 18) ^ (w15 >> 3);
    const s1 = rotr<u32>(w2, 17) ^ rotr<u32>(w2, 19) ^ (w2 >> 10);
    store<u32>(at, load<u32>(at - 64) + s0 + load<u32>(at - 28) + s1);
  }
  let a = load<u32>(state);
  let b = load<u32>(state, 4);
  let c = load<u32>(state, 8);
  let d = load<u32>(state, 12);
  let e = load<u32>(state, 16);
  let f = load<u32>(state, 20);
  let g = load<u32>(state, 24);
  let h = load<u32>(state, 28);
  for (let i: usize = 0; i < 256; i += 4) {
    const s1 = rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25);
    const t1 = h + s1 + ((e & f) ^ (~e & g)) + load<u32>(ROUND + i) + load<u32>(schedule + i);
    const s0 = rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22);
    const t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + t2;
  }
  store<u32>(state, load<u32>(state) + a);
  store<u32>(state, load<u32>(state, 4) + b, 4);
  store<u32>(state, load<u32>(state, 8) + c, 8);
  store<u32>(state, load<u32>(state, 12) + d, 12);
  store<u32>(state, load<u32>(state, 16) + e, 16);
  store<u32>(state, load<u32>(state, 20) + f, 20);
  store<u32>(state, load<u32>(state, 24) + g, 24);
  store<u32>(state, load<u32>(state, 28) + h, 28);
}
