// A scenario as Envoy's configuration.
import type { FilterSpec, PluginSpec, Scenario } from "../../scenario/scenario.ts";
import { requestIndexHeader } from "../../scenario/scenario.ts";
import { filterStateNames, type EnvoyConfig } from "../config.ts";

/** The field of the access log that tells which request an entry is of. */
export const indexField = "index";

/**
 * One listener and the scenario's clusters. `name` is unique in the process: it is also put before each `vmId`, so that
 * scenarios that run in one Envoy share neither a VM nor shared data.
 */
export function scenarioConfig(
  scenario: Scenario,
  name: string,
  port: (cluster: Scenario["clusters"][number]) => number,
): EnvoyConfig {
  const { gateway = {} } = scenario;
  const apart = <F extends FilterSpec>(filter: F): F =>
    filter.kind === "plugin" ? { ...filter, vmId: `${name}/${filter.vmId ?? ""}` } : filter;
  const limit = gateway.bufferLimit === undefined ? {} : { bufferLimit: gateway.bufferLimit };
  return {
    listeners: [
      {
        name,
        chain: scenario.chain.map(apart),
        routes: scenario.routes,
        useRemoteAddress: gateway.useRemoteAddress ?? false,
        upgrades: gateway.upgrades ?? [],
        accessLog: {
          filterState: observed(scenario),
          fields: { [indexField]: `%REQ(${requestIndexHeader.toUpperCase()})%` },
        },
        ...limit,
      },
    ],
    clusters: scenario.clusters.map((cluster) => ({
      name: cluster.name,
      endpoints: [port(cluster)],
      protocol: cluster.protocol ?? "h1",
      ...limit,
      ...(cluster.filters && { filters: cluster.filters.map(apart) }),
    })),
  };
}

/** The scenario as it is after a change of one plugin. */
export function withUpdate(scenario: Scenario, update: NonNullable<Scenario["updates"]>[number]): Scenario {
  const change = <F extends FilterSpec>(filter: F): F => {
    if (filter.kind !== "plugin" || filter.name !== update.plugin) return filter;
    const changed: PluginSpec = { ...filter };
    if (update.config !== undefined || update.configText !== undefined) {
      delete changed.config;
      delete changed.configText;
    }
    if (update.config !== undefined) changed.config = update.config;
    if (update.configText !== undefined) changed.configText = update.configText;
    if (update.module !== undefined) changed.module = update.module;
    return changed as F;
  };
  const clusters = scenario.clusters.map((cluster) =>
    cluster.filters === undefined ? cluster : { ...cluster, filters: cluster.filters.map(change) },
  );
  return { ...scenario, chain: scenario.chain.map(change), clusters };
}

/** Names of plugins, also of those that run upstream. */
export function pluginNames(scenario: Scenario): Set<string> {
  const filters = [...scenario.chain, ...scenario.clusters.flatMap((cluster) => cluster.filters ?? [])];
  return new Set(filters.flatMap((filter) => (filter.kind === "plugin" ? [filter.name] : [])));
}

function observed(scenario: Scenario): string[] {
  const expected = (scenario.expect.requests ?? []).flatMap((one) => Object.keys(one.filterState ?? {}));
  return [...new Set([...filterStateNames, ...(scenario.observeFilterState ?? []), ...expected])];
}
