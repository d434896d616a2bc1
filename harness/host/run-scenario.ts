// Runs a scenario in the in-process host.
import { HarnessError } from "../error.ts";
import { fromText, toText } from "./byte-string.ts";
import type { ClientRun } from "./client.ts";
import { Gateway, type GatewayOptions } from "./gateway.ts";
import type { ScenarioResult } from "../scenario/result.ts";
import type { Scenario, UpdateSpec } from "../scenario/scenario.ts";

const maxScenarioMs = 600_000;

/** What the host gives back beside the common result: the gateway itself, for a closer look. */
export interface HostScenarioResult extends ScenarioResult {
  host: "in-process";
  gateway: Gateway;
}

/**
 * Runs `scenario` to the end of its last request. `options` adds what only this host has (faults, callouts by function).
 * Throws HarnessError `module-refused` where Envoy would not load a module.
 */
export function runInHost(
  scenario: Scenario,
  loadModule: (path: string) => Uint8Array,
  options: Partial<GatewayOptions> = {},
): HostScenarioResult {
  const gateway = new Gateway({
    chain: scenario.chain,
    routes: scenario.routes,
    clusters: scenario.clusters,
    ...(scenario.gateway === undefined ? {} : { gateway: scenario.gateway }),
    loadModule,
    ...options,
  });
  const before = gateway.metrics.snapshot();
  const startMs = gateway.clock.now;
  const runs: ClientRun[] = [];
  const refusedUpdates: boolean[] = (scenario.updates ?? []).map(() => false);
  const apply = (update: UpdateSpec, index: number): void => {
    const { plugin, config, configText, module } = update;
    const change = {
      ...(config === undefined ? {} : { config }),
      ...(configText === undefined ? {} : { configText }),
      ...(module === undefined ? {} : { module }),
    };
    refusedUpdates[index] = !gateway.update(plugin, change);
  };
  for (const [index, update] of (scenario.updates ?? []).entries()) {
    if (update.atMs !== undefined) gateway.clock.after(update.atMs, -1, () => apply(update, index));
  }
  const isAllDone = (): boolean => runs.every((run) => run.isDone);
  for (const [index, request] of scenario.requests.entries()) {
    if (request.atMs === undefined) {
      gateway.clock.runUntil(isAllDone, maxScenarioMs);
    } else {
      const untilMs = startMs + request.atMs - gateway.clock.now;
      if (untilMs > 0) gateway.advance(untilMs);
    }
    runs.push(gateway.send(request));
    const after = (scenario.updates ?? []).filter((update) => update.afterRequest === index);
    if (after.length === 0) continue;
    gateway.clock.runUntil(() => runs[index]?.isDone === true, maxScenarioMs);
    for (const update of after) apply(update, (scenario.updates ?? []).indexOf(update));
    gateway.settle();
  }
  gateway.clock.runUntil(isAllDone, maxScenarioMs);
  gateway.settle();
  return {
    host: "in-process",
    requests: runs.map((run, index) => {
      if (run.result === undefined) throw new HarnessError(`request ${index} never ended`, "request-endless");
      return run.result;
    }),
    metrics: metricChanges(gateway, before),
    log: gateway.logLines,
    traps: gateway.traps,
    refusedUpdates,
    sharedData: sharedDataOf(scenario, gateway),
    gateway,
  };
}

function metricChanges(gateway: Gateway, before: Map<string, bigint>): Record<string, number> {
  const changes: Record<string, number> = {};
  for (const [name, value] of gateway.metrics.snapshot()) {
    const isGauge = gateway.metrics.find(name)?.type === 1;
    changes[name] = Number(isGauge ? value : value - (before.get(name) ?? 0n));
  }
  return changes;
}

function sharedDataOf(scenario: Scenario, gateway: Gateway): Record<string, string> {
  const vmIds = new Set(scenario.chain.map((spec) => (spec.kind === "plugin" ? (spec.vmId ?? "") : "")));
  const data: Record<string, string> = {};
  for (const vmId of vmIds) {
    for (const [key, { value }] of gateway.sharedData.entries(fromText(vmId))) {
      data[toText(key)] = new TextDecoder().decode(value);
    }
  }
  return data;
}
