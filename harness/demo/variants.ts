// Act: a new model for 10 % of the callers, and back by itself when it fails.
import OpenAI from "openai";
import type { ListenerConfig } from "../envoy/config.ts";
import type { PluginSpec } from "../scenario/scenario.ts";
import type { Act, Row, Stage } from "./stage.ts";
import { mark } from "./table.ts";

const users = 200;

const half = (pair: "outer" | "inner"): PluginSpec => ({
  kind: "plugin",
  name: `variants-${pair}`,
  module: "build/model-tag.wasm",
  config: {
    instance: "variants",
    trustedHeaders: ["x-user"],
    split: [
      {
        name: "llama-canary",
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
  pair,
});

/** `x-ai-variant` decides where a call goes. */
export const variantsListener: ListenerConfig = {
  name: "variants",
  chain: [half("outer"), half("inner")],
  routes: [{ headers: [{ name: "x-ai-variant", exact: "canary" }], cluster: "canary" }, { cluster: "primary" }],
};

/** Asks as 200 users: while the canary is well, while it begins to fail, and afterwards. */
export async function playVariants(stage: Stage): Promise<Act> {
  const client = new OpenAI({ apiKey: "demo", baseURL: `${stage.url("variants")}/v1`, maxRetries: 0 });
  const rows: Row[] = [];

  async function round(name: string, isGood: (canary: number, failed: number) => boolean): Promise<void> {
    stage.primary.calls = [];
    stage.canary.calls = [];
    let failed = 0;
    for (let user = 0; user < users; user++) {
      const call = { model: "gpt-4o-mini", messages: [{ role: "user" as const, content: "Hello" }] };
      await client.chat.completions.create(call, { headers: { "x-user": `user-${user}` } }).catch(() => (failed += 1));
    }
    const [stable, canary] = [stage.primary.calls.length, stage.canary.calls.length];
    const good = isGood(canary, failed) && stable + canary === users;
    const renamed = stage.canary.calls[0]?.model ?? "—";
    rows.push({ cells: [mark(good), name, String(stable), String(canary), renamed, String(failed)], good });
  }

  await round("the canary is well", (canary, failed) => canary > 5 && canary < 40 && failed === 0);
  stage.canary.rule({ path: "/v1/chat/completions", do: { status: 503 } });
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
