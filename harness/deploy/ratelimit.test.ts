import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse } from "yaml";
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
