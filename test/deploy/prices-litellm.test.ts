import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { importPrice, type LiteLlmEntry } from "../../harness/deploy/prices.ts";
import { PriceModule } from "../schema/price-module.ts";
import { Random } from "../schema/random.ts";
import { LiteLlm, type Ask, type Usage } from "./litellm.ts";

/** Differences that have a reason: of models and usages that fit all members. */
interface Difference {
  provider?: string;
  tier?: string;
  /** The entry has this field, or lacks it. */
  field?: string;
  missing?: string;
  reason: string;
}

const DIFFERENCES = JSON.parse(
  readFileSync(new URL("./prices-differences.json", import.meta.url), "utf8"),
) as Difference[];
const MODES = ["chat", "completion", "embedding", "responses"];
const INSTALL_MINUTES = 8;

function isPriced(entry: LiteLlmEntry): boolean {
  const isToken = entry["input_cost_per_token"] !== undefined || entry["output_cost_per_token"] !== undefined;
  return MODES.includes(entry.mode ?? "") && (isToken || entry.tiered_pricing !== undefined);
}

/** The lengths at which an entry's prices change. */
function limitsOf(entry: LiteLlmEntry): number[] {
  const fields = Object.keys(entry).map((field) => Number(/_above_(\d+)k_tokens/.exec(field)?.[1] ?? 0) * 1000);
  const steps = (entry.tiered_pricing ?? []).map((step) => step.range?.[0] ?? 0);
  return [...new Set([...fields, ...steps])].filter((limit) => limit > 0);
}

function tiersOf(entry: LiteLlmEntry): string[] {
  const named = ["flex", "priority"].filter((tier) => Object.keys(entry).some((field) => field.endsWith(`_${tier}`)));
  return ["", ...named, ...(entry["input_cost_per_token_batches"] === undefined ? [] : ["batch"])];
}

function randomUsage(random: Random, input: number, tier: string, isEmbedding: boolean): Usage {
  const write = random.below(Math.floor(input / 2) + 1);
  const output = isEmbedding ? 0 : random.below(20_000);
  const cached = random.below(Math.floor(input / 2) + 1);
  const reasoning = random.below(output + 1);
  return {
    input,
    cached,
    write,
    write1h: random.below(write + 1),
    audioInput: 0,
    output,
    reasoning,
    audioOutput: 0,
    tier,
  };
}

function usagesOf(random: Random, entry: LiteLlmEntry): Usage[] {
  const isEmbedding = entry.mode === "embedding";
  const hasAudio = Object.keys(entry).some((field) => field.includes("audio"));
  return tiersOf(entry).flatMap((tier) => {
    const lengths = [1 + random.below(100_000), ...limitsOf(entry).flatMap((limit) => [limit, limit + 1])];
    const usages = lengths.map((input) => randomUsage(random, input, tier, isEmbedding));
    if (!hasAudio || tier === "batch") return usages;
    const plain = {
      ...randomUsage(random, 1 + random.below(100_000), tier, isEmbedding),
      cached: 0,
      write: 0,
      write1h: 0,
    };
    const audioOutput = random.below(plain.output - plain.reasoning + 1);
    return [...usages, { ...plain, audioInput: random.below(plain.input + 1), audioOutput }];
  });
}

describe("our sums over LiteLLM's whole price table", () => {
  let liteLlm: LiteLlm;
  let module: PriceModule;
  let file: Record<string, LiteLlmEntry>;

  before(
    async () => {
      [liteLlm, module] = await Promise.all([LiteLlm.install(), PriceModule.load()]);
      file = liteLlm.prices();
    },
    { timeout: INSTALL_MINUTES * 60_000 },
  );

  it("are LiteLLM's own to the last digit, or differ for a reason that is written down", async () => {
    const random = new Random(20261101);
    const asks: Ask[] = [];
    for (const [model, entry] of Object.entries(file)) {
      const provider = entry.litellm_provider ?? "";
      // LiteLLM puts the provider in front and then finds that entry.
      if (!isPriced(entry) || Object.hasOwn(file, `${provider}/${model}`)) continue;
      const callType = entry.mode === "embedding" ? "embedding" : "completion";
      asks.push({ model, provider, callType, usages: usagesOf(random, entry) });
    }
    assert.ok(asks.length > 3000, `${asks.length} models`);
    const theirs = await liteLlm.costs(asks);
    assert.equal(theirs.length, asks.length);

    const unexplained: string[] = [];
    const used = new Set<Difference>();
    let equal = 0;
    for (const [index, { model, usages }] of asks.entries()) {
      const entry = file[model] ?? {};
      assert.equal(module.configure([importPrice(model, entry).price]), "", model);
      for (const [at, usage] of usages.entries()) {
        const their = theirs[index]?.[at] ?? "!nothing";
        const our = module.cost(usage);
        if (!their.startsWith("!") && Number(their).toFixed(12) === (Number(our) / 1e12).toFixed(12)) equal++;
        else {
          const reason = DIFFERENCES.find((it) => explains(it, entry, usage));
          if (reason) used.add(reason);
          else unexplained.push(`${model} ${JSON.stringify(usage)}: LiteLLM ${their}, ours ${our}e-12`);
        }
      }
    }
    assert.deepEqual(unexplained.slice(0, 10), [], `${unexplained.length} differ without a reason`);
    assert.ok(equal > 5000, `${equal} are equal`);
    // Off-peak hours are not always.
    const needless = DIFFERENCES.filter((it) => !used.has(it) && it.field !== "off_peak_pricing");
    assert.deepEqual(needless, [], "these reasons explain nothing any more");
  });

  it("take in every entry that is priced by tokens, and name what no usage tells", () => {
    const ignored = new Set<string>();
    for (const [model, entry] of Object.entries(file)) {
      if (!isPriced(entry)) continue;
      const imported = importPrice(model, entry);
      for (const field of imported.ignored) ignored.add(field);
      assert.ok(imported.price.models.every((name) => name.length > 0));
    }
    const tokenFields = [...ignored].filter((field) => /^(input|output|cache_\w+)_cost_per_token/.test(field)).sort();
    assert.deepEqual(
      tokenFields.filter((field) => !/_(decisions|cache_hit)$/.test(field)),
      [],
    );
  });
});

function explains(difference: Difference, entry: LiteLlmEntry, usage: Usage): boolean {
  const { provider, tier, field, missing } = difference;
  if (provider !== undefined && provider !== entry.litellm_provider) return false;
  if (tier !== undefined && tier !== usage.tier) return false;
  if (field !== undefined && entry[field] === undefined) return false;
  return missing === undefined || entry[missing] === undefined;
}
