// Two workers of rate-limit at once: another worker's whole request runs inside each call to shared data of the first one,
// at every such call, for every pair of operations. Nothing is lost, and no more is lent than there is.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { Gateway } from "../../harness/host/gateway.ts";
import type { Json, RequestSpec } from "../../harness/scenario/scenario.ts";

const wasm = readFileSync("build/rate-limit.wasm");
const json: [string, string][] = [["content-type", "application/json"]];

/** Long enough that nothing comes back while a test runs. */
const interval = "100d";
const hour = 3_600_000;

interface Operation {
  name: string;
  /** Before the interleaving: what the operation needs to be there. */
  prepare?: (g: Gateway) => void;
  request: RequestSpec;
  /** What it takes when it is admitted: from the bucket of requests and from that of tokens. */
  requests: number;
  tokens: number;
  /** It takes both back from others: calls that were never settled. */
  isExpiry?: boolean;
}

const call = (user: string, upstream: RequestSpec["upstream"]): RequestSpec => ({
  protocol: "h1",
  method: "POST",
  path: "/v1/chat/completions",
  headers: [...json, ["x-user", user]],
  body: JSON.stringify({ model: "gpt-4o", max_tokens: 10, messages: [{ role: "user", content: "x".repeat(50) }] }),
  ...(upstream === undefined ? {} : { upstream }),
});
const used = (input: number, output: number) =>
  ({
    kind: "answer",
    headers: json,
    body: JSON.stringify({ choices: [], usage: { prompt_tokens: input, completion_tokens: output } }),
  }) as const;

const operations: Operation[] = [
  { name: "is admitted and settled to less", request: call("a", used(3, 4)), requests: 1, tokens: 7 },
  { name: "is admitted and settled to more", request: call("a", used(60, 40)), requests: 1, tokens: 100 },
  {
    name: "fails and gets its tokens back",
    request: call("a", { kind: "answer", status: 503 }),
    requests: 1,
    tokens: 0,
  },
  { name: "comes with another key", request: call("b", used(5, 6)), requests: 1, tokens: 11 },
  {
    name: "is refused by the last rule",
    prepare: (g) => g.request(call("none", { kind: "answer", status: 500 })),
    request: call("none", used(5, 6)),
    requests: 0,
    tokens: 0,
  },
  {
    name: "asks for no model",
    request: { protocol: "h1", method: "GET", path: "/v1/models", headers: [["x-user", "a"]] },
    requests: 1,
    tokens: 0,
  },
];

function gateway(rules: Json[], maxKeys = 1000): Gateway {
  return new Gateway({
    chain: [
      {
        kind: "plugin",
        name: "rate-limit",
        module: "rate-limit",
        config: { trustedHeaders: ["x-user"], maxKeys, rules },
        allowOnHeadersStopIteration: true,
      },
    ],
    routes: [{ cluster: "model", timeoutMs: 0 }],
    clusters: [{ name: "model" }],
    gateway: { workers: 2 },
    loadModule: () => wasm,
  });
}

const rule = (name: string, unit: string, capacity: number, more: { [field: string]: Json } = {}): Json => ({
  name,
  mode: "enforce",
  limit: { capacity, interval, unit },
  ...more,
});

/** What is taken of all buckets of a table, in whole tokens; and what is reserved. */
function taken(g: Gateway, table: "buckets" | "reserving"): { taken: number; reserved: number; slots: number } {
  const stride = table === "buckets" ? 16 + 32 : 16 + 80;
  const sums = { taken: 0, reserved: 0, slots: 0 };
  for (const [key, { value }] of g.sharedData.entries("")) {
    if (!key.startsWith(`sluice/default/${table}/`) || key.endsWith("/keys")) continue;
    const view = new DataView(value.buffer, value.byteOffset, value.length);
    for (let i = 0; i < view.getUint32(4, true); i++) {
      const at = 8 + i * stride + 16;
      const scale = view.getBigInt64(at + 16, true);
      if (scale === 0n) continue;
      sums.slots++;
      sums.taken += Math.ceil(Number(view.getBigInt64(at, true)) / Number(scale) - 0.01);
      if (table === "buckets") continue;
      for (let k = 0; k < 4; k++) sums.reserved += Number(view.getBigInt64(at + 48 + 8 * k, true) / scale);
    }
  }
  return sums;
}

/**
 * Runs `first` on one worker, and `second` on the other in front of its n-th call to shared data. Answers their statuses,
 * null for one that did not come to run.
 */
function interleave(g: Gateway, n: number, first: RequestSpec, second: RequestSpec): [number, number | null] {
  let seen = 0;
  let inner: number | null = null;
  const end = g.onHostCall("*", ({ name, worker }) => {
    if (worker !== 0 || !name.endsWith("shared_data") || seen++ !== n) return;
    const run = g.send({ ...second, worker: 1 });
    while (!run.isDone) g.settle();
    inner = run.result?.status ?? 0;
  });
  const outer = g.request({ ...first, worker: 0 }).status;
  end();
  return [outer, inner];
}

const rules = [
  rule("calls", "requests", 1000),
  rule("tokens", "tokens", 1_000_000, { key: ["header:x-user"] }),
  rule("none", "requests", 1, { key: ["header:x-user"], match: { headers: { "x-user": "none" } } }),
];

describe("two requests at once", () => {
  for (const first of operations) {
    test(`lose nothing: one ${first.name}, at each call to shared data of it another`, () => {
      let points = 0;
      for (const second of operations) {
        for (let n = 0; ; n++) {
          const g = gateway(rules);
          for (const operation of new Set([first, second])) operation.prepare?.(g);
          const before = taken(g, "buckets").taken;
          const [outer, inner] = interleave(g, n, first.request, second.request);
          if (inner === null) break;
          points++;
          const place = `${first.name} and ${second.name} at ${n}: ${outer}, ${inner}`;
          assert.equal(taken(g, "buckets").taken - before, first.requests + second.requests, place);
          assert.equal(taken(g, "reserving").taken, first.tokens + second.tokens, place);
          assert.equal(taken(g, "reserving").reserved, 0, place);
          assert.deepEqual(g.traps, []);
        }
      }
      assert.ok(points > 10, `${points} points`);
    });
  }

  test("of which one fits: exactly one is admitted, and who is refused took nothing", () => {
    const one = call("a", used(10, 10));
    for (const scarce of [
      [rule("calls", "requests", 1), rule("tokens", "tokens", 1000)],
      [rule("calls", "requests", 10), rule("tokens", "tokens", 30)],
      [rule("tokens", "tokens", 30), rule("calls", "requests", 10)],
    ]) {
      let points = 0;
      for (let n = 0; ; n++) {
        const g = gateway(scarce);
        const [outer, inner] = interleave(g, n, one, one);
        if (inner === null) break;
        points++;
        const admitted = [outer, inner].filter((status) => status === 200).length;
        const isOver = Number(taken(g, "buckets").taken);
        // A call that has ended gave back what it did not use: then there is room for the other.
        assert.ok(admitted === 1 || (admitted === 2 && taken(g, "reserving").taken === 40), `${n}: ${outer}, ${inner}`);
        assert.equal(isOver, admitted);
        assert.equal(taken(g, "reserving").taken, admitted * 20);
        assert.equal(taken(g, "reserving").reserved, 0);
      }
      assert.ok(points >= 4);
    }
  });
});

describe("a reservation that nobody settles", () => {
  test("comes back once, whoever notices it and whoever is at work meanwhile", () => {
    const some = operations.filter(({ name }) => /settled to less|fails|no model/.test(name));
    for (const second of some) {
      for (const first of some) {
        for (let n = 0; ; n++) {
          const g = gateway(rules);
          const hung = g.send({ ...call("a", { kind: "hang" }), patienceMs: 10 * hour });
          g.settle();
          const reserved = taken(g, "reserving").reserved;
          assert.ok(reserved > 0);
          g.advance(hour);
          const [, inner] = interleave(g, n, first.request, second.request);
          if (inner === null) break;
          const place = `${first.name} and ${second.name} at ${n}`;
          const looked = [first, second].some(
            ({ request }) => request.method === "POST" && request.headers?.some(([, value]) => value === "a"),
          );
          const left = looked ? 0 : reserved;
          assert.equal(taken(g, "reserving").reserved, left, place);
          assert.equal(taken(g, "reserving").taken, first.tokens + second.tokens + left, place);
          assert.ok(!hung.isDone);
        }
      }
    }
  });
});

describe("a table that is too small", () => {
  test("loses no bucket that is in use, and lends no more than rule and overflow together", () => {
    // Three slots: one is the overflow's. Users beyond them share it.
    const limited = [rule("user", "requests", 2, { key: ["header:x-user"] })];
    const ask = (user: string): RequestSpec => ({
      protocol: "h1",
      method: "GET",
      path: "/",
      headers: [["x-user", user]],
    });
    for (let n = 0; ; n++) {
      const g = gateway(limited, 3);
      assert.deepEqual(
        ["a", "a", "a"].map((user) => g.request(ask(user)).status),
        [200, 200, 429],
      );
      const [outer, inner] = interleave(g, n, ask("b"), ask("c"));
      if (inner === null) break;
      assert.deepEqual([outer, inner], [200, 200]);
      const others = ["b", "c", "d", "e", "b", "c", "d", "e"].map((user) => g.request(ask(user)).status);
      assert.ok(others.filter((status) => status === 200).length <= 2);
      assert.equal(g.request(ask("a")).status, 429);
      assert.equal(taken(g, "buckets").slots, 3);
    }
  });

  test("gives the slot of a bucket that is full again to whoever comes", () => {
    const limited = [rule("user", "requests", 2, { key: ["header:x-user"], limit: { capacity: 2, interval: "60s" } })];
    const ask = (user: string): RequestSpec => ({
      protocol: "h1",
      method: "GET",
      path: "/",
      headers: [["x-user", user]],
    });
    for (let n = 0; ; n++) {
      const g = gateway(limited, 3);
      g.request(ask("a"));
      g.request(ask("b"));
      g.advance(61_000);
      const [outer, inner] = interleave(g, n, ask("c"), ask("a"));
      if (inner === null) break;
      assert.deepEqual([outer, inner], [200, 200]);
      assert.deepEqual(
        ["c", "c", "a", "a"].map((user) => g.request(ask(user)).status),
        [200, 429, 200, 429],
      );
    }
  });
});
