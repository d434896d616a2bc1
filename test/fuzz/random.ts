// Seeded randomness and the time budget of a fuzz run.

/** Seconds for each fuzz test. */
export const FUZZ_SECONDS = Number(process.env.FUZZ_SECONDS ?? 5);

/** Seed of this run; set FUZZ_SEED to repeat one. */
export const FUZZ_SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000_007);

/** A small deterministic generator (mulberry32). */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** A number in [0, 1). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** The bytes with a few of them changed, removed, repeated or inserted. */
  mutate(bytes: Buffer, alphabet = ""): Buffer {
    let out = Buffer.from(bytes);
    for (let edits = 1 + this.below(4); edits > 0; edits--) {
      const at = this.below(out.length + 1);
      const to = Math.min(out.length, at + 1 + this.below(4));
      const byte = alphabet && this.chance(0.7) ? alphabet.charCodeAt(this.below(alphabet.length)) : this.below(256);
      const middle = this.pick([Buffer.from([byte]), Buffer.alloc(0), out.subarray(at, to), Buffer.from([byte])]);
      out = Buffer.concat([out.subarray(0, at), middle, out.subarray(this.pick([at, to]))]);
    }
    return out;
  }

  /** Lengths of chunks that make up `total` bytes, some of them 0. */
  chunks(total: number): number[] {
    const largest = this.pick([1, 2, 7, 40, 500, 5000]);
    const lengths: number[] = [];
    for (let left = total; left > 0;) {
      const length = Math.min(left, this.below(largest + 1));
      lengths.push(length);
      left -= length;
    }
    return lengths;
  }
}

/** Runs `round` with ever new seeds until the time is over; a failure names the seed that repeats it. */
export function fuzz(name: string, round: (random: Random) => void): void {
  const until = Date.now() + FUZZ_SECONDS * 1000;
  let rounds = 0;
  for (let seed = FUZZ_SEED; Date.now() < until || rounds === 0; seed++, rounds++) {
    try {
      round(new Random(seed));
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${name}: FUZZ_SEED=${seed} FUZZ_SECONDS=0 repeats this:\n${reason}`, { cause });
    }
  }
  console.log(`# ${name}: ${rounds} rounds from FUZZ_SEED=${FUZZ_SEED}`);
}
