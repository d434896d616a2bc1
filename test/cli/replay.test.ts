// Replay, suggest, stats and prices: the real modules decide on the calls of a trace.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { percentile, roundUp } from "../../harness/cli/trace/suggest.ts";
import { toSnapshot } from "../../harness/cli/stats/snapshot.ts";
import { statsView } from "../../harness/cli/stats/view.ts";
import type { Terminal } from "../../harness/cli/terminal.ts";
import { Stats } from "../../harness/envoy/stats.ts";
import { sluice } from "./fixtures/in-process.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-replay-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const config = (more: string) => `upstreams: {openai: {provider: openai}}
filters:
  trustedHeaders: [x-team]
  consumers:
    - {name: red, team: red, when: {header: {x-team: red}}}
    - {name: blue, team: blue, when: {header: {x-team: blue}}}
  modelTag: {}
  costAccounting: {prices: [{id: p, models: ["gpt-4o*"], input: "2.50", output: "10"}]}
  rateLimit: {rules: [{name: calls, mode: enforce, key: [team], limit: {capacity: 2, refill: 2, interval: 60s}}]}
${more}`;
const strict = file("strict.yaml", config(""));
const wide = file("wide.yaml", config("").replaceAll(": 2,", ": 1000,"));
const withoutLimit = file("free.yaml", config("").replace(/ {2}rateLimit.*\n/, ""));

const line = (second: number, team: string, more: object = {}) =>
  JSON.stringify({
    time: new Date(Date.UTC(2026, 10, 20, 10, 0, second)).toISOString(),
    path: "/v1/chat/completions",
    headers: { "X-Team": team },
    body: { model: "gpt-4o", messages: [{ role: "user", content: "Hello" }] },
    response: {
      status: 200,
      body: {
        object: "chat.completion",
        model: "gpt-4o",
        choices: [],
        usage: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 },
      },
    },
    ...more,
  });

const trace = file(
  "trace.jsonl",
  [line(0, "red"), line(1, "red"), line(2, "red"), line(3, "blue"), "{no json", line(40, "red")].join("\n"),
);

interface Decision {
  decision: string;
  status: number;
  state: Record<string, string>;
}

async function decisions(...args: string[]): Promise<{ calls: Decision[]; err: string }> {
  const { code, out, err } = await sluice("replay", ...args, "--json");
  assert.equal(code, 0, err);
  return {
    calls: out
      .split("\n")
      .slice(0, -1)
      .map((text) => JSON.parse(text) as Decision),
    err,
  };
}

test("each call gets its decision, at its own time", async () => {
  const { calls, err } = await decisions(trace, "-c", strict);
  // Two at once, the third is refused, another team has a bucket of its own, and after 40 s there is one again.
  assert.deepEqual(
    calls.map(({ decision, status }) => [decision, status]),
    [
      ["passed", 200],
      ["passed", 200],
      ["throttled", 429],
      ["passed", 200],
      ["passed", 200],
    ],
  );
  assert.deepEqual(
    [calls[0]?.state["response_model"], calls[0]?.state["team"], calls[0]?.state["cost"], calls[2]?.state["cost"]],
    ["gpt-4o", "red", "0.00045", undefined],
  );
  assert.match(err, /1 lines are no calls/);
});

test("what if: another configuration beside it", async () => {
  const { out } = await sluice("replay", trace, "-c", strict, "--with", wide);
  assert.match(out, /throttled +1 +0 +-1/);
  assert.match(out, /cost +0\.0018 +0\.00225 +0\.00045/);
});

test("calls that overlap are under way together", async () => {
  const concurrent = file(
    "concurrent.yaml",
    config("").replace("interval: 60s}", "unit: concurrency}").replace(" refill: 2,", ""),
  );
  const slow = file("slow.jsonl", [0, 1, 2, 9].map((second) => line(second, "red", { durationMs: 5_000 })).join("\n"));
  const { calls } = await decisions(slow, "-c", concurrent);
  assert.deepEqual(calls.map(({ decision }) => decision).sort(), ["passed", "passed", "passed", "throttled"]);
});

test("a HAR file is a trace", async () => {
  const entry = (at: number, encoding?: string) => ({
    startedDateTime: new Date(Date.UTC(2026, 10, 20, 10, 0, at)).toISOString(),
    time: 900,
    request: {
      method: "POST",
      url: "https://api.anthropic.com/v1/messages?beta=true",
      headers: [
        { name: "anthropic-version", value: "2023-06-01" },
        { name: ":authority", value: "x" },
        { name: "Content-Length", value: "1" },
      ],
      postData: { mimeType: "application/json", text: '{"model":"claude-opus-5","max_tokens":10,"messages":[]}' },
    },
    response: {
      status: 200,
      headers: [{ name: "content-encoding", value: "gzip" }],
      content: {
        mimeType: "application/json",
        text: Buffer.from(
          '{"type":"message","model":"claude-opus-5","usage":{"input_tokens":11,"output_tokens":3}}',
        ).toString(encoding === "base64" ? "base64" : "utf8"),
        ...(encoding && { encoding }),
      },
    },
  });
  const har = file("calls.har", JSON.stringify({ log: { version: "1.2", entries: [entry(1), entry(0, "base64")] } }));
  const { calls } = await decisions(har, "-c", withoutLimit);
  assert.deepEqual(
    calls.map(({ state }) => [state["model"], state["api"], state["input_tokens"], state["output_tokens"]]),
    [
      ["claude-opus-5", "anthropic-messages", "11", "3"],
      ["claude-opus-5", "anthropic-messages", "11", "3"],
    ],
  );
});

test("an access log is a trace: what it tells is used again", async () => {
  const entry = (at: number, more: object) =>
    JSON.stringify({
      start: new Date(Date.UTC(2026, 10, 20, 10, 0, at)).toISOString(),
      method: "POST",
      path: "/v1/chat/completions",
      status: 200,
      "state:sluice.model": "gpt-4o",
      "state:sluice.team": "red",
      "state:sluice.input_tokens": "1000",
      "state:sluice.output_tokens": "50",
      ...more,
    });
  const log = file(
    "access.log",
    [entry(0, {}), entry(1, { status: 429, details: "sluice_rate_limited" }), entry(2, { status: 500 })].join("\n"),
  );
  const { calls } = await decisions(log, "-c", withoutLimit);
  assert.deepEqual(
    calls.map(({ status }) => status),
    [200, 200, 500],
  );
  assert.equal(calls[0]?.state["cost"], "0.003");
});

test("ten thousand calls take less than six seconds of processor time: a hundred thousand a minute", async () => {
  const many = file(
    "many.jsonl",
    Array.from({ length: 10_000 }, (_, at) => line(at, at % 2 ? "red" : "blue")).join("\n"),
  );
  const before = process.cpuUsage();
  const { code } = await sluice(
    "replay",
    many,
    "-c",
    file("tags.yaml", "upstreams: {a: {provider: openai}}\nfilters: {modelTag: {}}\n"),
  );
  const { user, system } = process.cpuUsage(before);
  assert.equal(code, 0);
  assert.ok((user + system) / 1e6 < 6, `${(user + system) / 1e6} s`);
});

test("limits are proposed from the p99 of a minute and headroom, in shadow mode, as rate-limit takes them", async () => {
  const lines = Array.from({ length: 300 }, (_, at) => line(at * 2, at % 3 === 0 ? "red" : "blue"));
  const { code, out, err } = await sluice(
    "suggest",
    file("busy.jsonl", lines.join("\n")),
    "-c",
    withoutLimit,
    "--json",
  );
  assert.equal(code, 0, err);
  const { suggestions, rateLimit } = JSON.parse(out) as {
    suggestions: { key: string; p99Tokens: number; tokensPerMinute: number }[];
    rateLimit: { rules: { mode: string; overrides: unknown[] }[] };
  };
  assert.deepEqual(
    suggestions.map(({ key, p99Tokens, tokensPerMinute }) => [key, p99Tokens, tokensPerMinute]),
    [
      ["blue", 2400, 2900],
      ["red", 1200, 1500],
    ],
  );
  assert.ok(rateLimit.rules.every(({ mode }) => mode === "shadow"));
  const adopted = file(
    "adopted.yaml",
    JSON.stringify({ upstreams: { a: { provider: "openai" } }, filters: { rateLimit } }),
  );
  assert.deepEqual(await sluice("validate", "--strict", adopted), { code: 0, out: "", err: "1 file: all is well" });
});

test("percentiles are of the nearest rank, limits have two digits", () => {
  assert.equal(percentile([], 0.99), 0);
  assert.equal(percentile([5], 0.99), 5);
  assert.equal(
    percentile(
      Array.from({ length: 200 }, (_, at) => at + 1),
      0.99,
    ),
    198,
  );
  assert.deepEqual([0, 1, 12, 123, 1200, 1201].map(roundUp), [0, 1, 12, 130, 1200, 1300]);
});

test("stats sums up what Prometheus would see", () => {
  const text = `sluice_requests{api="openai-chat",model="a",request_type="chat",status="2xx"} 10
sluice_requests{api="openai-chat",model="a",request_type="chat",status="5xx"} 2
sluice_requests{api="openai-chat",model="a",request_type="chat",status="refused"} 3
gen_ai_client_inference_usage_input_tokens{model="a",provider="openai",consumer="x"} 100
gen_ai_client_inference_usage_output_tokens{model="a",provider="openai",consumer="x"} 20
sluice_cost_nano{currency="USD",model="a",consumer="x"} 2500000000
sluice_ratelimit_allowed{rule="r",consumer="x"} 7
sluice_ratelimit_throttled{rule="r",consumer="x"} 3
sluice_budget_remaining_nano{budget="month",consumer="x"} 5000000000
sluice_budget_amount_nano{budget="month",consumer="x"} 9000000000
sluice_budget_remaining_nano{budget="month",consumer="spent"} 0
sluice_budget_amount_nano{budget="month",consumer="spent"} 9000000000
sluice_budget_global_remaining_nano{budget="all"} 1000000000
sluice_budget_global_amount_nano{budget="all"} 2000000000
sluice_variant_requests{split="s",variant="canary",outcome="ok"} 8
sluice_variant_requests{split="s",variant="canary",outcome="error"} 2
sluice_retry_guard_unsafe{reason="timeout"} 4
sluice_errors{filter="model-tag",kind="no_model"} 1
sluice_config_invalid{} 0
`;
  const snapshot = toSnapshot(new Stats(text), 0);
  assert.deepEqual(snapshot.models["a"], {
    calls: 15,
    failed: 2,
    refused: 3,
    inputTokens: 100,
    outputTokens: 20,
    cost: 2.5,
  });
  assert.deepEqual(snapshot.rules["r"], { allowed: 7, throttled: 3, wouldThrottle: 0 });
  assert.deepEqual(snapshot.budgets, { "month x": 5, "month spent": 0, all: 1 });
  assert.deepEqual(snapshot.variants, { "s canary": { calls: 10, failed: 2 } });
  assert.deepEqual(
    [snapshot.retries, snapshot.errors, snapshot.cost, snapshot.isConfigInvalid],
    [{ unsafe: 4 }, { no_model: 1 }, { USD: 2.5 }, false],
  );
});

test("stats shows variants side by side: calls, failures, time to first token, tokens, cost per call", () => {
  const text = `sluice_variant_requests{split="llama",variant="canary",outcome="ok"} 7
sluice_variant_requests{split="llama",variant="canary",outcome="stream_error"} 2
sluice_variant_requests{split="llama",variant="canary",outcome="aborted"} 1
sluice_variant_requests{split="llama",variant="stable",outcome="ok"} 90
sluice_variant_time_to_first_token_ms_sum{split="llama",variant="canary"} 1500
sluice_variant_time_to_first_token_ms_count{split="llama",variant="canary"} 5
sluice_variant_time_to_first_token_ms_sum{split="llama",variant="stable"} 8000
sluice_variant_time_to_first_token_ms_count{split="llama",variant="stable"} 80
sluice_variant_input_tokens{split="llama",variant="canary"} 1000
sluice_variant_output_tokens{split="llama",variant="canary"} 300
sluice_variant_input_tokens{split="llama",variant="stable"} 9000
sluice_variant_output_tokens{split="llama",variant="stable"} 2700
sluice_variant_cost_nano{currency="USD",split="llama",variant="canary"} 5000000
sluice_variant_cost_nano{currency="USD",split="llama",variant="stable"} 90000000
sluice_variant_requests{split="untold",variant="stable",outcome="ok"} 4
`;
  const snapshot = toSnapshot(new Stats(text), 0);
  assert.deepEqual(snapshot.variants, {
    "llama canary": {
      calls: 10,
      failed: 2,
      firstTokenMs: 300,
      inputTokens: 1000,
      outputTokens: 300,
      costPerCall: 0.0005,
    },
    "llama stable": {
      calls: 90,
      failed: 0,
      firstTokenMs: 100,
      inputTokens: 9000,
      outputTokens: 2700,
      costPerCall: 0.001,
    },
    "untold stable": { calls: 4, failed: 0 },
  });
  const terminal = { paint: (line: string) => line } as unknown as Terminal;
  const lines = statsView(snapshot, undefined, terminal).split("\n");
  const at = lines.indexOf("Variants");
  assert.deepEqual(
    lines.slice(at + 1, at + 5).map((line) => line.trim().split(/ {2,}/)),
    [
      [
        ...["split and variant", "calls", "/s", "failed", "failed %", "ms to first token"],
        ...["input tokens", "output tokens", "cost per call"],
      ],
      ["llama canary", "10", "2", "20", "300", "1,000", "300", "0.0005"],
      ["llama stable", "90", "0", "0", "100", "9,000", "2,700", "0.001"],
      ["untold stable", "4", "0", "0"],
    ],
  );
});

test("prices of LiteLLM's file become prices of ours, which the module takes", async () => {
  const from = file(
    "prices.json",
    JSON.stringify({
      "gpt-4o": { litellm_provider: "openai", mode: "chat", input_cost_per_token: 2.5e-6, output_cost_per_token: 1e-5 },
    }),
  );
  const { code, out } = await sluice("prices", "--from", from, "gpt-4o", "--json");
  assert.equal(code, 0);
  const prices = JSON.parse(out) as { id: string; input: string }[];
  assert.deepEqual([prices[0]?.id, prices[0]?.input], ["gpt-4o", "2.5"]);
  const adopted = file(
    "priced.yaml",
    JSON.stringify({ upstreams: { a: { provider: "openai" } }, filters: { costAccounting: { prices } } }),
  );
  assert.equal((await sluice("validate", adopted)).code, 0);
  assert.equal((await sluice("prices", "--from", from, "gpt-5")).code, 1);
});
