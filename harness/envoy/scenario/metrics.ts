// Plugins' metrics by the name that the plugin defined, before and after a scenario.
import { setTimeout as sleep } from "node:timers/promises";
import type { Envoy } from "../process.ts";

/** The values of one moment; of a histogram the number of samples. */
export interface MetricSnapshot {
  counters: Map<string, number>;
  gauges: Map<string, number>;
  histograms: Map<string, number>;
}

const prefix = "wasmcustom.";
const filter = encodeURIComponent("^wasmcustom\\.");

/** Reads all of them. */
export async function metricSnapshot(envoy: Envoy): Promise<MetricSnapshot> {
  const counters = plain(await envoy.admin(`/stats?type=Counters&filter=${filter}`));
  const gauges = plain(await envoy.admin(`/stats?type=Gauges&filter=${filter}`));
  return { counters, gauges, histograms: await settledHistograms(envoy) };
}

/** Each read makes workers hand over their histograms, which arrive a little later: reads until two say the same. */
async function settledHistograms(envoy: Envoy): Promise<Map<string, number>> {
  let before = "";
  for (let reads = 0; ; reads++) {
    await sleep(15);
    const text = await envoy.admin(`/stats?format=json&type=Histograms&histogram_buckets=detailed&filter=${filter}`);
    if (text === before || reads >= 10) return histograms(text);
    before = text;
  }
}

/**
 * What changed from `before` to `after`. A gauge is its last value, and is left out where it neither changed nor is in
 * `named`: it may be of an earlier scenario. Names in `named` that do not exist are 0.
 */
export function metricChanges(before: MetricSnapshot, after: MetricSnapshot, named: string[]): Record<string, number> {
  const changes: Record<string, number> = Object.fromEntries(named.map((name) => [name, 0]));
  for (const kind of ["counters", "histograms"] as const) {
    for (const [name, value] of after[kind]) {
      const change = value - (before[kind].get(name) ?? 0);
      if (change !== 0) changes[name] = change;
    }
  }
  for (const [name, value] of after.gauges) {
    if (named.includes(name) || value !== (before.gauges.get(name) ?? 0)) changes[name] = value;
  }
  return changes;
}

function plain(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of text.split("\n")) {
    const at = line.lastIndexOf(": ");
    if (at > 0) found.set(line.slice(prefix.length, at), Number(line.slice(at + 2)));
  }
  return found;
}

function histograms(text: string): Map<string, number> {
  const { stats } = JSON.parse(text) as {
    stats: { histograms?: { details?: { name: string; totals?: { count: number }[] }[] } }[];
  };
  const details = stats.flatMap((one) => one.histograms?.details ?? []);
  return new Map(
    details.map(({ name, totals = [] }) => [
      name.slice(prefix.length),
      totals.reduce((sum, one) => sum + one.count, 0),
    ]),
  );
}
