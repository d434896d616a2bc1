// The limits of rate-limit's rules in the words of Envoy's rate limit service: `sluice render ratelimit` prints this.
//
// The service counts in fixed windows of its own units, in 32 bits. A rule that cannot be said so is refused with a reason.
import { stringify } from "yaml";
import { HarnessError } from "../error.ts";
import { weightPartsOf } from "../schema/exact-limit.ts";
import { durationNanos } from "../schema/decimal.ts";
import { asList, asObject, type Descriptor, type Fields, type RateLimitFile } from "./ratelimit-words.ts";

const second = 1_000_000_000n;
const day = 86_400n * second;
const units = new Map<bigint, string>([
  [second, "second"],
  [60n * second, "minute"],
  [3600n * second, "hour"],
  [day, "day"],
  [30n * day, "month"],
  [365n * day, "year"],
]);
const most = 2n ** 32n - 1n;

/**
 * The service's configuration for a configuration of rate-limit (the module's own, or the suite's `rateLimit`). Throws
 * HarnessError `ratelimit-unsayable` that names every rule the service cannot keep, and why.
 */
export function renderRateLimit(config: Fields): string {
  return stringify(describeRateLimit(config));
}

/** The same, not yet as YAML. */
export function describeRateLimit(config: Fields): RateLimitFile {
  const faults: string[] = [];
  const global = asObject(config["global"]);
  const rules = asList(config["rules"]).map(asObject);
  const descriptors = rules.flatMap((rule, index) => {
    const unit = asObject(rule["limit"])["unit"];
    if (rule["scope"] === "local" || unit === "concurrency") return [];
    return [describeRule(rule, (place, reason) => faults.push(`rules[${index}]${place}: ${reason}`))];
  });
  if (faults.length > 0) {
    throw new HarnessError(
      `The rate limit service cannot keep these limits (scope: "local" leaves a rule to each gateway):\n${faults.join("\n")}`,
      "ratelimit-unsayable",
    );
  }
  const domain = typeof global["domain"] === "string" ? global["domain"] : "sluice";
  return { domain, descriptors };
}

type Fault = (place: string, reason: string) => void;

function describeRule(rule: Fields, fault: Fault): Descriptor {
  const limit = asObject(rule["limit"]);
  const parts = weightPartsOf(rule);
  const name = String(rule["name"]);
  const own = describeLimit("own", limit, parts, (reason) => fault(".limit", reason));
  const overrides = asList(rule["overrides"]).map((entry, index) => {
    const merged = mergeLimits(limit, asObject(asObject(entry)["limit"]));
    return describeLimit(String(index), merged, parts, (reason) => fault(`.overrides[${index}].limit`, reason));
  });
  return { key: "rule", value: rule["mode"] === "shadow" ? `shadow/${name}` : name, descriptors: [own, ...overrides] };
}

function describeLimit(value: string, limit: Fields, parts: bigint, fault: (reason: string) => void): Descriptor {
  const capacity = amountOf(limit["capacity"]);
  const refill = limit["refill"] === undefined ? capacity : amountOf(limit["refill"]);
  const interval = durationNanos(String(limit["interval"] ?? "60s")) ?? 0n;
  const unit = units.get(interval);
  if (unit === undefined) fault(`the interval must be 1s, 60s, 1h, 1d, 30d or 365d, got ${String(limit["interval"])}`);
  if (refill !== capacity) fault("capacity and refill must be equal: a window has no burst of its own");
  const hits = capacity * parts;
  if (hits > most) {
    const inParts = parts > 1n ? ` in parts of 1/${parts} (for the decimals of its weights)` : "";
    fault(`the capacity${inParts} is ${hits}, more than 4294967295`);
  }
  const rateLimit = { unit: unit ?? "minute", requests_per_unit: Number(hits) };
  return { key: "limit", value, descriptors: [{ key: "key", rate_limit: rateLimit }] };
}

/** An override inherits what it does not name; a refill that follows the rule's capacity is inherited as such. */
function mergeLimits(base: Fields, own: Fields): Fields {
  return { ...base, refill: base["refill"] ?? base["capacity"], ...own };
}

function amountOf(value: unknown): bigint {
  return typeof value === "number" && Number.isInteger(value) ? BigInt(value) : 0n;
}
