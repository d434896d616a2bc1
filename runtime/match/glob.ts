// Patterns with at most one `*` at the start and one at the end, compared with bytes.
import { areSame } from "../bytes/same";
import { Bytes, lowerAscii } from "../bytes/bytes";
import { lowerText } from "../config/lower";
import { Text } from "../config/text";

/** One pattern. Case matters unless it is made with `ignoreCase`, which folds ASCII letters (hosts). */
@final
export class Glob {
  private readonly literal: Text;
  private readonly isOpenAtStart: bool;
  private readonly isOpenAtEnd: bool;

  /** `pattern` must have the form `TextForm.Glob`; a `*` elsewhere is taken as itself. */
  constructor(
    pattern: string,
    private readonly ignoreCase: bool = false,
  ) {
    const isOpenAtStart = pattern.startsWith("*");
    const isOpenAtEnd = pattern.endsWith("*");
    const start = isOpenAtStart ? 1 : 0;
    const end = isOpenAtEnd ? pattern.length - 1 : pattern.length;
    const literal = pattern.substring(start, max(start, end)); // one star may be both ends
    this.isOpenAtStart = isOpenAtStart;
    this.isOpenAtEnd = isOpenAtEnd;
    this.literal = new Text(ignoreCase ? lowerText(literal) : literal);
  }

  /** Whether the pattern covers the whole value. An absent value matches nothing, not even `*`. */
  matches(value: Bytes): bool {
    const literal = this.literal.bytes;
    const spare = value.length - literal.length;
    if (!value.isPresent || spare < 0) return false;
    if (!this.isOpenAtStart) return (this.isOpenAtEnd || spare == 0) && this.isAt(value.ptr, literal);
    if (!this.isOpenAtEnd) return this.isAt(value.ptr + <usize>spare, literal);
    for (let from = 0; from <= spare; from++) if (this.isAt(value.ptr + <usize>from, literal)) return true;
    return false;
  }

  private isAt(ptr: usize, literal: Bytes): bool {
    const length = <usize>literal.length;
    if (!this.ignoreCase) return areSame(ptr, literal.ptr, <i32>length);
    for (let i: usize = 0; i < length; i++) {
      if (lowerAscii(load<u8>(ptr + i)) != load<u8>(literal.ptr + i)) return false;
    }
    return true;
  }
}

/** Several patterns, one of which has to match. */
@final
export class GlobList {
  private readonly globs: Glob[] = [];

  constructor(patterns: string[], ignoreCase: bool = false) {
    for (let i = 0; i < patterns.length; i++) this.globs.push(new Glob(patterns[i], ignoreCase));
  }

  /** Whether there is no pattern: nothing was configured. */
  get isEmpty(): bool {
    return this.globs.length == 0;
  }

  /** Whether one of the patterns matches. False when there is none. */
  matches(value: Bytes): bool {
    const globs = this.globs;
    for (let i = 0, k = globs.length; i < k; i++) if (globs[i].matches(value)) return true;
    return false;
  }
}
