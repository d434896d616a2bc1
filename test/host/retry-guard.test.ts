// retry-guard in the in-process host: workers that come between, callers that must not be mixed, clocks that step, hosts
// that fail, budgets and learnt times.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { Gateway, type GatewayOptions } from "../../harness/host/gateway.ts";
import type { AnswerSpec, HeaderList, Json, RequestSpec } from "../../harness/scenario/scenario.ts";

const wasm = readFileSync(process.env["RETRY_GUARD_WASM"] ?? "build/retry-guard.wasm");
const json: HeaderList = [["content-type", "application/json"]];

function gateway(config: Record<string, Json>, more: Partial<GatewayOptions> = {}): Gateway {
  return new Gateway({
    chain: [
      {
        kind: "plugin",
        name: "retry-guard",
        module: "retry-guard",
        config: { mode: "enforce", ...config },
        allowOnHeadersStopIteration: true,
      },
    ],
    routes: [{ cluster: "model", timeoutMs: 0 }],
    clusters: [{ name: "model" }],
    gateway: { workers: 4 },
    loadModule: () => wasm,
    ...more,
  });
}

interface Ask {
  user?: string;
  key?: string;
  again?: boolean;
  content?: string;
  stream?: boolean;
  model?: string;
  worker?: number;
  upstream?: RequestSpec["upstream"];
  patienceMs?: number;
}

function chat({
  user = "alice",
  key,
  again,
  content = "Hello",
  stream,
  model = "gpt-4o",
  ...more
}: Ask = {}): RequestSpec {
  return {
    protocol: "h1",
    method: "POST",
    path: "/v1/chat/completions",
    headers: [
      ...json,
      ["authorization", `Bearer ${user}`],
      ...(key === undefined ? [] : ([["idempotency-key", key]] as HeaderList)),
      ...(again === true ? ([["x-stainless-retry-count", "1"]] as HeaderList) : []),
    ],
    body: JSON.stringify({ model, messages: [{ role: "user", content }], ...(stream && { stream }) }),
    upstream: more.upstream ?? answer(`${user}/${key}/${content}`),
    worker: more.worker ?? 0,
    ...(more.patienceMs !== undefined && { patienceMs: more.patienceMs }),
  };
}

function answer(text: string, more: Partial<AnswerSpec> = {}): AnswerSpec {
  const message = { role: "assistant", content: text };
  const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
  const body = { id: "c", model: "gpt-4o", choices: [{ index: 0, message, finish_reason: "stop" }], usage };
  return { kind: "answer", headers: json, body: JSON.stringify(body), ...more };
}

const text = (result: { body: Uint8Array }) => new TextDecoder().decode(result.body);
const header = (result: { headers: HeaderList }, name: string) => result.headers.find(([key]) => key === name)?.[1];
const metric = (g: Gateway, pattern: RegExp) =>
  Object.entries(g.metricValues()).reduce((sum, [name, value]) => sum + (pattern.test(name) ? value : 0), 0);

const rejecting = { duplicates: { inFlight: "reject", completed: "reject", unfinished: "reject" } };
const replaying = { duplicates: { inFlight: "reject", completed: "replay" } };

/** Runs `second` on another worker inside the n-th call to shared data of `first`; false when there are not so many. */
function interleave(g: Gateway, n: number, first: RequestSpec, second: RequestSpec) {
  let seen = 0;
  let other: ReturnType<Gateway["request"]> | undefined;
  const hook = ({ worker }: { worker: number }): void => {
    if (worker !== 0 || seen++ !== n) return;
    other = g.request({ ...second, worker: 1 });
  };
  const stop = [g.onHostCall("proxy_get_shared_data", hook), g.onHostCall("proxy_set_shared_data", hook)];
  const one = g.request({ ...first, worker: 0 });
  for (const end of stop) end();
  return other === undefined ? undefined : { one, other };
}

describe("another worker's call inside each call to shared data", () => {
  const pairs: [name: string, config: Record<string, Json>, first: Ask, second: Ask][] = [
    ["two calls with one key", rejecting, { key: "k" }, { key: "k" }],
    ["a call and its repeat by body", rejecting, {}, { again: true }],
    ["a repeat by body and its first call", rejecting, { again: true }, {}],
    ["two calls with one key and replay", replaying, { key: "k" }, { key: "k" }],
    ["two callers with one key and replay", replaying, { key: "k" }, { user: "bob", key: "k" }],
    ["one caller with two bodies under one key", replaying, { key: "k" }, { key: "k", content: "Other" }],
  ];
  for (const [name, config, first, second] of pairs) {
    test(`${name}: one of equal calls is billed, and everybody gets an answer of its own`, () => {
      let tried = 0;
      for (let n = 0; ; n++) {
        const g = gateway(config);
        const both = interleave(g, n, chat(first), chat(second));
        if (both === undefined) break;
        tried++;
        const { one, other } = both;
        const billed = one.upstream.length + other.upstream.length;
        const areEqual = first.user === second.user && first.content === second.content;
        if (first.key !== undefined && first.user === second.user) assert.equal(billed, 1, `at call ${n}`);
        for (const [result, ask] of [
          [one, first],
          [other, second],
        ] as const) {
          // prettier-ignore
          assert.ok([200, 409, 422].includes(result.status), `${result.status} at call ${n}`);
          if (result.status !== 200) continue;
          const { user = "alice", key, content = "Hello" } = ask;
          assert.match(text(result), new RegExp(`"${user}/${key}/${content}"`), `at call ${n}`);
        }
        if (areEqual && billed === 2) assert.ok(first.again === true || second.again === true);
        // The last word: nothing runs any more, so a repeat is one of a call that is over.
        const last = g.request(chat({ ...first, again: true, worker: 2 }));
        assert.notEqual(last.status, 500);
        assert.deepEqual(g.traps, []);
      }
      assert.ok(tried >= 4, `${tried} calls to come between`);
    });
  }
});

describe("answers that are kept", () => {
  test("never reach another caller, key or body, on whatever worker", () => {
    const g = gateway({ ...replaying, maxReplayBytes: 1024, maxReplayTotal: 4096 });
    let state = 7;
    const random = (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    let replayed = 0;
    let early = 0;
    const bytes = () => g.vms().reduce((sum, vm) => sum + vm.memory.size, 0);
    for (let i = 0; i < 6_000; i++) {
      if (i === 2_000) early = bytes();
      const user = `user-${random(4)}`;
      const key = `key-${random(6)}`;
      const content = `body-${random(2)}`;
      const result = g.request(chat({ user, key, content, worker: random(4) }));
      assert.ok(result.status === 200 || result.status === 422);
      if (result.status === 200) assert.match(text(result), new RegExp(`"${user}/${key}/${content}"`));
      if (header(result, "x-ai-replayed") === "true") replayed++;
    }
    assert.ok(replayed > 100, `${replayed} replays`);
    assert.equal(bytes(), early, "linear memory is flat");
    assert.deepEqual(g.traps, []);
    const places = g.sharedData.entries("").filter(([name]) => name.startsWith("sluice/default/replay/"));
    assert.ok(places.length <= 1 + 4, `${places.length} keys`);
  });

  test("expire, and a clock that is set back does not make them live longer", () => {
    const g = gateway({ ...replaying, duplicateWindow: "10m" });
    g.request(chat({ key: "k" }));
    const isReplayed = () => header(g.request(chat({ key: "k", worker: 1 })), "x-ai-replayed") === "true";
    assert.ok(isReplayed());
    g.clock.epochMs -= 60_000;
    assert.ok(!isReplayed(), "it seems to come from the future");
    const fresh = gateway({ ...replaying, duplicateWindow: "10m" });
    fresh.request(chat({ key: "k" }));
    fresh.clock.epochMs += 11 * 60_000;
    assert.equal(header(fresh.request(chat({ key: "k" })), "x-ai-replayed"), undefined);
  });

  test("are one byte apart when their requests are", () => {
    const g = gateway(rejecting);
    g.request(chat({ content: "Hello!" }));
    assert.equal(g.request(chat({ content: "Hello?", again: true })).status, 200);
    assert.equal(g.request(chat({ content: "Hello!", again: true })).status, 409);
    const long = "x".repeat(200_000);
    g.request(chat({ content: `${long}a` }));
    assert.equal(g.request(chat({ content: `${long}b`, again: true })).status, 200);
    assert.equal(g.request(chat({ content: `${long}a`, again: true })).status, 409);
  });
});

describe("a clock that steps", () => {
  for (const [name, step, status] of [
    ["a second back", -1_000, 409],
    ["a day back", -86_400_000, 200],
    ["a minute forward", 60_000, 409],
    ["a day forward", 86_400_000, 200],
  ] as const) {
    test(`${name}: a repeat is ${status === 409 ? "known" : "passed"}`, () => {
      const g = gateway(rejecting);
      g.request(chat());
      g.clock.epochMs += step;
      assert.equal(g.request(chat({ again: true })).status, status);
      assert.deepEqual(g.traps, []);
    });
  }
});

describe("a host that fails", () => {
  const calls = [
    ...["get_shared_data", "set_shared_data", "get_property", "set_property", "get_header_map_value"],
    ...["get_header_map_pairs", "replace_header_map_value", "remove_header_map_value", "get_buffer_bytes"],
    ...["set_buffer_bytes", "define_metric", "increment_metric", "record_metric", "get_current_time_nanoseconds"],
    ...["call_foreign_function", "log", "set_effective_context"],
  ];
  for (const call of calls) {
    test(`with proxy_${call} answering errors lets calls pass`, () => {
      let isOn = false;
      const config = { ...replaying, clientRetries: "stop", proxyRetries: "safe", routeHasNoRetryPolicy: true };
      const faults = (name: string) => (isOn && name === `proxy_${call}` ? 10 : undefined);
      const g = gateway({ ...config, timeouts: [{ request: "auto" }] }, { faults });
      g.request(chat({ key: "before" }));
      isOn = true;
      for (const ask of [{}, { key: "k" }, { key: "k" }, { again: true }, { stream: true }]) {
        const result = g.request(chat({ ...ask, upstream: answer("fine") }));
        const isRefused = [409, 422].includes(result.status) || header(result, "x-ai-replayed") === "true";
        assert.ok(result.status === 200 || isRefused, `${result.status} ${result.outcome}`);
      }
      isOn = false;
      assert.equal(g.request(chat({ key: "after" })).status, 200);
      assert.deepEqual(g.traps, []);
    });
  }
});

describe("safe retries", () => {
  const safe = { proxyRetries: "safe", routeHasNoRetryPolicy: true, maxRetries: 2 };
  const refused = { clusters: [{ name: "model", refused: true }], routes: [{ cluster: "model" }] };

  test("end when their share of a model's calls is spent", () => {
    const g = gateway({ ...safe, minSuccessRate: "0" }, refused);
    const attempts = Array.from({ length: 6 }, () => g.request(chat()).attempts);
    assert.deepEqual(attempts, [3, 3, 1, 1, 1, 1]);
    assert.equal(g.request(chat({ model: "another" })).attempts, 3);
    g.clock.epochMs += 120_000;
    assert.equal(g.request(chat()).attempts, 3);
  });

  test("are shared by all workers", () => {
    const g = gateway({ ...safe, minSuccessRate: "0" }, refused);
    const attempts = Array.from({ length: 6 }, (_, n) => g.request(chat({ worker: n % 4 })).attempts);
    assert.deepEqual(attempts, [3, 3, 1, 1, 1, 1]);
  });

  test("end while a model fails, and begin again when it is well", () => {
    const failed: AnswerSpec = { kind: "answer", status: 500, headers: json, body: "{}" };
    const g = gateway({ ...safe, budget: "1" }, { clusters: [{ name: "model" }, { name: "dead", refused: true }], routes: [{ headers: [{ name: "x-dead", present: true }], cluster: "dead" }, { cluster: "model" }] }); // prettier-ignore
    const dead = () => {
      const spec = chat();
      return g.request({ ...spec, headers: [...(spec.headers ?? []), ["x-dead", "1"]] }).attempts;
    };
    assert.equal(dead(), 3);
    for (let n = 0; n < 12; n++) g.request(chat({ upstream: failed }));
    assert.equal(dead(), 1);
    for (let n = 0; n < 30; n++) g.request(chat());
    assert.equal(dead(), 3);
  });
});

describe("learnt times", () => {
  test("are twice what 99 of 100 calls needed, and the longest until that is known", () => {
    const rule = { models: ["*"], request: "auto", autoMin: "1s", autoMax: "60s" };
    const g = gateway({ timeouts: [rule] });
    const hang = { kind: "hang" } as const;
    const before = g.request(chat({ upstream: hang, patienceMs: 200_000 }));
    assert.equal(before.status, 504);
    assert.ok(Math.abs(before.durationMs - 60_000) < 1_000, `${before.durationMs}`);
    for (let n = 0; n < 150; n++) g.request(chat({ upstream: answer("x", { delayMs: 2_800 }), worker: n % 4 }));
    const after = g.request(chat({ upstream: hang, patienceMs: 200_000 }));
    assert.equal(after.status, 504);
    assert.ok(Math.abs(after.durationMs - 6_000) < 200, `${after.durationMs}`);
    const streamed = g.request(chat({ upstream: hang, stream: true, patienceMs: 200_000 }));
    assert.equal(streamed.outcome, "hang", "streams have rules of their own");
  });
});

test("what is not money is not counted as saved, and what is, is", () => {
  const g = gateway(rejecting);
  g.request(chat());
  g.request(chat({ again: true }));
  assert.equal(metric(g, /saved_nano/), 0);
  assert.equal(metric(g, /action=\.=rejected.*retry_guard\.repeats/), 1);
});

test("a configuration that is wrong takes no traffic down and still removes forged headers", () => {
  const g = gateway({ proxyRetries: "safe" });
  const spec = chat();
  const result = g.request({ ...spec, headers: [...(spec.headers ?? []), ["x-envoy-max-retries", "9"]] });
  assert.equal(result.status, 200);
  assert.ok(!result.upstream[0]?.headers.some(([name]) => name === "x-envoy-max-retries"));
  assert.ok(g.logLines.some(({ text: line }) => line.includes("routeHasNoRetryPolicy")));
});

test("a change of configuration keeps what is known of calls", () => {
  const g = gateway(rejecting);
  g.request(chat());
  assert.ok(g.update("retry-guard", { config: { mode: "enforce", ...rejecting, clientRetries: "stop" } }));
  assert.equal(g.request(chat({ again: true, worker: 3 })).status, 409);
});

test("configurations that come and go leave no memory behind", () => {
  const g = gateway({ ...replaying, timeouts: [{ request: "auto" }] });
  const bytes = () => g.vms().reduce((sum, vm) => sum + vm.memory.size, 0);
  const change = (n: number) => {
    g.update("retry-guard", { config: { mode: "enforce", ...replaying, maxReplayBytes: 65_536 - n } });
    for (let worker = 0; worker < 4; worker++) g.request(chat({ key: `k-${n}`, worker }));
  };
  for (let n = 0; n < 30; n++) change(n);
  const settled = bytes();
  for (let n = 30; n < 230; n++) change(n);
  assert.equal(bytes(), settled);
  assert.deepEqual(g.traps, []);
});
