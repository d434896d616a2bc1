// One limit for two gateways, kept by the real rate limit service on a real Redis, which are killed, stopped and slow.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { renderRateLimit } from "../../harness/deploy/ratelimit.ts";
import { call } from "../../harness/envoy/client.ts";
import type { EnvoyConfig, ListenerConfig } from "../../harness/envoy/config.ts";
import { startEnvoy, type Envoy } from "../../harness/envoy/process.ts";
import { startModelServer, type ModelServer } from "../../harness/providers/server.ts";
import type { Json, PluginSpec } from "../../harness/scenario/scenario.ts";
import { missing, RateLimitService } from "./rate-limit-service.ts";

type Fields = { [field: string]: Json };

const rules: Fields[] = [
  {
    name: "calls",
    mode: "enforce",
    match: { paths: ["/calls/*"] },
    key: ["path"],
    limit: { capacity: 30, interval: "1d" },
  },
  {
    name: "tokens",
    mode: "enforce",
    match: { paths: ["/v1/*"] },
    key: ["header:x-user"],
    limit: { capacity: 3000, interval: "1d", unit: "tokens" },
    overrides: [{ key: ["vip"], limit: { capacity: 6000, refill: 6000 } }],
  },
  { name: "narrow", mode: "enforce", match: { paths: ["/calls/narrow"] }, limit: { capacity: 5, interval: "1d" } },
];

const config = (onError: string): Fields => ({
  trustedHeaders: ["x-user"],
  rules,
  reject: { dialects: ["ietf", "openai"] },
  // As long as a loaded machine may need.
  global: { cluster: "rate-limit", timeout: "500ms", onError, replicas: 2 },
});

function listener(onError: string): ListenerConfig {
  const plugin: PluginSpec = {
    kind: "plugin",
    name: onError,
    module: "build/rate-limit.wasm",
    config: { ...config(onError), instance: onError },
    allowOnHeadersStopIteration: true,
  };
  const routes: ListenerConfig["routes"] = [
    { prefix: "/v1/", cluster: "model", timeoutMs: 0 },
    { respond: { status: 200, body: "" } },
  ];
  return { name: onError, chain: [plugin], routes };
}

/** A pair on a gateway whose Envoy has no flag. */
function paired(): ListenerConfig {
  const one = listener("local");
  const plugins = (["outer", "inner"] as const).map((pair): PluginSpec => ({
    kind: "plugin",
    name: `pair-${pair}`,
    module: "build/rate-limit.wasm",
    config: { ...config("local"), instance: "pair" },
    pair,
  }));
  return { ...one, name: "pair", chain: plugins };
}

function envoyConfig(model: number, service: number): EnvoyConfig {
  return {
    listeners: [...["local", "open", "closed"].map(listener), paired()],
    clusters: [
      { name: "model", endpoints: [model] },
      { name: "rate-limit", endpoints: [service], protocol: "h2", connectTimeoutMs: 200 },
    ],
  };
}

describe("two gateways", { skip: missing ?? false }, () => {
  let service: RateLimitService;
  let model: ModelServer;
  let gateways: [Envoy, Envoy];

  before(async () => {
    service = await RateLimitService.start(renderRateLimit(config("local")));
    model = await startModelServer();
    const start = () => startEnvoy(envoyConfig(model.port, service.port), { concurrency: 2 });
    gateways = [await start(), await start()];
  });
  after(async () => {
    for (const gateway of gateways ?? []) await gateway.stop();
    await model?.stop();
    await service?.stop();
  });

  const get = (at: number, path: string, name = "local") =>
    call((gateways[at % 2] as Envoy).port(name), "h1", { path, timeoutMs: 5000 });
  const chat = (at: number, user: string, name = "local") =>
    call((gateways[at % 2] as Envoy).port(name), "h1", {
      path: "/v1/chat/completions",
      headers: { "content-type": "application/json", "x-user": user },
      body: JSON.stringify({ model: "gpt-4o", max_tokens: 100, messages: [{ role: "user", content: "Hello" }] }),
      timeoutMs: 5000,
    });
  const statuses = async (count: number, ask: (at: number) => Promise<{ status: number }>) =>
    (await Promise.all(Array.from({ length: count }, (_, at) => ask(at)))).map(({ status }) => status);
  const admitted = (all: number[]) => all.filter((status) => status === 200).length;

  test("share one limit of requests, and tell what it says", async () => {
    const first = await get(0, "/calls/a");
    assert.equal(first.status, 200);
    assert.equal(first.header("x-ratelimit-limit-requests"), "30");
    assert.equal(first.header("x-ratelimit-remaining-requests"), "29");
    const all = await statuses(80, (at) => get(at, "/calls/a"));
    assert.equal(admitted(all), 29);
    const refused = await get(1, "/calls/a");
    assert.equal(refused.status, 429);
    const wait = Number(refused.header("retry-after"));
    assert.ok(wait > 0 && wait <= 86_400, `${wait}`);
    assert.equal(refused.header("x-should-retry"), "false");
    assert.match(refused.text(), /Rate limit `calls` reached: at most 30 requests in 86400 s, 0 left/);
    assert.equal((await get(0, "/calls/b")).status, 200);
  });

  test("take nothing for a call that one of its rules refuses", async () => {
    const all = await statuses(20, (at) => get(at, "/calls/narrow"));
    assert.equal(admitted(all), 5);
    // 30 were there for this path; 5 were taken.
    const next = await get(0, "/calls/narrow");
    assert.equal(next.status, 429);
    assert.match(next.text(), /`narrow`/);
  });

  test("share a limit of tokens: what calls cost reaches the service", async () => {
    model.reset([{ do: { usage: { input: 100, output: 400 } } }]);
    let calls = 0;
    for (; calls < 20; calls++) {
      const { status } = await chat(calls, "a");
      if (status !== 200) break;
      await sleep(20);
    }
    // 3000 are there, 500 each: the seventh is asked about when all are used, and may pass; no more do.
    assert.ok(calls === 6 || calls === 7, `${calls} calls`);
    assert.equal((await chat(0, "a")).status, 429);
    assert.equal((await chat(1, "a")).status, 429);
    assert.equal((await chat(1, "vip")).status, 200);
  });

  test("work as a pair, too", async () => {
    assert.equal(admitted(await statuses(50, (at) => get(at, "/calls/pair", "pair"))), 30);
    model.reset([{ do: { usage: { input: 100, output: 100 } } }]);
    const answer = await chat(0, "pair", "pair");
    assert.equal(answer.status, 200);
    assert.equal((await chat(0, "a", "pair")).status, 429, "what one instance of the module used up");
  });

  for (const [how, away, back] of [
    ["Redis is killed", () => service.stopRedis(), () => service.startRedis()],
    ["the service is stopped", () => service.stopService(), () => service.startService()],
    ["the service is slow", async () => service.pause(), async () => service.resume()],
  ] as [string, () => Promise<void>, () => Promise<void>][]) {
    test(`decide by themselves when ${how}, and together again afterwards`, async () => {
      const path = `/calls/${how.replaceAll(" ", "-")}`;
      assert.equal((await get(0, path)).status, 200);
      await away();
      try {
        const started = performance.now();
        // Half of the limit in each gateway, and no request hangs.
        const local = await statuses(40, (at) => get(2 * at, path));
        assert.equal(admitted(local), 15, local.join(" "));
        assert.ok(local.every((status) => status === 200 || status === 429));
        assert.equal(admitted(await statuses(40, (at) => get(at, path, "open"))), 40);
        const closed = await statuses(10, (at) => get(at, path, "closed"));
        assert.ok(
          closed.every((status) => status === 503),
          closed.join(" "),
        );
        model.reset([{ do: { usage: { input: 100, output: 900 } } }]);
        assert.equal((await chat(0, how)).status, 200);
        assert.ok(performance.now() - started < 10_000);
        const stats = await gateways[0].stats();
        assert.ok(stats.sum("sluice_errors", { filter: "rate-limit", kind: "rate_limit_service" }) > 0);
      } finally {
        await back();
      }
      // It is found again by itself: every call is answered by the service.
      let isBack = false;
      for (let tries = 0; tries < 100 && !isBack; tries++) {
        await sleep(100);
        isBack = (await get(0, `${path}-${tries}`, "closed")).status === 200;
      }
      assert.ok(isBack, "limiting resumes");
      if (how !== "Redis is killed") assert.equal((await get(1, path)).header("x-ratelimit-limit-requests"), "30");
      // What was spent meanwhile was remembered: 1000 of 3000 tokens, so that two more such calls are all there is.
      await sleep(2500);
      let more = 0;
      while (more < 5 && (await chat(1, how)).status === 200) {
        more++;
        await sleep(50);
      }
      assert.ok(more === 2 || more === 3, `${more} more`);
    });
  }

  test("harm no call that leaves while the service is asked", async () => {
    service.pause();
    const leaving = Array.from({ length: 10 }, (_, at) =>
      call(gateways[0].port("local"), "h2", { path: "/calls/leaving", abort: { afterMs: 20 + at } }),
    );
    await Promise.all(leaving);
    service.resume();
    await sleep(300);
    assert.equal((await get(0, "/calls/leaving")).status, 200);
  });
});
