// Names one key or a family of keys by a pattern for each part: what `overrides` and reserved slots are found by.
import { Glob } from "./glob";
import { KeyWriter } from "./key-writer";

/** One pattern for each part of a key. */
@final
export class KeyPattern {
  private readonly globs: Glob[] = [];

  constructor(patterns: string[]) {
    for (let i = 0; i < patterns.length; i++) this.globs.push(new Glob(patterns[i]));
  }

  /** Whether every part matches. A missing part matches nothing, not even `*`. */
  matches(key: KeyWriter): bool {
    if (key.count != this.globs.length) return false;
    for (let i = 0, k = this.globs.length; i < k; i++) if (!this.globs[i].matches(key.part(i))) return false;
    return true;
  }
}
