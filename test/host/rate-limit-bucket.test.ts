// The bucket against a model in exact numbers: random times, costs, settlements, refunds and clocks that step back.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { SmallProcess, Worker, compileFixture } from "./small-host.ts";

interface Bucket {
  limit(capacity: bigint, refill: bigint, interval: bigint, debt: bigint, places: number, ttl: bigint): number;
  clear(): void;
  scale(): bigint;
  part(): bigint;
  quantum(): bigint;
  rate(): bigint;
  deficit(): bigint;
  remaining(): bigint;
  generation(): number;
  paid(): bigint;
  fullAt(): bigint;
  reserved(): bigint;
  lookPlain(now: bigint): void;
  takePlain(now: bigint, parts: bigint): number;
  charge(now: bigint, parts: bigint): void;
  undo(now: bigint, units: bigint, level: bigint, at: bigint): void;
  wait(now: bigint, parts: bigint): bigint;
  untilFull(now: bigint): bigint;
  look(now: bigint): void;
  tryReserve(now: bigint, parts: bigint): bigint;
  end(now: bigint, units: bigint, generation: number, parts: bigint): void;
  ratio(value: bigint, to: bigint, from: bigint, up: number): bigint;
}

const second = 1_000_000_000n;
const minute = 60n * second;
const start = 1_700_000_000n * second;
const hugeDebt = 1_000_000n;

let module: WebAssembly.Module;

before(async () => {
  module = await compileFixture("rate-limit-bucket");
});

function bucket(): Bucket {
  return new Worker<Bucket>(new SmallProcess()).start(module).exports;
}

/** A small generator of random numbers: the same seed gives the same run. */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** What was taken when, to be changed afterwards: `amount` in parts of tokens. */
interface Taking {
  time: bigint;
  amount: bigint;
}

/**
 * A limit in exact fractions: every taking is remembered, and the deficit is computed from all of them, so that a refund
 * counts as if less had been taken from the start. Amounts are parts of tokens times the interval, time is nanoseconds.
 */
class Model {
  readonly takings: Taking[] = [];
  private clock = 0n; // time as the bucket has seen it
  private wall = -1n;

  readonly capacity: bigint;
  readonly refill: bigint;
  readonly interval: bigint;
  readonly parts: bigint;

  constructor(capacity: bigint, refill: bigint, interval: bigint, parts: bigint) {
    this.capacity = capacity;
    this.refill = refill;
    this.interval = interval;
    this.parts = parts;
  }

  /** The bucket looks at the clock. */
  see(now: bigint): bigint {
    if (this.wall < 0n || now < this.wall - minute) this.wall = now;
    if (now > this.wall) {
      this.clock += now - this.wall;
      this.wall = now;
    }
    return this.clock;
  }

  /** The deficit times the interval. */
  get deficit(): bigint {
    let level = 0n;
    let at = 0n;
    for (const { time, amount } of this.takings) {
      level = this.fall(level, time - at) + amount * this.interval;
      at = time;
    }
    return this.fall(level, this.clock - at);
  }

  admits(parts: bigint): boolean {
    return this.deficit + parts * this.interval <= this.capacity * this.parts * this.interval;
  }

  take(amount: bigint): Taking {
    const taking = { time: this.clock, amount };
    this.takings.push(taking);
    return taking;
  }

  private fall(level: bigint, nanos: bigint): bigint {
    const left = level - nanos * this.refill * this.parts;
    return left > 0n ? left : 0n;
  }
}

interface Limit {
  capacity: bigint;
  refill: bigint;
  interval: bigint;
  places: number;
}

const limits: Limit[] = [
  { capacity: 1n, refill: 1n, interval: second, places: 0 },
  { capacity: 10n, refill: 3n, interval: 7n * second, places: 0 },
  { capacity: 100_000n, refill: 100_000n, interval: minute, places: 1 },
  { capacity: 997n, refill: 1009n, interval: 13_000_000n, places: 2 },
  { capacity: 5n, refill: 5000n, interval: second, places: 0 },
  { capacity: 1_000_000n, refill: 999_983n, interval: minute, places: 0 },
];

function pickNanos(pick: (below: number) => number, interval: bigint): bigint {
  const scale = [1, 1000, 1_000_000, 1_000_000_000][pick(4)] as number;
  const share = (interval * BigInt(pick(scale))) / BigInt(scale * (1 + pick(8)));
  const step = pick(3) === 0 ? BigInt(pick(5)) : share;
  if (pick(12) === 0) return -share / 4n;
  return pick(40) === 0 ? -BigInt(61 + pick(10_000)) * second : step;
}

describe("the units of a limit", () => {
  test("are whole: a token and a quantum's refill, whatever the limit", () => {
    const b = bucket();
    for (const { capacity, refill, interval, places } of limits) {
      assert.ok(b.limit(capacity, refill, interval, capacity, places, minute));
      // refill tokens are what interval quanta bring
      assert.equal(refill * b.scale(), (interval / b.quantum()) * b.rate());
      assert.equal(b.part() * 10n ** BigInt(places), b.scale());
    }
  });

  test("are as fine as 64 bits allow", () => {
    const b = bucket();
    const quantumOf = (capacity: bigint, refill: bigint, interval: bigint) =>
      b.limit(capacity, refill, interval, 0n, 0, minute) ? b.quantum() : 0n;
    assert.equal(quantumOf(100n, 100n, second), 1n);
    assert.equal(quantumOf(10n ** 12n, 10n ** 12n, 60n * second), 1n);
    assert.equal(quantumOf(1_000_003n, 1_000_003n, 86_400n * second), 1000n);
    assert.equal(quantumOf(1_000_000_007n, 1_000_000_007n, 86_400n * second), 1_000_000n);
    assert.equal(quantumOf(999_999_999_989n, 999_999_999_989n, 31n * 86_400n * second), 0n);
  });

  test("change with the configuration, rounded against the caller", () => {
    const b = bucket();
    b.limit(10n, 10n, 3n * second, 10n, 0, minute);
    assert.ok(b.takePlain(start, 7n));
    const before = b.deficit();
    const scaleBefore = b.scale();
    b.limit(100n, 7n, 11n * second, 10n, 1, minute);
    b.lookPlain(start);
    assert.ok(b.deficit() * scaleBefore >= before * b.scale());
    assert.ok((b.deficit() - 1n) * scaleBefore < before * b.scale());
    assert.equal(b.remaining(), 93n);
  });

  test("are divided exactly where a product has 128 bits", () => {
    const b = bucket();
    const pick = random(3);
    const big = () => (BigInt(pick(2 ** 31)) << 31n) | BigInt(pick(2 ** 31));
    for (let i = 0; i < 2000; i++) {
      const [value, to, from] = [
        big() >> BigInt(pick(60)),
        big() >> BigInt(pick(60)),
        (big() >> BigInt(pick(60))) + 1n,
      ];
      for (const up of [0, 1]) {
        const product = value * to;
        const exact = product / from + (up && product % from ? 1n : 0n);
        const most = 2n ** 63n - 1n;
        assert.equal(b.ratio(value, to, from, up), exact > most ? most : exact, `${value} * ${to} / ${from}`);
      }
    }
  });
});

describe("a plain bucket", () => {
  for (const [index, limit] of limits.entries()) {
    test(`of ${limit.capacity} and ${limit.refill} per ${limit.interval} ns decides as exact fractions do`, () => {
      const b = bucket();
      const pick = random(index + 1);
      const parts = 10n ** BigInt(limit.places);
      const debt = limit.capacity * 2n;
      assert.ok(b.limit(limit.capacity, limit.refill, limit.interval, debt, limit.places, minute));
      assert.equal(b.quantum(), 1n);
      let admitted = 0;
      for (let round = 0; round < 20; round++) {
        b.clear();
        const model = new Model(limit.capacity, limit.refill, limit.interval, parts);
        let now = start;
        for (let step = 0; step < 150; step++) {
          now += pickNanos(pick, limit.interval);
          const cost = BigInt(1 + pick(Number(limit.capacity * parts) * (pick(4) === 0 ? 2 : 1)));
          const asked = cost < limit.capacity * parts ? cost : limit.capacity * parts;
          model.see(now);
          const expected = model.admits(asked);
          assert.equal(b.takePlain(now, cost) === 1, expected, `round ${round}, step ${step}`);
          if (expected) model.take(asked);
          if (expected) admitted++;
          assert.equal(b.deficit() * limit.interval, model.deficit * b.part());
        }
      }
      assert.ok(admitted > 100, `${admitted} admitted`);
    });
  }

  test("admits again exactly when it said, and not a nanosecond sooner", () => {
    const b = bucket();
    const pick = random(11);
    for (const { capacity, refill, interval, places } of limits) {
      b.limit(capacity, refill, interval, capacity, places, minute);
      b.clear();
      let now = start;
      let waits = 0;
      for (let i = 0; i < 300; i++) {
        const cost = BigInt(1 + pick(Number(capacity * 10n ** BigInt(places))));
        const wait = b.wait(now, cost);
        if (b.takePlain(now, cost)) continue;
        const asked = b.wait(now, cost);
        assert.ok(i === 0 || wait === asked || wait === 0n);
        waits++;
        assert.equal(b.takePlain(now + asked - 1n, cost), 0);
        assert.equal(b.takePlain(now + asked, cost), 1);
        now += asked;
      }
      assert.ok(waits > 20);
    }
  });

  test("goes into debt as deep as it may, and is paid to the last unit", () => {
    const b = bucket();
    b.limit(10n, 10n, 10n * second, 25n, 0, minute);
    b.charge(start, 30n);
    assert.equal(b.deficit(), 30n * b.scale());
    b.charge(start, 1000n);
    assert.equal(b.deficit(), 35n * b.scale());
    assert.equal(b.wait(start, 1n), 26n * second);
    assert.equal(b.untilFull(start), 35n * second);
    assert.equal(b.takePlain(start + 26n * second - 1n, 1n), 0);
    assert.equal(b.takePlain(start + 26n * second, 1n), 1);
  });

  test("loses no time to a coarse quantum, however often it is asked", () => {
    const b = bucket();
    assert.ok(b.limit(1_000_000_007n, 1_000_000_007n, 86_400n * second, 0n, 0, minute));
    assert.equal(b.quantum(), 1_000_000n);
    assert.ok(b.takePlain(start, 1_000_000_007n));
    let now = start;
    const pick = random(5);
    for (let i = 0; i < 5000; i++) b.lookPlain((now += BigInt(pick(3_000_000))));
    const quanta = (now - start) / 1_000_000n;
    assert.equal(b.deficit(), 1_000_000_007n * b.scale() - quanta * b.rate());
  });

  test("takes a clock that is set back for the new time, and grants nothing for the step", () => {
    const b = bucket();
    b.limit(10n, 10n, 10n * second, 10n, 0, minute);
    assert.ok(b.takePlain(start, 10n));
    assert.equal(b.takePlain(start - 3600n * second, 1n), 0);
    assert.equal(b.takePlain(start - 3600n * second + second, 1n), 1);
    assert.equal(b.takePlain(start - 3600n * second + second, 1n), 0);
    assert.equal(b.takePlain(start - 3600n * second + second - 59n * second, 1n), 0);
  });

  test("takes back what was taken by mistake, unless it was paid", () => {
    const b = bucket();
    b.limit(10n, 10n, 10n * second, 10n, 0, minute);
    b.takePlain(start, 6n);
    b.undo(start, 6n * b.scale(), 6n * b.scale(), start);
    assert.equal(b.deficit(), 0n);
    b.takePlain(start, 6n);
    b.takePlain(start + 6n * second, 9n);
    b.undo(start + 6n * second, 6n * b.scale(), 6n * b.scale(), start);
    assert.equal(b.remaining(), 1n);
  });
});

interface Reservation {
  reserved: bigint;
  generation: number;
  parts: bigint;
  taking: Taking;
}

describe("a reserving bucket", () => {
  for (const [index, limit] of limits.entries()) {
    for (const most of [2, 40]) {
      test(`of ${limit.capacity} per ${limit.interval} ns with ${most} calls in flight never lends what exact fractions do not`, () => {
        const b = bucket();
        const pick = random(100 * index + most);
        const parts = 10n ** BigInt(limit.places);
        b.limit(limit.capacity, limit.refill, limit.interval, hugeDebt, limit.places, 10_000_000n * second);
        let exact = 0;
        for (let round = 0; round < 15; round++) {
          b.clear();
          const model = new Model(limit.capacity, limit.refill, limit.interval, parts);
          const inFlight: Reservation[] = [];
          let now = start;
          let wasPaid = false;
          for (let step = 0; step < 120; step++) {
            now += pickNanos(pick, limit.interval);
            model.see(now);
            b.look(now);
            wasPaid ||= b.paid() > 0n;
            if (inFlight.length < most && pick(2) === 0) {
              const size = Number(limit.capacity * parts);
              const cost = BigInt(1 + pick(pick(2) === 0 ? size : Math.ceil(size / 10)));
              const reserved = b.tryReserve(now, cost);
              if (reserved >= 0n) {
                assert.ok(model.admits(cost), `round ${round}, step ${step}: lent too much`);
                const at = { generation: b.generation() };
                inFlight.push({ reserved, ...at, parts: cost, taking: model.take(cost) });
              }
            } else if (inFlight.length > 0) {
              const [call] = inFlight.splice(pick(inFlight.length), 1) as [Reservation];
              const real = pick(4) === 0 ? 0n : (call.parts * BigInt(pick(150))) / 100n;
              b.end(now, call.reserved, call.generation, real);
              if (real <= call.parts) call.taking.amount = real;
              else model.take(real - call.parts);
            }
            const [actual, ideal] = [b.deficit() * limit.interval, model.deficit * b.part()];
            assert.ok(actual >= ideal, `round ${round}, step ${step}: ${actual} < ${ideal}`);
            // Only of reservations that came back by themselves something is kept.
            if (!wasPaid) assert.equal(actual, ideal);
            if (actual === ideal) exact++;
            const outstanding = inFlight.reduce((sum, call) => sum + call.reserved, 0n);
            assert.equal(b.reserved(), outstanding);
            assert.ok(b.paid() <= outstanding);
          }
        }
        assert.ok(exact > 500, `${exact} of 1800 exact`);
      });
    }
  }

  test("near the limit counts what calls cost, and lends all that comes back", () => {
    const b = bucket();
    const pick = random(23);
    const [capacity, refill] = [10_000n, 10_000n];
    b.limit(capacity, refill, minute, capacity, 0, 900n * second);
    const inFlight: { reserved: bigint; generation: number; ends: bigint; real: bigint }[] = [];
    let used = 0n;
    let now = start;
    for (let step = 0; step < 20_000; step++) {
      now += BigInt(pick(60_000_000));
      for (const call of inFlight.filter(({ ends }) => ends <= now)) {
        inFlight.splice(inFlight.indexOf(call), 1);
        b.end(now, call.reserved, call.generation, call.real);
        used += call.real;
      }
      const tokens = BigInt(20 + pick(200));
      const reserved = b.tryReserve(now, tokens);
      if (reserved < 0n) continue;
      const real = (tokens * BigInt(pick(101))) / 100n;
      inFlight.push({ reserved, generation: b.generation(), ends: now + BigInt(pick(15)) * second, real });
    }
    const granted = capacity + (refill * (now - start)) / minute;
    assert.ok(used <= granted, `${used} of ${granted}`);
    assert.ok(used + b.reserved() / b.scale() + 400n >= granted, `${used} of ${granted}`);
  });

  test("gives all back when a thousand calls fail, in any order", () => {
    const b = bucket();
    const pick = random(17);
    b.limit(100_000n, 1n, 3600n * second, 0n, 0, 900n * second);
    for (let round = 0; round < 10; round++) {
      b.clear();
      const calls = Array.from({ length: 1000 }, () => {
        const reserved = b.tryReserve(start, BigInt(1 + pick(99)));
        return { reserved, generation: b.generation() };
      });
      while (calls.length > 0) {
        const [call] = calls.splice(pick(calls.length), 1) as [(typeof calls)[0]];
        b.end(start + second, call.reserved, call.generation, 0n);
      }
      assert.equal(b.reserved(), 0n);
      assert.ok(b.remaining() >= 99_900n, `${b.remaining()} of 100000 are back`);
    }
  });

  test("does not give back what was paid: calls that end late do not take it from those that came after", () => {
    const b = bucket();
    b.limit(1000n, 1000n, minute, hugeDebt, 0, 900n * second);
    const reserve = (now: bigint, tokens: bigint) => {
      const reserved = b.tryReserve(now, tokens);
      return { reserved, generation: b.generation() };
    };
    const early = Array.from({ length: 10 }, () => reserve(start, 100n));
    const late = Array.from({ length: 10 }, () => reserve(start + minute, 100n));
    assert.ok([...early, ...late].every(({ reserved }) => reserved > 0n));
    for (const { reserved, generation } of early) b.end(start + minute, reserved, generation, 0n);
    assert.equal(b.remaining(), 0n);
    for (const { reserved, generation } of late) b.end(start + minute, reserved, generation, 0n);
    assert.equal(b.remaining(), 1000n);
  });

  test("gives back what nobody settles, and charges who settles after that", () => {
    const b = bucket();
    b.limit(1000n, 1n, 86_400n * second, 1000n, 0, 900n * second);
    assert.ok(b.tryReserve(start, 1000n) > 0n);
    const { generation, reserved } = {
      generation: b.generation(),
      reserved: b.reserved(),
    };
    assert.ok(b.fullAt() >= start + 900n * second);
    b.look(start + 899n * second);
    assert.equal(b.remaining(), 0n);
    b.look(start + 1201n * second);
    assert.equal(b.remaining(), 1000n);
    assert.equal(b.reserved(), 0n);
    b.end(start + 1300n * second, reserved, generation, 400n);
    assert.equal(b.remaining(), 600n);
  });

  test("keeps reservations when the time to live changes or the clock is set back", () => {
    const b = bucket();
    b.limit(1000n, 1n, 86_400n * second, 1000n, 0, 900n * second);
    const reserved = b.tryReserve(start, 300n);
    const at = { generation: b.generation() };
    b.limit(1000n, 1n, 86_400n * second, 1000n, 0, 600n * second);
    b.look(start + second);
    assert.equal(b.reserved(), reserved);
    b.limit(1000n, 1n, 86_400n * second, 1000n, 0, 900n * second);
    b.end(start + 2n * second, reserved, at.generation, 100n);
    assert.equal(b.reserved(), 0n);
    assert.equal(b.remaining(), 900n);
    const again = b.tryReserve(start, 300n);
    b.look(start - 86_400n * second);
    assert.equal(b.reserved(), again);
    b.look(start - 86_400n * second + 1300n * second);
    assert.equal(b.reserved(), 0n);
  });

  test("counts calls in flight, and forgets those that never end", () => {
    const b = bucket();
    b.limit(3n, 0n, 1n, 0n, 0, 900n * second);
    const calls = [1, 2, 3].map(() => {
      assert.equal(b.tryReserve(start, 1n), 1n);
      return { generation: b.generation() };
    });
    assert.equal(b.tryReserve(start + 100n * second, 1n), -1n);
    for (const { generation } of calls.slice(1)) b.end(start + 100n * second, 1n, generation, 0n);
    assert.equal(b.remaining(), 2n);
    b.look(start + 1201n * second);
    assert.equal(b.remaining(), 3n);
  });
});
