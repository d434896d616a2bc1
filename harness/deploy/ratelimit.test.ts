import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse } from "yaml";
import { describeBudgets } from "./ratelimit-budgets.ts";
import { rateLimitFiles } from "./ratelimit-words.ts";
import { renderRateLimit } from "./ratelimit.ts";

const rule = (limit: object, more: object = {}) => ({ name: "team", mode: "enforce", key: ["team"], limit, ...more });
const refusal = (...rules: object[]) => {
  try {
    renderRateLimit({ rules });
  } catch (error) {
    return (error as Error).message.split("\n").slice(1);
  }
  return [];
};

describe("the rate limit service's configuration", () => {
  it("has a limit for each rule and each of its overrides", () => {
    const text = renderRateLimit({
      global: { cluster: "rls", domain: "gate" },
      rules: [
        rule(
          { capacity: 1000, interval: "1h", unit: "tokens" },
          { weights: { cachedInput: 0.25 }, overrides: [{ key: ["a"], limit: { capacity: 5, refill: 5 } }] },
        ),
        rule({ capacity: 3, unit: "concurrency" }, { name: "flight" }),
        rule({ capacity: 7, interval: "5s" }, { name: "own", scope: "local" }),
        rule({ capacity: 7 }, { name: "tried", mode: "shadow" }),
      ],
    });
    const limit = (value: string, unit: string, requests_per_unit: number) => ({
      key: "limit",
      value,
      descriptors: [{ key: "key", rate_limit: { unit, requests_per_unit } }],
    });
    assert.deepEqual(parse(text), {
      domain: "gate",
      descriptors: [
        { key: "rule", value: "team", descriptors: [limit("own", "hour", 100_000), limit("0", "hour", 500)] },
        { key: "rule", value: "shadow/tried", descriptors: [limit("own", "minute", 7)] },
      ],
    });
  });

  it("refuses what the service cannot say, all of it", () => {
    assert.deepEqual(refusal(rule({ capacity: 10, refill: 5, interval: "7s" }), rule({ capacity: 5_000_000_000 })), [
      "rules[0].limit: the interval must be 1s, 60s, 1h, 1d, 30d or 365d, got 7s",
      "rules[0].limit: capacity and refill must be equal: a window has no burst of its own",
      "rules[1].limit: the capacity is 5000000000, more than 4294967295",
    ]);
    const weights = { output: 0.000001 };
    assert.match(refusal(rule({ capacity: 10_000, unit: "tokens" }, { weights }))[0] ?? "", /in parts of 1\/1000000/);
    const overrides = [{ key: ["a"], limit: { capacity: 9 } }];
    assert.match(
      refusal(rule({ capacity: 5 }, { overrides }))[0] ?? "",
      /^rules\[0\]\.overrides\[0\]\.limit: capacity and refill/,
    );
  });
});

describe("the rate limit service's configuration for budgets", () => {
  const budget = (amount: string, more: object = {}) => ({
    ...{ name: "b", mode: "enforce", key: ["team"], amount, window: "month" },
    ...more,
  });
  const values = (...budgets: object[]) =>
    describeBudgets({ global: { cluster: "rls" }, budgets })?.descriptors.map((one) => [
      one.value,
      ...(one.descriptors ?? []).map(({ value }) => value),
    ]);

  it("counts what is spent and what is given back, as far as it can, and each correction once", () => {
    const key = { key: "key", rate_limit: { unit: "year", requests_per_unit: 4294967295 } };
    const sum = (value: string) => ({ key: "sum", value, descriptors: [{ key: "period", descriptors: [key] }] });
    assert.deepEqual(describeBudgets({ global: { cluster: "rls" }, budgets: [budget("500")] }), {
      domain: "sluice-budgets",
      descriptors: [
        { key: "budget", value: "b", descriptors: [sum("spent/4"), sum("credit/4")] },
        { key: "adjustment", rate_limit: { unit: "year", requests_per_unit: 1 } },
      ],
    });
  });

  it("takes the unit in which the largest amount can be counted", () => {
    const overrides = [{ key: ["x"], amount: "4294967.2959" }];
    assert.deepEqual(
      values(
        budget("429496.7295"),
        budget("429496.7296"),
        budget("1", { overrides }),
        budget("2000000000", { mode: "shadow" }),
      ),
      [
        ["b", "spent/4", "credit/4"],
        ["b", "spent/3", "credit/3"],
        ["b", "spent/3", "credit/3"],
        ["shadow/b", "spent/0", "credit/0"],
        [undefined],
      ],
    );
  });

  it("leaves out what each gateway keeps, and is none where nothing is shared", () => {
    assert.deepEqual(values(budget("1", { localOnly: true, replicas: 2 })), undefined);
    assert.equal(describeBudgets({ budgets: [budget("1")] }), undefined);
  });

  it("is a file for each domain, and one for both where they are the same", () => {
    const file = (domain: string, key: string) => ({ domain, descriptors: [{ key }] });
    const names = (...files: ReturnType<typeof file>[]) => [...rateLimitFiles(files).keys()];
    assert.deepEqual(names(file("sluice", "a"), file("sluice-budgets", "b")), ["sluice.yaml", "sluice-budgets.yaml"]);
    assert.deepEqual(parse(rateLimitFiles([file("x", "a"), file("x", "b")]).get("sluice.yaml") ?? ""), {
      domain: "x",
      descriptors: [{ key: "a" }, { key: "b" }],
    });
  });
});
