// The budgets of cost-accounting in the words of Envoy's rate limit service: `sluice render ratelimit` prints this.
//
// The service only adds up what is spent and what is given back; the amounts are the gateways' affair. So its limits are as
// high as it can count, and its window is the longest that it has: periods are part of what it counts under.
import { scaleDecimal } from "../schema/decimal.ts";
import { asList, asObject, type Descriptor, type Fields, type RateLimitFile } from "./ratelimit-words.ts";

/** 1e-4 of the currency; where an amount does not fit into 32 bits so, the next power of ten. */
const FINEST_PLACES = 4;
const most = 2n ** 32n - 1n;

/**
 * The service's configuration for a configuration of cost-accounting (the module's own, or the suite's `costAccounting`);
 * undefined where the service keeps no budget.
 */
export function describeBudgets(config: Fields): RateLimitFile | undefined {
  if (config["global"] === undefined) return undefined;
  const global = asObject(config["global"]);
  const budgets = asList(config["budgets"]).map(asObject);
  const shared = budgets.filter((budget) => budget["localOnly"] !== true);
  if (shared.length === 0) return undefined;
  const domain = typeof global["domain"] === "string" ? global["domain"] : "sluice-budgets";
  // Each correction is made by the gateway that is the first to ask.
  const once: Descriptor = { key: "adjustment", rate_limit: { unit: "year", requests_per_unit: 1 } };
  return { domain, descriptors: [...shared.map(describeBudget), once] };
}

function describeBudget(budget: Fields): Descriptor {
  const name = String(budget["name"]);
  const places = placesOf(budget);
  const key: Descriptor = { key: "key", rate_limit: { unit: "year", requests_per_unit: Number(most) } };
  const sum = (value: string): Descriptor => ({
    key: "sum",
    value: `${value}/${places}`,
    descriptors: [{ key: "period", descriptors: [key] }],
  });
  const value = budget["mode"] === "shadow" ? `shadow/${name}` : name;
  return { key: "budget", value, descriptors: [sum("spent"), sum("credit")] };
}

/** Decimal places of the unit in which the budget's largest amount can be counted. */
function placesOf(budget: Fields): number {
  const amounts = [budget, ...asList(budget["overrides"]).map(asObject)].map((entry) => String(entry["amount"]));
  for (let places = FINEST_PLACES; places > 0; places--) {
    // Whole units, as the module counts them: what is finer does not matter.
    const unit = 10n ** BigInt(9 - places);
    if (amounts.every((amount) => (scaleDecimal(amount, 9)?.value ?? 0n) / unit <= most)) return places;
  }
  return 0;
}
