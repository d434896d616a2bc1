import { Failure, Flag } from "../../../filters/retry-guard/failure";
import { learn, mayRepeat, Trust } from "../../../filters/retry-guard/route-trust";

const WANTED: i64 = Flag.RetryLimitExceeded;

describe("trust in a route", () => {
  it("ends with the first retry that was wanted after the bytes had left", () => {
    const failures: Failure[] = [Failure.Answer, Failure.Timeout, Failure.Reset];
    for (let i = 0; i < failures.length; i++) {
      expect(learn(Trust.Unproven, true, 3, failures[i], 502, WANTED)).toBe(Trust.Unsafe);
      expect(learn(Trust.Proven, true, 3, failures[i], 502, WANTED)).toBe(Trust.Unsafe);
      expect(learn(Trust.Probation, false, 1, failures[i], 502, WANTED)).toBe(Trust.Unsafe);
    }
    expect(mayRepeat(Trust.Unsafe)).toBe(false);
  });

  it("never comes back", () => {
    expect(learn(Trust.Unsafe, false, 1, Failure.Timeout, 504, 0)).toBe(Trust.Unsafe);
  });

  it("stays while connections fail", () => {
    expect(learn(Trust.Unproven, true, 3, Failure.ConnectFailure, 503, WANTED)).toBe(Trust.Unproven);
    expect(mayRepeat(Trust.Unproven)).toBe(true);
  });

  it("is on probation after a repeat that nobody explains", () => {
    expect(learn(Trust.Unproven, true, 2, Failure.None, 200, 0)).toBe(Trust.Probation);
    expect(mayRepeat(Trust.Probation)).toBe(false);
  });

  it("is proven by a failure on probation that nobody wanted to repeat", () => {
    expect(learn(Trust.Probation, false, 1, Failure.ConnectFailure, 503, 0)).toBe(Trust.Proven);
    expect(learn(Trust.Probation, false, 1, Failure.Timeout, 504, 0)).toBe(Trust.Proven);
    expect(learn(Trust.Probation, false, 1, Failure.Answer, 503, 0)).toBe(Trust.Proven);
    expect(mayRepeat(Trust.Proven)).toBe(true);
    expect(learn(Trust.Proven, true, 2, Failure.None, 200, 0)).toBe(Trust.Proven);
  });

  it("is not proven by what says little", () => {
    expect(learn(Trust.Probation, false, 1, Failure.Answer, 500, 0)).toBe(Trust.Probation);
    expect(learn(Trust.Probation, false, 1, Failure.Answer, 429, 0)).toBe(Trust.Probation);
    expect(learn(Trust.Probation, false, 1, Failure.ConnectFailure, 503, WANTED)).toBe(Trust.Probation);
    expect(learn(Trust.Probation, false, 1, Failure.None, 200, 0)).toBe(Trust.Probation);
  });

  it("is not shaken by calls without repeats", () => {
    expect(learn(Trust.Unproven, true, 1, Failure.None, 200, 0)).toBe(Trust.Unproven);
    expect(learn(Trust.Unproven, true, 1, Failure.Answer, 500, 0)).toBe(Trust.Unproven);
  });
});
