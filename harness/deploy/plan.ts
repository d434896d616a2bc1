// Which modules a sluice.yaml needs, and the configuration of each.
import { HarnessError } from "../error.ts";
import { requireModule, type InstalledFilter, type Installation } from "../sluice-yaml/filters.ts";
import type { JsonObject, SluiceConfig } from "../sluice-yaml/model.ts";
import type { Path } from "../sluice-yaml/source.ts";

/**
 * How single modules stand in a chain. model-tag first, whose headers the others may match; cost-accounting before
 * rate-limit, because an answer passes the chain backwards and cost-accounting takes usage out that only it asked for.
 * Filters that are not here come after, by name.
 */
const ORDER = ["model-tag", "cost-accounting", "rate-limit", "retry-guard"];

/** One module at work. */
export interface PlannedModule {
  filter: InstalledFilter;
  /** Its configuration, without `pair`. */
  config: JsonObject;
  /** Where a place of that configuration is in sluice.yaml. */
  toSource(path: Path): (string | number)[];
}

/**
 * The modules in the order of the chain: the suite where it is installed and not declined, else one for each filter that
 * is on. Throws `module-missing` when the suite is asked for and is not there.
 */
export function planModules(
  config: Pick<SluiceConfig, "filters" | "deploy">,
  from: Pick<Installation, "filters" | "suite">,
): PlannedModule[] {
  const rank = (name: string): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  const on = from.filters
    .filter(({ key }) => config.filters[key] !== undefined)
    .sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1));
  if (on.length === 0) return [];
  const { modules } = config.deploy;
  if (modules === "suite" && from.suite === undefined) {
    throw new HarnessError("deploy.modules: suite, but this installation has no suite", "module-missing");
  }
  const suite = from.suite?.module === undefined && modules !== "suite" ? undefined : from.suite;
  if (suite !== undefined && modules !== "single") {
    return [{ filter: suite, config: config.filters, toSource: (path) => ["filters", ...path] }];
  }
  const keys = from.filters.map(({ key }) => key);
  const shared = Object.fromEntries(Object.entries(config.filters).filter(([name]) => !keys.includes(name)));
  return on.map((filter) => ({
    filter,
    config: { ...shared, ...(config.filters[filter.key] as JsonObject) },
    toSource: ([first, ...rest]) => {
      if (first === undefined) return ["filters", filter.key];
      return Object.hasOwn(shared, first) ? ["filters", first, ...rest] : ["filters", filter.key, first, ...rest];
    },
  }));
}

/** The paths of the modules, in the plan's order. Throws, saying what to do, where one is not built. */
export function modulePaths(plan: readonly PlannedModule[]): string[] {
  return plan.map(({ filter }) => requireModule(filter));
}
