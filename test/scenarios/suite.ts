// Any scenario of a single filter, told to the suite instead.
import { readFileSync } from "node:fs";
import type { FilterSpec, Json, PluginSpec, Scenario, UpdateSpec } from "../../harness/scenario/scenario.ts";

type Config = Record<string, Json>;

const shared = new Set(
  Object.keys(
    (JSON.parse(readFileSync(new URL("../../runtime/config/shared.schema.json", import.meta.url), "utf8")) as Config)[
      "properties"
    ] as Config,
  ),
);

/** The members of the suite's configuration, by the filters' modules. */
const members: Record<string, string> = {
  "build/model-tag.wasm": "modelTag",
  "build/rate-limit.wasm": "rateLimit",
  "build/cost-accounting.wasm": "costAccounting",
  "build/retry-guard.wasm": "retryGuard",
};

/** The configuration of the suite that does what one filter does with its own. */
export function suiteConfig(module: string, config: Config): Config {
  const own = Object.fromEntries(Object.entries(config).filter(([name]) => !shared.has(name)));
  const common = Object.fromEntries(Object.entries(config).filter(([name]) => shared.has(name)));
  return { ...common, [members[module] ?? ""]: own };
}

/** The same scenario with the suite in place of its filters; undefined where it is not about a filter of the suite. */
export function inSuite(scenario: Scenario): Scenario | undefined {
  const modules = new Map<string, string>();
  let isPossible = true;
  const swap = (spec: FilterSpec): FilterSpec => {
    if (spec.kind !== "plugin") return spec;
    const known = members[spec.module] !== undefined;
    if (!known || spec.configText !== undefined) isPossible = false;
    modules.set(spec.name, spec.module);
    return swapPlugin(spec);
  };
  const chain = scenario.chain.map(swap);
  const clusters = scenario.clusters.map((cluster) =>
    cluster.filters === undefined ? cluster : { ...cluster, filters: cluster.filters.map(swapPlugin) },
  );
  for (const { filters = [] } of scenario.clusters)
    for (const one of filters) if (!members[one.module]) isPossible = false;
  const updates = scenario.updates?.map((update): UpdateSpec => {
    if (update.configText !== undefined || update.module !== undefined) isPossible = false;
    const module = modules.get(update.plugin) ?? "";
    return update.config === undefined ? update : { ...update, config: suiteConfig(module, update.config as Config) };
  });
  if (!isPossible || modules.size === 0) return undefined;
  return { ...scenario, name: `suite: ${scenario.name}`, chain, clusters, ...(updates && { updates }) };
}

function swapPlugin(spec: PluginSpec): PluginSpec {
  const config = suiteConfig(spec.module, (spec.config ?? {}) as Config);
  return { ...spec, module: "build/suite.wasm", config };
}
