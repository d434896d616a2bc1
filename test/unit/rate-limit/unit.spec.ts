import { UsageStatus } from "../../../runtime/ai/facts";
import { Usage } from "../../../runtime/ai/usage";
import { Unit, Weights } from "../../../filters/rate-limit/unit";

const one: i64 = 1_000_000;

function usage(input: i64, cached: i64, written: i64, output: i64, reasoning: i64): Usage {
  const made = new Usage();
  made.status = UsageStatus.Complete;
  made.input = input;
  made.cachedInput = cached;
  made.cacheWrite = written;
  made.output = output;
  made.reasoning = reasoning;
  return made;
}

describe("weights", () => {
  it("count each kind of token once", () => {
    const weights = new Weights(Unit.Tokens, one, one / 10, (one * 5) / 4, one * 4, one * 2);
    expect(weights.places).toBe(2);
    // 100 fresh, 50 cached at 0.1, 20 written at 1.25, 30 out at 4, 10 of reasoning at 2
    expect(weights.ofUsage(usage(170, 50, 20, 40, 10))).toBe(10000 + 500 + 2500 + 12000 + 2000);
  });

  it("are kept in the coarsest parts that hold them all", () => {
    expect(new Weights(Unit.Tokens, one, one, one, one, one).places).toBe(0);
    expect(new Weights(Unit.Tokens, one, 1, one, one, one).places).toBe(6);
    expect(new Weights(Unit.Tokens, 0, 0, 0, 0, 0).places).toBe(0);
    expect(new Weights(Unit.Requests, one, 1, one, one, one).places).toBe(0);
    // Money: a unit is 1e-9 of the currency, a part 1e-12, whatever the weights.
    expect(new Weights(Unit.Cost, one, 1, one, one, one).places).toBe(3);
  });

  it("leave out what is not counted", () => {
    const call = usage(100, 0, 0, 50, 0);
    expect(new Weights(Unit.InputTokens, one, one, one, one, one).ofUsage(call)).toBe(100);
    expect(new Weights(Unit.OutputTokens, one, one, one, one, one).ofUsage(call)).toBe(50);
    expect(new Weights(Unit.OutputTokens, one, 1, one, one, one).places).toBe(0);
  });

  it("count no usage as nothing, and a usage of zero as nothing", () => {
    const weights = new Weights(Unit.Tokens, one, one, one, one, one);
    expect(weights.ofUsage(new Usage())).toBe(0);
    expect(weights.ofUsage(usage(0, 0, 0, 0, 0))).toBe(0);
  });

  it("survive numbers that make no sense", () => {
    const weights = new Weights(Unit.Tokens, one, one, one, one, one);
    expect(weights.ofUsage(usage(10, 50, 20, 5, 50))).toBe(55);
    expect(weights.ofUsage(usage(i64.MAX_VALUE, 0, 0, i64.MAX_VALUE, 0))).toBe(1 << 61);
    expect(weights.ofEstimate(-5, -5, -5)).toBe(0);
  });
});
