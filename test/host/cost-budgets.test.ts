// Budgets in the in-process host: who is let through, refused and told, over periods, workers and configurations.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { Gateway, type GatewayOptions } from "../../harness/host/gateway.ts";
import type { AnswerSpec, HeaderList, Json, RequestSpec } from "../../harness/scenario/scenario.ts";
import { answer, chat, type Config, json, metric } from "../scenarios/cost-accounting/chains.ts";

const wasm = readFileSync(process.env["COST_WASM"] ?? "build/cost-accounting.wasm");
const start = Date.UTC(2026, 10, 21, 12, 0, 0);
const HOUR = 3_600_000;

/** 1 for a million tokens, whatever they are. */
const prices: Json = [{ id: "p", models: ["*"], input: "1", output: "1" }];

const budget = (amount: string, more: Config = {}): Config => ({
  ...{ name: "b", mode: "enforce", key: ["header:x-team"], amount, window: "day", localOnly: true, replicas: 1 },
  ...more,
});

function gateway(budgets: Config[], more: Config = {}, options: Partial<GatewayOptions> = {}): Gateway {
  const config = { prices, budgets, trustedHeaders: ["x-team"], includeUsage: "off", ...more };
  return new Gateway({
    chain: [plugin(config)],
    routes: [{ headers: [{ name: "x-ai-budget", prefix: "exceeded" }], cluster: "cheap" }, { cluster: "models" }],
    clusters: [{ name: "models" }, { name: "cheap" }],
    loadModule: () => wasm,
    epochMs: start,
    ...options,
  });
}

function plugin(config: Config) {
  const module = "build/cost-accounting.wasm";
  return { kind: "plugin" as const, name: "cost", module, config, allowOnHeadersStopIteration: true };
}

interface Ask {
  team?: string | null;
  model?: string;
  /** Tokens that the answer reports as input. */
  tokens?: number;
  maxTokens?: number;
  headers?: HeaderList;
  upstream?: AnswerSpec;
  worker?: number;
}

function request({ team = "red", model = "m", tokens = 0, maxTokens = 1, ...more }: Ask = {}): RequestSpec {
  return {
    ...{ protocol: "h1", method: "POST", path: "/v1/chat/completions" },
    headers: [...json, ...(team === null ? [] : ([["x-team", team]] as HeaderList)), ...(more.headers ?? [])],
    body: chat(model, { max_tokens: maxTokens }),
    upstream: more.upstream ?? answer(model, tokens, 0),
    worker: more.worker ?? 0,
  };
}

/** Runs a call to its end. */
const send = (made: Gateway, ask: Ask = {}) => made.request(request(ask));

const statusOf = (made: Gateway, ask: Ask = {}): number => send(made, ask).status;

/** What is left of a budget, by the name that metrics have for its keys. */
function shown(made: Gateway, budget: string): Record<string, number> {
  const name = /^budget=\.=(.*?);\.;consumer=\.=(.*?);\.;sluice\.budget_remaining_nano$/;
  const found = Object.entries(made.metricValues()).map(([key, value]) => [name.exec(key), value] as const);
  return Object.fromEntries(found.flatMap(([match, value]) => (match?.[1] === budget ? [[match[2], value]] : [])));
}

describe("a budget", () => {
  test("lets calls pass until it is spent, and says when it begins anew", () => {
    const made = gateway([budget("1", { timeZone: "+08:00" })]);
    assert.equal(statusOf(made, { tokens: 600_000 }), 200);
    assert.equal(statusOf(made, { tokens: 600_000 }), 200);
    const refused = send(made);
    assert.equal(refused.status, 429);
    const body = JSON.parse(new TextDecoder().decode(refused.body)) as { error: Record<string, string> };
    assert.equal(body.error["code"], "insufficient_quota");
    assert.match(
      body.error["message"] ?? "",
      /^Budget `b` is spent: 1 USD until 2026-11-22T00:00:00\+08:00\. \(request .+\)$/,
    );
    const headers = new Map(refused.headers);
    assert.equal(headers.get("x-should-retry"), "false");
    assert.ok(Math.abs(Number(headers.get("retry-after")) - 4 * 3600) <= 1);
    assert.equal(refused.upstream.length, 0);
    assert.equal(refused.filterState["sluice.budget"], "rejected");
    assert.equal(refused.filterState["sluice.budget_name"], "b");
    made.clock.epochMs += 4 * HOUR;
    assert.equal(statusOf(made), 200);
  });

  test("is each key's own", () => {
    const made = gateway([budget("1", { overrides: [{ key: ["blue*"], amount: "3" }] })]);
    send(made, { tokens: 1_000_000 });
    assert.equal(statusOf(made), 429);
    for (const _ of [1, 2, 3]) assert.equal(statusOf(made, { team: "blue-1", tokens: 1_000_000 }), 200);
    assert.equal(statusOf(made, { team: "blue-1" }), 429);
    assert.equal(statusOf(made, { team: "green" }), 200);
  });

  test("can be of a model, with other amounts for some", () => {
    const made = gateway([
      budget("1", { key: ["header:x-team", "model"], overrides: [{ key: ["*", "big*"], amount: "2" }] }),
    ]);
    for (const tokens of [1_000_000, 1_000_000]) assert.equal(statusOf(made, { model: "big-1", tokens }), 200);
    assert.equal(statusOf(made, { model: "big-1" }), 429);
    assert.equal(statusOf(made, { model: "small", tokens: 1_000_000 }), 200);
    assert.equal(statusOf(made, { model: "small" }), 429);
  });

  test("lets nobody overspend who calls at once", () => {
    const made = gateway([budget("0.01")], {}, { gateway: { workers: 4 } });
    // Each is estimated at 1000 tokens of output and a few of input, and costs exactly that.
    const late = { ...answer("m", 4, 1000), delayMs: 100 };
    const runs = Array.from({ length: 40 }, (_, at) =>
      made.send(request({ maxTokens: 1000, upstream: late, worker: at % 4 })),
    );
    made.run();
    assert.equal(runs.filter((run) => run.result?.status === 200).length, 9);
  });

  test("gives back what a call reserved and did not use", () => {
    const made = gateway([budget("0.003")]);
    for (let i = 0; i < 20; i++) assert.equal(statusOf(made, { maxTokens: 1000, tokens: 10 }), 200, `call ${i}`);
    const failed = { kind: "answer" as const, status: 500, headers: json, body: "{}" };
    for (let i = 0; i < 20; i++) assert.equal(statusOf(made, { maxTokens: 1000, upstream: failed }), 500);
    assert.equal(statusOf(made, { maxTokens: 1000 }), 200);
  });

  test("takes nothing where another one refuses", () => {
    const made = gateway([budget("1"), budget("0.5", { name: "small", key: ["const:all"] })]);
    assert.equal(statusOf(made, { tokens: 600_000 }), 200);
    for (let i = 0; i < 20; i++) assert.equal(statusOf(made, { maxTokens: 1000 }), 429);
    assert.deepEqual(Object.values(shown(made, "b")), [400_000_000]);
  });

  test("tags instead, so that a route can choose a cheaper model", () => {
    const made = gateway([budget("1", { over: "tag", warnAt: ["0.5"] })]);
    const header = (run: { upstream: { headers: HeaderList; cluster: string }[] }) => [
      run.upstream[0]?.cluster,
      new Map(run.upstream[0]?.headers).get("x-ai-budget"),
    ];
    const spoof: Ask = { headers: [["x-ai-budget", "exceeded"]] };
    assert.deepEqual(header(send(made, { ...spoof, tokens: 500_000 })), ["models", undefined]);
    assert.deepEqual(header(send(made, { tokens: 500_000 })), ["models", "warn"]);
    const over = send(made, { tokens: 500_000 });
    assert.deepEqual(header(over), ["cheap", "exceeded"]);
    assert.equal(over.filterState["sluice.budget"], "exceeded");
  });

  test("only watches in shadow, and starts anew when that is turned to enforce", () => {
    const made = gateway([budget("1", { mode: "shadow" })]);
    send(made, { tokens: 2_000_000 });
    const run = send(made);
    assert.equal(run.status, 200);
    assert.equal(run.filterState["sluice.budget"], "would-reject");
    assert.equal(new Map(run.upstream[0]?.headers).get("x-ai-budget"), undefined);
    made.update("cost", { config: { prices, budgets: [budget("1")], trustedHeaders: ["x-team"] } });
    assert.equal(statusOf(made), 200);
  });

  test("shares, refuses or skips calls that lack a part of its key", () => {
    const shared = gateway([budget("1")]);
    send(shared, { team: null, tokens: 1_000_000 });
    assert.equal(statusOf(shared, { team: null }), 429);
    const strict = gateway([budget("1", { onMissingKey: "reject" })]);
    assert.equal(statusOf(strict, { team: null }), 429);
    assert.equal(statusOf(strict), 200);
    const open = gateway([budget("1", { onMissingKey: "skip" })]);
    for (let i = 0; i < 3; i++) assert.equal(statusOf(open, { team: null, tokens: 1_000_000 }), 200);
  });

  test("is about the calls that it matches", () => {
    const made = gateway([budget("1", { match: { models: ["gpt*"] } })]);
    send(made, { model: "gpt-4o", tokens: 1_000_000 });
    assert.equal(statusOf(made, { model: "gpt-4o" }), 429);
    assert.equal(statusOf(made, { model: "llama", tokens: 9_000_000 }), 200);
  });

  test("is divided among replicas", () => {
    const made = gateway([budget("4", { replicas: 4 })]);
    send(made, { tokens: 1_000_000 });
    assert.equal(statusOf(made), 429);
  });

  test("goes on over a change of its configuration", () => {
    const made = gateway([budget("2")]);
    send(made, { tokens: 1_500_000 });
    made.update("cost", { config: { prices, budgets: [budget("1")], trustedHeaders: ["x-team"] } });
    assert.equal(statusOf(made), 429);
    made.update("cost", { config: { prices, budgets: [budget("5")], trustedHeaders: ["x-team"] } });
    assert.equal(statusOf(made), 200);
  });

  test("is corrected once per id, whatever comes after", () => {
    const adjustments: Json = [{ id: "refund-1", budget: "b", key: ["red"], amount: "-0.7", reason: "billed twice" }];
    const with_ = (list: Json): Config => ({
      prices,
      budgets: [budget("1")],
      trustedHeaders: ["x-team"],
      adjustments: list,
    });
    const made = gateway([budget("1")], {}, { gateway: { workers: 3 } });
    send(made, { tokens: 1_000_000 });
    assert.equal(statusOf(made), 429);
    for (const _ of [1, 2, 3]) made.update("cost", { config: with_(adjustments) });
    assert.equal(statusOf(made, { tokens: 600_000 }), 200);
    assert.equal(statusOf(made, { tokens: 100_000 }), 200);
    assert.equal(statusOf(made), 429);
  });

  test("shows what is left of each key: by name, by model, and by a hash where the key may be a secret", () => {
    const budgets = [
      budget("1", { name: "hashed" }),
      budget("1", { name: "models", key: ["const:all", "model"] }),
      budget("1", { name: "first", key: ["model", "const:all"] }),
      budget("1", { name: "named", key: ["consumer"] }),
    ];
    const consumers = [{ name: "red", when: { header: { "x-team": "red" } } }];
    const made = gateway(budgets, { consumers });
    send(made, { model: "a", tokens: 100_000 });
    send(made, { model: "b", tokens: 200_000 });
    send(made, { model: "b", tokens: 300_000, team: "blue" });
    send(made, { model: "b", tokens: 1000, team: null });
    const again = gateway(budgets, { consumers });
    send(again, { model: "a", tokens: 100_000 });
    const hashes = Object.keys(shown(made, "hashed")).filter((name) => name !== "none");
    assert.equal(hashes.length, 2);
    assert.ok(hashes.every((name) => /^[0-9a-f]{16}$/.test(name)));
    const values = Object.values(shown(made, "hashed")).sort((a, b) => a - b);
    assert.deepEqual(values, [700_000_000, 700_000_000, 999_000_000]);
    // Gateways agree, whatever secrets their processes have.
    assert.ok(Object.keys(shown(again, "hashed")).every((name) => hashes.includes(name)));
    assert.deepEqual(shown(made, "models"), { "all/a": 900_000_000, "all/b": 499_000_000 });
    assert.deepEqual(shown(made, "first"), { "/all/a": 900_000_000, "/all/b": 499_000_000 });
    assert.equal(shown(made, "named")["red"], 700_000_000);
  });

  test("shows what is left", () => {
    const made = gateway([budget("1", { key: ["const:all"] })]);
    send(made, { tokens: 250_000 });
    const of = (name: string) => made.metricValues()[metric(name, { budget: "b", consumer: "all" })];
    assert.equal(of("sluice.budget_remaining_nano"), 750_000_000);
    assert.equal(of("sluice.budget_amount_nano"), 1_000_000_000);
    send(made, { tokens: 2_000_000 });
    assert.equal(of("sluice.budget_remaining_nano"), 0);
  });
});
