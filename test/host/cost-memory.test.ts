// Linear memory stays flat whatever is priced, stripped, reserved or refused: cost-accounting alone, and in the suite.
//
// MEMORY_REQUESTS says how many (default 40,000).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { describeBudgets } from "../../harness/deploy/ratelimit-budgets.ts";
import { Gateway } from "../../harness/host/gateway.ts";
import type { FilterSpec, HeaderList, Json, RequestSpec } from "../../harness/scenario/scenario.ts";
import { answer, chat, costAccounting } from "../scenarios/cost-accounting/chains.ts";
import { RateLimitCounters } from "./rate-limit-counters.ts";

const total = Number(process.env["MEMORY_REQUESTS"] ?? 40_000);
const sse: HeaderList = [["content-type", "text/event-stream"]];
const mebibyte = 1024 * 1024;

const own: Record<string, Json> = {
  prices: [
    { id: "all", models: ["*"], input: "1", output: "2" },
    { id: "four", models: ["gpt-4o"], input: "2", output: "4", tiers: { flex: { input: "1" } } },
  ],
  answerHeaders: "all",
  streamComment: true,
  labels: { app: "header:x-app" },
  budgets: [
    {
      ...{ name: "b", mode: "enforce", key: ["header:x-team", "model"], amount: "0.5", window: "day", localOnly: true },
      ...{ replicas: 1, overrides: [{ key: ["team-1*", "*"], amount: "0.001" }] },
    },
  ],
};
const [local] = own["budgets"] as [Record<string, Json>];
/** With a second budget that all gateways share. */
const global: Record<string, Json> = {
  ...own,
  global: { cluster: "up" },
  budgets: [local, { ...local, name: "shared", amount: "0.05", localOnly: false }],
};
const shared = { trustedHeaders: ["x-team", "x-app"], maxSeries: 500 };

const event = (data: unknown): string => `data: ${JSON.stringify(data)}\n\n`;
const stream =
  event({ model: "gpt-4o", choices: [{ index: 0, delta: { content: "Hello" } }] }).repeat(30) +
  event({ model: "gpt-4o", choices: [], usage: { prompt_tokens: 900, completion_tokens: 90, total_tokens: 990 } }) +
  "data: [DONE]\n\n";

/** Call number `at`: many teams, more labels than there is room for, every kind of end. */
function request(at: number): RequestSpec {
  const spec: RequestSpec = {
    ...{ protocol: at % 3 ? "h1" : "h2", method: "POST", path: "/v1/chat/completions", body: chat("gpt-4o") },
    headers: [
      ["content-type", "application/json"],
      ["x-team", `team-${at % 301}`],
      ["x-app", `app-${at % 1009}`],
    ],
  };
  const streamed = { kind: "answer" as const, headers: sse, framing: "chunked" as const, body: stream };
  const body = chat("gpt-4o", { stream: true });
  switch (at % 7) {
    case 0:
      return { ...spec, upstream: answer("gpt-4o", 1000, 100) };
    case 1:
      return { ...spec, body, upstream: { ...streamed, chunks: [{ bytes: 100 }, { bytes: 333, afterMs: 1 }] } };
    case 2:
      return {
        ...spec,
        body,
        upstream: { ...streamed, chunks: [{ bytes: 50 }, { bytes: 1, afterMs: 5000 }] },
        abort: { responseBytes: 20 },
      };
    case 3:
      return { ...spec, upstream: { kind: "answer", status: 500 } };
    case 4:
      return { ...spec, body, upstream: { kind: "answer", status: 400, body: '{"error":"stream_options"}' } };
    case 5:
      return { protocol: "h1", method: "GET", path: "/health" };
    default:
      return { ...spec, body: chat(`model-${at % 97}`), upstream: { kind: "reset", after: "headers" } };
  }
}

const suite: FilterSpec[] = (["outer", "inner"] as const).map((pair) => ({
  ...{ kind: "plugin", name: `suite-${pair}`, module: "build/suite.wasm", pair },
  config: { ...shared, modelTag: {}, costAccounting: own, retryGuard: {} },
}));

const chains: Record<string, FilterSpec[]> = {
  "cost-accounting as a pair": costAccounting("pair", { ...shared, ...own }),
  "cost-accounting with the flag": costAccounting("flag", { ...shared, ...global }),
  "the suite": suite,
};

for (const [name, chain] of Object.entries(chains)) {
  test(`linear memory is flat over ${Math.floor(total / 3)} requests: ${name}`, () => {
    const file = describeBudgets(global);
    assert.ok(file);
    const service = new RateLimitCounters(file);
    const gateway = new Gateway({
      onGrpcCall: service.answer,
      chain,
      routes: [{ cluster: "up" }],
      clusters: [{ name: "up" }],
      loadModule: (path) => readFileSync(path),
    });
    const send = (from: number, to: number) => {
      for (let at = from; at < to; at++) {
        if (at % 500 === 0) service.delayMs = at % 2000 === 500 ? undefined : 1; // away now and then
        gateway.request(request(at));
      }
    };
    const linear = () => gateway.vms().map((vm) => vm.memory.size);
    send(0, 4000);
    const early = linear();
    send(4000, Math.floor(total / 3));
    assert.deepEqual(linear(), early);
    assert.ok(
      early.every((bytes) => bytes <= 4 * mebibyte),
      `linear memory takes ${early.join(", ")} bytes`,
    );
    assert.deepEqual(gateway.traps, []);
    assert.equal(service.sum("sum=spent") > 0n, name.includes("flag"));
  });
}
