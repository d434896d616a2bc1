// The models, clusters, hosts or providers that a price is for, and how closely they name one.
import { Bytes } from "../bytes/bytes";
import { lowerText } from "../config/lower";
import { Text } from "../config/text";
import { Glob } from "../match/glob";

/** What `Patterns.closeness` answers where none of them matches. */
export const NO_MATCH: i32 = -1;

/** A text without `*` is closer than any with. */
const EXACT: i32 = 1 << 30;

/** One pattern, kept as text to be compared with others. */
@final
export class Pattern {
  readonly isExact: bool;
  /** 1 and its letters but for `*`; exact ones are beyond all others. */
  readonly closeness: i32;
  /** Of the text, as `Bytes.hash32` has it. */
  readonly hash: u32;
  private readonly glob: Glob;
  private readonly isOpenAtStart: bool;
  private readonly isOpenAtEnd: bool;
  private readonly literal: string;

  constructor(
    readonly text: string,
    ignoreCase: bool,
  ) {
    const isOpenAtStart = text.startsWith("*");
    const isOpenAtEnd = text.endsWith("*");
    const start = isOpenAtStart ? 1 : 0;
    const literal = text.substring(start, max(start, isOpenAtEnd ? text.length - 1 : text.length));
    const isExact = !isOpenAtStart && !isOpenAtEnd;
    this.hash = new Text(text).bytes.hash32();
    this.glob = new Glob(text, ignoreCase);
    this.isOpenAtStart = isOpenAtStart;
    this.isOpenAtEnd = isOpenAtEnd;
    this.isExact = isExact;
    this.literal = ignoreCase ? lowerText(literal) : literal;
    this.closeness = 1 + literal.length + (isExact ? EXACT : 0);
  }


  @inline matches(value: Bytes): bool {
    return this.glob.matches(value);
  }

  /** Whether some text matches both, equally closely. Some pairs of which none does count as well. */
  ties(other: Pattern): bool {
    if (this.closeness != other.closeness) return false;
    if (this.isOpenAtStart != other.isOpenAtStart || this.isOpenAtEnd != other.isOpenAtEnd) return true;
    return (this.isOpenAtStart && this.isOpenAtEnd) || this.literal == other.literal;
  }
}

/** Several patterns; none at all: whatever it is. */
@final
export class Patterns {
  readonly all: Pattern[] = [];

  constructor(texts: string[], ignoreCase: bool = false) {
    for (let i = 0; i < texts.length; i++) this.all.push(new Pattern(texts[i], ignoreCase));
  }

  get isEmpty(): bool {
    return this.all.length == 0;
  }

  /** How closely they name a value: 0 where nothing is demanded, `NO_MATCH` where the value is another. */
  closeness(value: Bytes): i32 {
    if (this.all.length == 0) return 0;
    let closest = NO_MATCH;
    for (let i = 0, k = this.all.length; i < k; i++) {
      const pattern = this.all[i];
      if (pattern.closeness > closest && pattern.matches(value)) closest = pattern.closeness;
    }
    return closest;
  }

  /** Whether both name some value equally closely. */
  ties(other: Patterns): bool {
    if (this.isEmpty || other.isEmpty) return this.isEmpty && other.isEmpty;
    for (let i = 0; i < this.all.length; i++) {
      for (let k = 0; k < other.all.length; k++) if (this.all[i].ties(other.all[k])) return true;
    }
    return false;
  }
}
