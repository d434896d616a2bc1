// Which variant a caller gets: a place on the line from 0 to 100 %, which the shares of the variants divide.
import { Split, WHOLE_SHARE } from "./split";

/** What stands for no variant. */
export const NO_VARIANT: i32 = -1;

/**
 * The variant at the place that `hash` (64 keyed bits of the caller's key) falls on. Shares lie in the order of the
 * configuration: where the last one grows at the cost of the one before it, callers move to it and none moves back.
 */
export function variantByShare(split: Split, hash: u64): i32 {
  const place = <i64>(((hash >> 32) * <u64>WHOLE_SHARE) >> 32);
  let end: i64 = 0;
  for (let i = 0; i < split.variants.length; i++) {
    end += split.variants[i].share;
    if (place < end) return i;
  }
  return NO_VARIANT;
}

/** Who takes the calls of a variant that was taken out: the one with the largest share. */
export function standIn(split: Split, out: i32): i32 {
  let best = NO_VARIANT;
  for (let i = 0; i < split.variants.length; i++) {
    if (i == out) continue;
    if (best == NO_VARIANT || split.variants[i].share > split.variants[best].share) best = i;
  }
  return best;
}
