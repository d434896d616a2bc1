// rate-limit in the in-process host: what is admitted, what callers are told, what is charged.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { Gateway, type GatewayOptions } from "../../harness/host/gateway.ts";
import type { AnswerSpec, Json, RequestSpec } from "../../harness/scenario/scenario.ts";

const wasm = readFileSync("build/rate-limit.wasm");
const epochMs = Date.UTC(2026, 10, 3, 12, 0, 0);

interface Rule {
  [field: string]: Json;
}

const requests = (capacity: number, interval = "60s", more: Rule = {}): Rule => ({
  name: "requests",
  mode: "enforce",
  limit: { capacity, interval },
  ...more,
});

const tokens = (capacity: number, interval = "60s", more: Rule = {}): Rule => ({
  name: "tokens",
  mode: "enforce",
  limit: { capacity, interval, unit: "tokens" },
  ...more,
});

function gateway(config: Rule, options: Partial<GatewayOptions> = {}): Gateway {
  const made = new Gateway({
    chain: [
      {
        kind: "plugin",
        name: "rate-limit",
        module: "build/rate-limit.wasm",
        config,
        allowOnHeadersStopIteration: true,
      },
    ],
    routes: [{ cluster: "model", timeoutMs: 0 }],
    clusters: [{ name: "model" }],
    loadModule: () => wasm,
    epochMs,
    ...options,
  });
  return made;
}

const json: [string, string][] = [["content-type", "application/json"]];

/** A chat request of about `tokens` input tokens while nothing is learned (4 bytes each). */
function chat(
  options: Partial<RequestSpec> & { tokens?: number; model?: string; maxTokens?: number } = {},
): RequestSpec {
  const { tokens: input = 10, model = "gpt-4o", maxTokens, headers = [], ...rest } = options;
  const content = "x".repeat(input * 4 - "user".length - model.length);
  const body = {
    model,
    messages: [{ role: "user", content }],
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
  };
  return {
    protocol: "h1",
    method: "POST",
    path: "/v1/chat/completions",
    headers: [...json, ...headers],
    body: JSON.stringify(body),
    ...rest,
  };
}

function answer(input: number, output: number, more: Partial<AnswerSpec> = {}): AnswerSpec {
  const body = {
    id: "chatcmpl-1",
    object: "chat.completion",
    model: "gpt-4o",
    choices: [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }],
    usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
  };
  return { kind: "answer", headers: json, body: JSON.stringify(body), ...more };
}

const get = (headers: [string, string][] = []): RequestSpec => ({
  protocol: "h1",
  method: "GET",
  path: "/v1/models",
  headers,
});

const header = (result: { headers: [string, string][] }, name: string) =>
  result.headers
    .filter(([key]) => key === name)
    .map(([, value]) => value)
    .join(", ") || undefined;

const text = (result: { body: Uint8Array }) => new TextDecoder().decode(result.body);

/** 1 per thousand tokens in, 2 per thousand out. */
const prices: Json = [
  { id: "4o", models: ["gpt-4o*"], per: "1K", input: "1", cachedInput: "0.5", output: "2" },
  { id: "fine", models: ["fine"], per: "1", input: "0.000000000001", output: "0.000000000001" },
];

/** A streamed chat answer of these pieces. */
const stream = (content: string[]) =>
  content.map((part) => `data: ${JSON.stringify({ choices: [{ delta: { content: part } }] })}\n\n`).join("");

/** A rule of cost, whose capacity is in 1e-9 of the currency. */
const cost = (capacity: number, interval = "1000s", more: Rule = {}): Rule => ({
  name: "cost",
  mode: "enforce",
  limit: { capacity, interval, unit: "cost" },
  ...more,
});

/** What `RateLimit` says is left. */
const leftIn = (result: { headers: [string, string][] }) =>
  Number(/;r=(\d+)/.exec(header(result, "ratelimit") ?? "")?.[1]);

describe("a limit of cost", () => {
  const one = 1_000_000_000;
  const small = (model: string) => chat({ tokens: 10, maxTokens: 10, model });

  test("reserves the price of an estimate and settles to what the call cost", () => {
    const g = gateway({ rules: [cost(one)], prices });
    const first = g.request({ ...small("gpt-4o"), upstream: answer(100, 50) });
    assert.equal(leftIn(first), one - 30_000_000);
    assert.match(header(first, "ratelimit-policy") ?? "", /"cost";q=1000000000;w=1000;qu="cost"/);
    assert.equal(leftIn(g.request(small("gpt-4o-other"))), one - 200_000_000 - 30_000_000);
  });

  test("charges what the finest prices make, and rounds nothing away", () => {
    const g = gateway({ rules: [cost(1_000_000, "366d", { reserve: false })], prices });
    const call = () => leftIn(g.request({ ...small("fine"), upstream: answer(1000, 1000, { body: fine }) }));
    const fine = JSON.stringify({
      ...{ object: "chat.completion", model: "fine", choices: [] },
      usage: { prompt_tokens: 500, completion_tokens: 1000, total_tokens: 1500 },
    });
    // 1.5e-9 each.
    assert.deepEqual([call(), call(), call()], [1_000_000, 999_998, 999_997]);
  });

  test("goes into debt, and admits the next call exactly when it is paid", () => {
    const g = gateway({ rules: [cost(one)], prices, currency: "EUR" });
    g.request({ ...small("gpt-4o"), upstream: answer(500, 750) });
    const refused = g.request(small("gpt-4o-y"));
    assert.equal(refused.status, 429);
    assert.match(text(refused), /at most 1 EUR in 1000 s, 0 left, about 0\.03 needed/);
    assert.equal(header(refused, "retry-after-ms"), "1030000");
    g.advance(1_029_999);
    assert.equal(g.request(small("gpt-4o-y")).status, 429);
    g.advance(1);
    assert.equal(g.request(small("gpt-4o-y")).status, 200);
  });

  test("gives all back when the provider fails, and charges what was streamed when the client leaves", () => {
    const g = gateway({ rules: [cost(one, "366d")], prices });
    g.request({ ...small("gpt-4o"), upstream: { kind: "answer", status: 500 } });
    assert.equal(
      leftIn(g.request({ ...small("gpt-4o"), upstream: { kind: "answer", status: 500 } })),
      one - 30_000_000,
    );
    const body = stream(Array.from({ length: 20 }, () => "word"));
    g.request({
      ...chat({ tokens: 100 }),
      upstream: {
        kind: "answer",
        headers: [["content-type", "text/event-stream"]],
        body,
        chunks: [{ bytes: body.length / 2 }, { bytes: body.length, afterMs: 1000 }],
        framing: "chunked",
      },
      abort: { responseBytes: body.length / 2 },
    });
    const left = leftIn(g.request(small("gpt-4o-y")));
    assert.ok(Math.abs(left - (one - 120_000_000 - 30_000_000)) < 100, `${left} left`);
  });

  test("counts calls without a price once, and does not charge them", () => {
    const g = gateway({ rules: [cost(one), cost(one, "1000s", { name: "more" })], prices });
    const body = JSON.stringify({
      model: "unpriced",
      choices: [],
      usage: { prompt_tokens: 9e6, completion_tokens: 9e6 },
    });
    assert.equal(leftIn(g.request({ ...small("unpriced"), upstream: answer(0, 0, { body }) })), one);
    assert.equal(g.metricValues()["filter=.=rate-limit;.;kind=.=unknown_price;.;sluice.errors"], 1);
    assert.equal(leftIn(g.request(small("unpriced"))), one);
  });
});

describe("a limit of requests", () => {
  test("admits its capacity at once and then as it comes back", () => {
    const g = gateway({ rules: [requests(3, "60s")] });
    const statuses = Array.from({ length: 5 }, () => g.request(get()).status);
    assert.deepEqual(statuses, [200, 200, 200, 429, 429]);
    g.advance(20_000);
    assert.equal(g.request(get()).status, 200);
    assert.equal(g.request(get()).status, 429);
    assert.deepEqual(g.traps, []);
  });

  test("tells who is refused when to come back, to the millisecond", () => {
    const g = gateway({ rules: [requests(2, "10s")], reject: { dialects: ["ietf", "openai", "anthropic", "envoy"] } });
    g.request(get());
    g.request(get());
    const refused = g.request(get([["x-request-id", "abc-1"]]));
    assert.equal(refused.status, 429);
    const wait = Number(header(refused, "retry-after-ms"));
    assert.equal(wait, 5000);
    assert.equal(header(refused, "retry-after"), "5");
    assert.equal(header(refused, "x-should-retry"), undefined);
    assert.equal(header(refused, "ratelimit-policy"), '"requests";q=2;w=10');
    assert.equal(header(refused, "ratelimit"), '"requests";r=0;t=10');
    assert.equal(header(refused, "x-ratelimit-limit-requests"), "2");
    assert.equal(header(refused, "x-ratelimit-remaining-requests"), "0");
    assert.equal(header(refused, "x-ratelimit-reset-requests"), "10s");
    assert.equal(header(refused, "anthropic-ratelimit-requests-reset"), "2026-11-03T12:00:10Z");
    assert.equal(header(refused, "x-ratelimit-limit"), "2, 2;w=10");
    assert.equal(header(refused, "x-envoy-ratelimited"), "true");
    const { error } = JSON.parse(text(refused)) as { error: { message: string; type: string; code: string } };
    assert.equal(error.type, "rate_limit_error");
    assert.equal(error.code, "rate_limit_exceeded");
    assert.match(error.message, /`requests`.*2 requests in 10 s, 0 left\. Try again in 5s\. \(request abc-1\)/);
    assert.equal(refused.responseCodeDetails, "sluice_rate_limited");
    g.advance(wait - 1);
    assert.equal(g.request(get()).status, 429);
    g.advance(1);
    assert.equal(g.request(get()).status, 200);
  });

  test("tells clients to give up when they would wait too long", () => {
    const g = gateway({ rules: [requests(1, "1h")], reject: { giveUpAfter: "30m" } });
    g.request(get());
    const refused = g.request(get());
    assert.equal(header(refused, "x-should-retry"), "false");
    assert.equal(header(refused, "retry-after"), "3600");
    g.advance(1_800_000);
    assert.equal(header(g.request(get()), "x-should-retry"), undefined);
  });

  test("tells on every answer what is left, and leaves what a provider says unless less is left here", () => {
    const config = { rules: [requests(10)], reject: { dialects: ["openai"] } };
    const g = gateway(config);
    assert.equal(header(g.request(get()), "x-ratelimit-remaining-requests"), "9");
    const theirs = (left: string): RequestSpec => ({
      ...get(),
      upstream: {
        kind: "answer",
        headers: [
          ["x-ratelimit-remaining-requests", left],
          ["x-ratelimit-limit-requests", "99"],
        ],
      },
    });
    const kept = g.request(theirs("3"));
    assert.equal(header(kept, "x-ratelimit-remaining-requests"), "3");
    assert.equal(header(kept, "x-ratelimit-limit-requests"), "99");
    const ours = g.request(theirs("50"));
    assert.equal(header(ours, "x-ratelimit-remaining-requests"), "7");
    assert.equal(header(ours, "x-ratelimit-limit-requests"), "10");
    const none = gateway({ rules: [requests(10)], reject: { dialects: ["none"] } }).request(get());
    assert.deepEqual(
      none.headers.filter(([name]) => name.includes("ratelimit")),
      [],
    );
  });

  test("keeps keys apart, and gives some of them another limit", () => {
    const g = gateway({
      trustedHeaders: ["x-user"],
      rules: [
        requests(1, "60s", {
          key: ["header:x-user"],
          overrides: [{ key: ["vip-*"], limit: { capacity: 3 } }],
        }),
      ],
    });
    const statuses = (user: string, times: number) =>
      Array.from({ length: times }, () => g.request(get([["x-user", user]])).status);
    assert.deepEqual(statuses("a", 2), [200, 429]);
    assert.deepEqual(statuses("b", 2), [200, 429]);
    assert.deepEqual(statuses("vip-1", 4), [200, 200, 200, 429]);
    assert.deepEqual(statuses("vip-2", 1), [200]);
  });

  for (const [onMissingKey, expected] of [
    ["shared", [200, 429]],
    ["reject", [429, 429]],
    ["skip", [200, 200]],
  ] as const) {
    test(`with onMissingKey ${onMissingKey} answers calls without the key ${expected.join(", ")}`, () => {
      const g = gateway({
        trustedHeaders: ["x-user"],
        rules: [requests(1, "60s", { key: ["header:x-user"], onMissingKey })],
      });
      assert.deepEqual([g.request(get()).status, g.request(get()).status], expected);
      assert.equal(g.request(get([["x-user", "a"]])).status, 200);
    });
  }

  test("limits by model, whether the path or the body names it", () => {
    const g = gateway({
      rules: [
        requests(1, "60s", {
          key: ["model"],
          match: { models: ["gpt-*"] },
          overrides: [{ key: ["gpt-5*"], limit: { capacity: 2 } }],
        }),
      ],
    });
    const ask = (model: string) => g.request(chat({ model })).status;
    assert.deepEqual(
      [ask("gpt-4o"), ask("gpt-4o"), ask("gpt-4o-mini"), ask("claude"), ask("claude")],
      [200, 429, 200, 200, 200],
    );
    assert.deepEqual([ask("gpt-5"), ask("gpt-5"), ask("gpt-5")], [200, 200, 429]);
  });

  test("with several rules takes nothing when one refuses", () => {
    const g = gateway({
      trustedHeaders: ["x-user"],
      rules: [
        { ...requests(3), name: "all" },
        { ...requests(1), name: "user", key: ["header:x-user"] },
        { ...requests(100), name: "last" },
      ],
    });
    const ask = (user: string) => g.request(get([["x-user", user]]));
    assert.equal(ask("a").status, 200);
    for (let i = 0; i < 20; i++) {
      const refused = ask("a");
      assert.equal(refused.status, 429);
      assert.match(text(refused), /`user`/);
    }
    assert.equal(ask("b").status, 200);
    const good = ask("c");
    assert.equal(good.status, 200);
    assert.equal(header(good, "ratelimit"), '"all";r=0;t=60, "user";r=0;t=60, "last";r=97;t=2');
    assert.match(text(ask("d")), /`all`/);
  });

  test("tags instead of refusing where it is told to, and removes the tag that a client sends", () => {
    const g = gateway({ rules: [requests(1, "60s", { over: "tag" })] });
    const forged = g.request(get([["x-ai-degrade", "mine"]]));
    const upstreamTag = (result: ReturnType<Gateway["request"]>) =>
      result.upstream[0]?.headers.find(([name]) => name === "x-ai-degrade")?.[1];
    assert.equal(upstreamTag(forged), undefined);
    const tagged = g.request(get());
    assert.equal(tagged.status, 200);
    assert.equal(upstreamTag(tagged), "requests");
  });

  test("answers in the caller's API shape, in gRPC's, or as the operator says", () => {
    const ask = (config: Rule, request: RequestSpec) => {
      const g = gateway({ rules: [requests(1)], ...config });
      g.request(request);
      return g.request(request);
    };
    const anthropic = ask({}, { ...chat(), path: "/v1/messages" });
    assert.equal((JSON.parse(text(anthropic)) as { error: { type: string } }).error.type, "rate_limit_error");
    const gemini = ask({}, { ...chat(), path: "/v1beta/models/gemini-pro:generateContent" });
    assert.equal((JSON.parse(text(gemini)) as { error: { status: string } }).error.status, "RESOURCE_EXHAUSTED");
    const grpc = ask(
      {},
      {
        protocol: "h2",
        method: "POST",
        path: "/inference.GRPCInferenceService/ModelInfer",
        headers: [
          ["content-type", "application/grpc"],
          ["te", "trailers"],
        ],
        body: "x",
      },
    );
    assert.equal(header(grpc, "grpc-status"), "8");
    const own = ask(
      { reject: { status: 503, body: "{rule} {nothing} {retryAfter} {requestId}", contentType: "text/plain" } },
      get([["x-request-id", 'abc"<1']]),
    );
    assert.equal(own.status, 503);
    assert.equal(text(own), "requests {nothing} 60 abc__1");
    assert.equal(header(own, "content-type"), "text/plain");
  });
});

describe("a shadow rule", () => {
  test("changes nothing, counts what it would have done, and starts full when it is enforced", () => {
    const rule = requests(1, "1h", { mode: "shadow" });
    const g = gateway({ rules: [rule], reject: { dialects: ["openai", "ietf"] } });
    const results = Array.from({ length: 5 }, () => g.request(get()));
    assert.ok(
      results.every(({ status, headers }) => status === 200 && !headers.some(([name]) => name.includes("ratelimit"))),
    );
    const metrics = g.metricValues();
    assert.equal(metrics["rule=.=requests;.;consumer=.=none;.;sluice.ratelimit.would_throttle"], 4);
    assert.equal(metrics["rule=.=requests;.;consumer=.=none;.;sluice.ratelimit.allowed"], 1);
    assert.equal(results[4]?.filterState["sluice.ratelimit"], "would-throttle");
    assert.ok(g.update("rate-limit", { config: { rules: [{ ...rule, mode: "enforce" }] } }));
    g.settle();
    assert.deepEqual([g.request(get()).status, g.request(get()).status], [200, 429]);
  });

  test("takes nothing back from others and nothing from them", () => {
    const g = gateway({
      rules: [
        { ...requests(1), name: "shadow", mode: "shadow" },
        { ...requests(2), name: "real" },
      ],
    });
    assert.deepEqual(
      [1, 2, 3].map(() => g.request(get()).status),
      [200, 200, 429],
    );
  });
});

describe("a limit of tokens", () => {
  const left = (result: { headers: [string, string][] }) => Number(header(result, "x-ratelimit-remaining-tokens"));
  const openai = { dialects: ["openai"] };
  /** A call that costs nothing and tells what is left. */
  const look = (g: Gateway) =>
    left(g.request({ ...chat({ tokens: 3, maxTokens: 0, model: "x" }), upstream: { kind: "answer", status: 500 } }));

  test("reserves an estimate and settles to what was used", () => {
    const g = gateway({ rules: [tokens(10_000, "10h")], reject: openai });
    const first = g.request({ ...chat({ tokens: 100 }), upstream: answer(120, 50) });
    assert.equal(first.status, 200);
    assert.equal(left(first), 10_000 - 100 - 1000);
    assert.equal(first.filterState["sluice.reserved"], "1100");
    assert.equal(look(g), 10_000 - 170 - 3);
  });

  test("reserves no more output than the call allows", () => {
    const g = gateway({ rules: [tokens(10_000, "10h")], reject: openai });
    assert.equal(left(g.request({ ...chat({ tokens: 100, maxTokens: 60 }), upstream: answer(100, 50) })), 10_000 - 160);
  });

  test("weighs kinds of tokens, exactly", () => {
    const weights = { input: 1, cachedInput: 0.1, output: 4 };
    const g = gateway({ rules: [tokens(10_000, "1000h", { weights })], reject: openai });
    const usage = { prompt_tokens: 105, completion_tokens: 7, prompt_tokens_details: { cached_tokens: 55 } };
    g.request({ ...chat(), upstream: { kind: "answer", headers: json, body: JSON.stringify({ choices: [], usage }) } });
    assert.equal(look(g), Math.floor(10_000 - 50 - 5.5 - 28 - 3));
  });

  for (const [name, request, spent] of [
    ["gives all back when the provider fails", { upstream: { kind: "answer", status: 503 } }, 0],
    [
      "gives all back when the provider refuses",
      { upstream: { kind: "answer", status: 400, headers: json, body: "{}" } },
      0,
    ],
    ["gives all back when the connection breaks", { upstream: { kind: "reset", after: "request" } }, 0],
    [
      "charges what it expected where the answer cannot be read",
      {
        upstream: {
          kind: "answer",
          headers: [
            ["content-type", "application/json"],
            ["content-encoding", "gzip"],
          ],
          body: "zzz",
        },
      },
      1100,
    ],
  ] as [string, Partial<RequestSpec>, number][]) {
    test(name, () => {
      const g = gateway({ rules: [tokens(10_000, "1000h")], reject: openai });
      g.request({ ...chat({ tokens: 100 }), ...request });
      assert.equal(look(g), 10_000 - spent - 3);
      assert.deepEqual(g.traps, []);
    });
  }

  test("settles on what was streamed when the client leaves", () => {
    const g = gateway({ rules: [tokens(10_000, "1000h")], reject: openai });
    const body = stream(Array.from({ length: 20 }, () => "word"));
    const aborted = g.request({
      ...chat({ tokens: 100 }),
      upstream: {
        kind: "answer",
        headers: [["content-type", "text/event-stream"]],
        body,
        chunks: [{ bytes: body.length / 2 }, { bytes: body.length, afterMs: 1000 }],
        framing: "chunked",
      },
      abort: { responseBytes: body.length / 2 },
    });
    assert.equal(aborted.outcome, "aborted");
    assert.equal(look(g), 10_000 - 100 - 10 - 3);
  });

  test("goes into debt, and admits the next call exactly when it is paid", () => {
    const g = gateway({ rules: [tokens(1000, "100s")], reject: openai });
    g.request({ ...chat({ tokens: 10, maxTokens: 10 }), upstream: answer(500, 1500) });
    const refused = g.request(chat({ tokens: 10, maxTokens: 10, model: "y" }));
    assert.equal(refused.status, 429);
    assert.equal(Number(header(refused, "retry-after-ms")), (2000 - 1000 + 20) * 100);
    assert.equal(header(refused, "x-should-retry"), "false");
    g.advance(101_999);
    assert.equal(g.request(chat({ tokens: 10, maxTokens: 10, model: "y" })).status, 429);
    g.advance(1);
    assert.equal(g.request(chat({ tokens: 10, maxTokens: 10, model: "y" })).status, 200);
  });

  test("always admits one call when it is full, however large", () => {
    const g = gateway({ rules: [tokens(100, "100s")] });
    assert.equal(g.request({ ...chat({ tokens: 5000 }), upstream: answer(50, 1) }).status, 200);
  });

  test("learns what a model's calls use: the mean error is under 15 % after 50 calls", () => {
    const g = gateway({ rules: [tokens(1_000_000_000)] });
    let seed = 7;
    const random = (below: number) => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) % below;
    const errors: number[] = [];
    for (let i = 0; i < 100; i++) {
      const bytes = 200 + random(2000);
      const [input, output] = [Math.round(bytes * 0.9), 250 + random(100)];
      const result = g.request({ ...chat({ tokens: bytes / 4, model: "own" }), upstream: answer(input, output) });
      const reserved = Number(result.filterState["sluice.reserved"]);
      if (i >= 50) errors.push(Math.abs(reserved - input - output) / (input + output));
    }
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    assert.ok(mean < 0.15, `${mean}`);
  });

  test("without reserving charges when calls are over", () => {
    const g = gateway({ rules: [tokens(1000, "1000h", { reserve: false })], reject: openai });
    const first = g.request({ ...chat({ tokens: 100 }), upstream: answer(700, 800) });
    assert.equal(left(first), 1000);
    assert.equal(g.request(chat()).status, 429);
  });

  test("counts input and output apart", () => {
    const g = gateway({
      rules: [
        { ...tokens(1000, "1000h"), name: "in", limit: { capacity: 1000, interval: "1000h", unit: "input-tokens" } },
        { ...tokens(1000, "1000h"), name: "out", limit: { capacity: 2000, interval: "1000h", unit: "output-tokens" } },
      ],
      reject: { dialects: ["anthropic"] },
    });
    g.request({ ...chat(), upstream: answer(300, 400) });
    const next = g.request({ ...chat({ tokens: 10, maxTokens: 0 }), upstream: { kind: "answer", status: 500 } });
    assert.equal(header(next, "anthropic-ratelimit-input-tokens-remaining"), String(1000 - 300 - 300));
    assert.equal(header(next, "anthropic-ratelimit-output-tokens-remaining"), "1600");
  });

  test("asks the upstream for an answer that can be read", () => {
    const g = gateway({ rules: [tokens(1000)] });
    const seen = g.request({ ...chat({ headers: [["accept-encoding", "gzip"]] }), upstream: answer(1, 1) }).upstream[0];
    assert.equal(seen?.headers.find(([name]) => name === "accept-encoding")?.[1], "identity");
  });
});

describe("requests in flight", () => {
  test("are counted while they last, and whoever fails or leaves gives its place back", () => {
    const g = gateway({ rules: [requests(2, "60s", { limit: { capacity: 2, unit: "concurrency" } })] });
    const slow = (ms: number): RequestSpec => ({ ...get(), upstream: { kind: "answer", delayMs: ms } });
    const first = g.send(slow(100));
    const second = g.send({ ...get(), upstream: { kind: "hang" }, patienceMs: 300 });
    g.settle();
    const refused = g.request(get());
    assert.equal(refused.status, 429);
    assert.equal(header(refused, "retry-after"), "1");
    g.clock.runUntil(() => first.isDone);
    assert.equal(g.request(get()).status, 200);
    g.clock.runUntil(() => second.isDone);
    assert.deepEqual([g.request(get()).status, g.request(get()).status], [200, 200]);
  });
});

describe("a lease", () => {
  const leased = requests(100, "100d", { lease: "0.1" });
  const many = (g: Gateway, count: number, workers = 1) =>
    Array.from({ length: count }, (_, i) => g.request({ ...get(), worker: i % workers }).status);
  const admitted = (statuses: number[]) => statuses.filter((status) => status === 200).length;

  test("spares shared state and the clock where the limit is far", () => {
    const g = gateway({ rules: [leased], reject: { dialects: ["none"] } });
    many(g, 2);
    const { calls } = g.request(get()).hostCalls;
    assert.equal(calls["proxy_get_shared_data"], undefined);
    assert.equal(calls["proxy_set_shared_data"], undefined);
    assert.equal(calls["proxy_get_current_time_nanoseconds"], undefined);
  });

  for (const workers of [1, 2, 4]) {
    test(`admits no more and no less than without it, with ${workers} workers`, () => {
      const g = gateway({ rules: [leased] }, { gateway: { workers } });
      const first = admitted(many(g, 60, workers));
      assert.equal(first, 60);
      const rest = many(g, 100, workers);
      assert.ok(admitted(rest) <= 40 && admitted(rest) >= 40 - (workers - 1) * 10, `${admitted(rest)}`);
      // What lay unused went back within a tenth of a second.
      g.advance(101);
      assert.equal(admitted(many(g, 100, workers)) + admitted(rest), 40);
    });
  }

  test("goes back when its configuration does", () => {
    const g = gateway({ rules: [leased] });
    many(g, 5);
    assert.ok(g.update("rate-limit", { config: { rules: [requests(100, "100d")] } }));
    g.settle();
    assert.equal(admitted(many(g, 200)), 95);
  });

  test("takes back what another rule refused", () => {
    const g = gateway({
      trustedHeaders: ["x-user"],
      rules: [leased, { ...requests(3), name: "user", key: ["header:x-user"] }],
    });
    const user = (name: string) => g.request(get([["x-user", name]])).status;
    assert.equal(admitted(Array.from({ length: 50 }, () => user("a"))), 3);
    g.advance(101);
    assert.equal(header(g.request(get([["x-user", "b"]])), "ratelimit"), '"requests";r=96;t=345600, "user";r=2;t=20');
  });
});

describe("a change of configuration", () => {
  test("keeps what was taken", () => {
    const g = gateway({ rules: [requests(4, "1h")] });
    for (let i = 0; i < 4; i++) g.request(get());
    assert.ok(g.update("rate-limit", { config: { rules: [requests(5, "2h")] } }));
    g.settle();
    assert.deepEqual([g.request(get()).status, g.request(get()).status], [200, 429]);
  });

  test("that is wrong is refused while a good one is live, with every fault", () => {
    const g = gateway({ rules: [requests(4)] });
    g.advance(1100);
    assert.equal(
      g.update("rate-limit", { config: { rules: [{ name: "x", mode: "enforce", limit: { interval: 60 } }] } }),
      false,
    );
    const lines = g.logLines.map(({ text: line }) => line).join("\n");
    assert.match(lines, /rate-limit: config: rules\[0\]\.limit\.capacity: missing/);
    assert.match(lines, /rate-limit: config: rules\[0\]\.limit\.interval: expected a duration such as "60s", got 60/);
  });

  test("refuses to count what has no prices", () => {
    const g = gateway({ rules: [requests(4)] });
    g.advance(1100);
    const rules = [{ name: "x", mode: "enforce", limit: { capacity: 1, unit: "cost" } }];
    assert.equal(g.update("rate-limit", { config: { rules } }), false);
    assert.match(g.logLines.map(({ text: line }) => line).join("\n"), /rules\[0\]\.limit\.unit: .*prices/);
    g.advance(1100);
    assert.equal(g.update("rate-limit", { config: { rules, prices: [] } }), false);
    g.advance(1100);
    assert.equal(g.update("rate-limit", { config: { rules, prices } }), true);
  });
});

describe("a host that fails", () => {
  const isShared = (name: string) => name.endsWith("shared_data");
  for (const [failure, expected] of [
    ["open", 200],
    ["closed", 503],
  ] as const) {
    test(`${failure}: answers ${expected}, counts it, and goes on when it is well again`, () => {
      let isIll = false;
      const g = gateway(
        { rules: [requests(1)], failure },
        { faults: (name) => (isIll && isShared(name) ? 10 : undefined) },
      );
      isIll = true;
      for (let i = 0; i < 3; i++) assert.equal(g.request(get()).status, expected);
      isIll = false;
      assert.deepEqual([g.request(get()).status, g.request(get()).status], [200, 429]);
      assert.equal(g.metricValues()["filter=.=rate-limit;.;kind=.=host_fault;.;sluice.errors"], 3);
      assert.deepEqual(g.traps, []);
    });
  }

  test("at any single host call harms no request", () => {
    for (let n = 1; n < 120; n++) {
      let count = 0;
      let isArmed = false;
      const g = gateway(
        { rules: [requests(5), tokens(100_000, "60s", { key: ["model"] })] },
        { faults: () => (isArmed && ++count === n ? 10 : undefined) },
      );
      isArmed = true;
      const result = g.request({ ...chat(), upstream: answer(10, 10) });
      assert.equal(result.status, 200, `host call ${n}`);
      assert.deepEqual(g.traps, [], `host call ${n}`);
      if (count < n) return;
    }
    assert.fail("more than 120 host calls for one request");
  });
});

describe("the rate limit service", () => {
  const status = (code: number, limit: number, remaining: number, seconds: number) => {
    const inner = [0x08, code, 0x12, 0x04, 0x08, limit, 0x10, 0x02, 0x18, remaining, 0x22, 0x02, 0x08, seconds];
    return [0x12, inner.length, ...inner];
  };
  const answerOf = (...statuses: number[][]) => new Uint8Array([0x08, 0x01, ...statuses.flat()]);
  const config = (onError = "local"): Rule => ({
    rules: [requests(10), { ...requests(4), name: "second" }],
    global: { cluster: "rls", onError, replicas: 2 },
    reject: { dialects: ["openai"] },
  });
  type Answer = { delayMs: number; message?: Uint8Array; status: number; statusMessage: string };
  const asked = (
    answer: (message: Uint8Array, count: number) => Partial<Answer> | undefined,
    more: Rule = config(),
  ) => {
    let count = 0;
    return gateway(more, {
      onGrpcCall: (call) => {
        if (call.cluster !== "rls") return undefined;
        const given = answer(call.message, ++count);
        return given === undefined ? undefined : { delayMs: 0, status: 0, statusMessage: "", ...given };
      },
    });
  };
  const good = answerOf(status(1, 10, 7, 30), status(1, 4, 2, 20));

  test("is asked once about all rules, and what it says is told", () => {
    const questions: string[] = [];
    const g = asked((message) => {
      questions.push(Buffer.from(message).toString("latin1"));
      return { message: good, delayMs: 5 };
    });
    const result = g.request(get());
    assert.equal(result.status, 200);
    assert.equal(questions.length, 1);
    assert.match(questions[0] ?? "", /sluice.*requests.*own.*second.*own/s);
    assert.equal(header(result, "x-ratelimit-remaining-requests"), "2");
    assert.equal(header(result, "x-ratelimit-reset-requests"), "20s");
  });

  test("refuses with the time that it names", () => {
    const g = asked(() => ({ message: answerOf(status(1, 10, 7, 30), status(2, 4, 0, 20)) }));
    const refused = g.request(get());
    assert.equal(refused.status, 429);
    assert.equal(header(refused, "retry-after"), "20");
    assert.match(text(refused), /`second`/);
    assert.equal(refused.upstream.length, 0);
  });

  for (const [what, answer] of [
    ["fails", () => ({ status: 14 })],
    ["is not there", () => undefined],
    ["is too slow", () => ({ message: good, delayMs: 500 })],
    ["answers about too few", () => ({ message: answerOf(status(1, 10, 7, 30)) })],
    ["answers what is no message", () => ({ message: new Uint8Array([0x12, 0xff, 0xff]) })],
    ["answers nothing", () => ({ message: new Uint8Array() })],
  ] as [string, () => Partial<Answer> | undefined][]) {
    test(`that ${what} leaves the decision to the gateway`, () => {
      for (const [onError, expected] of [
        ["local", [200, 200, 429]],
        ["open", [200, 200, 200]],
        ["closed", [503, 503, 503]],
      ] as const) {
        const g = asked(answer, config(onError));
        // Half of four is what the second rule lets in.
        assert.deepEqual(
          [1, 2, 3].map(() => g.request(get()).status),
          expected,
          onError,
        );
        assert.deepEqual(g.traps, []);
      }
    });
  }

  test("may answer after the caller has left", () => {
    const g = asked(() => ({ message: good, delayMs: 15 }));
    const left = g.request({ ...chat(), abort: { requestBytes: 0, afterMs: 3 } });
    assert.equal(left.outcome, "aborted");
    g.advance(100);
    assert.equal(g.request(get()).status, 200);
    assert.deepEqual(g.traps, []);
  });

  test("may answer after the configuration has changed", () => {
    const g = asked(() => ({ message: good, delayMs: 15 }));
    const run = g.send(get());
    g.advance(2);
    assert.ok(g.update("rate-limit", { config: { ...config(), failure: "closed" } }));
    g.clock.runUntil(() => run.isDone);
    assert.equal(run.result?.status, 200);
    assert.deepEqual(g.traps, []);
  });

  test("is told what tokens cost, once, also when it was away", () => {
    let isAway = false;
    const charged: number[] = [];
    const g = asked(
      (message) => {
        if (isAway) return { status: 14 };
        // The wrapper of hits_addend ends the message: a tag, its length, a tag, a varint.
        const at = message.lastIndexOf(0x1a);
        const [, , low = 0, high = 0] = message.subarray(at + 1);
        if (message[at + 1] !== 0) charged.push((low & 0x7f) + (low & 0x80 ? high << 7 : 0));
        return { message: answerOf(status(1, 100, 50, 30)) };
      },
      { rules: [tokens(100_000)], global: { cluster: "rls" } },
    );
    g.request({ ...chat(), upstream: answer(100, 200) });
    g.settle();
    assert.deepEqual(charged, [300]);
    isAway = true;
    for (let i = 0; i < 3; i++) g.request({ ...chat(), upstream: answer(100, 200) });
    g.advance(5000);
    isAway = false;
    g.advance(5000);
    assert.deepEqual(charged, [300, 900]);
  });

  test("is not told who calls", () => {
    const seen: string[] = [];
    const rules = [{ ...requests(10), key: ["header:x-user"] }];
    const g = asked((message) => (seen.push(Buffer.from(message).toString("latin1")), { message: good }), {
      ...config(),
      rules,
    });
    g.request(get([["x-user", "canary-caller"]]));
    assert.ok(seen.length === 1 && !seen.join().includes("canary"));
  });
});

describe("privacy", () => {
  test("no byte of a prompt, a credential, a query or a key is kept or told", () => {
    const key = ["header:x-user", "query:q", "cookie:c", "bearer", "path"];
    const g = gateway({
      rules: [requests(2, "60s", { key }), tokens(50_000, "60s", { key })],
      reject: { dialects: ["ietf", "openai"] },
    });
    const secret: [string, string][] = [
      ["x-user", "canary-user"],
      ["authorization", "Bearer canary-credential"],
      ["cookie", "c=canary-cookie"],
    ];
    const request = { ...chat({ headers: secret }), path: "/v1/chat/completions?q=canary-query" };
    const results = [1, 2, 3].map(() =>
      g.request({ ...request, body: (request.body as string).replace("xxx", "canary-prompt"), upstream: answer(5, 5) }),
    );
    assert.deepEqual(
      results.map(({ status }) => status),
      [200, 200, 429],
    );
    const told = [
      ...g.sharedData.entries("").map(([name, { value }]) => name + Buffer.from(value).toString("latin1")),
      ...Object.keys(g.metricValues()),
      ...g.logLines.map((line) => line.text),
      ...results.flatMap(({ filterState, headers, body }) => [
        JSON.stringify(filterState),
        JSON.stringify(headers),
        Buffer.from(body).toString(),
      ]),
    ];
    assert.ok(told.length > 10);
    assert.deepEqual(
      told.filter((line) => line.includes("canary")),
      [],
    );
  });
});
