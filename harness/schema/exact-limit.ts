// Whether the limits of a rate-limit rule can be counted exactly: the same rule as the module's, in unbounded integers.

import { durationNanos, scaleDecimal } from "./decimal.ts";

type JsonObject = Record<string, unknown>;

interface Limit {
  capacity: bigint;
  refill: bigint;
  interval: bigint;
  maxDebt: bigint;
  namesDebt: boolean;
}

const MOST_UNITS = 2n ** 61n;
const WEIGHT_PLACES = 6;
/** Money is given in 1e-9 of the currency and counted in 1e-12. */
const COST_PARTS = 1000n;
const QUANTA = [1n, 1000n, 1_000_000n];

/** Judges `limit` and `overrides` of a rule. True for what is wrong in another way. */
export function hasExactLimits(rule: JsonObject): boolean {
  const limit = asObject(rule["limit"]);
  if (limit["unit"] === "concurrency") return true;
  const parts = weightPartsOf(rule);
  const base = read(limit, undefined);
  if (base === undefined) return true;
  if (!isCountable(base, parts)) return false;
  const overrides = Array.isArray(rule["overrides"]) ? rule["overrides"] : [];
  return overrides.every((entry) => {
    const own = read(asObject(asObject(entry)["limit"]), base);
    return own === undefined || isCountable(own, parts);
  });
}

function isCountable({ capacity, refill, interval, maxDebt }: Limit, parts: bigint): boolean {
  if (refill > (2n ** 63n - 1n) / parts) return false;
  return QUANTA.some((quantum) => {
    if (interval % quantum !== 0n) return false;
    const quanta = interval / quantum;
    const divisor = greatestCommonDivisor(quanta, refill * parts);
    const part = quanta / divisor;
    if ((refill * parts) / divisor > MOST_UNITS || part > MOST_UNITS / parts) return false;
    const scale = part * parts;
    return capacity <= MOST_UNITS / scale && maxDebt <= MOST_UNITS / scale - capacity;
  });
}

function read(limit: JsonObject, base: Limit | undefined): Limit | undefined {
  const capacity = whole(limit["capacity"]) ?? base?.capacity;
  const text = limit["interval"];
  const interval = text === undefined ? (base?.interval ?? 60_000_000_000n) : durationNanos(String(text));
  if (capacity === undefined || interval === undefined || interval <= 0n) return undefined;
  const refill = whole(limit["refill"]) ?? base?.refill ?? capacity;
  if (capacity <= 0n || refill <= 0n) return undefined;
  const namesDebt = limit["maxDebt"] !== undefined || base?.namesDebt === true;
  const maxDebt = whole(limit["maxDebt"]) ?? (base?.namesDebt === true ? base.maxDebt : capacity);
  return maxDebt < 0n ? undefined : { capacity, refill, interval, maxDebt, namesDebt };
}

/** Parts of a token: the fewest, a power of ten, in which every weight of the rule that counts is whole. */
export function weightPartsOf(rule: JsonObject): bigint {
  const weights = asObject(rule["weights"]);
  const unit = asObject(rule["limit"])["unit"];
  if (unit === "cost") return COST_PARTS;
  if (unit !== "tokens" && unit !== "input-tokens" && unit !== "output-tokens") return 1n;
  const input = ["input", "cachedInput", "cacheWrite"];
  const output = ["output", "reasoning"];
  if (unit === "input-tokens") return weightParts(weights, input);
  return weightParts(weights, unit === "output-tokens" ? output : [...input, ...output]);
}

function weightParts(weights: JsonObject, names: string[]): bigint {
  const values = names
    .map((name) => weights[name])
    .filter((value) => typeof value === "number")
    .map((value) => scaleDecimal(String(value), WEIGHT_PLACES)?.value ?? 0n);
  for (let by = 10n ** BigInt(WEIGHT_PLACES); by > 1n; by /= 10n) {
    if (values.every((value) => value % by === 0n)) return 10n ** BigInt(WEIGHT_PLACES) / by;
  }
  return 10n ** BigInt(WEIGHT_PLACES);
}

function whole(value: unknown): bigint | undefined {
  return typeof value === "number" && Number.isInteger(value) ? BigInt(value) : undefined;
}

function asObject(value: unknown): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, a % b);
}
