import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { scaleDecimal } from "../../harness/schema/decimal.ts";
import { PriceModule, type Units } from "./price-module.ts";
import { Random } from "./random.ts";

const MOST = 2n ** 63n - 1n;
const KINDS = ["input", "cachedInput", "cacheWrite", "cacheWrite1h", "audioInput", "imageInput"] as const;
const OUTPUT_KINDS = ["output", "reasoning", "audioOutput", "imageOutput"] as const;
type Kind = (typeof KINDS)[number] | (typeof OUTPUT_KINDS)[number];
type Flat = { perRequest?: string; image?: string; search?: string };
type Rates = Partial<Record<Kind, string>>;

const FALLBACK: Partial<Record<Kind, Kind>> = {
  cachedInput: "input",
  cacheWrite: "input",
  cacheWrite1h: "cacheWrite",
  audioInput: "input",
  imageInput: "input",
  reasoning: "output",
  audioOutput: "output",
  imageOutput: "output",
};
const PER: Record<string, bigint> = { "1M": 1_000_000n, "1K": 1000n, "1": 1n };

let module: PriceModule;

before(async () => {
  module = await PriceModule.load();
});

function bits(random: Random, most: number): bigint {
  let value = 0n;
  for (let i = random.below(most + 1); i > 0; i--) value = value * 2n + BigInt(random.below(2));
  return value;
}

/** What the module computes, on exact numbers of any size. */
class Model {
  private readonly rates: Rates;
  private readonly per: string;
  private readonly flat: Flat;

  constructor(rates: Rates, per: string, flat: Flat) {
    this.rates = rates;
    this.per = per;
    this.flat = flat;
  }

  cost(units: Units): bigint {
    const parts = divide(units);
    let sum = 0n;
    for (const [kind, count] of Object.entries(parts)) sum += count * this.rate(kind as Kind);
    const per = PER[this.per] ?? 1n;
    sum = (sum * 2n + per) / (per * 2n);
    sum += amount(this.flat.perRequest) + amount(this.flat.image) * BigInt(units.images ?? 0);
    sum += amount(this.flat.search) * BigInt(units.searches ?? 0);
    return sum > MOST ? MOST : sum;
  }

  private rate(kind: Kind): bigint {
    const own = this.rates[kind];
    if (own !== undefined) return amount(own);
    const fallback = FALLBACK[kind];
    return fallback === undefined ? 0n : this.rate(fallback);
  }
}

function amount(text = "0"): bigint {
  return scaleDecimal(text, 12)?.value ?? 0n;
}

function divide(units: Units): Record<Kind, bigint> {
  const take = (count: number | undefined, left: { of: number }): bigint => {
    const taken = Math.min(count ?? 0, left.of);
    left.of -= taken;
    return BigInt(taken);
  };
  const input = { of: units.input };
  const cachedInput = take(units.cached, input);
  const write = { of: Number(take(units.write, input)) };
  const cacheWrite1h = take(units.write1h, write);
  const audioInput = take(units.audioInput, input);
  const imageInput = take(units.imageInput, input);
  const output = { of: units.output };
  const reasoning = take(units.reasoning, output);
  const audioOutput = take(units.audioOutput, output);
  const imageOutput = take(units.imageOutput, output);
  return {
    ...{ input: BigInt(input.of), cachedInput, cacheWrite: BigInt(write.of), cacheWrite1h, audioInput, imageInput },
    ...{ output: BigInt(output.of), reasoning, audioOutput, imageOutput },
  };
}

function randomAmount(random: Random): string {
  const whole = String(random.below(random.pick([1, 10, 1000, 18_000_000])));
  const places = random.below(13);
  return places === 0 ? whole : `${whole}.${Array.from({ length: places }, () => random.below(10)).join("")}`;
}

function randomUnits(random: Random): Units {
  const most = random.pick([10, 100_000, 2 ** 30, 2 ** 40]);
  const count = (): number => (random.below(3) === 0 ? 0 : Math.floor((random.below(2 ** 30) / 2 ** 30) * most));
  return {
    ...{ input: count(), output: count(), cached: count(), write: count(), write1h: count(), audioInput: count() },
    ...{ imageInput: count(), reasoning: count(), audioOutput: count(), imageOutput: count() },
    ...{ images: random.below(10), searches: random.below(10) },
  };
}

describe("costs", () => {
  it("are what exact arithmetic says", () => {
    const random = new Random(3);
    for (let table = 0; table < 400; table++) {
      const rates: Rates = { input: randomAmount(random) };
      for (const kind of [...KINDS, ...OUTPUT_KINDS]) if (random.below(2)) rates[kind] = randomAmount(random);
      const per = random.pick(["1M", "1K", "1"]);
      const flat = random.below(3) ? {} : { perRequest: randomAmount(random), image: "0.04", search: "0.002" };
      assert.equal(module.configure([{ id: "p", models: ["m"], per, ...rates, ...flat }]), "");
      const model = new Model(rates, per, flat);
      for (let i = 0; i < 50; i++) {
        const units = randomUnits(random);
        assert.equal(module.cost(units), model.cost(units), JSON.stringify({ rates, per, flat, units }));
      }
    }
  });

  it("of many calls add up to the price of all their tokens where nothing is finer than the unit", () => {
    const random = new Random(4);
    const prices = [{ id: "p", models: ["m"], input: "2.50", cachedInput: "1.25", output: "10.000001" }];
    assert.equal(module.configure(prices), "");
    let sum = 0n;
    const all = { input: 0, cached: 0, output: 0 };
    for (let i = 0; i < 5000; i++) {
      const input = random.below(10_000);
      const units = { input, cached: random.below(input + 1), output: random.below(2000) };
      sum = module.exports.add(sum, module.cost(units));
      all.input += units.input;
      all.cached += units.cached;
      all.output += units.output;
    }
    assert.equal(sum, module.cost(all));
  });
});

describe("wide sums", () => {
  it("divide as BigInt does", () => {
    const random = new Random(5);
    const { exports } = module;
    for (let i = 0; i < 20_000; i++) {
      exports.clearSum();
      let sum = 0n;
      for (let products = random.below(4); products >= 0; products--) {
        const [a, b] = [bits(random, 64), bits(random, 64)];
        exports.addProduct(a, b);
        sum += a * b;
      }
      const divisor = 1 + random.below(random.pick([10, 1_000_001, 2 ** 31]));
      const rounded = (sum * 2n + BigInt(divisor)) / (BigInt(divisor) * 2n);
      const fits = sum < 2n ** 128n && rounded < 2n ** 64n;
      assert.equal(BigInt.asUintN(64, exports.quotient(divisor)), fits ? rounded : 2n ** 64n - 1n);
      assert.equal(exports.isOverflow() !== 0, !fits);
    }
  });
});

describe("amounts", () => {
  it("are written without an exponent, with at most 12 places, and read back as they were", () => {
    const random = new Random(6);
    for (let i = 0; i < 20_000; i++) {
      const value = BigInt.asIntN(64, bits(random, 64));
      const text = module.write(value);
      assert.match(text, /^-?(0|[1-9]\d*)(\.\d{0,11}[1-9])?$/);
      assert.equal(scaleDecimal(text, 12)?.value, value);
    }
  });
});
