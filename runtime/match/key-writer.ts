// Puts the parts of a key into one run of bytes that no other parts give.
import { Bytes } from "../bytes/bytes";
import { sipHash128, SIPHASH_SIZE } from "../bytes/siphash";

/** A key has at most this many parts. */
export const MOST_KEY_PARTS: i32 = 8;

/** Longer parts stand as their 128-bit hash. */
export const MOST_PART_BYTES: i32 = 64;

/** A key is at most this long. */
export const MOST_KEY_BYTES: i32 = MOST_KEY_PARTS * (MOST_PART_BYTES + 1);

// The byte in front of a part: its length, or one of these.
const HASHED: u8 = 0xfe;
const MISSING: u8 = 0xff;

/**
 * Takes a key's parts, each behind its length, so that ("a", "bc") and ("ab", "c") differ, and a missing part differs
 * from an empty one. Reused for every key; the parts themselves are kept as views for as long as the callback runs.
 */
@final
export class KeyWriter {
  /** How many parts there are. */
  count: i32 = 0;
  /** How many of them the call did not have. */
  missing: i32 = 0;
  private length: i32 = 0;
  private readonly memory: ArrayBuffer = new ArrayBuffer(MOST_KEY_BYTES);
  private readonly parts: StaticArray<usize> = new StaticArray<usize>(MOST_KEY_PARTS);

  /** The 128-bit key of the hashes (two little-endian words): the same wherever the same state is read. */
  constructor(
    private readonly k0: u64,
    private readonly k1: u64,
  ) {}

  /** Begins a key. */
  clear(): void {
    this.count = 0;
    this.missing = 0;
    this.length = 0;
  }

  /** Adds a part. Parts beyond the bound are dropped; the configuration does not let that happen. */
  add(part: Bytes): void {
    if (this.count >= MOST_KEY_PARTS) return;
    this.parts[this.count++] = changetype<usize>(part);
    const at = changetype<usize>(this.memory) + <usize>this.length;
    if (!part.isPresent) {
      this.missing++;
      store<u8>(at, MISSING);
      this.length += 1;
    } else if (part.length <= MOST_PART_BYTES) {
      store<u8>(at, <u8>part.length);
      memory.copy(at + 1, part.ptr, <usize>part.length);
      this.length += 1 + part.length;
    } else {
      store<u8>(at, HASHED);
      sipHash128(this.k0, this.k1, part.ptr, part.length, at + 1);
      this.length += 1 + SIPHASH_SIZE;
    }
  }

  /** The key, valid until the next `clear`. A view in the arena. */
  get key(): Bytes {
    return Bytes.view(changetype<usize>(this.memory), this.length);
  }

  /** The 128-bit keyed hash of the key, to `out`. */
  digest(out: usize): void {
    sipHash128(this.k0, this.k1, changetype<usize>(this.memory), this.length, out);
  }

  /** A part as it was added; absent beyond the last. */
  part(index: i32): Bytes {
    return <u32>index < <u32>this.count ? changetype<Bytes>(this.parts[index]) : Bytes.absent();
  }
}
