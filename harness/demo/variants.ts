// Act: a new model for 10 % of the callers, and back by itself when it fails.
import OpenAI from "openai";
import { cellText } from "../cli/table.ts";
import { toSnapshot } from "../cli/stats/snapshot.ts";
import type { ListenerConfig } from "../envoy/config.ts";
import type { PluginSpec } from "../scenario/scenario.ts";
import type { Act, Row, Stage } from "./stage.ts";
import { mark } from "./table.ts";

const users = 200;

const half = (pair: "outer" | "inner"): PluginSpec => ({
  kind: "plugin",
  name: `variants-${pair}`,
  module: "build/suite.wasm",
  config: {
    instance: "variants",
    trustedHeaders: ["x-user"],
    modelTag: {
      split: [
        {
          name: "llama",
          match: { models: ["gpt-4o-mini"] },
          key: ["header:x-user"],
          variants: [
            { name: "stable", percent: 90 },
            { name: "canary", percent: 10, rewrite: "llama-3.3-70b" },
          ],
          rollback: { variant: "canary", errorRate: "0.2", window: "5m", minCalls: 5 },
        },
      ],
    },
    costAccounting: {
      prices: [
        { id: "gpt", models: ["gpt-4o-mini"], input: "0.15", output: "0.60" },
        { id: "llama", models: ["llama-3.3-70b"], input: "0.05", output: "0.20" },
      ],
    },
  },
  pair,
});

/** `x-ai-variant` decides where a call goes. */
export const variantsListener: ListenerConfig = {
  name: "variants",
  chain: [half("outer"), half("inner")],
  routes: [{ headers: [{ name: "x-ai-variant", exact: "canary" }], cluster: "canary" }, { cluster: "primary" }],
};

/** Asks as 200 users, half of whom take their answers as streams: while the canary is well, while it begins to fail, and afterwards. */
export async function playVariants(stage: Stage): Promise<Act> {
  const client = new OpenAI({ apiKey: "demo", baseURL: `${stage.url("variants")}/v1`, maxRetries: 0 });
  const rows: Row[] = [];

  async function round(name: string, isGood: (canary: number, failed: number) => boolean): Promise<void> {
    stage.primary.calls = [];
    stage.canary.calls = [];
    let failed = 0;
    for (let user = 0; user < users; user++) {
      await ask(client, user).catch(() => (failed += 1));
    }
    const [stable, canary] = [stage.primary.calls.length, stage.canary.calls.length];
    const good = isGood(canary, failed) && stable + canary === users;
    const renamed = stage.canary.calls[0]?.model ?? "—";
    rows.push({ cells: [mark(good), name, String(stable), String(canary), renamed, String(failed)], good });
  }

  stage.canary.rule({ path: "/v1/chat/completions", do: { delayMs: 40 } });
  await round("the canary is well", (canary, failed) => canary > 5 && canary < 40 && failed === 0);
  stage.canary.reset([{ path: "/v1/chat/completions", do: { status: 503 } }]);
  await round("the canary begins to fail", (canary, failed) => canary === failed && failed > 0 && canary < 40);
  await round("rolled back by itself", (canary, failed) => canary === 0 && failed === 0);
  return {
    title: "model-tag: a canary for 10 % of the users, and back by itself",
    words:
      "The body's model is renamed for the canary (rewrite). Once a fifth of its calls fail, every worker sends " +
      "everything to stable again.",
    heading: ["", `${users} users, one call each`, "stable", "canary", "canary was asked for", "failed"],
    rows,
  };
}

async function ask(client: OpenAI, user: number): Promise<void> {
  const call = { model: "gpt-4o-mini", messages: [{ role: "user" as const, content: "Hello" }] };
  const options = { headers: { "x-user": `user-${user}` } };
  if (user % 2 === 0) await client.chat.completions.create(call, options);
  else for await (const _ of await client.chat.completions.create({ ...call, stream: true }, options)) continue;
}

/** What `sluice stats` shows of both variants after that. */
export async function compareVariants(stage: Stage): Promise<Act> {
  const { variants } = toSnapshot(await stage.envoy.stats(), Date.now());
  const [canary, stable] = [variants["llama canary"], variants["llama stable"]];
  const rows = Object.entries(variants).map(([name, row]): Row => {
    const good =
      canary?.firstTokenMs !== undefined &&
      stable?.firstTokenMs !== undefined &&
      canary.firstTokenMs > stable.firstTokenMs &&
      (canary.costPerCall ?? 0) > 0 &&
      (canary.costPerCall ?? 0) < (stable.costPerCall ?? 0) &&
      canary.failed > 0 &&
      stable.failed === 0;
    const cells = [row.calls, row.failed, (100 * row.failed) / row.calls, row.firstTokenMs ?? "—"];
    const cost = [row.inputTokens ?? "—", row.outputTokens ?? "—", row.costPerCall ?? "—"];
    return { good, cells: [mark(good), name, ...[...cells, ...cost].map(cellText)] };
  });
  return {
    title: "sluice stats: both variants side by side",
    words: "The canary was cheaper and slower, and then it failed. The dashboard draws the same over time.",
    heading: [
      ...["", "split and variant", "calls", "failed", "failed %", "ms to first token"],
      ...["input tokens", "output tokens", "cost per call"],
    ],
    rows,
  };
}
