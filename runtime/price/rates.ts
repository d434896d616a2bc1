// What each kind of token costs: at one level of one tier of one price.
import { TOKEN_KINDS, TokenKind, Units } from "./units";
import { WideSum } from "./wide";

/** Which kind's price stands for a kind without its own; -1: none, it costs nothing. */
const FALLBACKS: i32[] = [
  -1, // input
  TokenKind.Input,
  TokenKind.Input,
  TokenKind.CacheWrite,
  TokenKind.Input,
  TokenKind.Input,
  -1, // output
  TokenKind.Output,
  TokenKind.Output,
  TokenKind.Output,
];

/** Prices of all kinds, in 1e-12 of the currency for as many tokens as the price says (`Price.per`). */
@final
export class Rates {
  private readonly values: StaticArray<u64> = new StaticArray<u64>(TOKEN_KINDS);
  private named: u32 = 0;

  /** Names the price of a kind. Configure time. */
  name(kind: TokenKind, value: u64): void {
    this.named |= 1 << (kind as u32);
    this.values[kind] = value;
  }

  /** These prices, and those of `below` for kinds that these do not name. Configure time. */
  over(below: Rates | null): Rates {
    const all = new Rates();
    for (let i = 0; i < TOKEN_KINDS; i++) {
      if (this.isNamed(i)) all.name(i, this.values[i]);
      else if (below && below.isNamed(i)) all.name(i, below.values[i]);
      else all.values[i] = FALLBACKS[i] < 0 ? 0 : all.values[FALLBACKS[i]];
    }
    return all;
  }

  /** Whether a kind has a price of its own. */
  isNamed(kind: TokenKind): bool {
    return (this.named & (1 << (kind as u32))) != 0;
  }

  /** The price of a kind. */
  @inline of(kind: TokenKind): u64 {
    return unchecked(this.values[<i32>kind]);
  }

  /** Adds what the tokens of a call cost. */
  addTo(sum: WideSum, units: Units): void {
    for (let kind = 0; kind < TOKEN_KINDS; kind++) {
      const count = units.of(kind);
      if (count > 0) sum.addProduct(<u64>count, unchecked(this.values[kind]));
    }
  }

  /** Whether the call has output that nothing here prices. */
  missesOutputOf(units: Units): bool {
    return units.outputTokens > 0 && !this.isNamed(TokenKind.Output) && !this.pricesAllOutputOf(units);
  }

  private pricesAllOutputOf(units: Units): bool {
    for (let kind = <i32>TokenKind.Output; kind < TOKEN_KINDS; kind++) {
      if (units.of(kind) > 0 && !this.isNamed(kind)) return false;
    }
    return true;
  }
}
