// Act: the bill. What each call cost and whose it was, by the access log; what each team owes; a budget that ends.
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import type { AccessLogEntry } from "../envoy/access-log.ts";
import type { ListenerConfig } from "../envoy/config.ts";
import { controlHeader } from "../providers/server.ts";
import type { TokenUsage } from "../providers/usage.ts";
import type { PluginSpec } from "../scenario/scenario.ts";
import type { Act, Row, Stage } from "./stage.ts";
import { mark } from "./table.ts";

const teams = ["search", "support"];

/** Two teams, prices of three models, and half a dollar a day for one of the teams. */
export const costAccountingListener: ListenerConfig = {
  name: "cost-accounting",
  chain: (["outer", "inner"] as const).map((pair): PluginSpec => ({
    kind: "plugin",
    name: `cost-accounting-${pair}`,
    module: "build/cost-accounting.wasm",
    pair,
    config: {
      trustedHeaders: ["x-team"],
      consumers: teams.map((team) => ({ name: team, when: { header: { "x-team": team } }, team })),
      prices: [
        { id: "gpt-4o", models: ["gpt-4o"], input: "2.50", cachedInput: "1.25", output: "10" },
        { id: "embedding", models: ["text-embedding-3-small"], input: "0.02" },
        { id: "claude", models: ["claude-*"], input: "5", cachedInput: "0.50", cacheWrite: "6.25", output: "25" },
      ],
      budgets: [
        {
          ...{ name: "support-day", mode: "enforce", match: { consumers: ["support"] }, key: ["team"] },
          ...{ amount: "0.50", window: "day", warnAt: ["0.8"], localOnly: true, replicas: 1 },
        },
      ],
    },
  })),
  routes: [{ cluster: "primary", timeoutMs: 0 }],
};

interface Expected {
  cost: string;
  status?: number;
}

/** Plays the act. */
export async function playCostAccounting(stage: Stage): Promise<Act> {
  const url = stage.url("cost-accounting");
  const rows: Row[] = [];
  const owed = new Map<string, bigint>();
  let calls = 0;

  const headers = (team: string, usage: Partial<TokenUsage>) => ({
    "x-team": team,
    [controlHeader]: JSON.stringify({ usage }),
  });
  const openai = (team: string, usage: Partial<TokenUsage>) =>
    new OpenAI({ apiKey: "demo", baseURL: `${url}/v1`, maxRetries: 0, defaultHeaders: headers(team, usage) });
  const say = (content: string) => [{ role: "user" as const, content }];

  async function show(name: string, expected: Expected, call: () => Promise<unknown>): Promise<void> {
    await call().catch(() => undefined);
    const entry = (await stage.envoy.accessLog("cost-accounting", ++calls)).at(calls - 1);
    const state = (key: string): string => entry?.filterState[`sluice.${key}`] ?? "—";
    const cost = entry?.filterState["sluice.cost"] ?? "";
    owed.set(state("team"), (owed.get(state("team")) ?? 0n) + nanos(cost));
    const good = cost === expected.cost && (entry?.status ?? 0) === (expected.status ?? 200);
    rows.push({
      good,
      cells: [mark(good), name, state("team"), state("model"), ...tokens(entry), cost || "—", state("budget")],
    });
  }

  const chat = { model: "gpt-4o", messages: say("Hello"), max_tokens: 1000 };
  await show("OpenAI chat", { cost: "0.0045" }, () =>
    openai("search", { input: 1000, output: 200 }).chat.completions.create(chat),
  );
  await show("half of it from the cache", { cost: "0.003875" }, () =>
    openai("search", { input: 1000, cachedInput: 500, output: 200 }).chat.completions.create(chat),
  );
  await show("streamed: asked for its usage", { cost: "0.0045" }, async () => {
    const client = openai("search", { input: 1000, output: 200 });
    for await (const chunk of await client.chat.completions.create({ ...chat, stream: true })) void chunk;
  });
  await show("embedding", { cost: "0.00016" }, () =>
    openai("search", { input: 8000 }).embeddings.create({ model: "text-embedding-3-small", input: "Hello" }),
  );
  await show("Anthropic, written to the cache", { cost: "0.03475" }, () =>
    new Anthropic({
      ...{ apiKey: "demo", baseURL: url, maxRetries: 0 },
      defaultHeaders: headers("search", { input: 2000, cacheWrite: 1000, output: 940 }),
    }).messages.create({ model: "claude-opus-5", max_tokens: 1000, messages: say("Hello") }),
  );
  await show("a model without a price", { cost: "" }, () =>
    openai("search", { input: 10, output: 10 }).chat.completions.create({ ...chat, model: "mystery-1" }),
  );
  await show("a long report", { cost: "0.45" }, () =>
    openai("support", { input: 100_000, output: 20_000 }).chat.completions.create(chat),
  );
  await show("near the day's budget", { cost: "0.035" }, () =>
    openai("support", { input: 10_000, output: 1000 }).chat.completions.create(chat),
  );
  await show("beyond it, refused", { cost: "", status: 429 }, () =>
    openai("support", { input: 10_000, output: 1000 }).chat.completions.create({
      ...chat,
      messages: say("x".repeat(20_000)),
    }),
  );
  for (const team of teams) {
    const sum = owed.get(team) ?? 0n;
    const stats = await stage.envoy.stats();
    const counted = stats.sum("sluice_cost_nano", { team, currency: "USD" });
    const good = BigInt(counted) === sum;
    rows.push({ good, cells: [mark(good), `${team} owes`, team, "", "", "", "", decimal(sum), ""] });
  }
  return {
    title: "cost-accounting: the bill",
    words:
      "Each call priced by what its answer reports, to the last digit; a stream whose caller did not ask for usage is asked " +
      "for it. The teams' sums are those of the counters. Support has 0.50 USD a day.",
    heading: ["", "call", "team", "model", "input", "of it cached", "output", "USD", "budget"],
    rows,
  };
}

function tokens(entry: AccessLogEntry | undefined): string[] {
  return ["input_tokens", "cached_input_tokens", "output_tokens"].map(
    (name) => entry?.filterState[`sluice.${name}`] ?? "—",
  );
}

/** A decimal in units of 1e-9. */
function nanos(text: string): bigint {
  const [whole = "0", fraction = ""] = text.split(".");
  return BigInt(whole || "0") * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, "0"));
}

function decimal(value: bigint): string {
  const text = value.toString().padStart(10, "0");
  return `${text.slice(0, -9)}.${text.slice(-9)}`.replace(/\.?0+$/, "");
}
