// Budgets that several gateways share by a rate limit service, in the in-process host: one sum, whatever comes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { describeBudgets } from "../../harness/deploy/ratelimit-budgets.ts";
import { describeRateLimit } from "../../harness/deploy/ratelimit.ts";
import { Gateway } from "../../harness/host/gateway.ts";
import type { AnswerSpec, Json, RequestSpec } from "../../harness/scenario/scenario.ts";
import { answer, chat, type Config, json, metric } from "../scenarios/cost-accounting/chains.ts";
import { RateLimitCounters } from "./rate-limit-counters.ts";

const wasm = readFileSync(process.env["COST_WASM"] ?? "build/cost-accounting.wasm");
const start = Date.UTC(2026, 10, 30, 12, 0, 0);
const HOUR = 3_600_000;
/** 1 for a million tokens, whatever they are. */
const prices: Json = [{ id: "p", models: ["*"], input: "1", output: "1" }];

const budget = (amount: string, more: Config = {}): Config => ({
  ...{ name: "b", mode: "enforce", key: ["header:x-team"], amount, window: "month", timeZone: "+08:00" },
  ...more,
});

interface Setup {
  budgets?: Config[];
  global?: Config;
  adjustments?: Json;
  gateways?: number;
  workers?: number;
}

/** Gateways that share one service. */
class Fleet {
  readonly service: RateLimitCounters;
  readonly gateways: Gateway[];
  #config: Config;

  constructor({ gateways = 2, workers = 1, budgets = [budget("1")], global = {}, adjustments = [] }: Setup = {}) {
    this.#config = {
      ...{ prices, budgets, adjustments, trustedHeaders: ["x-team"], includeUsage: "off" },
      global: { cluster: "rls", replicas: 2, ...global },
    };
    const file = describeBudgets(this.#config);
    assert.ok(file);
    this.service = new RateLimitCounters(file);
    this.gateways = Array.from({ length: gateways }, () => this.start(workers));
  }

  start(workers = 1): Gateway {
    return new Gateway({
      chain: [
        {
          kind: "plugin",
          name: "cost",
          module: "build/cost-accounting.wasm",
          config: this.#config,
          allowOnHeadersStopIteration: true,
        },
      ],
      routes: [{ headers: [{ name: "x-ai-budget", prefix: "exceeded" }], cluster: "cheap" }, { cluster: "models" }],
      clusters: [{ name: "models" }, { name: "cheap" }, { name: "rls" }],
      gateway: { workers },
      loadModule: () => wasm,
      epochMs: start,
      onGrpcCall: this.service.answer,
    });
  }

  update(more: Config): void {
    this.#config = { ...this.#config, ...more };
    for (const gateway of this.gateways) gateway.update("cost", { config: this.#config });
  }

  send(at: number, ask: Ask = {}) {
    return (this.gateways[at] as Gateway).request(request(ask));
  }

  status(at: number, ask: Ask = {}): number {
    return this.send(at, ask).status;
  }

  /** Lets time pass everywhere. */
  advance(ms: number): void {
    for (const gateway of this.gateways) gateway.advance(ms);
  }
}

interface Ask {
  team?: string;
  tokens?: number;
  maxTokens?: number;
  upstream?: AnswerSpec;
  worker?: number;
}

function request({ team = "red", tokens = 0, maxTokens = 1, upstream, worker = 0 }: Ask = {}): RequestSpec {
  return {
    ...{ protocol: "h1", method: "POST", path: "/v1/chat/completions", worker },
    headers: [...json, ["x-team", team]],
    body: chat("m", { max_tokens: maxTokens }),
    upstream: upstream ?? answer("m", tokens, 0),
  };
}

describe("a budget of all gateways", () => {
  test("is one sum, under words that all of them use", () => {
    const fleet = new Fleet();
    assert.equal(fleet.status(0, { tokens: 600_000 }), 200);
    assert.equal(fleet.status(1, { tokens: 600_000 }), 200);
    const refused = fleet.send(0);
    assert.equal(refused.status, 429);
    assert.match(new TextDecoder().decode(refused.body), /Budget `b` is spent: 1 USD until 2026-12-01T00:00:00\+08:00/);
    assert.equal(fleet.status(1), 429);
    assert.equal(fleet.status(1, { team: "blue" }), 200);
    const [[name = "", count] = []] = [...fleet.service.counts].filter(([, hits]) => hits > 0n);
    assert.match(name, /^budget=b,sum=spent\/4,period=2026-11\+08:00,key=[0-9a-f]{32}$/);
    assert.equal(count, 12_000n);
  });

  test("begins anew at midnight of its own time zone", () => {
    const fleet = new Fleet();
    fleet.status(0, { tokens: 1_000_000 });
    assert.equal(fleet.status(1), 429);
    fleet.advance(4 * HOUR);
    assert.equal(fleet.status(1, { tokens: 100_000 }), 200);
    assert.equal(fleet.service.sum("period=2026-12+08:00"), 1000n);
  });

  test("survives gateways that start anew", () => {
    const fleet = new Fleet({ gateways: 1 });
    fleet.status(0, { tokens: 1_000_000 });
    fleet.gateways[0] = fleet.start();
    assert.equal(fleet.status(0), 429);
  });

  test("loses nothing of what is less than the service's unit", () => {
    const fleet = new Fleet();
    // 0.00003 each, in units of 0.0001.
    for (let i = 0; i < 200; i++) fleet.status(i % 2, { tokens: 30 });
    assert.equal(fleet.service.sum("sum=spent"), 60n);
  });

  test("counts in the next power of ten where its amount is larger than 32 bits", () => {
    const fleet = new Fleet({ budgets: [budget("429496.7296"), budget("429496.7295", { name: "c" })] });
    fleet.status(0, { tokens: 5_000_000 });
    assert.equal(fleet.service.sum("budget=b,sum=spent/3"), 5000n);
    assert.equal(fleet.service.sum("budget=c,sum=spent/4"), 50_000n);
  });

  test("lets nobody overspend who calls at once", () => {
    const fleet = new Fleet({ budgets: [budget("0.01")], workers: 4, gateways: 1 });
    const [gateway] = fleet.gateways as [Gateway];
    const late = { ...answer("m", 4, 1000), delayMs: 100 };
    fleet.service.delayMs = 5;
    const runs = Array.from({ length: 40 }, (_, at) =>
      gateway.send(request({ maxTokens: 1000, upstream: late, worker: at % 4 })),
    );
    gateway.run();
    assert.equal(runs.filter((run) => run.result?.status === 200).length, 9);
  });

  test("gives back what a refused or failed call reserved", () => {
    const fleet = new Fleet({ budgets: [budget("0.003"), budget("0.001", { name: "small", key: ["const:all"] })] });
    assert.equal(fleet.status(0, { tokens: 600, maxTokens: 100 }), 200);
    for (let i = 0; i < 20; i++) assert.equal(fleet.status(0, { maxTokens: 1000 }), 429, `call ${i}`);
    const failed = { kind: "answer" as const, status: 500, headers: json, body: "{}" };
    for (let i = 0; i < 20; i++) assert.equal(fleet.status(0, { maxTokens: 100, upstream: failed }), 500);
    assert.equal(fleet.status(0, { maxTokens: 300 }), 200);
  });

  test("tags, warns and watches as one of a single gateway does", () => {
    const fleet = new Fleet({
      budgets: [budget("1", { over: "tag", warnAt: ["0.5"] }), budget("0.1", { name: "watch", mode: "shadow" })],
    });
    fleet.status(0, { tokens: 500_000 });
    const near = fleet.send(1, { tokens: 500_000 });
    assert.deepEqual(
      [new Map(near.upstream[0]?.headers).get("x-ai-budget"), near.filterState["sluice.budget"]],
      ["warn", "would-reject"],
    );
    const over = fleet.send(0, { tokens: 1 });
    assert.deepEqual(
      [over.upstream[0]?.cluster, over.filterState["sluice.budget"], over.filterState["sluice.budget_name"]],
      ["cheap", "exceeded", "b"],
    );
    assert.ok(fleet.service.sum("budget=shadow/watch") > 0n);
  });

  test("shows what is left for all, and all of it when its period ends without a call", () => {
    const fleet = new Fleet({ budgets: [budget("1", { key: ["const:all"] })] });
    fleet.status(0, { tokens: 250_000 });
    fleet.status(1, { tokens: 250_000 });
    const left = (at: number) =>
      (fleet.gateways[at] as Gateway).metricValues()[
        metric("sluice.budget_global_remaining_nano", { budget: "b", consumer: "all" })
      ];
    assert.deepEqual([left(0), left(1)], [750_000_000, 500_000_000]);
    fleet.advance(4 * HOUR + 2000);
    assert.deepEqual([left(0), left(1)], [1_000_000_000, 1_000_000_000]);
  });

  test("cannot begin with a call that other gateways do not know", () => {
    const [gateway] = new Fleet({ budgets: [budget("1", { window: "30d" })] }).gateways;
    assert.ok(gateway?.logLines.some(({ text }) => /budgets\[0\]\.window: 30d begins with a call/.test(text)));
  });

  test("keeps local ones to the gateway", () => {
    const fleet = new Fleet({ budgets: [budget("9"), budget("1", { name: "own", localOnly: true, replicas: 1 })] });
    fleet.status(0, { tokens: 1_000_000 });
    assert.equal(fleet.status(0), 429);
    assert.equal(fleet.status(1), 200);
    assert.equal(fleet.service.sum("budget=own"), 0n);
  });
});

describe("without the service", () => {
  for (const how of ["away", "slow"]) {
    test(`that is ${how}, each gateway keeps to its share, passes, refuses or tags as it is told`, () => {
      const without = (onError: string, more: Config = {}) => {
        const fleet = new Fleet({ budgets: [budget("1", more)], global: { onError } });
        fleet.service.delayMs = how === "away" ? undefined : 5000;
        return fleet;
      };
      const local = without("local");
      assert.equal(local.status(0, { tokens: 500_000 }), 200);
      assert.equal(local.status(0), 429);
      assert.equal(local.status(1, { tokens: 500_000 }), 200);
      const open = without("open");
      for (let i = 0; i < 3; i++) assert.equal(open.status(0, { tokens: 500_000 }), 200);
      const closed = without("closed").send(0);
      assert.equal(closed.status, 503);
      assert.match(new TextDecoder().decode(closed.body), /budget_unavailable/);
      assert.equal(closed.upstream.length, 0);
      const tagged = without("closed", { over: "tag" }).send(0);
      assert.deepEqual([tagged.status, tagged.upstream[0]?.cluster], [200, "cheap"]);
      const shadow = without("closed", { mode: "shadow" }).send(0);
      assert.deepEqual([shadow.status, shadow.filterState["sluice.budget"]], [200, "unknown"]);
      const values = (local.gateways[0] as Gateway).metricValues();
      const name = metric("sluice.errors", { filter: "cost-accounting", kind: "rate_limit_service" });
      assert.ok((values[name] ?? 0) >= 2);
    });
  }

  test("what calls cost is remembered until it is back", () => {
    const fleet = new Fleet({ global: { onError: "open" } });
    fleet.service.delayMs = undefined;
    for (let i = 0; i < 4; i++) assert.equal(fleet.status(i % 2, { tokens: 250_000 }), 200);
    assert.equal(fleet.service.sum("sum=spent"), 0n);
    fleet.service.delayMs = 0;
    fleet.advance(3000);
    assert.equal(fleet.service.sum("sum=spent"), 10_000n);
    assert.equal(fleet.status(0), 429);
  });

  test("... and over a change of the configuration, too", () => {
    const fleet = new Fleet({ gateways: 1, global: { onError: "open" } });
    fleet.service.delayMs = undefined;
    for (let i = 0; i < 4; i++) fleet.status(0, { tokens: 250_000 });
    fleet.update({ budgets: [budget("1", { warnAt: ["0.5"] })] });
    fleet.service.delayMs = 0;
    fleet.advance(3000);
    fleet.status(0, { tokens: 100 });
    fleet.advance(3000);
    // The last one under way when the configuration went may have arrived.
    assert.ok(fleet.service.sum("sum=spent") >= 7501n, `${fleet.service.sum("sum=spent")}`);
  });

  test("a call that leaves while it is asked gives back what it reserved", () => {
    const fleet = new Fleet({ budgets: [budget("0.002")], global: { timeout: "10s" }, gateways: 1 });
    const [gateway] = fleet.gateways as [Gateway];
    fleet.service.delayMs = 5000;
    const runs = Array.from({ length: 5 }, () =>
      gateway.send({ ...request({ maxTokens: 1000 }), abort: { afterMs: 100 } }),
    );
    gateway.run();
    assert.ok(runs.every(({ result }) => result?.outcome === "aborted" && result.upstream.length === 0));
    fleet.service.delayMs = 0;
    assert.equal(fleet.status(0, { maxTokens: 1000, tokens: 900 }), 200);
    assert.equal(fleet.status(0, { maxTokens: 1000 }), 200);
    assert.deepEqual(gateway.traps, []);
  });

  test("what is owed counts before the service has it", () => {
    const fleet = new Fleet({ gateways: 1 });
    fleet.service.delayOfHitsMs = 1_000_000;
    fleet.service.counts.clear();
    for (let i = 0; i < 3; i++) fleet.status(0, { tokens: 400_000 });
    assert.equal(fleet.status(0), 429);
  });
});

describe("a correction of a shared budget", () => {
  const adjustments: Json = [{ id: "refund-1", budget: "b", key: ["red"], amount: "-0.7", reason: "billed twice" }];

  test("is made once, whoever asks and however often", () => {
    const fleet = new Fleet({ workers: 3 });
    fleet.status(0, { tokens: 1_000_000 });
    assert.equal(fleet.status(1), 429);
    for (let i = 0; i < 3; i++) {
      fleet.update({ adjustments });
      fleet.advance(3000);
    }
    assert.equal(fleet.service.sum("sum=credit/4"), 7000n);
    assert.equal(fleet.service.sum("adjustment=refund-1"), 1n);
    fleet.gateways.push(fleet.start());
    fleet.advance(3000);
    assert.equal(fleet.service.sum("sum=credit/4"), 7000n);
    assert.equal(fleet.status(1, { tokens: 700_000 }), 200);
    assert.equal(fleet.status(0), 429);
  });

  test("adds to what was spent, too, and waits for the service", () => {
    const fleet = new Fleet();
    fleet.service.delayMs = undefined;
    fleet.update({ adjustments: [{ id: "a", budget: "b", key: ["red"], amount: "0.90005" }] });
    fleet.advance(3000);
    fleet.service.delayMs = 0;
    fleet.advance(3000);
    assert.equal(fleet.service.sum("sum=spent/4"), 9000n);
    assert.equal(fleet.status(0, { tokens: 100_000 }), 200);
    assert.equal(fleet.status(0), 429);
  });
});

describe("a correction whose answer was lost", () => {
  test("is not made twice: it is said that nobody knows", () => {
    const fleet = new Fleet({ gateways: 1 });
    fleet.service.delayOfHitsMs = 1_000_000;
    fleet.update({ adjustments: [{ id: "a", budget: "b", key: ["red"], amount: "-0.5" }] });
    fleet.advance(3000);
    fleet.service.delayOfHitsMs = 0;
    fleet.advance(5000);
    const values = (fleet.gateways[0] as Gateway).metricValues();
    assert.ok((values[metric("sluice.errors", { filter: "cost-accounting", kind: "adjustment" })] ?? 0) >= 1);
    assert.equal(fleet.service.sum("sum=credit"), 0n);
    assert.equal(fleet.service.sum("adjustment=a"), 1n);
  });
});

describe("a shared budget in the suite", () => {
  test("holds beside a shared rate limit, and what one of them refuses costs the other nothing", () => {
    const global = { cluster: "rls" };
    const costAccounting = {
      ...{ prices, includeUsage: "off", global },
      budgets: [budget("1", { key: ["header:x-team"] })],
    };
    const limit = { capacity: 4, interval: "1h" };
    const rateLimit = { global, rules: [{ name: "calls", mode: "enforce", key: ["header:x-team"], limit }] };
    const file = describeBudgets(costAccounting);
    assert.ok(file);
    const service = new RateLimitCounters(file, describeRateLimit(rateLimit));
    service.delayMs = 2;
    const made = new Gateway({
      chain: [
        {
          ...{ kind: "plugin", name: "suite", module: "build/suite.wasm", allowOnHeadersStopIteration: true },
          config: { trustedHeaders: ["x-team"], costAccounting, rateLimit },
        },
      ],
      routes: [{ cluster: "models" }],
      clusters: [{ name: "models" }, { name: "rls" }],
      loadModule: (path) => readFileSync(path),
      epochMs: start,
      onGrpcCall: service.answer,
    });
    const ask = (team: string, tokens = 0) => {
      const { status, body } = made.request(request({ team, tokens }));
      made.advance(100);
      return [status, /sluice_|insufficient_quota|rate_limit/.exec(new TextDecoder().decode(body))?.[0]];
    };
    assert.deepEqual(ask("red", 1_000_000), [200, undefined]);
    for (let i = 0; i < 10; i++) assert.deepEqual(ask("red"), [429, "insufficient_quota"]);
    for (let i = 0; i < 4; i++) assert.deepEqual(ask("blue", 100_000), [200, undefined]);
    for (let i = 0; i < 10; i++) assert.deepEqual(ask("blue", 100_000), [429, "rate_limit"]);
    assert.equal(service.sum("sum=spent"), 14_000n);
  });
});
