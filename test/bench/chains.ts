// Sluice's own filters as they are measured.
import type { FilterSpec, Json, PluginSpec } from "../../harness/scenario/scenario.ts";

type Config = Record<string, Json>;

const flag = { allowOnHeadersStopIteration: true } as const;

/** One instance of a module, with Envoy's flag that lets it hold headers. */
export function plugin(filter: string, config: Config = {}, module = `build/${filter}.wasm`): PluginSpec {
  return { kind: "plugin", name: filter, module, config, ...flag };
}

/** Two instances that hold headers together. */
export function pair(filter: string, config: Config = {}): PluginSpec[] {
  return (["outer", "inner"] as const).map((half) => ({
    ...{ kind: "plugin", name: `${filter}-${half}`, module: `build/${filter}.wasm` },
    ...{ config, pair: half, vmId: "pair" },
  }));
}

/** A limit that is never reached: the price of counting, not of refusing. */
export const tokens = 10_000_000;

/** rate-limit with one rule. */
export const limit = (key: string[] = [], more: Config = {}): Config => ({
  trustedHeaders: ["x-team"],
  rules: [
    {
      ...{ name: "r", mode: "enforce" },
      limit: { capacity: tokens, refill: tokens, interval: "1s", unit: "requests" },
      ...(key.length > 0 && { key }),
      ...more,
    },
  ],
});

export const prices: Config = {
  prices: [{ id: "p", models: ["gpt-4o*"], input: "2.50", output: "10.00", per: "1M" }],
};

export const strict: Config = { mode: "enforce" };
export const safe: Config = { mode: "enforce", proxyRetries: "safe", routeHasNoRetryPolicy: true };

export const suiteConfig: Config = {
  modelTag: {},
  rateLimit: { rules: limit()["rules"] as Json },
  costAccounting: prices,
  retryGuard: safe,
};

/** The four filters as four modules, in the order in which the suite runs them. */
export const singles: FilterSpec[] = [
  plugin("model-tag"),
  plugin("rate-limit", limit()),
  plugin("cost-accounting", prices),
  plugin("retry-guard", safe),
];
