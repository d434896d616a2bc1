// What a limit counts.
import { UsageStatus } from "../../runtime/ai/facts";
import { Usage } from "../../runtime/ai/usage";
import { MOST_UNITS } from "./meter";

/** The kinds, in the order of their names. */
export const enum Unit {
  Requests,
  Tokens,
  InputTokens,
  OutputTokens,
  /** Requests in flight. */
  Concurrency,
  /** Money: 1e-9 of the currency. */
  Cost,
}

/** The names of the kinds in configurations. */
export const UNITS: string[] = ["requests", "tokens", "input-tokens", "output-tokens", "concurrency", "cost"];

/** Decimals that a weight may have. */
export const WEIGHT_PLACES: i32 = 6;
const WEIGHT_ONE: i64 = 1_000_000;
/** Decimals of a unit of money: prices are in 1e-12 of the currency. */
const COST_PLACES: i32 = 3;

/** Whether calls are counted by what they use, which is known when they are over. */
export function countsUsage(unit: Unit): bool {
  return countsTokens(unit) || unit == Unit.Cost;
}

/** Whether that is tokens. */
export function countsTokens(unit: Unit): bool {
  return unit == Unit.Tokens || unit == Unit.InputTokens || unit == Unit.OutputTokens;
}

/** What tokens of each kind count for. Given in millionths, kept in the coarsest parts that hold all of them. */
@final
export class Weights {
  /** Decimals of a part: a token, or a unit of money, is 10^places of them. */
  readonly places: i32;
  private readonly input: i64;
  private readonly cachedInput: i64;
  private readonly cacheWrite: i64;
  private readonly output: i64;
  private readonly reasoning: i64;

  constructor(unit: Unit, input: i64, cachedInput: i64, cacheWrite: i64, output: i64, reasoning: i64) {
    if (!countsTokens(unit)) input = cachedInput = cacheWrite = output = reasoning = 0;
    if (unit == Unit.OutputTokens) input = cachedInput = cacheWrite = 0;
    if (unit == Unit.InputTokens) output = reasoning = 0;
    let places = WEIGHT_PLACES;
    let by: i64 = 1;
    while (places > 0) {
      const next = by * 10;
      if (input % next || cachedInput % next || cacheWrite % next || output % next || reasoning % next) break;
      by = next;
      places--;
    }
    this.places = unit == Unit.Cost ? COST_PLACES : places;
    this.input = input / by;
    this.cachedInput = cachedInput / by;
    this.cacheWrite = cacheWrite / by;
    this.output = output / by;
    this.reasoning = reasoning / by;
  }

  /** Parts of tokens that a usage counts for. */
  ofUsage(usage: Usage): i64 {
    if (usage.status == UsageStatus.None) return 0;
    const written = min(usage.cacheWrite, max<i64>(usage.input - usage.cachedInput, 0));
    const fresh = max<i64>(usage.input - usage.cachedInput - written, 0);
    const thought = min(usage.reasoning, usage.output);
    let parts = times(fresh, this.input);
    parts = plus(parts, times(usage.cachedInput, this.cachedInput));
    parts = plus(parts, times(written, this.cacheWrite));
    parts = plus(parts, times(usage.output - thought, this.output));
    return plus(parts, times(thought, this.reasoning));
  }

  /** Parts of tokens that an estimate counts for. */
  ofEstimate(input: i64, cachedInput: i64, output: i64): i64 {
    const fresh = max<i64>(input - cachedInput, 0);
    return plus(plus(times(fresh, this.input), times(cachedInput, this.cachedInput)), times(output, this.output));
  }
}

/** The weight 1, in millionths. */
export function usualWeight(): i64 {
  return WEIGHT_ONE;
}

function times(tokens: i64, weight: i64): i64 {
  if (tokens <= 0 || weight <= 0) return 0;
  return tokens > MOST_UNITS / weight ? MOST_UNITS : tokens * weight;
}

function plus(a: i64, b: i64): i64 {
  return a > MOST_UNITS - b ? MOST_UNITS : a + b;
}
