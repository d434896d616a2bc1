import { cachedOf, inputOf, learn, MODEL, outputOf, sizeOf } from "../../../filters/rate-limit/estimate";

const slot = memory.data(48, 8);

function fresh(): void {
  memory.fill(slot, 0, <usize>MODEL.payloadBytes);
}

describe("an estimate", () => {
  it("is usual while nothing is learned", () => {
    expect(inputOf(0, 400)).toBe(100);
    expect(inputOf(0, 401)).toBe(101);
    expect(outputOf(0, 1000)).toBe(1000);
    expect(cachedOf(0, 100)).toBe(0);
    fresh();
    expect(inputOf(slot, 400)).toBe(100);
    expect(outputOf(slot, 1000)).toBe(1000);
  });

  it("counts media as 800 tokens each", () => {
    expect(inputOf(0, sizeOf(0, 2))).toBe(1600);
    expect(sizeOf(-1, -1)).toBe(0);
  });

  it("is what all calls were while there is one", () => {
    fresh();
    learn(slot, 1000, 500, 100, 70, 5);
    expect(inputOf(slot, 2000)).toBe(1000);
    expect(cachedOf(slot, 1000)).toBe(200);
    expect(outputOf(slot, 1000)).toBe(70);
  });

  it("follows a change within some dozens of calls", () => {
    fresh();
    for (let i = 0; i < 200; i++) learn(slot, 1000, 250, 0, 100, 0);
    for (let i = 0; i < 100; i++) learn(slot, 1000, 500, 0, 300, 0);
    const input = inputOf(slot, 1000);
    const output = outputOf(slot, 1000);
    expect(input > 475 && input <= 500).toBeTruthy();
    expect(output > 285 && output <= 300).toBeTruthy();
  });

  it("survives samples that make no sense", () => {
    fresh();
    for (let i = 0; i < 100; i++) learn(slot, i64.MAX_VALUE, i64.MAX_VALUE, i64.MAX_VALUE, i64.MIN_VALUE, 0);
    expect(inputOf(slot, 1000) >= 0).toBeTruthy();
    expect(outputOf(slot, 1000)).toBe(0);
  });
});
