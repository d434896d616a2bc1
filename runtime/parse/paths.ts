// The places in a JSON document that somebody wants to know about, compiled into one table at configure time.
import { areSame } from "../bytes/same";

/** What is kept of the values found at a path. */
export const enum PathMode {
  /** The scalar itself: a string's decoded bytes, a number's text and integer value. */
  Capture,
  /** How many strings there are and how long they are when decoded. */
  Measure,
  /** Type, offsets, and whether an object or array is empty. */
  Presence,
}

/** Paths in one table: one bit each in the scanner's masks. */
export const MAX_PATHS: i32 = 64;

/** Segments of one path, `[]` included. */
export const MAX_SEGMENTS: i32 = 15;

/** Bytes kept of one captured value unless `add` says otherwise. */
export const DEFAULT_VALUE_BYTES: i32 = 256;

/** Lists of keys for each level, by their hash. */
const BUCKETS: i32 = 16;

const ANY_ELEMENT: string = ""; // no key of a path is empty
const MAX_KEY_BYTES: i32 = 255;
const MAX_VALUE_BYTES: i32 = 65536;

/** A key that occurs at one level of some paths. */
class PathKey {
  next: PathKey | null = null;
  mask: u64 = 0;
  readonly bytes: StaticArray<u8>;
  readonly hash: u32;

  constructor(text: string) {
    const encoded = String.UTF8.encode(text);
    const bytes = new StaticArray<u8>(encoded.byteLength);
    memory.copy(changetype<usize>(bytes), changetype<usize>(encoded), encoded.byteLength);
    this.bytes = bytes;
    this.hash = keyHash(changetype<usize>(bytes), bytes.length);
  }

  equals(hash: u32, ptr: usize, length: i32): bool {
    if (this.hash != hash || this.bytes.length != length) return false;
    const own = changetype<usize>(this.bytes);
    if (length < 4) return true; // the hash is the key
    if (length <= 8) {
      const last = <usize>(length - 4);
      return load<u32>(own) == load<u32>(ptr) && load<u32>(own + last) == load<u32>(ptr + last);
    }
    if (length > 16) return areSame(own, ptr, <i32>length);
    const last = <usize>(length - 8);
    return load<u64>(own) == load<u64>(ptr) && load<u64>(own + last) == load<u64>(ptr + last);
  }
}

/**
 * Wanted paths. `add` them at configure time; a `JsonScanner` made from the table keeps one value per path.
 * A path is written `usage.prompt_tokens_details.cached_tokens` or `choices[].delta.content`; `[]` stands for every
 * element of an array, and a backslash before a dot or bracket makes it a part of the key. All matching is by bytes.
 */
export class PathTable {
  /** Paths so far. */
  count: i32 = 0;
  /** Longest key of any path, in bytes. */
  longestKey: i32 = 0;
  /** Segments of the longest path. */
  levels: i32 = 0;
  /** Bit i is set when path i has this mode. */
  captured: u64 = 0;
  measured: u64 = 0;
  /** Paths with a `[]` somewhere. */
  repeated: u64 = 0;
  private readonly texts: Array<string> = [];
  private readonly modes: StaticArray<u8> = new StaticArray<u8>(MAX_PATHS);
  private readonly valueBytes: StaticArray<i32> = new StaticArray<i32>(MAX_PATHS);
  // BUCKETS lists for each level.
  private readonly keys: StaticArray<PathKey | null> = new StaticArray<PathKey | null>((MAX_SEGMENTS + 1) * BUCKETS);
  private readonly keyLengths: StaticArray<u64> = new StaticArray<u64>(MAX_SEGMENTS + 1);
  // Indexed by level = number of segments in front: paths that want an array here, that end here, that go on from
  // here, and those of the latter whose first segments up to here hold no `[]`.
  private readonly arrays: StaticArray<u64> = new StaticArray<u64>(MAX_SEGMENTS + 1);
  private readonly endings: StaticArray<u64> = new StaticArray<u64>(MAX_SEGMENTS + 1);
  private readonly onward: StaticArray<u64> = new StaticArray<u64>(MAX_SEGMENTS + 1);
  private readonly single: StaticArray<u64> = new StaticArray<u64>(MAX_SEGMENTS + 1);

  /**
   * Wants a path and answers its index; adding the same path and mode again answers the same index and keeps the
   * larger bound. -1 when the table is full (MAX_PATHS), the path is too deep (MAX_SEGMENTS) or is no path.
   * All paths must be there before the first scanner is made.
   */
  add(path: string, mode: PathMode = PathMode.Capture, maxValueBytes: i32 = DEFAULT_VALUE_BYTES): i32 {
    const bound = mode == PathMode.Capture ? min(max(maxValueBytes, 0), MAX_VALUE_BYTES) : 0;
    for (let i = 0; i < this.count; i++) {
      if (this.texts[i] == path && this.modes[i] == <u8>mode) {
        this.valueBytes[i] = max(this.valueBytes[i], bound);
        return i;
      }
    }
    const segments = splitPath(path);
    if (segments === null || this.count >= MAX_PATHS) return -1;
    const index = this.count++;
    const bit = (<u64>1) << (<u64>index);
    this.texts.push(path);
    this.modes[index] = <u8>mode;
    this.valueBytes[index] = bound;
    if (mode == PathMode.Capture) this.captured |= bit;
    if (mode == PathMode.Measure) this.measured |= bit;
    for (let level = 0; level < segments.length; level++) {
      this.onward[level] |= bit;
      if (!(this.repeated & bit)) this.single[level] |= bit;
      if (segments[level] == ANY_ELEMENT) {
        this.arrays[level] |= bit;
        this.repeated |= bit;
      } else this.addKey(level, segments[level], bit);
    }
    this.endings[segments.length] |= bit;
    this.levels = max(this.levels, segments.length);
    return index;
  }

  /** The path as it was added; empty when there is none. */
  pathAt(index: i32): string {
    return index >= 0 && index < this.count ? this.texts[index] : "";
  }

  /** Bytes kept of a captured value. */
  valueBytesAt(index: i32): i32 {
    return index >= 0 && index < this.count ? this.valueBytes[index] : 0;
  }

  /** Largest `valueBytesAt`. */
  longestValue(): i32 {
    let longest = 0;
    for (let i = 0; i < this.count; i++) longest = max(longest, this.valueBytes[i]);
    return longest;
  }

  /** Mask of all paths. */
  all(): u64 {
    return this.count == 0 ? 0 : (<u64>-1) >> (<u64>(MAX_PATHS - this.count));
  }

  /** Paths that end after `level` segments. */
  @inline endingAt(level: i32): u64 {
    return <u32>level <= <u32>MAX_SEGMENTS ? unchecked(this.endings[level]) : 0;
  }

  /** Paths that go on after `level` segments into an array, or into an object. */
  @inline inside(level: i32, isArray: bool): u64 {
    if (<u32>level > <u32>MAX_SEGMENTS) return 0;
    const arrays = unchecked(this.arrays[level]);
    return isArray ? arrays : unchecked(this.onward[level]) & ~arrays;
  }

  /** Paths that go on after `level` segments and have no `[]` among these. */
  @inline singleUpTo(level: i32): u64 {
    return <u32>level <= <u32>MAX_SEGMENTS ? unchecked(this.single[level]) : 0;
  }

  /** Those of the paths in `alive` whose segment at `level` is this key. */
  match(level: i32, alive: u64, ptr: usize, length: i32): u64 {
    if (<u32>level > <u32>MAX_SEGMENTS) return 0;
    if (!((unchecked(this.keyLengths[level]) >> (<u64>min(length, 63))) & 1)) return 0;
    const hash = keyHash(ptr, length);
    let key = unchecked(this.keys[bucketOf(level, hash)]);
    while (key !== null) {
      if (key.mask & alive && key.equals(hash, ptr, length)) return key.mask & alive;
      key = key.next;
    }
    return 0;
  }

  private addKey(level: i32, text: string, bit: u64): void {
    const key = new PathKey(text);
    const bucket = bucketOf(level, key.hash);
    let known = this.keys[bucket];
    while (known !== null && !known.equals(key.hash, changetype<usize>(key.bytes), key.bytes.length))
      known = known.next;
    if (known !== null) {
      known.mask |= bit;
      return;
    }
    key.mask = bit;
    key.next = this.keys[bucket];
    this.keys[bucket] = key;
    this.keyLengths[level] |= (<u64>1) << (<u64>min(key.bytes.length, 63));
    this.longestKey = max(this.longestKey, key.bytes.length);
  }
}

/** Where the list of a key begins; `level` <= MAX_SEGMENTS. */
@inline function bucketOf(level: i32, hash: u32): i32 {
  return level * BUCKETS + <i32>(hash >> 28);
}

/** Mixes length, first and last bytes: constant time, enough to tell the few keys of one level apart. */
function keyHash(ptr: usize, length: i32): u32 {
  if (length >= 4) {
    const last = load<u32>(ptr + <usize>(length - 4));
    return (load<u32>(ptr) ^ rotl<u32>(last, 15)) * 0x9e3779b1 + <u32>length;
  }
  let hash = <u32>length;
  for (let i = 0; i < length; i++) hash = (hash << 8) | load<u8>(ptr + <usize>i);
  return hash;
}

/** Segments of a path; null when it is none. */
function splitPath(path: string): Array<string> | null {
  const segments = new Array<string>();
  let key = ""; // what stands in front of `from`
  let from = 0;
  let hasKey = false;
  let afterArray = false;
  for (let i = 0; i <= path.length; i++) {
    const code = i < path.length ? path.charCodeAt(i) : 0x2e;
    if (code == 0x5c && i + 1 < path.length) {
      key += path.substring(from, i);
      from = ++i;
      hasKey = true;
    } else if (code == 0x2e || code == 0x5b) {
      if (!hasKey && !afterArray && !(code == 0x5b && i == 0)) return null;
      if (hasKey) {
        key += path.substring(from, i);
        if (String.UTF8.byteLength(key) > MAX_KEY_BYTES) return null;
        segments.push(key);
      }
      key = "";
      hasKey = false;
      afterArray = false;
      if (code == 0x5b) {
        if (i + 1 >= path.length || path.charCodeAt(++i) != 0x5d) return null;
        segments.push(ANY_ELEMENT);
        afterArray = true;
      }
      from = i + 1;
    } else {
      if (afterArray) return null;
      hasKey = true;
    }
  }
  return segments.length > 0 && segments.length <= MAX_SEGMENTS ? segments : null;
}
