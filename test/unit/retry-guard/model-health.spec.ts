import {
  addCall,
  addDuration,
  allowsRepeat,
  bucketEndMs,
  bucketOf,
  COUNT_WINDOW_MS,
  DURATION_WINDOW_MS,
  durationP99Ms,
  HEALTH_BYTES,
  LEAST_DURATIONS,
} from "../../../filters/retry-guard/model-health";

const NOW: i64 = 1_700_000_010_000;
const FIFTH: i64 = 200_000_000;
const HALF: i64 = 500_000_000;
const record: usize = memory.data(176, 8);

function fresh(): void {
  memory.fill(record, 0, HEALTH_BYTES);
}

function calls(count: i32, repeats: i32, good: i32, now: i64 = NOW): void {
  for (let i = 0; i < count; i++) addCall(record, now, i < repeats ? 1 : 0, i < good, i >= good);
}

describe("the retry budget", () => {
  it("always allows a few", () => {
    fresh();
    expect(allowsRepeat(record, NOW, FIFTH, HALF)).toBe(true);
    calls(2, 2, 2);
    expect(allowsRepeat(record, NOW, 0, HALF)).toBe(true);
    calls(1, 1, 1);
    expect(allowsRepeat(record, NOW, 0, HALF)).toBe(false);
  });

  it("allows a share of the calls", () => {
    fresh();
    calls(100, 19, 100);
    expect(allowsRepeat(record, NOW, FIFTH, HALF)).toBe(true);
    calls(1, 1, 1);
    expect(allowsRepeat(record, NOW, FIFTH, HALF)).toBe(true); // 20 of 101
    fresh();
    calls(100, 20, 100);
    expect(allowsRepeat(record, NOW, FIFTH, HALF)).toBe(false);
    expect(allowsRepeat(record, NOW, 1_000_000_000, HALF)).toBe(true);
  });

  it("allows none while the model fails", () => {
    fresh();
    calls(9, 0, 0);
    expect(allowsRepeat(record, NOW, FIFTH, HALF)).toBe(true);
    calls(1, 0, 0);
    expect(allowsRepeat(record, NOW, FIFTH, HALF)).toBe(false);
    calls(10, 0, 10);
    expect(allowsRepeat(record, NOW, FIFTH, HALF)).toBe(true);
  });

  it("forgets after two windows", () => {
    fresh();
    calls(100, 100, 0);
    expect(allowsRepeat(record, NOW + COUNT_WINDOW_MS, FIFTH, HALF)).toBe(false);
    expect(allowsRepeat(record, NOW + 2 * COUNT_WINDOW_MS, FIFTH, HALF)).toBe(true);
    addCall(record, NOW + COUNT_WINDOW_MS, 0, true, false);
    expect(allowsRepeat(record, NOW + COUNT_WINDOW_MS, FIFTH, HALF)).toBe(false);
    addCall(record, NOW + 3 * COUNT_WINDOW_MS, 0, true, false);
    expect(allowsRepeat(record, NOW + 3 * COUNT_WINDOW_MS, FIFTH, HALF)).toBe(true);
  });

  it("survives clocks that step", () => {
    fresh();
    calls(100, 100, 100);
    addCall(record, NOW - COUNT_WINDOW_MS, 0, true, false);
    expect(allowsRepeat(record, NOW - COUNT_WINDOW_MS, FIFTH, HALF)).toBe(false);
    addCall(record, NOW - 100 * COUNT_WINDOW_MS, 0, true, false);
    expect(allowsRepeat(record, NOW - 100 * COUNT_WINDOW_MS, FIFTH, HALF)).toBe(true);
    addCall(record, 0, 0, true, false);
    addCall(record, i64.MAX_VALUE, 0, true, false);
    expect(allowsRepeat(record, i64.MAX_VALUE, FIFTH, HALF)).toBe(true);
  });

  it("does not overflow", () => {
    fresh();
    store<i64>(record, NOW / COUNT_WINDOW_MS);
    for (let at: usize = 8; at < 40; at += 4) store<u32>(record + at, u32.MAX_VALUE);
    calls(3, 3, 3);
    expect(allowsRepeat(record, NOW, FIFTH, HALF)).toBe(false);
  });
});

describe("the time that 99 of 100 calls stay under", () => {
  it("is unknown at first", () => {
    fresh();
    for (let i: u32 = 0; i < LEAST_DURATIONS - 1; i++) addDuration(record, NOW, 1000);
    expect(durationP99Ms(record, NOW)).toBe(0);
    addDuration(record, NOW, 1000);
    expect(durationP99Ms(record, NOW)).toBe(2000);
  });

  it("is not moved by one in a hundred", () => {
    fresh();
    for (let i = 0; i < 99; i++) addDuration(record, NOW, 5000);
    addDuration(record, NOW, 300_000);
    expect(durationP99Ms(record, NOW)).toBe(5000);
    addDuration(record, NOW, 300_000);
    expect(durationP99Ms(record, NOW)).toBeGreaterThan(299_999);
  });

  it("is at most a fifth too long, and never too short", () => {
    for (let ms: i64 = 2001; ms < 400_000; ms += 373) {
      const end = bucketEndMs(bucketOf(ms));
      expect(end).toBeGreaterThan(ms - 1);
      expect(end).toBeLessThan((ms * 5) / 4 + 1);
    }
    expect(bucketOf(i64.MAX_VALUE)).toBe(31);
    expect(bucketOf(-5)).toBe(0);
  });

  it("forgets after two windows", () => {
    fresh();
    for (let i = 0; i < 200; i++) addDuration(record, NOW, 5000);
    expect(durationP99Ms(record, NOW + DURATION_WINDOW_MS)).toBe(5000);
    expect(durationP99Ms(record, NOW + 2 * DURATION_WINDOW_MS)).toBe(0);
  });
});
