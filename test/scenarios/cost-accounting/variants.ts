// What the variants of a model take and cost: told apart in one module and across the modules of a chain.
import type {
  FilterSpec,
  HeaderList,
  Json,
  RequestSpec,
  Scenario,
  UpstreamSpec,
} from "../../../harness/scenario/scenario.ts";
import { modelTag, type Way } from "../model-tag/chains.ts";
import { answer, chat, type Config, costAccounting, json, metric } from "./chains.ts";

const shared: Config = { trustedHeaders: ["x-user-tier"] };
const tagging: Config = {
  split: [
    {
      name: "llama",
      match: { models: ["gpt-4o"] },
      variants: [
        { name: "stable", percent: 100 },
        { name: "canary", percent: 0, always: { headers: { "x-user-tier": "vip" } }, rewrite: "llama-3.3-70b" },
      ],
    },
  ],
};
const costing: Config = {
  includeUsage: "off",
  prices: [
    { id: "gpt", models: ["gpt-4o"], input: "2.50", output: "10" },
    { id: "llama", models: ["llama-3.3-70b"], input: "1", output: "4" },
  ] as Json,
};

function suite(way: Way): FilterSpec[] {
  const config: Config = { ...shared, modelTag: tagging, costAccounting: costing };
  const plugin = { kind: "plugin", name: "suite", module: "build/suite.wasm", config } as const;
  if (way === "flag") return [{ ...plugin, allowOnHeadersStopIteration: true }];
  return [
    { ...plugin, name: "suite-outer", pair: "outer" },
    { ...plugin, name: "suite-inner", pair: "inner" },
  ];
}

/** An answer by `model` as a stream, whose first token comes after a while. */
function stream(model: string, input: number, output: number): UpstreamSpec {
  const event = (members: Record<string, unknown>) => `data: ${JSON.stringify({ model, ...members })}\n\n`;
  const first = event({ choices: [{ index: 0, delta: { content: "Hi" }, finish_reason: "stop" }] });
  const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
  return {
    kind: "answer",
    headers: [["content-type", "text/event-stream"]],
    framing: "chunked",
    body: `${first}${event({ choices: [], usage })}data: [DONE]\n\n`,
    chunks: [{ bytes: first.length, afterMs: 10 }],
  };
}

const vip: HeaderList = [...json, ["x-user-tier", "vip"]];
const ask = (headers: HeaderList, upstream: UpstreamSpec, body = chat("gpt-4o")): RequestSpec => ({
  ...{ protocol: "h1", method: "POST", path: "/v1/chat/completions" },
  ...{ headers, body, upstream },
});

const of = (variant: string) => ({ split: "llama", variant });
const paid = (variant: string) => metric("sluice.variant.cost_nano", { currency: "USD", ...of(variant) });
const count = (name: string, variant: string) => metric(`sluice.variant.${name}`, of(variant));

const ways: [name: string, chain: FilterSpec[]][] = [
  ["in a chain", [...modelTag("pair", { ...shared, ...tagging }), ...costAccounting("pair", costing)]],
  [
    "in a chain with what counts in front",
    [...costAccounting("flag", costing), ...modelTag("flag", { ...shared, ...tagging })],
  ],
  ["in the suite", suite("pair")],
];

export const costOfVariants: Scenario[] = ways.map(([name, chain]) => ({
  name: `tells apart what the variants of a model take and cost, ${name}`,
  chain,
  routes: [{ headers: [{ name: "x-ai-variant", exact: "canary" }], cluster: "canary" }, { cluster: "stable" }],
  clusters: [{ name: "stable" }, { name: "canary" }],
  requests: [
    ask(vip, answer("llama-3.3-70b", 1000, 100)),
    ask(json, answer("gpt-4o", 2000, 200)),
    ask(vip, stream("llama-3.3-70b", 500, 50), chat("gpt-4o", { stream: true })),
    ask(vip, { kind: "answer", status: 503, headers: json, body: '{"error":{"message":"no"}}' }),
    ask(json, stream("gpt-4o", 4000, 0), chat("gpt-4o", { stream: true })),
    // No variants, and so in none of their metrics.
    ask(vip, answer("llama-3.3-70b", 7000, 700), chat("llama-3.3-70b")),
  ],
  expect: {
    requests: [
      {
        status: 200,
        upstream: { cluster: "canary", headers: { "x-ai-variant": "canary" } },
        filterState: { "sluice.split": "llama", "sluice.variant": "canary", "sluice.cost": "0.0014" },
      },
      {
        status: 200,
        upstream: { cluster: "stable" },
        filterState: { "sluice.split": "llama", "sluice.variant": "stable", "sluice.cost": "0.007" },
      },
      { status: 200, upstream: { cluster: "canary" } },
      { status: 503, upstream: { cluster: "canary" } },
      { status: 200, upstream: { cluster: "stable" } },
      { status: 200, filterState: { "sluice.split": null, "sluice.variant": null, "sluice.cost": "0.0098" } },
    ],
    metrics: {
      [count("input_tokens", "canary")]: 1500,
      [count("output_tokens", "canary")]: 150,
      [count("time_to_first_token_ms", "canary")]: 1,
      [paid("canary")]: 2_100_000,
      [count("input_tokens", "stable")]: 6000,
      [count("output_tokens", "stable")]: 200,
      [count("time_to_first_token_ms", "stable")]: 1,
      [paid("stable")]: 17_000_000,
      [metric("sluice.variant.requests", { ...of("canary"), outcome: "ok" })]: 2,
      [metric("sluice.variant.requests", { ...of("canary"), outcome: "error" })]: 1,
      [metric("sluice.variant.requests", { ...of("stable"), outcome: "ok" })]: 2,
      [metric("sluice.variant.input_tokens", { split: "other", variant: "other" })]: 0,
      [metric("sluice.variant.input_tokens", { split: "none", variant: "none" })]: 0,
    },
  },
}));
