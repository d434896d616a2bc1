// The tokens of one call, counted the same way for every provider: input is uncached + cache read + cache write + tool
// use, output includes reasoning.
import { UsageStatus } from "./facts";

/** Numbers are 0 unless reported. `status` says what they are worth. */
@final
export class Usage {
  status: UsageStatus = UsageStatus.None;
  /** All input tokens, those below included. */
  input: i64 = 0;
  /** Input read from a cache. */
  cachedInput: i64 = 0;
  /** Input written to a cache. */
  cacheWrite: i64 = 0;
  /** The part of `cacheWrite` that is kept for an hour (Anthropic prices it apart). */
  cacheWrite1h: i64 = 0;
  /** All output tokens, reasoning included. */
  output: i64 = 0;
  /** The part of `output` that was reasoning. */
  reasoning: i64 = 0;
  /** The parts of input and output that were audio. */
  audioInput: i64 = 0;
  audioOutput: i64 = 0;
  /** Rerank: searches that are billed. */
  searchUnits: i64 = 0;

  /** Whether there are numbers to charge. A usage of zero is one. */
  get isPresent(): bool {
    return this.status != UsageStatus.None;
  }

  /** Input that was neither read from nor written to a cache. */
  get uncachedInput(): i64 {
    return max<i64>(this.input - this.cachedInput - this.cacheWrite, 0);
  }

  /** Input and output together, at most i64.MAX_VALUE. */
  get total(): i64 {
    return addCounts(this.input, this.output);
  }

  reset(): void {
    this.status = UsageStatus.None;
    this.input = 0;
    this.cachedInput = 0;
    this.cacheWrite = 0;
    this.cacheWrite1h = 0;
    this.output = 0;
    this.reasoning = 0;
    this.audioInput = 0;
    this.audioOutput = 0;
    this.searchUnits = 0;
  }
}

/** The sum of two counts that are not negative, at most i64.MAX_VALUE. */
export function addCounts(a: i64, b: i64): i64 {
  return a > i64.MAX_VALUE - b ? i64.MAX_VALUE : a + b;
}
