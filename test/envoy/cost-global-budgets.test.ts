// One budget for two gateways, kept by the real rate limit service on a real Redis that writes to disk: killed, stopped, slow.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { describeBudgets } from "../../harness/deploy/ratelimit-budgets.ts";
import { rateLimitFiles } from "../../harness/deploy/ratelimit-words.ts";
import { call } from "../../harness/envoy/client.ts";
import type { EnvoyConfig, ListenerConfig } from "../../harness/envoy/config.ts";
import { startEnvoy, type Envoy } from "../../harness/envoy/process.ts";
import { startModelServer, type ModelServer } from "../../harness/providers/server.ts";
import type { Json, PluginSpec } from "../../harness/scenario/scenario.ts";
import { missing, RateLimitService } from "./rate-limit-service.ts";

type Fields = { [field: string]: Json };

/** Six calls of `usage`, and a little: what a call will cost is estimated somewhat above. */
const amount = "0.0032";
const usage = { input: 100, output: 400 };

const config = (onError: string): Fields => ({
  prices: [{ id: "p", models: ["*"], input: "1", output: "1" }],
  trustedHeaders: ["x-team"],
  includeUsage: "off",
  budgets: [
    { name: "team", mode: "enforce", key: ["header:x-team"], amount, window: "month", timeZone: "+08:00" },
    { name: "all", mode: "shadow", key: ["const:all"], amount: "1000", window: "day" },
  ],
  adjustments: [{ id: "gift", budget: "team", key: ["gifted"], amount: "-0.001" }],
  // As long as a loaded machine may need.
  global: { cluster: "rate-limit", timeout: "500ms", onError, replicas: 2 },
});

/** A stock pair for `local`, the flag for the others. */
function listener(onError: string): ListenerConfig {
  const plugin = (name: string, more: Partial<PluginSpec>): PluginSpec => ({
    ...{ kind: "plugin", name, module: "build/cost-accounting.wasm" },
    config: { ...config(onError), instance: onError },
    ...more,
  });
  const chain =
    onError === "local"
      ? (["outer", "inner"] as const).map((pair) => plugin(`${onError}-${pair}`, { pair }))
      : [plugin(onError, { allowOnHeadersStopIteration: true })];
  return { name: onError, chain, routes: [{ prefix: "/", cluster: "model", timeoutMs: 0 }] };
}

function envoyConfig(model: number, service: number): EnvoyConfig {
  return {
    listeners: ["local", "open", "closed"].map(listener),
    clusters: [
      { name: "model", endpoints: [model] },
      { name: "rate-limit", endpoints: [service], protocol: "h2", connectTimeoutMs: 200 },
    ],
  };
}

describe("two gateways with one budget", { skip: missing ?? false }, () => {
  let service: RateLimitService;
  let model: ModelServer;
  let gateways: [Envoy, Envoy];

  before(async () => {
    const file = describeBudgets(config("local"));
    assert.ok(file);
    service = await RateLimitService.start(rateLimitFiles([file]).values(), { keeps: true });
    model = await startModelServer();
    model.reset([{ do: { usage } }]);
    gateways = [await start(), await start()];
  });
  after(async () => {
    for (const gateway of gateways ?? []) await gateway.stop();
    await model?.stop();
    await service?.stop();
  });

  const chat = (at: number, team: string, name = "local") =>
    call((gateways[at % 2] as Envoy).port(name), "h1", {
      path: "/v1/chat/completions",
      headers: { "content-type": "application/json", "x-team": team },
      body: JSON.stringify({ model: "m", max_tokens: 500, messages: [{ role: "user", content: "Hello" }] }),
      timeoutMs: 10_000,
    });
  const start = () => startEnvoy(envoyConfig(model.port, service.port), { concurrency: 2 });
  /** Calls one after the other until one is refused; how many were not. */
  const spend = async (team: string, most = 12): Promise<number> => {
    for (let calls = 0; calls < most; calls++) {
      if ((await chat(calls, team)).status !== 200) return calls;
      await sleep(100); // what it cost is on its way
    }
    return most;
  };

  test("spend it together, and no more", async () => {
    const calls = await spend("a");
    assert.ok(calls === 5 || calls === 6, `${calls} calls`);
    for (const at of [0, 1]) {
      const refused = await chat(at, "a");
      assert.equal(refused.status, 429);
      assert.match(refused.text(), /Budget `team` is spent: 0\.0032 USD until 20\d\d-\d\d-01T00:00:00\+08:00/);
      assert.equal(refused.header("x-should-retry"), "false");
      assert.ok(Number(refused.header("retry-after")) > 0);
    }
    const of = { budget: "all", consumer: "all" };
    const left = await Promise.all(
      gateways.map(async (gateway) => {
        const stats = await gateway.stats();
        assert.equal(stats.sum("sluice_budget_global_amount_nano", of), 1000e9);
        return 1000e9 - stats.sum("sluice_budget_global_remaining_nano", of);
      }),
    );
    // The last call may not know what the one before it cost.
    assert.ok([calls, calls - 1].includes(Math.max(...left) / 500_000), `${left}`);
  });

  test("overspend it by no call of those that run at once in one of them", async () => {
    const runs = await Promise.all(Array.from({ length: 20 }, () => chat(0, "crowd")));
    const admitted = runs.filter(({ status }) => status === 200).length;
    assert.ok(admitted === 5 || admitted === 6, `${admitted}`);
  });

  test("make a correction once, though three configurations in four workers ask for it", async () => {
    await sleep(1500);
    const calls = await spend("gifted");
    assert.ok(calls === 7 || calls === 8, `${calls} calls`);
  });

  test("find the sum again when Redis was killed and a gateway is a new one", async () => {
    for (let i = 0; i < 4; i++) assert.equal((await chat(i, "kept")).status, 200);
    await sleep(300);
    await service.stopRedis();
    const [open, closed] = [await chat(0, "kept", "open"), await chat(0, "kept", "closed")];
    await service.startRedis();
    assert.deepEqual([open.status, closed.status], [200, 503]);
    assert.match(closed.text(), /budget_unavailable/);
    await untilBack("redis");
    await gateways[1].stop();
    gateways[1] = await start();
    // Four of six are spent, and that of `open` while nobody counted.
    const more = await spend("kept");
    assert.ok(more >= 1 && more <= 2, `${more} more`);
    assert.equal((await chat(1, "kept")).status, 429);
  });

  for (const [how, away, back] of [
    ["stopped", () => service.stopService(), () => service.startService()],
    ["slow", async () => service.pause(), async () => service.resume()],
  ] as [string, () => Promise<void>, () => Promise<void>][]) {
    test(`keep to their shares when the service is ${how}, and remember what was spent`, async () => {
      await away();
      const started = performance.now();
      // Three of six in each; the other gateway does not know of them.
      const local = await Promise.all(Array.from({ length: 8 }, () => chat(0, how))).finally(back);
      assert.ok(performance.now() - started < 8000, "no call hangs");
      const admitted = local.filter(({ status }) => status === 200).length;
      assert.ok(admitted >= 2 && admitted <= 3, local.map(({ status }) => status).join(" "));
      assert.equal(local.filter(({ status }) => status === 429).length, 8 - admitted);
      await untilBack(how);
      const more = await spend(how);
      assert.ok(more + admitted === 5 || more + admitted === 6, `${admitted} and ${more} more`);
    });
  }

  /** The service is found again by itself, and has been told what was owed. */
  async function untilBack(how: string): Promise<void> {
    for (let tries = 0; tries < 100; tries++) {
      await sleep(100);
      if ((await chat(0, `${how}-${tries}`, "closed")).status !== 200) continue;
      await sleep(2500);
      return;
    }
    assert.fail("budgets are kept again");
  }
});
