// Comparing what is mostly equal: sixteen bytes at a time, wherever they are.

/** Whether `length` bytes at both addresses are the same. */
export function areSame(a: usize, b: usize, length: i32): bool {
  let left = length;
  if (ASC_FEATURE_SIMD) {
    for (; left >= 16; left -= 16) {
      if (v128.any_true(v128.xor(v128.load(a), v128.load(b)))) return false;
      a += 16;
      b += 16;
    }
  }
  for (; left >= 8; left -= 8) {
    if (load<u64>(a) != load<u64>(b)) return false;
    a += 8;
    b += 8;
  }
  for (; left > 0; left--) if (load<u8>(a++) != load<u8>(b++)) return false;
  return true;
}
