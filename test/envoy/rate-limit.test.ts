// rate-limit in a real Envoy: exact with several workers under load, obeyed by the official clients, kept over changes.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { call, callOn, connectH2, type ClientResponse, type H2Connection } from "../../harness/envoy/client.ts";
import type { EnvoyConfig, ListenerConfig } from "../../harness/envoy/config.ts";
import { startEnvoy, type Envoy } from "../../harness/envoy/process.ts";
import { startModelServer, type ModelServer } from "../../harness/providers/server.ts";
import type { Json, PluginSpec } from "../../harness/scenario/scenario.ts";

type Fields = { [field: string]: Json };

const plugin = (name: string, config: Fields, more: Partial<PluginSpec> = {}): PluginSpec => ({
  kind: "plugin",
  name,
  module: "build/rate-limit.wasm",
  config: { instance: name.replace(/-(outer|inner)$/, ""), ...config },
  allowOnHeadersStopIteration: true,
  ...more,
});

const listener = (name: string, config: Fields): ListenerConfig => ({
  name,
  chain: [plugin(name, config)],
  routes: [{ cluster: "model", timeoutMs: 0 }],
});

/** The two instances of a stock WasmPlugin. */
const paired = (name: string, config: Fields): ListenerConfig => ({
  ...listener(name, config),
  chain: (["outer", "inner"] as const).map((pair) =>
    plugin(`${name}-${pair}`, config, { pair, allowOnHeadersStopIteration: false }),
  ),
});

const rule = (limit: Fields, more: Fields = {}): Fields => ({ name: "limit", mode: "enforce", limit, ...more });

const capacity = 100;
const refill = 200;
const perSecond = rule({ capacity, refill, interval: "1s" });

function config(port: number): EnvoyConfig {
  const dialects = ["ietf", "openai", "anthropic", "envoy"];
  const tokens = { rules: [rule({ capacity: 20_000, interval: "100d", unit: "tokens" })] };
  return {
    listeners: [
      { ...listener("load", { rules: [perSecond] }), routes: [{ respond: { status: 200, body: "" } }] },
      {
        ...listener("leased", { rules: [{ ...perSecond, lease: "0.1" }] }),
        routes: [{ respond: { status: 200, body: "" } }],
      },
      { ...listener("changing", { rules: [perSecond] }), routes: [{ respond: { status: 200, body: "" } }] },
      {
        ...listener("shadow", {
          rules: [{ ...rule({ capacity: 1, interval: "1h" }), mode: "shadow" }],
          reject: { dialects },
        }),
      },
      listener("told", { rules: [rule({ capacity: 10, interval: "1h" })], reject: { dialects } }),
      listener("burst", { rules: [rule({ capacity: 2, refill: 1, interval: "1200ms" })] }),
      listener("never", { rules: [rule({ capacity: 1, interval: "10d" })] }),
      listener("tokens", tokens),
      paired("paired", tokens),
      listener("aborted", {
        rules: [rule({ capacity: 100_000, interval: "100d", unit: "tokens" })],
        reject: { dialects },
      }),
      listener("flight", { rules: [rule({ capacity: 3, unit: "concurrency" })] }),
    ],
    clusters: [
      { name: "model", endpoints: [port], limits: { connections: 10_000, pendingRequests: 10_000, requests: 10_000 } },
    ],
  };
}

const connectionCount = 8;

/** What came of asking for a while. */
interface Load {
  admitted: number;
  refused: number;
  /** Seconds that it took: between the first answer and the last call that found the bucket empty, and in all. */
  least: number;
  most: number;
}

/** Asks by each of the ways at once, again and again, until `ms` are over. */
async function load(ways: (() => Promise<ClientResponse>)[], ms: number): Promise<Load> {
  const sum = { admitted: 0, refused: 0, least: 0, most: 0 };
  const started = performance.now();
  let firstDone = Number.POSITIVE_INFINITY;
  let lastEmpty = started;
  const ask = async (way: () => Promise<ClientResponse>): Promise<void> => {
    while (performance.now() - started < ms) {
      const sent = performance.now();
      const answer = await way();
      firstDone = Math.min(firstDone, performance.now());
      if (answer.status === 200) sum.admitted++;
      else if (answer.status === 429) {
        sum.refused++;
        lastEmpty = Math.max(lastEmpty, sent);
      } else assert.fail(`${answer.outcome} ${answer.status} ${answer.reason}`);
    }
  };
  await Promise.all(ways.map(ask));
  sum.most = (performance.now() - started) / 1000;
  sum.least = Math.max(0, lastEmpty - firstDone) / 1000;
  return sum;
}

/** Four streams of each connection. */
const over = (clients: H2Connection[]) =>
  clients.flatMap((client) => Array.from({ length: 4 }, () => () => callOn(client, { path: "/v1/models" })));

for (const concurrency of [1, 2, 4]) {
  describe(`with ${concurrency} workers`, () => {
    let envoy: Envoy;
    let model: ModelServer;

    before(async () => {
      model = await startModelServer();
      envoy = await startEnvoy(config(model.port), { concurrency });
    });
    after(async () => {
      await model?.stop();
      await envoy?.stop();
    });

    const connect = (name: string) =>
      Promise.all(Array.from({ length: connectionCount }, () => connectH2(envoy.port(name))));

    test("admits under load exactly what there is: no call more, and none less", async (t) => {
      const clients = await connect("load");
      const { admitted, refused, least, most } = await load(over(clients), 1500);
      for (const client of clients) client.destroy();
      t.diagnostic(`${admitted} admitted, ${refused} refused in ${most.toFixed(2)} s`);
      assert.ok(admitted <= capacity + refill * most, `${admitted} in ${most} s`);
      assert.ok(admitted >= Math.floor(capacity + refill * least) - 1, `${admitted} in ${least} s`);
      assert.ok(refused > 100);
    });

    test("with leases admits no more either, and not much less", async (t) => {
      const clients = await connect("leased");
      const { admitted, refused, least, most } = await load(over(clients), 1500);
      for (const client of clients) client.destroy();
      t.diagnostic(`${admitted} admitted, ${refused} refused in ${most.toFixed(2)} s`);
      assert.ok(admitted <= capacity + refill * most, `${admitted} in ${most} s`);
      assert.ok(
        admitted >= Math.floor(capacity + refill * least) - 1 - (concurrency - 1) * capacity * 0.1,
        `${admitted} in ${least} s`,
      );
    });

    test("keeps its buckets while the configuration changes under load, and answers every call", async () => {
      const port = envoy.port("changing");
      const loading = load(
        Array.from({ length: 8 }, () => () => call(port, "h1", { path: "/v1/models" })),
        2500,
      );
      for (const giveUpAfter of ["50s", "40s", "30s"]) {
        await sleep(500);
        const next = config(model.port);
        const changed = next.listeners.map((one) =>
          one.name === "changing"
            ? { ...one, chain: [plugin("changing", { rules: [perSecond], reject: { giveUpAfter } })] }
            : one,
        );
        const { accepted, reasons } = await envoy.update({ ...next, listeners: changed });
        assert.ok(accepted, reasons.join("\n"));
      }
      const { admitted, least, most } = await loading;
      assert.ok(admitted <= capacity + refill * most, `${admitted} in ${most} s`);
      assert.ok(admitted >= capacity + refill * least * 0.9, `${admitted} in ${least} s`);
    });

    for (const name of ["tokens", "paired"]) {
      test(`lets concurrent calls spend no more tokens than there are (${name})`, async () => {
        model.reset([{ do: { usage: { input: 150, output: 350 }, delayMs: 20 } }]);
        const content = "word ".repeat(120);
        const body = JSON.stringify({ model: "gpt-4o", max_tokens: 350, messages: [{ role: "user", content }] });
        const request = { path: "/v1/chat/completions", headers: { "content-type": "application/json" }, body };
        const clients = await connect(name);
        const statuses = await Promise.all(
          clients.flatMap((client) => Array.from({ length: 12 }, () => callOn(client, request))),
        );
        for (let i = 0; i < 5; i++) statuses.push(await callOn(clients[0] as H2Connection, request));
        for (const client of clients) client.destroy();
        const used = model.billed.reduce((sum, { usage }) => sum + (usage?.input ?? 0) + (usage?.output ?? 0), 0);
        assert.equal(statuses.filter(({ status }) => status === 200).length, model.billed.length);
        assert.ok(used <= 20_000, `${used} used`);
        assert.ok(used > 19_000, `${used} used`);
        assert.ok(statuses.every(({ status }) => status === 200 || status === 429));
      });
    }

    test("counts calls in flight, whoever of them leaves or fails", async () => {
      model.reset([{ do: { delayMs: 150 } }]);
      const ask = () =>
        call(envoy.port("flight"), "h1", {
          path: "/v1/chat/completions",
          headers: { "content-type": "application/json" },
          body: '{"model":"m","messages":[]}',
        });
      for (let round = 0; round < 3; round++) {
        const statuses = (await Promise.all(Array.from({ length: 8 }, ask))).map(({ status }) => status);
        assert.equal(statuses.filter((status) => status === 200).length, 3, statuses.join(" "));
        await sleep(30);
      }
      const leaving = Array.from({ length: 3 }, () =>
        call(envoy.port("flight"), "h2", {
          path: "/v1/chat/completions",
          headers: { "content-type": "application/json" },
          body: '{"model":"m","messages":[]}',
          abort: { afterMs: 20 },
        }),
      );
      await Promise.all(leaving);
      await sleep(100);
      assert.equal((await ask()).status, 200);
    });
  });
}

describe("the official clients", () => {
  let envoy: Envoy;
  let model: ModelServer;
  const messages = [{ role: "user" as const, content: "Hello" }];

  before(async () => {
    model = await startModelServer();
    envoy = await startEnvoy(config(model.port));
  });
  after(async () => {
    await model?.stop();
    await envoy?.stop();
  });

  const openai = (name: string, maxRetries: number) =>
    new OpenAI({ apiKey: "k", baseURL: `http://127.0.0.1:${envoy.port(name)}/v1`, maxRetries });
  const anthropic = (name: string, maxRetries: number) =>
    new Anthropic({ apiKey: "k", baseURL: `http://127.0.0.1:${envoy.port(name)}`, maxRetries });

  test("of OpenAI raises its RateLimitError with our message", async () => {
    const client = openai("never", 5);
    const ask = () => client.chat.completions.create({ model: "gpt-4o", messages });
    await ask();
    const started = performance.now();
    const error = await ask().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof OpenAI.RateLimitError);
    assert.match(error.message, /Rate limit `limit` reached: at most 1 requests in 864000 s, 0 left/);
    assert.equal(error.code, "rate_limit_exceeded");
    assert.equal(error.headers.get("x-should-retry"), "false");
    assert.ok(performance.now() - started < 400, "it does not retry in vain");
  });

  test("of Anthropic raises its RateLimitError with our message", async () => {
    const client = anthropic("never", 5);
    const error = await client.messages.create({ model: "claude-opus-5", max_tokens: 5, messages }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof Anthropic.RateLimitError);
    assert.match(error.message, /Rate limit `limit` reached/);
  });

  for (const vendor of ["OpenAI", "Anthropic"] as const) {
    test(`of ${vendor} obeys when to retry, and succeeds the first time`, async () => {
      const retries = (): string[] => model.calls.map((one) => one.header("x-stainless-retry-count") ?? "");
      const ask =
        vendor === "OpenAI"
          ? () => openai("burst", 1).chat.completions.create({ model: "gpt-4o", messages })
          : () => anthropic("burst", 1).messages.create({ model: "claude-opus-5", max_tokens: 5, messages });
      await sleep(2500);
      model.reset();
      await ask();
      await ask();
      assert.deepEqual(retries(), ["0", "0"]);
      await ask();
      assert.deepEqual(retries(), ["0", "0", "1"]);
    });
  }

  test("see their limits in each dialect, on answers and on streams", async () => {
    const client = openai("told", 0);
    const { response } = await client.chat.completions.create({ model: "gpt-4o", messages }).withResponse();
    assert.equal(response.headers.get("x-ratelimit-limit-requests"), "10");
    assert.equal(response.headers.get("x-ratelimit-remaining-requests"), "9");
    assert.match(response.headers.get("x-ratelimit-reset-requests") ?? "", /^6m0s$|^5m59/);
    const stream = await client.chat.completions.create({ model: "gpt-4o", messages, stream: true }).withResponse();
    for await (const chunk of stream.data) void chunk;
    assert.equal(stream.response.headers.get("ratelimit-policy"), '"limit";q=10;w=3600');
    assert.match(stream.response.headers.get("ratelimit") ?? "", /^"limit";r=8;t=7\d\d$/);
    assert.equal(stream.response.headers.get("anthropic-ratelimit-requests-remaining"), "8");
    assert.match(
      stream.response.headers.get("anthropic-ratelimit-requests-reset") ?? "",
      /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
    );
    assert.equal(stream.response.headers.get("x-ratelimit-remaining"), "8");
  });

  test("see nothing of a shadow rule, which counts all the same", async () => {
    const client = openai("shadow", 0);
    for (let i = 0; i < 3; i++) {
      const { response } = await client.chat.completions.create({ model: "gpt-4o", messages }).withResponse();
      assert.equal([...response.headers.keys()].filter((name) => name.includes("ratelimit")).length, 0);
    }
    await sleep(50);
    const stats = await envoy.stats();
    assert.equal(stats.sum("sluice_ratelimit_would_throttle", { rule: "limit" }), 2);
    const entries = await envoy.accessLog("shadow");
    assert.equal(entries.at(-1)?.filterState["sluice.ratelimit"], "would-throttle");
  });

  test("pay for what was streamed when they leave in its middle", async () => {
    model.reset([{ do: { text: "word ".repeat(400), eventDelayMs: 5 } }]);
    const client = openai("aborted", 0);
    const stream = await client.chat.completions.create({ model: "gpt-4o", messages, stream: true });
    let chunks = 0;
    for await (const chunk of stream) {
      void chunk;
      if (++chunks === 40) break;
    }
    await sleep(100);
    model.reset([{ do: { status: 500 } }]);
    const look = await fetch(`http://127.0.0.1:${envoy.port("aborted")}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"model":"x","max_tokens":0,"messages":[]}',
    });
    const spent = 100_000 - Number(look.headers.get("x-ratelimit-remaining-tokens"));
    assert.ok(spent >= 40 && spent < 300, `${spent} spent`);
  });
});
