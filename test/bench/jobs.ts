// What is measured: a chain and the requests that go through it.
import { existsSync } from "node:fs";
import type { RawFilter } from "../../harness/envoy/config.ts";
import type { FilterSpec, Json, PluginSpec } from "../../harness/scenario/scenario.ts";
import { chat, get, getByKey, keys } from "./requests.ts";

/** One job. */
export interface Job {
  /** Its name in the table and in the JSON. */
  name: string;
  /** The job of the same requests that it is compared with; absent: it is the base of others. */
  over?: string;
  chain: (FilterSpec | RawFilter)[];
  /** Sent in turn. */
  requests: Buffer[];
}

const flag: Partial<PluginSpec> = { allowOnHeadersStopIteration: true };

function plugin(filter: string, config: Json, more: Partial<PluginSpec> = {}): PluginSpec {
  return { kind: "plugin", name: filter, module: `build/${filter}.wasm`, config, ...more };
}

function pair(filter: string, config: Json): PluginSpec[] {
  return (["outer", "inner"] as const).map((half) =>
    plugin(filter, config, { name: `${filter}-${half}`, pair: half, vmId: "pair" }),
  );
}

/** A limit that is never reached: the price of counting, not of refusing. */
const limit = (key: string[], more: Record<string, Json> = {}): Json => ({
  trustedHeaders: ["x-team"],
  rules: [
    {
      name: "r",
      mode: "enforce",
      limit: { capacity: 10_000_000, refill: 10_000_000, interval: "1s", unit: "requests" },
      ...(key.length > 0 && { key }),
      ...more,
    },
  ],
});

const prices: Json = { prices: [{ id: "p", models: ["gpt-4o*"], input: "2.50", output: "10.00", per: "1M" }] };

/** Envoy's own token bucket with the same limit. */
const native: RawFilter = {
  kind: "raw",
  filter: {
    name: "envoy.filters.http.local_ratelimit",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
      stat_prefix: "native",
      token_bucket: { max_tokens: 10_000_000, tokens_per_fill: 10_000_000, fill_interval: "1s" },
      filter_enabled: { default_value: { numerator: 100, denominator: "HUNDRED" } },
      filter_enforced: { default_value: { numerator: 100, denominator: "HUNDRED" } },
    },
  },
};

/** Every job; `callbacks` is the compiled module of test/envoy/fixtures/callbacks.as.ts. Filters that are not built are left out. */
export function jobs(callbacks: string): Job[] {
  const group = (name: string, requests: Buffer[], chains: Record<string, Job["chain"]>): Job[] => {
    const base: Job = { name: `${name}: no filter`, chain: [], requests };
    const over = Object.entries(chains).map(([what, chain]) => ({
      name: `${name}: ${what}`,
      over: base.name,
      chain,
      requests,
    }));
    return [base, ...over];
  };
  const empty = {
    "empty filter": [plugin("empty", {})],
    "empty filter, all callbacks": [{ ...plugin("empty", {}), name: "callbacks", module: callbacks }],
  };
  const tag = { "model-tag, native flag": [plugin("model-tag", {}, flag)], "model-tag, pair": pair("model-tag", {}) };
  const cost = {
    "cost-accounting, native flag": [plugin("cost-accounting", prices, flag)],
    "cost-accounting, pair": pair("cost-accounting", prices),
  };
  const guard = { "retry-guard": [plugin("retry-guard", { mode: "enforce" }, flag)] };
  const singles = [
    plugin("model-tag", {}, flag),
    plugin("rate-limit", limit([]), flag),
    plugin("cost-accounting", prices, flag),
    plugin("retry-guard", { mode: "enforce" }, flag),
  ];
  const suite = {
    "four single modules": singles,
    suite: [
      plugin(
        "suite",
        {
          modelTag: {},
          rateLimit: { rules: (limit([]) as { rules: Json }).rules },
          costAccounting: prices,
          retryGuard: { mode: "enforce" },
        },
        flag,
      ),
    ],
  };
  const all = [
    ...group("GET", get, {
      ...empty,
      ...tag,
      ...guard,
      "rate-limit, 1 key": [plugin("rate-limit", limit([]))],
      "rate-limit, 1 key, lease": [plugin("rate-limit", limit([], { lease: "0.01" }))],
      "native local_ratelimit": [native],
    }),
    ...group(`GET by ${keys} keys`, getByKey, {
      "rate-limit": [plugin("rate-limit", limit(["header:x-team"]))],
      "rate-limit, lease": [plugin("rate-limit", limit(["header:x-team"], { lease: "0.01" }))],
    }),
    ...group("chat 1 KiB", chat(1024), { ...empty, ...tag, ...cost, ...guard, ...suite }),
    ...group("chat 64 KiB, model last", chat(65_536, "json-1k", true), { ...empty, ...tag }),
    ...group("answer 64 KiB", chat(1024, "json-64k"), { ...empty, ...cost }),
    ...group("answer of 200 events", chat(1024, "sse"), { ...empty, ...cost }),
  ];
  const isBuilt = (job: Job) => job.chain.every((one) => one.kind !== "plugin" || existsSync(one.module));
  return all.filter(isBuilt);
}
