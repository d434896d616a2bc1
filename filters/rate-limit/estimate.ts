// What a call will cost, before it is made: learned from the calls of its model. Pure: a slot of the table of models.
//
// Running means of the last calls (of about 32; of all while there are fewer): bytes of text, input tokens, how many of
// them were read from a cache, output tokens. An input is its bytes times tokens per byte; media count as so many bytes.
import { SlotLayout } from "../../runtime/state/slots";
import { rescale } from "./ratio";

/**
 *    0  bytes   } means, times 2^16
 *    8  input   }
 *   16  cached  }
 *   24  output  }
 *   32  used at   nanoseconds since 1970
 *   40  calls     u32
 */
export const MODEL = new SlotLayout(1, 48);
export const USED_AT: usize = 32;
const BYTES: usize = 0;
const INPUT: usize = 8;
const CACHED: usize = 16;
const OUTPUT: usize = 24;
const CALLS: usize = 40;

/** Bytes of text that an image, a sound or a file counts for: 800 tokens at 4 bytes each. */
const BYTES_PER_MEDIA_ITEM: i64 = 3200;
/** Bytes of a token while nothing is learned: English and Chinese text alike. */
const USUAL_BYTES_PER_TOKEN: i64 = 4;
/** Output tokens of a call while nothing is learned and the call does not bound them. */
export const USUAL_OUTPUT: i64 = 1000;
const MEMORY: u32 = 32;
const ONE: i64 = 1 << 16;
/** Larger samples count as this: the means stay far from 64 bits. */
const MOST: i64 = 1 << 40;

/** How much text a request is, its media included. */
export function sizeOf(textBytes: i64, mediaItems: i64): i64 {
  const media = min(max<i64>(mediaItems, 0), MOST / BYTES_PER_MEDIA_ITEM);
  return min(max<i64>(textBytes, 0), MOST) + media * BYTES_PER_MEDIA_ITEM;
}

/** A call is over: `size` is `sizeOf` its request, the tokens are as reported. */
export function learn(slot: usize, size: i64, input: i64, cached: i64, output: i64, now: i64): void {
  const calls = load<u32>(slot, CALLS);
  const weight = <i64>min(calls + 1, MEMORY);
  move(slot + BYTES, size, weight);
  move(slot + INPUT, input, weight);
  move(slot + CACHED, min(cached, input), weight);
  move(slot + OUTPUT, output, weight);
  store<u32>(slot, min(calls + 1, u32.MAX_VALUE - 1), CALLS);
  store<i64>(slot, now, USED_AT);
}

/** Input tokens of a request; `slot` is 0 when nothing is known of its model. */
export function inputOf(slot: usize, size: i64): i64 {
  const bytes = slot ? load<i64>(slot, BYTES) : 0;
  if (bytes <= 0) return (size + USUAL_BYTES_PER_TOKEN - 1) / USUAL_BYTES_PER_TOKEN;
  return rescale(size, load<i64>(slot, INPUT), bytes, true);
}

/** Of so many input tokens, those read from a cache. */
export function cachedOf(slot: usize, input: i64): i64 {
  const all = slot ? load<i64>(slot, INPUT) : 0;
  return all <= 0 ? 0 : min(rescale(input, load<i64>(slot, CACHED), all, false), input);
}

/** Output tokens of a call, `usual` while nothing is learned. */
export function outputOf(slot: usize, usual: i64): i64 {
  if (!slot || load<u32>(slot, CALLS) == 0) return usual;
  return (load<i64>(slot, OUTPUT) + ONE - 1) / ONE;
}

function move(mean: usize, sample: i64, weight: i64): void {
  const before = load<i64>(mean);
  store<i64>(mean, before + (min(max<i64>(sample, 0), MOST) * ONE - before) / weight);
}
