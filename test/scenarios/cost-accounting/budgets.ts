// Budgets over one period: spent by what answers report, refused or tagged beyond.
import type { RequestSpec, Scenario } from "../../../harness/scenario/scenario.ts";
import { answer, chat, type Config, gateway, json, metric, type Way } from "./chains.ts";

const config = (budget: Config): Config => ({
  prices: [{ id: "p", models: ["*"], input: "1", output: "1" }],
  includeUsage: "off",
  trustedHeaders: ["x-team"],
  budgets: [{ name: "team", key: ["header:x-team"], amount: "1", window: "month", timeZone: "+08:00", ...budget }],
});

const ask = (team: string, tokens: number): RequestSpec => ({
  ...{ protocol: "h1", method: "POST", path: "/v1/chat/completions" },
  headers: [...json, ["x-team", team], ["x-ai-budget", "forged"]],
  body: chat("m", { max_tokens: 1 }),
  upstream: answer("m", tokens, 0),
});

const enforced = { mode: "enforce", localOnly: true, replicas: 1 };

function refuses(way: Way): Scenario {
  return {
    name: `refuses calls of a team whose budget is spent, and of no other, with the ${way}`,
    only: { host: "envoy", why: "the answer shows the wall clock" },
    ...gateway(way, config(enforced)),
    requests: [ask("red", 700_000), ask("red", 700_000), ask("red", 1), ask("blue", 1)],
    expect: {
      requests: [
        { status: 200, filterState: { "sluice.budget": "ok", "sluice.budget_name": "team" } },
        { status: 200, upstream: { headers: { "x-ai-budget": null } } },
        {
          ...{ status: 429, upstream: null, responseCodeDetails: { regex: ".*sluice_budget_exceeded.*" } },
          headers: { "x-should-retry": "false", "retry-after": { regex: "[1-9][0-9]*" } },
          body: {
            regex:
              ".*Budget `team` is spent: 1 USD until 20[0-9]{2}-[01][0-9]-01T00:00:00\\+08:00\\..*insufficient_quota.*",
          },
          filterState: { "sluice.budget": "rejected", "sluice.cost": null },
        },
        { status: 200 },
      ],
      metrics: {
        [metric("sluice.budget_decisions", { budget: "team", verdict: "rejected" })]: 1,
        [metric("sluice.budget_decisions", { budget: "team", verdict: "ok" })]: 3,
      },
    },
  };
}

export const budgets: Scenario[] = [
  refuses("pair"),
  refuses("flag"),
  {
    name: "tags calls beyond a budget, so that a route can choose a cheaper model",
    ...gateway("pair", config({ mode: "enforce", over: "tag", warnAt: ["0.5"] })),
    routes: [{ headers: [{ name: "x-ai-budget", exact: "exceeded" }], cluster: "cheap" }, { cluster: "models" }],
    clusters: [{ name: "models" }, { name: "cheap" }],
    requests: [ask("red", 600_000), ask("red", 600_000), ask("red", 1)],
    expect: {
      requests: [
        { upstream: { cluster: "models", headers: { "x-ai-budget": null } } },
        { upstream: { cluster: "models", headers: { "x-ai-budget": "warn" } } },
        { upstream: { cluster: "cheap", headers: { "x-ai-budget": "exceeded" } } },
      ],
    },
  },
  {
    name: "only says what it would refuse where it watches",
    ...gateway("flag", config({ mode: "shadow" })),
    requests: [ask("red", 2_000_000), ask("red", 1)],
    expect: {
      requests: [
        {},
        {
          status: 200,
          upstream: { headers: { "x-ai-budget": null } },
          filterState: { "sluice.budget": "would-reject" },
        },
      ],
    },
  },
];
