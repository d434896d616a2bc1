import {
  adjust,
  admits,
  endOf,
  generationOf,
  LEDGER,
  refresh,
  reserve,
  settle,
  spareness,
  spentOf,
  takenOf,
  tell,
  unsentOf,
  untell,
} from "../../../filters/cost-accounting/ledger";
import { Window, WindowKind } from "../../../filters/cost-accounting/window";

const NANO: i64 = 1_000_000_000;
const DAY: i64 = 86_400;
const NOW: i64 = 20_000 * DAY + 5;
const day = new Window(WindowKind.Day, 0);

function fresh(): usize {
  const slot = heap.alloc(<usize>LEDGER.payloadBytes);
  memory.fill(slot, 0, <usize>LEDGER.payloadBytes);
  refresh(slot, day, NOW);
  return slot;
}

describe("a ledger", () => {
  it("admits what fits into the amount, calls in flight included", () => {
    const slot = fresh();
    expect(admits(slot, 10 * NANO, 4 * NANO)).toBe(true);
    reserve(slot, 4 * NANO);
    reserve(slot, 4 * NANO);
    expect(admits(slot, 10 * NANO, 4 * NANO)).toBe(false);
    expect(admits(slot, 10 * NANO, 2 * NANO)).toBe(true);
    settle(slot, 4 * NANO, generationOf(slot), NANO * 1000);
    expect(spentOf(slot)).toBe(NANO);
    expect(takenOf(slot)).toBe(5 * NANO);
    expect(admits(slot, 10 * NANO, 4 * NANO)).toBe(true);
  });

  it("admits one call whatever it is estimated at while nothing is spent", () => {
    const slot = fresh();
    expect(admits(slot, NANO, 50 * NANO)).toBe(true);
    reserve(slot, 50 * NANO);
    expect(admits(slot, NANO, 0)).toBe(false);
    expect(admits(slot, 0, 0)).toBe(false);
  });

  it("refuses when all is spent, even what costs nothing", () => {
    const slot = fresh();
    settle(slot, 0, generationOf(slot), NANO * 1000);
    expect(admits(slot, NANO, 0)).toBe(false);
    expect(admits(slot, NANO + 1, 0)).toBe(true);
  });

  it("counts what is finer than its unit", () => {
    const slot = fresh();
    for (let i = 0; i < 10; i++) settle(slot, 0, generationOf(slot), 300);
    expect(spentOf(slot)).toBe(3);
  });

  it("begins anew with the next period, and keeps what is in flight", () => {
    const slot = fresh();
    settle(slot, 0, generationOf(slot), 5 * NANO * 1000);
    const end = endOf(slot);
    refresh(slot, day, end - 1);
    expect(spentOf(slot)).toBe(5 * NANO);
    reserve(slot, 2 * NANO);
    const generation = generationOf(slot);
    refresh(slot, day, end);
    expect(spentOf(slot)).toBe(0);
    expect(takenOf(slot)).toBe(2 * NANO);
    settle(slot, 2 * NANO, generation, NANO * 1000);
    expect(takenOf(slot)).toBe(NANO);
  });

  it("is not brought back by a clock that is a moment behind", () => {
    const slot = fresh();
    const end = endOf(slot);
    refresh(slot, day, end);
    settle(slot, 0, generationOf(slot), NANO * 1000);
    refresh(slot, day, end - 1);
    expect(spentOf(slot)).toBe(NANO);
    refresh(slot, day, end + 1);
    expect(spentOf(slot)).toBe(NANO);
  });

  it("forgets reservations that nobody settles after half an hour", () => {
    const slot = fresh();
    reserve(slot, 7 * NANO);
    const generation = generationOf(slot);
    refresh(slot, day, NOW + 900);
    expect(takenOf(slot)).toBe(7 * NANO);
    refresh(slot, day, NOW + 1800);
    expect(takenOf(slot)).toBe(0);
    settle(slot, 7 * NANO, generation, NANO * 1000);
    expect(takenOf(slot)).toBe(NANO);
  });

  it("can be corrected, also below zero", () => {
    const slot = fresh();
    settle(slot, 0, generationOf(slot), 5 * NANO * 1000);
    adjust(slot, -7 * NANO);
    expect(spentOf(slot)).toBe(-2 * NANO);
    expect(admits(slot, NANO, 50 * NANO)).toBe(true);
    adjust(slot, i64.MIN_VALUE / 2);
    adjust(slot, i64.MIN_VALUE / 2);
    expect(spentOf(slot) < 0).toBe(true);
  });

  it("never passes the end of its numbers", () => {
    const slot = fresh();
    for (let i = 0; i < 2000; i++) {
      settle(slot, 0, generationOf(slot), i64.MAX_VALUE);
      reserve(slot, i64.MAX_VALUE);
    }
    expect(spentOf(slot) > 0 && takenOf(slot) > 0).toBe(true);
    expect(admits(slot, 2 * NANO * NANO, 1)).toBe(false);
  });

  it("may be given up when its period is over, never while it has something to remember", () => {
    const slot = fresh();
    expect(spareness(slot, NOW)).toBe(0);
    settle(slot, 0, generationOf(slot), 1);
    expect(spareness(slot, NOW)).toBe(-1);
    expect(spareness(slot, endOf(slot) + 9)).toBe(10);
  });
});

describe("what a rate limit service is told of a ledger", () => {
  const UNIT: i64 = 100_000; // 1e-4 of the currency
  const YEAR: i64 = 365 * DAY;

  it("is whole units; what is less is told with the next", () => {
    const slot = fresh();
    expect(tell(slot, 30_000, UNIT, NOW)).toBe(0);
    expect(tell(slot, 30_000, UNIT, NOW)).toBe(0);
    expect(tell(slot, 30_000, UNIT, NOW)).toBe(0);
    expect(unsentOf(slot)).toBe(90_000);
    expect(tell(slot, 30_000, UNIT, NOW)).toBe(1);
    expect(unsentOf(slot)).toBe(20_000);
    expect(tell(slot, 5 * UNIT, UNIT, NOW)).toBe(5);
  });

  it("is taken back by corrections", () => {
    const slot = fresh();
    tell(slot, 5 * UNIT + 10_000, UNIT, NOW);
    expect(tell(slot, -2 * UNIT, UNIT, NOW)).toBe(-1);
    expect(unsentOf(slot)).toBe(-90_000);
    expect(tell(slot, UNIT, UNIT, NOW)).toBe(0);
  });

  it("is nothing for a budget that is not shared", () => {
    const slot = fresh();
    expect(tell(slot, 5 * UNIT, 0, NOW)).toBe(0);
    expect(unsentOf(slot)).toBe(0);
  });

  it("is told again when the service's own year ends within a period", () => {
    const slot = fresh();
    tell(slot, 7 * UNIT, UNIT, NOW);
    const next = (NOW / YEAR + 1) * YEAR;
    expect(tell(slot, UNIT, UNIT, next - 1)).toBe(1);
    expect(tell(slot, UNIT, UNIT, next)).toBe(9);
    expect(tell(slot, UNIT, UNIT, next + 1)).toBe(1);
  });

  it("is told later where it was not sent, and only once", () => {
    const slot = fresh();
    tell(slot, 7 * UNIT, UNIT, NOW);
    untell(slot, 3, UNIT);
    expect(unsentOf(slot)).toBe(3 * UNIT);
    expect(tell(slot, UNIT, UNIT, NOW)).toBe(4);
    const next = (NOW / YEAR + 1) * YEAR;
    expect(tell(slot, 0, UNIT, next)).toBe(8);
    const other = fresh();
    untell(other, 3, UNIT);
    expect(tell(other, 0, UNIT, NOW)).toBe(3);
  });

  it("stays within its numbers", () => {
    const slot = fresh();
    for (let i = 0; i < 10; i++) expect(tell(slot, i64.MAX_VALUE, 1, NOW)).toBeGreaterThan(0);
    untell(slot, i64.MAX_VALUE, 1);
    expect(unsentOf(slot)).toBeGreaterThan(0);
    for (let i = 0; i < 10; i++) expect(tell(slot, i64.MIN_VALUE, 1, NOW + i * YEAR)).toBeLessThan(i64.MAX_VALUE);
  });
});
