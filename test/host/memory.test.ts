// Linear memory stays flat whatever passes: calls that are held, streamed, broken, refused or left by their client.
//
// MEMORY_REQUESTS says how many (default 200,000; `MEMORY_REQUESTS=1000000 make test-host FILE=memory` takes minutes).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Gateway } from "../../harness/host/gateway.ts";
import type { HeaderList, Json, RequestSpec } from "../../harness/scenario/scenario.ts";
import { answer, modelTag, type Way } from "../scenarios/model-tag/chains.ts";

const total = Number(process.env["MEMORY_REQUESTS"] ?? 200_000);
const json: HeaderList = [["content-type", "application/json"]];
const mebibyte = 1024 * 1024;

/** What the traffic is made of; drawn in turn, so that every run is the same. */
const mixture: RequestSpec[] = [
  chat({ model: "gpt-4o", messages: [{ role: "user", content: "Hello" }] }),
  { protocol: "h1", method: "GET", path: "/health" },
  chat({ messages: [{ role: "user", content: "x".repeat(20_000) }], model: "canary", stream: true }),
  { protocol: "h1", method: "GET", path: "/v1/models", headers: [["x-ai-model", "forged"]] },
  { ...chat({}), body: '{"messages": [}, "model": 1}' },
  chat({ model: "not-allowed", messages: [] }),
  { ...chat({ messages: "y".repeat(3000), model: "gpt-4o" }), abort: { requestBytes: 1000 } },
  { protocol: "h1", method: "GET", path: "/health" },
  { ...chat({ max_tokens: 5 }), path: "/v1beta/models/gemini-2.5-flash:generateContent" },
  { protocol: "h2", method: "GET", path: "/" },
];

function chat(body: unknown): RequestSpec {
  return {
    protocol: "h2",
    method: "POST",
    path: "/v1/chat/completions",
    headers: json,
    body: JSON.stringify(body),
    chunks: [{ bytes: 512 }],
  };
}

for (const way of ["pair", "flag"] as Way[]) {
  test(`linear memory is flat over ${total / 2} requests (${way})`, () => {
    const gateway = new Gateway({
      chain: modelTag(way, { models: { allow: ["gpt-4o", "canary", "gemini*"], onUnknown: "reject" } }),
      routes: [{ cluster: "up" }],
      clusters: [{ name: "up", upstream: answer("gpt-4o") }],
      loadModule: (path) => readFileSync(path),
    });
    const send = (count: number) => {
      for (let i = 0; i < count; i++) {
        const run = gateway.send(mixture[i % mixture.length] as RequestSpec);
        gateway.clock.runUntil(() => run.isDone, 60_000);
      }
    };
    const linear = () => gateway.vms().map((vm) => vm.memory.size);
    send(1000);
    const early = linear();
    send(total / 2 - 1000);
    assert.deepEqual(linear(), early);
    assert.ok(
      early.every((bytes) => bytes <= mebibyte),
      `linear memory takes ${early.join(", ")} bytes`,
    );
    assert.deepEqual(gateway.traps, []);
  });
}

const variants: Json[] = [
  { name: "stable", percent: 90 },
  { name: "canary", percent: 10, rewrite: "m" },
];

/** A configuration of each module and what makes each of many another one; the last is wrong. */
const configs: Record<string, (n: number) => Json> = {
  "model-tag": (n) => ({
    maxHeldTime: `${1000 + n}ms`,
    split: [{ name: "s", variants }],
  }),
  "rate-limit": (n) => ({
    rules: [{ name: "r", mode: "enforce", key: ["consumer"], limit: { capacity: 1000 + n, interval: "1s" } }],
  }),
  "cost-accounting": (n) => ({ prices: [{ id: "p", models: ["*"], input: `2.${1000 + n}`, output: "10" }] }),
  "retry-guard": (n) => ({ mode: "enforce", duplicates: { completed: "replay" }, maxReplayBytes: 65_536 - n }),
  suite: (n) => ({ maxHeldTime: `${1000 + n}ms`, modelTag: {}, retryGuard: { duplicates: { completed: "replay" } } }),
  "retry-guard, refused": (n) => ({ mode: "enforce", duplicates: { completed: "replay" }, maxReplayBytes: -n }),
};

for (const [name, config] of Object.entries(configs)) {
  test(`configurations come and go and leave next to nothing: ${name}`, () => {
    const module = name.split(",")[0] ?? "";
    const isWrong = module !== name;
    const gateway = new Gateway({
      chain: [
        {
          ...{ kind: "plugin", name: "plugin", module: `build/${module}.wasm`, allowOnHeadersStopIteration: true },
          config: config(1),
        },
      ],
      routes: [{ cluster: "up" }],
      clusters: [{ name: "up", upstream: answer("gpt-4o") }],
      loadModule: (path) => readFileSync(path),
    });
    const change = (n: number) => {
      assert.ok(gateway.update("plugin", { config: config(n) }), "taken, if only to pass all through");
      gateway.request(mixture[0] as RequestSpec);
    };
    const linear = () => gateway.vms().reduce((sum, vm) => sum + vm.memory.size, 0);
    for (let n = 2; n < 100; n++) change(n);
    const early = linear();
    for (let n = 100; n < 500; n++) change(n);
    // Metrics keep the configuration's hash: some 100 bytes each.
    assert.ok(linear() <= early + 2 * 65_536, `${early} bytes grew to ${linear()}`);
    assert.equal(
      gateway.logLines.some(({ text }) => text.includes("invalid")),
      isWrong,
    );
    assert.deepEqual(gateway.traps, []);
  });
}
