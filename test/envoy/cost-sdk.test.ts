// cost-accounting in the real Envoy behind the official SDKs: streams that are asked for their usage without anybody
// noticing, budgets that end, and what Prometheus and the access log show of it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import type { ListenerConfig } from "../../harness/envoy/config.ts";
import { startEnvoy, type Envoy } from "../../harness/envoy/process.ts";
import type { Behaviour } from "../../harness/providers/behaviour.ts";
import { controlHeader, startModelServer, type ModelServer } from "../../harness/providers/server.ts";
import type { Json, PluginSpec } from "../../harness/scenario/scenario.ts";
import { fetchOverH2 } from "./fetch-h2.ts";

const prices: Json = [
  { id: "four", models: ["gpt-4o"], input: "2.50", cachedInput: "1.25", output: "10" },
  { id: "claude", models: ["claude-*"], input: "3", cachedInput: "0.30", cacheWrite: "3.75", output: "15" },
];

type Config = Record<string, Json>;

/** Orders for the model server as a header can hold them. */
function orders(behaviour: Behaviour): string {
  const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(behaviour).replace(/[^\x20-\x7e]/g, escaped);
}

function chain(way: "pair" | "flag", config: Config): PluginSpec[] {
  const module = "build/cost-accounting.wasm";
  const plugin: PluginSpec = {
    kind: "plugin",
    name: "cost",
    module,
    config: { prices, trustedHeaders: ["x-team"], ...config },
  };
  if (way === "flag") return [{ ...plugin, allowOnHeadersStopIteration: true }];
  return [
    { ...plugin, name: "outer", pair: "outer" },
    { ...plugin, name: "inner", pair: "inner" },
  ];
}

const routes: ListenerConfig["routes"] = [{ cluster: "models", timeoutMs: 0 }];
const budget = {
  name: "team",
  mode: "enforce",
  key: ["header:x-team"],
  amount: "0.001",
  window: "month",
  localOnly: true,
  replicas: 1,
};

const listeners: ListenerConfig[] = [
  { name: "pair", chain: chain("pair", { instance: "pair", answerHeaders: "all" }), routes },
  { name: "flag", chain: chain("flag", { instance: "flag", answerHeaders: "all" }), routes },
  { name: "comment", chain: chain("pair", { instance: "comment", streamComment: true }), routes },
  { name: "short", chain: chain("pair", { instance: "short", maxHeldBytes: 1024 }), routes },
  { name: "budget", chain: chain("pair", { instance: "budget", budgets: [budget] }), routes },
  {
    name: "teams",
    chain: chain("pair", {
      instance: "teams",
      consumers: [{ name: "alice", when: { header: { "x-team": "red" } }, team: "red" }],
      budgets: [{ ...budget, key: ["team"], amount: "5" }],
    }),
    routes,
  },
];

describe("the official SDKs through cost-accounting", () => {
  let server: ModelServer;
  let envoy: Envoy;

  before(async () => {
    server = await startModelServer();
    envoy = await startEnvoy(
      { listeners, clusters: [{ name: "models", endpoints: [server.port] }] },
      { concurrency: 2 },
    );
  });

  after(async () => {
    await server?.stop();
    await envoy?.stop();
  });

  const url = (listener: string) => `http://127.0.0.1:${envoy.port(listener)}`;
  const openai = (listener: string, behaviour: Behaviour = {}, headers: Record<string, string> = {}, maxRetries = 0) =>
    new OpenAI({
      ...{ apiKey: "k", maxRetries, baseURL: `${url(listener)}/v1` },
      defaultHeaders: { [controlHeader]: orders(behaviour), ...headers },
    });
  const say = (content: string) => [{ role: "user" as const, content }];
  const usage = { input: 1000, cachedInput: 400, output: 200 };

  for (const [listener, version] of [
    ["pair", "HTTP/1.1"],
    ["pair", "HTTP/2"],
    ["flag", "HTTP/1.1"],
    ["flag", "HTTP/2"],
  ] as const) {
    test(`stream on without noticing (${listener}, ${version})`, async (t) => {
      server.reset();
      const h2 = version === "HTTP/2" ? fetchOverH2(envoy.port(listener)) : undefined;
      t.after(() => h2?.close());
      const made = openai(listener, { usage, text: "One two three four five" });
      const client = h2 === undefined ? made : made.withOptions({ fetch: h2.fetch });
      let text = "";
      let chunks = 0;
      for await (const chunk of await client.chat.completions.create({
        model: "gpt-4o",
        messages: say("Hi"),
        stream: true,
      })) {
        assert.ok(chunk.choices.length > 0, "a chunk without choices");
        assert.equal(chunk.usage ?? undefined, undefined);
        text += chunk.choices[0]?.delta.content ?? "";
        chunks++;
      }
      assert.equal(text, "One two three four five");
      assert.ok(chunks >= 5);
      const body = server.calls.at(-1)?.body ?? "";
      assert.deepEqual((JSON.parse(String(body)) as Record<string, unknown>)["stream_options"], {
        include_usage: true,
      });
      const entry = await envoy.accessLogEntry(
        listener,
        (it) => it.filterState["sluice.stream"] === "true" && it.protocol === version,
      );
      assert.equal(entry.filterState["sluice.usage_status"], "complete");
      assert.equal(entry.filterState["sluice.input_tokens"], "1000");
      // 600 × 2.50 + 400 × 1.25 + 200 × 10, for a million.
      assert.equal(entry.filterState["sluice.cost"], "0.004");
      assert.equal(entry.filterState["sluice.price_id"], "four");
    });
  }

  for (const listener of ["pair", "flag"]) {
    test(`get what they asked for by themselves (${listener})`, async () => {
      const seen: unknown[] = [];
      const asked = {
        model: "gpt-4o",
        messages: say("Hi"),
        stream: true,
        stream_options: { include_usage: true },
      } as const;
      for await (const chunk of await openai(listener, { usage }).chat.completions.create(asked)) {
        if (chunk.usage) seen.push(chunk.usage.prompt_tokens);
      }
      assert.deepEqual(seen, [1000]);
    });

    test(`read tokens and cost from the headers of an answer (${listener})`, async () => {
      const call = openai(listener, { usage }).chat.completions.create({ model: "gpt-4o", messages: say("Hi") });
      const { data, response } = await call.withResponse();
      assert.equal(data.usage?.prompt_tokens, 1000);
      const header = (name: string) => response.headers.get(name);
      assert.equal(header("x-ai-tokens-input"), "1000");
      assert.equal(header("x-ai-tokens-cached-input"), "400");
      assert.equal(header("x-ai-tokens-output"), "200");
      assert.equal(header("x-ai-cost"), "0.004");
      assert.equal(header("x-ai-currency"), "USD");
    });
  }

  test("stream long texts in pieces that cut every character", async () => {
    const words = "naïve 👋 — ünïcödé ".repeat(200);
    let text = "";
    const client = openai("pair", { usage, text: words, pieceBytes: 3 });
    for await (const chunk of await client.chat.completions.create({
      model: "gpt-4o",
      messages: say("Hi"),
      stream: true,
    })) {
      assert.ok(chunk.choices.length > 0);
      text += chunk.choices[0]?.delta.content ?? "";
    }
    assert.equal(text.trim(), words.trim());
  });

  test("send prompts of 300 KB, and prompts beyond the bound, whose usage is estimated", async () => {
    for (const [listener, status] of [
      ["pair", "complete"],
      ["short", "estimated"],
    ] as const) {
      const call = { model: "gpt-4o", messages: say("x".repeat(300_000)), stream: true } as const;
      let chunks = 0;
      for await (const chunk of await openai(listener).chat.completions.create(call)) chunks += chunk.choices.length;
      assert.ok(chunks > 0);
      const entry = await envoy.accessLogEntry(listener, (it) => it.bytes_received > 300_000);
      assert.equal(entry.filterState["sluice.usage_status"], status);
    }
  });

  test("skip the comment that ends a stream", async () => {
    const call = { model: "gpt-4o", messages: say("Hi"), stream: true } as const;
    let text = "";
    for await (const chunk of await openai("comment", { usage, text: "a b c" }).chat.completions.create(call)) {
      text += chunk.choices[0]?.delta.content ?? "";
    }
    assert.equal(text, "a b c");
    const raw = await fetch(`${url("comment")}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", [controlHeader]: JSON.stringify({ usage }) },
      body: JSON.stringify(call),
    });
    assert.match(await raw.text(), /\n\n: sluice \{"input_tokens":1000,.*"cost":"0\.004","currency":"USD"\}\n\n$/);
  });

  test("of Anthropic are priced by what its events tell", async () => {
    const usage = { input: 1000, cachedInput: 400, cacheWrite: 100, output: 200 };
    const headers = { [controlHeader]: JSON.stringify({ usage }) };
    const client = new Anthropic({ apiKey: "k", baseURL: url("pair"), maxRetries: 0, defaultHeaders: headers });
    const stream = client.messages.stream({ model: "claude-opus-5", max_tokens: 100, messages: say("Hi") });
    await stream.finalMessage();
    const entry = await envoy.accessLogEntry("pair", (it) => it.path === "/v1/messages");
    // 500 × 3 + 400 × 0.30 + 100 × 3.75 + 200 × 15, for a million.
    assert.equal(entry.filterState["sluice.cost"], "0.004995");
    assert.equal(entry.filterState["sluice.cache_write_tokens"], "100");
  });

  test("give up at once where a budget is spent, and tell why", async () => {
    server.reset();
    const call = { model: "gpt-4o", messages: say("Hi"), max_tokens: 1 };
    const client = openai("budget", { usage: { input: 300, output: 30 } }, { "x-team": "red" }, 2);
    await client.chat.completions.create(call);
    await assert.rejects(client.chat.completions.create(call), (error: unknown) => {
      assert.ok(error instanceof OpenAI.RateLimitError);
      assert.equal(error.code, "insufficient_quota");
      assert.match(error.message, /Budget `team` is spent: 0\.001 USD until \d{4}-\d\d-01T00:00:00Z\. \(request /);
      return true;
    });
    assert.equal(server.calls.length, 1, "the refused call was sent, or sent again");
    await openai("budget", {}, { "x-team": "blue" }).chat.completions.create(call);
  });

  test("show in Prometheus under consumer, team and model", async () => {
    const call = { model: "gpt-4o", messages: say("Hi") };
    const client = openai("teams", { usage }, { "x-team": "red" });
    for (let i = 0; i < 3; i++) await client.chat.completions.create(call);
    await envoy.accessLogEntry("teams", () => true);
    const stats = await envoy.stats();
    const labels = { model: "gpt-4o", consumer: "alice", team: "red" };
    assert.equal(stats.sum("sluice_cost_nano", { ...labels, currency: "USD" }), 12_000_000);
    assert.equal(stats.sum("gen_ai_client_inference_usage_input_tokens", labels), 3000);
    assert.equal(stats.sum("gen_ai_client_inference_usage_cache_read_input_tokens", labels), 1200);
    assert.equal(stats.sum("gen_ai_client_inference_usage_output_tokens", labels), 600);
    assert.equal(stats.get("sluice_budget_remaining_nano", { budget: "team", consumer: "red" }), 4_988_000_000);
    assert.equal(stats.get("sluice_budget_amount_nano", { budget: "team", consumer: "red" }), 5_000_000_000);
    assert.ok((stats.get("sluice_budget_window_seconds", { budget: "team" }) ?? 0) >= 28 * 86_400);
    assert.ok(stats.sum("gen_ai_server_request_duration_ms_count", { model: "gpt-4o" }) > 0);
  });
});
