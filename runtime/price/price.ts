// One entry of the price table: whom it is for, and what things cost there.
import { Bytes } from "../bytes/bytes";
import { Text } from "../config/text";
import { Patterns } from "./patterns";
import { Rates } from "./rates";
import { Units } from "./units";
import { WideSum } from "./wide";

/** Prices by the length of the input: the base, and others above so many input tokens. */
@final
export class Levels {
  private readonly limits: i64[] = [];
  private readonly above: Rates[] = [];

  constructor(readonly base: Rates) {}

  /** Adds a level, in the order of their limits. Configure time. */
  add(limit: i64, rates: Rates): void {
    this.limits.push(limit);
    this.above.push(rates);
  }

  /** The same levels with the prices that `own` names in place of theirs. Configure time. */
  under(own: Rates): Levels {
    const levels = new Levels(own.over(this.base));
    for (let i = 0; i < this.above.length; i++) levels.add(this.limits[i], own.over(this.above[i]));
    return levels;
  }

  /** The prices for an input of so many tokens. */
  at(inputTokens: i64): Rates {
    for (let i = this.above.length - 1; i >= 0; i--) if (inputTokens > this.limits[i]) return this.above[i];
    return this.base;
  }
}

/** A service tier, by the name that the provider gives it. */
@final
export class Tier {
  constructor(
    readonly name: Text,
    readonly levels: Levels,
  ) {}
}

const sum = new WideSum();

/** One entry. Amounts are in 1e-12 of the currency. */
@final
export class Price {
  readonly tiers: Tier[] = [];
  /** Of each call, each image that is made, each search that is billed. */
  perRequest: u64 = 0;
  image: u64 = 0;
  search: u64 = 0;
  /** The last `cost` is not all: it passed the end of the numbers, or there was output without a price. */
  isIncomplete: bool = false;

  constructor(
    readonly id: Text,
    readonly models: Patterns,
    readonly clusters: Patterns,
    readonly hosts: Patterns,
    readonly providers: Patterns,
    /** Days since 1970 of its first day, in UTC. */
    readonly validFrom: i32,
    /** How many tokens the prices are for. */
    readonly per: u32,
    readonly levels: Levels,
  ) {}

  /** What a call costs, in 1e-12 of the currency, rounded half up; at most i64.MAX_VALUE. `tier` may be absent. */
  cost(units: Units, tier: Bytes): i64 {
    const rates = this.levelsOf(tier).at(units.inputTokens);
    sum.clear();
    rates.addTo(sum, units);
    // A call's other units are for one each.
    const per = <u64>this.per;
    let total = sum.addProduct(this.perRequest, per);
    if (units.images > 0) total = sum.addProduct(times(this.image, units.images), per);
    if (units.searches > 0) total = sum.addProduct(times(this.search, units.searches), per);
    const cost = total.dividedBy(this.per);
    this.isIncomplete = sum.isOverflow || cost > <u64>i64.MAX_VALUE || rates.missesOutputOf(units);
    return <i64>min<u64>(cost, <u64>i64.MAX_VALUE);
  }

  /** The prices of a service tier; the standard ones where it has none of its own. */
  levelsOf(tier: Bytes): Levels {
    if (tier.isEmpty) return this.levels;
    for (let i = 0, k = this.tiers.length; i < k; i++) {
      if (this.tiers[i].name.bytes.equalsIgnoreCase(tier)) return this.tiers[i].levels;
    }
    return this.levels;
  }
}

/** A product that stays at the end of u64. */
function times(amount: u64, count: i64): u64 {
  return amount > u64.MAX_VALUE / <u64>count ? u64.MAX_VALUE : amount * <u64>count;
}
