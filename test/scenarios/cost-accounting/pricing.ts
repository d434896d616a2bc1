// Which price a call has, what becomes of calls without one, and whom they are attributed to.
import type { Json, RequestExpectation, RequestSpec, Scenario } from "../../../harness/scenario/scenario.ts";
import { answer, chat, type Config, gateway, json, metric, prices } from "./chains.ts";

const ask = (model: string, more: Partial<RequestSpec> = {}): RequestSpec => ({
  ...{ protocol: "h1", method: "POST", path: "/v1/chat/completions", headers: json, body: chat(model) },
  upstream: answer(model, 1000, 100),
  ...more,
});

const table: Json = [
  { id: "any", models: ["gpt-*"], input: "1", output: "1" },
  { id: "exact", models: ["gpt-4o"], input: "2", output: "2" },
  { id: "host", models: ["gpt-4o"], hosts: ["llm.example"], input: "3", output: "3" },
  { id: "azure", models: ["gpt-4o"], providers: ["azure.ai.openai"], input: "4", output: "4" },
  { id: "own", models: ["gpt-4o"], clusters: ["own"], input: "0", output: "0" },
  { id: "future", models: ["gpt-4o"], validFrom: "2999-01-01", input: "9", output: "9" },
  { id: "tiers", models: ["gpt-5"], input: "1", output: "1", tiers: { flex: { input: "0.5" } } },
  { id: "long", models: ["gpt-6"], input: "1", output: "1", above: [{ inputTokens: 999, input: "2", output: "3" }] },
];

function priced(price: string, cost: string): RequestExpectation {
  return { status: 200, filterState: { "sluice.price_id": price, "sluice.cost": cost } };
}

const unpriced: RequestExpectation = {
  status: 200,
  filterState: { "sluice.price_id": null, "sluice.cost": null, "sluice.input_tokens": "1000" },
};

const unknown = metric("sluice.errors", { filter: "cost-accounting", kind: "unknown_price" });

function reported(model: string, tier: string): RequestSpec["upstream"] {
  const body = JSON.stringify({
    ...{ object: "chat.completion", model, service_tier: tier },
    choices: [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }],
    usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 },
  });
  return { kind: "answer", headers: json, body };
}

export const pricing: Scenario[] = [
  {
    name: "prices by the closest entry: model, cluster, host, provider",
    ...gateway("pair", { prices: table, includeUsage: "off" }),
    routes: [{ headers: [{ name: "x-own", exact: "1" }], cluster: "own" }, { cluster: "models" }],
    clusters: [{ name: "models" }, { name: "own" }],
    requests: [
      ask("gpt-4o"),
      ask("gpt-3"),
      ask("gpt-4o", { authority: "LLM.example:8443" }),
      ask("gpt-4o", { path: "/openai/deployments/gpt-4o/chat/completions?api-version=1" }),
      ask("gpt-4o", { headers: [...json, ["x-own", "1"]] }),
      ask("gpt-5", { upstream: reported("gpt-5", "flex") }),
      ask("gpt-5", { upstream: reported("gpt-5", "default") }),
      ask("gpt-6"),
    ],
    expect: {
      requests: [
        priced("exact", "0.0022"),
        priced("any", "0.0011"),
        priced("host", "0.0033"),
        priced("azure", "0.0044"),
        priced("own", "0"),
        priced("tiers", "0.0006"),
        priced("tiers", "0.0011"),
        priced("long", "0.0023"),
      ],
      metrics: { [unknown]: 0 },
    },
  },
  {
    name: "prices by the model that answered, after aliases, else by the one asked for",
    ...gateway("flag", {
      prices: [
        { id: "dated", models: ["gpt-4o-2024-11-20"], input: "1", output: "1" },
        { id: "base", models: ["base"], input: "2", output: "2" },
      ],
      aliases: [{ match: "gpt-4o-latest", model: "base" }],
      includeUsage: "off",
    }),
    requests: [
      ask("gpt-4o", { upstream: answer("gpt-4o-2024-11-20", 1000, 100) }),
      ask("x", { upstream: answer("gpt-4o-latest", 1000, 100) }),
      ask("gpt-4o-latest", { upstream: answer("something-else", 1000, 100) }),
    ],
    expect: { requests: [priced("dated", "0.0011"), priced("base", "0.0022"), priced("base", "0.0022")] },
  },
  {
    name: "flags a model without a price, and never calls its cost 0",
    ...gateway("pair", { prices: table, answerHeaders: "all", includeUsage: "off" }),
    requests: [ask("mystery"), ask("gpt-4o")],
    expect: {
      requests: [
        { ...unpriced, headers: { "x-ai-cost": null, "x-ai-tokens-input": "1000" } },
        { ...priced("exact", "0.0022"), headers: { "x-ai-cost": "0.0022", "x-ai-currency": "USD" } },
      ],
      metrics: { [unknown]: 1 },
      log: ["unknown_price"],
    },
  },
  {
    name: "refuses a model without a price where it is told to, before anybody bills it",
    ...gateway("flag", { prices: table, unknownModel: "reject", includeUsage: "off" }),
    requests: [ask("mystery"), ask("gpt-4o")],
    expect: {
      requests: [
        {
          ...{ status: 404, upstream: null, responseCodeDetails: { regex: ".*sluice_model_not_priced.*" } },
          body: {
            regex:
              '^\\{"error":\\{"message":"The gateway has no price for the model `mystery`.*"code":"model_not_priced"',
          },
        },
        priced("exact", "0.0022"),
      ],
      metrics: { [unknown]: 1 },
    },
  },
  {
    name: "charges what another model costs where it is told to, and counts that",
    ...gateway("pair", { prices: table, unknownModel: { priceAs: "gpt-4o" }, includeUsage: "off" }),
    requests: [ask("mystery")],
    expect: { requests: [priced("exact", "0.0022")], metrics: { [unknown]: 1 } },
  },
  {
    name: "counts tokens without prices",
    ...gateway("pair"),
    requests: [ask("gpt-4o")],
    expect: { requests: [{ ...unpriced, headers: { "x-ai-tokens-output": "100" } }], metrics: { [unknown]: 0 } },
  },
  attribution(),
  {
    name: "carries what is finer than a counter's unit to the next call",
    ...gateway("pair", { prices: [{ id: "fine", models: ["*"], input: "0.0003", output: "0" }], includeUsage: "off" }),
    requests: Array.from({ length: 7 }, () => ask("m", { upstream: answer("m", 1, 0) })),
    expect: {
      // 300e-12 each: 2100e-12 in all, of which 2e-9 are whole.
      requests: [priced("fine", "0.0000000003")],
      metrics: { [metric("sluice.cost_nano", { currency: "USD", model: "m", consumer: "none" })]: 2 },
    },
  },
];

function attribution(): Scenario {
  const config: Config = {
    prices,
    includeUsage: "off",
    trustedHeaders: ["x-user", "x-app"],
    consumers: [
      { name: "alice", when: { header: { "x-user": "alice" } }, team: "red", project: "search" },
      { name: "bob", when: { header: { "x-user": "bob" } }, team: "blue" },
    ],
    labels: { app: "header:x-app" },
  };
  const of = (user: string, app: string): RequestSpec =>
    ask("gpt-4o", { headers: [...json, ["x-user", user], ["x-app", app]] });
  const own = (consumer: string, more: Record<string, string>): Record<string, string> => ({
    ...{ model: "gpt-4o", consumer, ...more },
  });
  const red = { team: "red", project: "search", app: "web" };
  const blue = { team: "blue", project: "none", app: "job" };
  const usage = "gen_ai.client.inference.usage";
  return {
    name: "attributes tokens and cost to consumer, team, project and labels",
    ...gateway("pair", config),
    requests: [of("alice", "web"), of("alice", "web"), of("bob", "job")],
    expect: {
      requests: [
        { filterState: { "sluice.consumer": "alice", "sluice.team": "red", "sluice.label.app": "web" } },
        {},
        { filterState: { "sluice.consumer": "bob", "sluice.team": "blue", "sluice.label.app": "job" } },
      ],
      metrics: {
        [metric("sluice.cost_nano", { currency: "USD", ...own("alice", red) })]: 4_000_000,
        [metric("sluice.cost_nano", { currency: "USD", ...own("bob", blue) })]: 2_000_000,
        [metric(`${usage}.input_tokens`, { model: "gpt-4o", provider: "none", consumer: "alice", ...red })]: 2000,
        [metric(`${usage}.output_tokens`, { model: "gpt-4o", provider: "none", consumer: "bob", ...blue })]: 100,
        [metric("gen_ai.server.request.duration_ms", { model: "gpt-4o" })]: 3,
      },
    },
  };
}
