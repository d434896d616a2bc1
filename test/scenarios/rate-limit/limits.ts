// Limits of requests and tokens over short stories: the same in the in-process host and in Envoy. Nothing comes back
// while they last.
import type {
  AnswerSpec,
  HeaderList,
  Json,
  RequestExpectation,
  RequestSpec,
  Scenario,
} from "../../../harness/scenario/scenario.ts";

type Fields = { [field: string]: Json };
type Way = "pair" | "flag";

const json: HeaderList = [["content-type", "application/json"]];
const interval = "100d";

function gateway(way: Way, config: Fields): Pick<Scenario, "chain" | "routes" | "clusters"> {
  const plugin = { kind: "plugin", module: "build/rate-limit.wasm", config } as const;
  return {
    chain:
      way === "flag"
        ? [{ ...plugin, name: "rate-limit", allowOnHeadersStopIteration: true }]
        : [
            { ...plugin, name: "rate-limit-outer", pair: "outer" },
            { ...plugin, name: "rate-limit-inner", pair: "inner" },
          ],
    routes: [{ cluster: "models" }],
    clusters: [{ name: "models" }],
  };
}

const rule = (name: string, limit: Fields, more: Fields = {}): Fields => ({
  name,
  mode: "enforce",
  limit: { interval, ...limit },
  ...more,
});

function chat(more: Partial<RequestSpec> & { model?: string } = {}): RequestSpec {
  const { model = "gpt-4o", ...rest } = more;
  // 40 bytes of text: 10 tokens while nothing is learned.
  const content = "x".repeat(40 - model.length - "user".length);
  return {
    ...{ protocol: "h1", method: "POST", path: "/v1/chat/completions", headers: json },
    body: JSON.stringify({ model, max_tokens: 20, messages: [{ role: "user", content }] }),
    ...rest,
  };
}

const answer = (input: number, output: number, model = "gpt-4o"): AnswerSpec => ({
  kind: "answer",
  headers: json,
  body: JSON.stringify({
    ...{ id: "chatcmpl-1", object: "chat.completion", model },
    choices: [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }],
    usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
  }),
});

const metric = (verdict: string, name: string) => `rule=.=${name};.;consumer=.=none;.;sluice.ratelimit.${verdict}`;

/** Refusals tell the time; the in-process host's tests look at that closely. */
const timed = { only: { host: "envoy", why: "the answers show the wall clock" } } as const;

/** Gives each expectation its type. */
const told = (...expected: RequestExpectation[]): RequestExpectation[] => expected;

const both = (scenario: (way: Way) => Scenario): Scenario[] => [scenario("pair"), scenario("flag")];

const requests = both((way) => ({
  name: `refuses requests beyond a limit and says so, with the ${way}`,
  ...timed,
  ...gateway(way, { rules: [rule("burst", { capacity: 2 })], reject: { dialects: ["openai", "ietf"] } }),
  requests: [chat(), chat({ protocol: "h2" }), chat(), chat({ path: "/v1/messages" })],
  expect: {
    requests: told(
      {
        status: 200,
        headers: { "x-ratelimit-limit-requests": "2", "x-ratelimit-remaining-requests": "1" },
        filterState: {
          "sluice.ratelimit": "allowed",
          "sluice.ratelimit_rule": "burst",
          "sluice.ratelimit_remaining": "1",
        },
      },
      {
        status: 200,
        headers: {
          "ratelimit-policy": '"burst";q=2;w=8640000',
          ratelimit: { regex: '"burst";r=0;t=86(39|40)[0-9]{3}' },
        },
      },
      {
        status: 429,
        upstream: null,
        headers: {
          "x-should-retry": "false",
          "retry-after": { regex: "43[0-9]{5}" },
          "retry-after-ms": { present: true },
        },
        body: {
          regex: '.*Rate limit `burst` reached: at most 2 requests in 8640000 s, 0 left.*"type":"rate_limit_error".*',
        },
        responseCodeDetails: { regex: ".*sluice_rate_limited.*" },
        filterState: { "sluice.ratelimit": "throttled", "sluice.ratelimit_wait_ms": { regex: "43[0-9]{8}" } },
      },
      { status: 429, upstream: null, body: { regex: '\\{"type":"error","error":\\{"type":"rate_limit_error".*' } },
    ),
    metrics: { [metric("allowed", "burst")]: 2, [metric("throttled", "burst")]: 2 },
  },
}));

const tokens = both((way) => ({
  name: `reserves tokens by model, settles what was used, and gives back what was not, with the ${way}`,
  ...timed,
  ...gateway(way, {
    rules: [rule("tokens", { capacity: 1000, unit: "tokens" }, { key: ["model"] })],
    reject: { dialects: ["openai"] },
  }),
  requests: [
    chat({ upstream: answer(300, 400) }),
    chat({ model: "another", upstream: answer(1, 1) }),
    chat({ model: "fails", upstream: { kind: "answer", status: 500 } }),
    chat({ model: "fails", upstream: { kind: "answer", status: 400, headers: json, body: "{}" } }),
    chat({ upstream: answer(500, 500) }),
    chat(),
  ],
  expect: {
    requests: told(
      {
        status: 200,
        headers: { "x-ratelimit-limit-tokens": "1000", "x-ratelimit-remaining-tokens": "970" },
        upstream: { headers: { "accept-encoding": "identity" } },
        filterState: { "sluice.reserved": "30", "sluice.ratelimit_remaining": "970" },
      },
      { status: 200, headers: { "x-ratelimit-remaining-tokens": "970" } },
      { status: 500, headers: { "x-ratelimit-remaining-tokens": "970" } },
      { status: 400, headers: { "x-ratelimit-remaining-tokens": "970" } },
      // 700 of 1000 are used; what was learned of this model would be 320.
      { status: 429, upstream: null, headers: { "x-ratelimit-remaining-tokens": "300" } },
      {
        status: 429,
        upstream: null,
        body: { regex: ".*about 320 needed\\. Try again in 47h59m59.*s\\. \\(request [0-9a-f-]+\\).*" },
      },
    ),
  },
}));

const policies = both((way) => ({
  name: `asks all rules: shadow ones change nothing, tags go on, a refusal takes nothing, with the ${way}`,
  ...timed,
  ...gateway(way, {
    trustedHeaders: ["x-user"],
    rules: [
      rule("shadow", { capacity: 1 }, { mode: "shadow" }),
      rule("all", { capacity: 3 }),
      rule("cheap", { capacity: 1 }, { over: "tag" }),
      rule("user", { capacity: 1 }, { key: ["header:x-user"], onMissingKey: "skip" }),
    ],
    reject: { dialects: ["none"] },
  }),
  requests: [
    chat({ headers: [...json, ["x-user", "a"], ["x-ai-degrade", "forged"]] }),
    chat({ headers: [...json, ["x-user", "a"]] }),
    chat({ headers: [...json, ["x-user", "b"]] }),
    chat(),
    chat(),
  ],
  expect: {
    requests: told(
      { status: 200, upstream: { headers: { "x-ai-degrade": null } }, headers: { ratelimit: null } },
      { status: 429, upstream: null, body: { contains: "`user`" } },
      {
        status: 200,
        upstream: { headers: { "x-ai-degrade": "cheap" } },
        filterState: { "sluice.ratelimit": "would-throttle" },
      },
      { status: 200 },
      { status: 429, upstream: null, body: { contains: "`all`" } },
    ),
    metrics: {
      [metric("would_throttle", "shadow")]: 2,
      [metric("allowed", "all")]: 3,
      [metric("throttled", "all")]: 1,
    },
  },
}));

/** Dearer than a token costs anywhere: 10 tokens in are 0.01, 20 out are 0.04. */
const prices: Json = [
  { id: "4o", models: ["gpt-4o*"], per: "1K", input: "1", cachedInput: "0.1", output: "2" },
  { id: "elsewhere", models: ["gpt-4o"], hosts: ["elsewhere.example"], per: "1K", input: "0", output: "0" },
];
const error = "filter=.=rate-limit;.;kind=.=unknown_price;.;sluice.errors";

const money = both((way) => ({
  name: `admits until the money is spent, settles to the real price, and flags what has none, with the ${way}`,
  ...timed,
  ...gateway(way, {
    rules: [rule("money", { capacity: 1_000_000_000, unit: "cost" })],
    prices,
    currency: "EUR",
    reject: { dialects: ["ietf", "openai"] },
  }),
  requests: [
    chat({ upstream: answer(100, 200) }),
    chat({ model: "gpt-4o-mini", upstream: { kind: "answer", status: 500 } }),
    chat({ model: "unpriced", upstream: answer(1_000_000, 1, "unpriced") }),
    chat({ authority: "elsewhere.example", upstream: answer(1_000_000, 1) }),
    chat({ model: "gpt-4o-mini", upstream: answer(100, 350) }),
    chat({ model: "gpt-4o-mini" }),
  ],
  expect: {
    requests: told(
      {
        status: 200,
        headers: {
          "ratelimit-policy": '"money";q=1000000000;w=8640000;qu="cost"',
          ratelimit: { regex: '"money";r=950000000;t=4[0-9]{5}' },
          "x-ratelimit-limit-tokens": null,
        },
        upstream: { headers: { "accept-encoding": "identity" } },
        filterState: { "sluice.reserved": "30", "sluice.ratelimit_remaining": "950000000" },
      },
      // 0.5 was spent: 0.1 for the input, 0.4 for the output.
      { status: 500, headers: { ratelimit: { regex: '"money";r=4[5-9][0-9]{7};t=.*' } } },
      { status: 200, headers: { ratelimit: { regex: '"money";r=50000[0-9]{4};t=.*' } } },
      { status: 200, headers: { ratelimit: { regex: '"money";r=50000[0-9]{4};t=.*' } } },
      // 0.8 more than there is: a debt of 0.3.
      { status: 200 },
      {
        status: 429,
        upstream: null,
        headers: { "retry-after": { regex: "[0-9]{7}" }, ratelimit: { regex: '"money";r=0;t=.*' } },
        body: { regex: ".*Rate limit `money` reached: at most 1 EUR in 8640000 s, 0 left, about 0\\.[0-9]+ needed.*" },
        filterState: { "sluice.ratelimit": "throttled" },
      },
    ),
    metrics: { [metric("allowed", "money")]: 5, [metric("throttled", "money")]: 1, [error]: 1 },
  },
}));

const change: Scenario = {
  name: "keeps what was taken when the configuration changes, and refuses one that is wrong",
  ...timed,
  ...gateway("flag", { rules: [rule("burst", { capacity: 2 })] }),
  // A plugin says about every second that it is live.
  requests: [chat(), chat(), chat({ atMs: 2500 }), chat(), chat()],
  updates: [
    { afterRequest: 1, plugin: "rate-limit", config: { rules: [rule("burst", { capacity: 3 })] } },
    { afterRequest: 2, plugin: "rate-limit", config: { rules: [rule("burst", { capacity: 0 })] }, refused: true },
  ],
  expect: {
    requests: told({ status: 200 }, { status: 200 }, { status: 200 }, { status: 429 }, { status: 429 }),
    log: ["rules\\[0\\]\\.limit\\.capacity: expected a whole number from 1 to 1000000000000, got 0"],
  },
};

export const rateLimits: Scenario[] = [...requests, ...tokens, ...money, ...policies, change];
