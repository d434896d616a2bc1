// The suite does what the single filters do, and reads a body once.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { Gateway } from "../../harness/host/gateway.ts";
import { runInHost } from "../../harness/host/run-scenario.ts";
import { checkResult } from "../../harness/scenario/check.ts";
import { compareResults } from "../../harness/scenario/compare.ts";
import type { ScenarioResult } from "../../harness/scenario/result.ts";
import type {
  FilterSpec,
  HeaderList,
  Json,
  PluginSpec,
  RequestSpec,
  Scenario,
} from "../../harness/scenario/scenario.ts";
import { scenarios } from "../scenarios/all.ts";
import { answer, chat } from "../scenarios/cost-accounting/chains.ts";
import { inSuite } from "../scenarios/suite.ts";

const modules = new Map<string, Uint8Array>();

function loadModule(path: string): Uint8Array {
  let bytes = modules.get(path);
  if (bytes === undefined) modules.set(path, (bytes = readFileSync(path)));
  return bytes;
}

/** What differs by its nature: what a plugin says of itself. */
function plain(result: ScenarioResult): ScenarioResult {
  const metrics = Object.fromEntries(
    Object.entries(result.metrics)
      .filter(([name]) => !name.endsWith("sluice.build_info"))
      .map(([name, value]) => [name.replace(/^filter=\.=[a-z-]+;\.;/, "filter=.=any;.;"), value]),
  );
  const requests = result.requests.map((request) => ({
    ...request,
    filterState: Object.fromEntries(
      Object.entries(request.filterState).filter(([name]) => name !== "sluice.config_hash"),
    ),
  }));
  return { ...result, metrics, requests };
}

describe("in place of a single filter the suite gives the same result:", () => {
  for (const scenario of scenarios) {
    const swapped = inSuite(scenario);
    if (swapped === undefined || scenario.only?.host === "envoy") continue;
    test(scenario.name, () => {
      const alone = runInHost(scenario, loadModule);
      const together = runInHost(swapped, loadModule);
      const { log: _, logAbsent: __, metrics: ___, ...expect } = scenario.expect;
      assert.deepEqual(checkResult({ ...swapped, expect }, together), []);
      assert.deepEqual(compareResults(plain(alone), plain(together)), []);
    });
  }
});

const shared = {
  trustedHeaders: ["x-team"],
  consumers: [{ name: "red", when: { header: { "x-team": "red" } }, team: "red" }],
};
const own: Record<string, Json> = {
  modelTag: { tier: [{ when: { consumers: ["red"] }, value: "gold" }] },
  rateLimit: {
    rules: [
      { name: "tokens", mode: "enforce", key: ["team"], limit: { capacity: 100_000, interval: "60s", unit: "tokens" } },
      // Requests of every kind, also those that are no AI call: the other filters leave these alone.
      { name: "requests", mode: "enforce", key: ["team"], limit: { capacity: 1000, interval: "60s" } },
    ],
  },
  costAccounting: {
    prices: [{ id: "p", models: ["*"], input: "1", output: "2" }],
    answerHeaders: "all",
    budgets: [{ name: "b", mode: "shadow", key: ["team"], amount: "1", window: "day" }],
  },
  retryGuard: {},
};
const files: Record<string, string> = {
  modelTag: "model-tag",
  rateLimit: "rate-limit",
  costAccounting: "cost-accounting",
  retryGuard: "retry-guard",
};

function pair(file: string, config: Json): PluginSpec[] {
  const plugin: PluginSpec = { kind: "plugin", name: file, module: `build/${file}.wasm`, config };
  return [
    { ...plugin, name: `${file}-outer`, pair: "outer" },
    { ...plugin, name: `${file}-inner`, pair: "inner" },
  ];
}

// cost-accounting stands before rate-limit: it takes out of streams what it asked for, and rate-limit has to see that first.
const order = ["modelTag", "costAccounting", "rateLimit", "retryGuard"];
const chain: FilterSpec[] = order.flatMap((member) =>
  pair(files[member] ?? "", { ...shared, ...(own[member] as Record<string, Json>) }),
);
const suite: FilterSpec[] = pair("suite", { ...shared, ...own });

const sse: HeaderList = [["content-type", "text/event-stream"]];
const chunk = (members: Record<string, unknown>): string => `data: ${JSON.stringify({ model: "m", ...members })}\n\n`;
const stream =
  chunk({ choices: [{ index: 0, delta: { content: "Hi" }, finish_reason: "stop" }] }) +
  chunk({ choices: [], usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 } }) +
  "data: [DONE]\n\n";

function calls(): RequestSpec[] {
  const call = (body: string, upstream: RequestSpec["upstream"]): RequestSpec => ({
    ...{ protocol: "h1", method: "POST", path: "/v1/chat/completions", body, upstream },
    headers: [
      ["content-type", "application/json"],
      ["x-team", "red"],
    ],
  });
  return [
    call(chat("m"), answer("m", 1000, 100)),
    call(chat("m", { stream: true }), { kind: "answer", headers: sse, framing: "chunked", body: stream }),
    call("{", { kind: "answer", status: 400 }),
    call(chat("m"), answer("m", 98_000, 100)),
    call(chat("m", { max_tokens: 5000 }), answer("m", 1, 1)),
    { ...call("", { kind: "answer" }), method: "GET", path: "/healthz" },
  ];
}

function scenarioOf(filters: FilterSpec[]): Scenario {
  return {
    name: "all filters",
    chain: filters,
    routes: [{ cluster: "models" }],
    clusters: [{ name: "models" }],
    requests: calls(),
    expect: {},
  };
}

describe("the suite in place of all filters in a chain", () => {
  test("gives the same answers, requests and filter state", () => {
    const apart = plain(runInHost(scenarioOf(chain), loadModule));
    const together = plain(runInHost(scenarioOf(suite), loadModule));
    assert.deepEqual(
      together.requests.map(({ status }) => status),
      [200, 200, 400, 200, 429, 200],
    );
    // To the filters before it the refusal of one filter of a chain is an answer like any other.
    const refused = apart.requests[4];
    if (refused) refused.headers = refused.headers.filter(([name]) => name !== "x-ai-model");
    assert.deepEqual(compareResults({ ...apart, metrics: {} }, { ...together, metrics: {} }), []);
  });

  test("counts what a chain counts, a call once", () => {
    const apart = runInHost(scenarioOf(chain), loadModule).metrics;
    const together = runInHost(scenarioOf(suite), loadModule).metrics;
    for (const [name, value] of Object.entries(together)) {
      if (/sluice\.(build_info|errors)$|request\.duration_ms$/.test(name)) continue;
      // To the filters before it the refusal of one filter of a chain is an answer like any other.
      if (!name.includes("refused")) assert.equal(apart[name], value, name);
    }
    const counted = Object.entries(apart).filter(([name]) => name.endsWith("sluice.requests"));
    assert.equal(
      counted.reduce((sum, [, value]) => sum + value, 0),
      5,
    );
  });

  test("reads a body once", () => {
    const reads = (filters: FilterSpec[]): number => {
      const gateway = new Gateway({ ...scenarioOf(filters), loadModule });
      const [first] = calls();
      if (first === undefined) return 0;
      gateway.request(first);
      const before = gateway.hostCalls["proxy_get_buffer_bytes"] ?? 0;
      gateway.request(first);
      return (gateway.hostCalls["proxy_get_buffer_bytes"] ?? 0) - before;
    };
    const own = reads(suite);
    assert.equal(own, 2, "one read of the request, one of the answer");
    assert.equal(reads(chain), 4 * own);
  });
});
