// What a running gateway has done so far, out of its metrics.
import { Stats } from "../../envoy/stats.ts";
import { HarnessError } from "../../error.ts";

/** Sums at one moment. */
export interface Snapshot {
  atMs: number;
  models: Record<string, ModelRow>;
  rules: Record<string, { allowed: number; throttled: number; wouldThrottle: number }>;
  /** By budget and consumer: what is left, in units of the currency. */
  budgets: Record<string, number>;
  /** Cost by currency, in units of it. */
  cost: Record<string, number>;
  /** retry-guard's verdicts and what it stopped. */
  retries: Record<string, number>;
  /** By split and variant. */
  variants: Record<string, VariantRow>;
  errors: Record<string, number>;
  /** A plugin runs without its configuration. */
  isConfigInvalid: boolean;
}

/** One model. */
export interface ModelRow {
  calls: number;
  failed: number;
  refused: number;
  inputTokens: number;
  outputTokens: number;
  cost: number;
}

/** One variant of a split. What cost-accounting tells is absent where it is not there. */
export interface VariantRow {
  calls: number;
  /** Of those, the ones that failed; callers who left are none of them. */
  failed: number;
  /** Of streams, on average. */
  firstTokenMs?: number;
  inputTokens?: number;
  outputTokens?: number;
  /** In units of the currency. */
  costPerCall?: number;
}

const NANO = 1e9;
const FAILED = new Set(["error", "stream_error", "truncated"]);

/** Asks an Envoy's admin interface. `admin` is host:port. Throws `envoy-admin` with what to do. */
export async function readSnapshot(admin: string): Promise<Snapshot> {
  let text: string;
  try {
    const answer = await fetch(`http://${admin}/stats/prometheus?usedonly&filter=^wasmcustom`, {
      signal: AbortSignal.timeout(10_000),
    });
    text = await answer.text();
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
  } catch (cause) {
    const why = ((cause as Error).cause as Error | undefined)?.message ?? (cause as Error).message;
    throw new HarnessError(
      `no Envoy's admin interface at ${admin} (${why}): --admin says where it is; in a mesh, ` +
        "kubectl port-forward POD 15000 and --admin 127.0.0.1:15000",
      "envoy-admin",
      { cause },
    );
  }
  return toSnapshot(new Stats(text), Date.now());
}

/** Sums up metrics. */
export function toSnapshot(stats: Stats, atMs: number): Snapshot {
  const values = (name: string, label: string) => stats.labelValues(name, label);
  const models: Snapshot["models"] = {};
  const row = (model: string): ModelRow =>
    (models[model] ??= { calls: 0, failed: 0, refused: 0, inputTokens: 0, outputTokens: 0, cost: 0 });
  for (const model of values("sluice_requests", "model")) {
    const count = (status: string) => stats.sum("sluice_requests", { model, status });
    Object.assign(row(model), {
      calls: stats.sum("sluice_requests", { model }),
      failed: count("5xx") + count("aborted"),
      refused: count("refused") + count("429"),
    });
  }
  const usage = "gen_ai_client_inference_usage_";
  for (const model of values(`${usage}input_tokens`, "model")) {
    row(model).inputTokens = stats.sum(`${usage}input_tokens`, { model });
  }
  for (const model of values(`${usage}output_tokens`, "model")) {
    row(model).outputTokens = stats.sum(`${usage}output_tokens`, { model });
  }
  for (const model of values("sluice_cost_nano", "model"))
    row(model).cost = stats.sum("sluice_cost_nano", { model }) / NANO;

  const rules: Snapshot["rules"] = {};
  const ruleNames = ["allowed", "throttled", "would_throttle"].flatMap((what) =>
    values(`sluice_ratelimit_${what}`, "rule"),
  );
  for (const rule of new Set(ruleNames)) {
    rules[rule] = {
      allowed: stats.sum("sluice_ratelimit_allowed", { rule }),
      throttled: stats.sum("sluice_ratelimit_throttled", { rule }),
      wouldThrottle: stats.sum("sluice_ratelimit_would_throttle", { rule }),
    };
  }
  const budgets: Snapshot["budgets"] = {};
  for (const family of ["sluice_budget", "sluice_budget_global"]) {
    for (const budget of values(`${family}_amount_nano`, "budget")) {
      const consumers = values(`${family}_amount_nano`, "consumer");
      for (const consumer of consumers.length > 0 ? consumers : [""]) {
        const labels: Record<string, string> = consumer === "" ? { budget } : { budget, consumer };
        if (stats.sum(`${family}_amount_nano`, labels) === 0) continue; // not this consumer's
        const left = stats.sum(`${family}_remaining_nano`, labels);
        budgets[consumer === "" ? budget : `${budget} ${consumer}`] = left / NANO;
      }
    }
  }
  const cost: Snapshot["cost"] = {};
  for (const currency of values("sluice_cost_nano", "currency")) {
    cost[currency] = stats.sum("sluice_cost_nano", { currency }) / NANO;
  }
  return {
    atMs,
    models,
    rules,
    budgets,
    cost,
    retries: byPrefix(stats, ["sluice_retry_guard_", "sluice_fallbacks"]),
    variants: variantsOf(stats),
    errors: Object.fromEntries(
      values("sluice_errors", "kind").map((kind) => [kind, stats.sum("sluice_errors", { kind })]),
    ),
    isConfigInvalid: stats.sum("sluice_config_invalid") > 0,
  };
}

/** What the variants did, took and cost. */
function variantsOf(stats: Stats): Snapshot["variants"] {
  const calls = "sluice_variant_requests";
  const firstToken = "sluice_variant_time_to_first_token_ms";
  const rows: Snapshot["variants"] = {};
  for (const split of stats.labelValues(calls, "split")) {
    for (const variant of stats.labelValues(calls, "variant")) {
      const labels = { split, variant };
      const row: VariantRow = { calls: stats.sum(calls, labels), failed: 0 };
      if (row.calls === 0) continue;
      for (const outcome of FAILED) row.failed += stats.sum(calls, { ...labels, outcome });
      const streams = stats.sum(`${firstToken}_count`, labels);
      if (streams > 0) row.firstTokenMs = stats.sum(`${firstToken}_sum`, labels) / streams;
      if (stats.has("sluice_variant_input_tokens", labels)) {
        row.inputTokens = stats.sum("sluice_variant_input_tokens", labels);
        row.outputTokens = stats.sum("sluice_variant_output_tokens", labels);
      }
      if (stats.has("sluice_variant_cost_nano", labels))
        row.costPerCall = stats.sum("sluice_variant_cost_nano", labels) / NANO / row.calls;
      rows[`${split} ${variant}`] = row;
    }
  }
  return rows;
}

/** Sums of all metrics whose names begin so, by the rest of their names. */
function byPrefix(stats: Stats, prefixes: readonly string[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [key, value] of stats.samples) {
    const name = key.replace(/\{.*/s, "");
    const prefix = prefixes.find((one) => name.startsWith(one));
    if (prefix === undefined || /_(bucket|sum|count)$/.test(name)) continue;
    const short = name.slice(prefix.endsWith("_") ? prefix.length : "sluice_".length);
    sums[short] = (sums[short] ?? 0) + value;
  }
  return sums;
}
