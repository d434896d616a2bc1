// Turns entries of LiteLLM's model_prices_and_context_window.json into entries of our `prices`. Pure: text in, data out.

import { HarnessError } from "../error.ts";
import { amountText, perMillion } from "./prices-amount.ts";
import { providerNamed } from "./prices-provider.ts";

/** One entry of LiteLLM's file: amounts are for one token, in dollars. */
export interface LiteLlmEntry {
  litellm_provider?: string;
  mode?: string;
  tiered_pricing?: LiteLlmTier[];
  [field: string]: unknown;
}

/** A step of `tiered_pricing`: all tokens of a call whose input lies in the range cost what it says. */
export interface LiteLlmTier {
  range?: [number, number];
  [field: string]: unknown;
}

/** Prices of tokens, for a million each, as decimal texts. */
export interface TokenPrices {
  input?: string;
  cachedInput?: string;
  cacheWrite?: string;
  cacheWrite1h?: string;
  audioInput?: string;
  imageInput?: string;
  output?: string;
  reasoning?: string;
  audioOutput?: string;
  imageOutput?: string;
}

/** Prices above a length of the input. */
export interface Level extends TokenPrices {
  inputTokens: number;
}

/** An entry of `prices` (filters/cost-accounting/config.schema.json). */
export interface PriceEntry extends TokenPrices {
  id: string;
  models: string[];
  providers?: string[];
  input: string;
  above?: Level[];
  tiers?: Record<string, TokenPrices & { above?: Level[] }>;
  perRequest?: string;
  image?: string;
  search?: string;
}

/** What became of one entry. */
export interface ImportedPrice {
  price: PriceEntry;
  /** What the entry charges for that no usage tells us: each a field's name. */
  ignored: string[];
}

/** Our kinds of tokens, and the fields that price them. */
const FIELDS: [keyof TokenPrices, string][] = [
  ["input", "input_cost_per_token"],
  ["cachedInput", "cache_read_input_token_cost"],
  ["cacheWrite", "cache_creation_input_token_cost"],
  ["cacheWrite1h", "cache_creation_input_token_cost_above_1hr"],
  ["audioInput", "input_cost_per_audio_token"],
  ["imageInput", "input_cost_per_image_token"],
  ["output", "output_cost_per_token"],
  ["reasoning", "output_cost_per_reasoning_token"],
  ["audioOutput", "output_cost_per_audio_token"],
  ["imageOutput", "output_cost_per_image_token"],
];

/** Service tiers, by the provider's word for them, and the end of their fields' names. */
const TIERS: [string, string][] = [
  ["flex", "_flex"],
  ["balanced", "_balanced"],
  ["priority", "_priority"],
  ["fast", "_priority"],
  ["ultrafast", "_ultrafast"],
  ["batch", "_batches"],
];

const FLAT: [keyof PriceEntry, string][] = [
  ["perRequest", "input_cost_per_request"],
  ["image", "output_cost_per_image"],
  ["search", "input_cost_per_query"],
];

const THRESHOLD = /_above_(\d+)(k?)_tokens/;
/** Reached, not passed, a threshold counts at this provider. */
const INCLUSIVE_THRESHOLDS = new Set(["xai"]);
/** This provider charges half for what it read from its cache, and says so for all its models at once. */
const HALF_FOR_CACHED = new Set(["fireworks_ai"]);

/** The entries of the named models (keys of the file), in their order. Throws `price-unknown` for a name that is not there. */
export function importPrices(file: Record<string, LiteLlmEntry>, names: string[]): ImportedPrice[] {
  const ids = new Set<string>();
  return names.map((name) => {
    const entry = file[name];
    if (entry === undefined || !Object.hasOwn(file, name)) {
      const near = Object.keys(file).filter((key) => key.endsWith(`/${name}`) || key.startsWith(name));
      const hint = near.length > 0 ? `; there are ${near.slice(0, 5).join(", ")}` : "";
      throw new HarnessError(`the price file has no model ${name}${hint}`, "price-unknown");
    }
    const imported = importPrice(name, entry);
    while (ids.has(imported.price.id)) imported.price.id = `${imported.price.id.slice(0, 62)}-x`;
    ids.add(imported.price.id);
    return imported;
  });
}

/** One entry in our form. */
export function importPrice(name: string, entry: LiteLlmEntry): ImportedPrice {
  const { model, provider } = providerNamed(name, entry.litellm_provider ?? "");
  const used = new Set<string>();
  const at = (field: string): number | undefined => {
    const value = Number(entry[field] ?? Number.NaN);
    if (Number.isNaN(value)) return undefined;
    used.add(field);
    return value;
  };
  const standard = entry.tiered_pricing ? steppedPrices(entry) : standardPrices(entry, at);
  const tiers = entry.tiered_pricing ? {} : tierPrices(entry, at);
  if (entry.tiered_pricing) used.add("tiered_pricing");
  const price: PriceEntry = {
    id: name.replaceAll(/[^A-Za-z0-9._-]/g, "-").slice(0, 64),
    models: [model],
    ...(provider === undefined ? {} : { providers: [provider] }),
    ...standard,
    input: standard.input ?? "0",
    ...(Object.keys(tiers).length > 0 ? { tiers } : {}),
  };
  for (const [member, field] of FLAT) {
    const value = at(field);
    if (value !== undefined) Object.assign(price, { [member]: amountText(value) });
  }
  const ignored = Object.keys(entry).filter((field) => /cost|pricing|multiplier/.test(field) && !used.has(field));
  return { price, ignored };
}

type Lookup = (field: string) => number | undefined;

function standardPrices(entry: LiteLlmEntry, at: Lookup): TokenPrices & { above?: Level[] } {
  const base = pricesWith(at, "", "");
  const provider = entry.litellm_provider ?? "";
  const input = at("input_cost_per_token");
  if (HALF_FOR_CACHED.has(provider) && base.cachedInput === undefined && input !== undefined) {
    base.cachedInput = perMillion(input / 2);
  }
  if (INCLUSIVE_THRESHOLDS.has(provider)) delete base.reasoning;
  // All output of such a model is images.
  if (base.output === undefined && base.imageOutput !== undefined) base.output = base.imageOutput;
  const above = thresholdsOf(entry, "").map((threshold) => ({
    inputTokens: limitOf(threshold, entry),
    ...pricesWith(at, `_above_${threshold.text}_tokens`, ""),
  }));
  return { ...base, ...(above.length > 0 ? { above } : {}) };
}

/** Prices by the length of the input where each step says all of its own. */
function steppedPrices(entry: LiteLlmEntry): TokenPrices & { above?: Level[] } {
  const steps = (entry.tiered_pricing ?? [])
    .filter((step) => step.range !== undefined)
    .sort((a, b) => (a.range?.[0] ?? 0) - (b.range?.[0] ?? 0))
    .map((step) => ({ inputTokens: step.range?.[0] ?? 0, ...stepPrices(step, entry) }));
  const [first, ...above] = steps;
  if (first === undefined) return {};
  const { inputTokens: _, ...base } = first;
  return { ...base, ...(above.length > 0 ? { above } : {}) };
}

function stepPrices(step: LiteLlmTier, entry: LiteLlmEntry): TokenPrices {
  const of = (source: Record<string, unknown>) => (field: string) =>
    source[field] === undefined ? undefined : Number(source[field]);
  const own = pricesWith(of(step), "", "");
  const flat = pricesWith(of(entry), "", "");
  const input = own.input ?? "0";
  const output = own.output ?? flat.output;
  const reasoning = own.reasoning ?? own.output ?? flat.reasoning;
  return {
    input,
    cachedInput: own.cachedInput ?? input,
    cacheWrite: own.cacheWrite ?? input,
    ...(output === undefined ? {} : { output }),
    ...(reasoning === undefined ? {} : { reasoning }),
  };
}

function tierPrices(entry: LiteLlmEntry, at: Lookup): NonNullable<PriceEntry["tiers"]> {
  const tiers: NonNullable<PriceEntry["tiers"]> = {};
  for (const [name, suffix] of TIERS) {
    const own = pricesWith(at, "", suffix);
    const thresholds = thresholdsOf(entry, suffix);
    if (Object.keys(own).length === 0 && thresholds.length === 0) continue;
    if (name === "batch") tiers[name] = batchPrices(own, thresholds, entry, at);
    else tiers[name] = withLevels(own, thresholds, entry, at, suffix);
  }
  return tiers;
}

/** What a tier does not price costs as usual, but reasoning costs as its output where it prices that. */
function withLevels(own: TokenPrices, thresholds: Threshold[], entry: LiteLlmEntry, at: Lookup, suffix: string) {
  const hasOwnReasoning = own.reasoning !== undefined;
  const reasons =
    at("output_cost_per_reasoning_token") !== undefined && !INCLUSIVE_THRESHOLDS.has(entry.litellm_provider ?? "");
  const tier: TokenPrices & { above?: Level[] } = { ...own };
  if (reasons && !hasOwnReasoning && own.output !== undefined) tier.reasoning = own.output;
  const all = new Map([...thresholdsOf(entry, ""), ...thresholds].map((it) => [it.tokens, it]));
  const sorted = [...all.values()].sort((a, b) => a.tokens - b.tokens);
  let output = own.output;
  const above = sorted.map((threshold) => {
    const part = `_above_${threshold.text}_tokens`;
    const level: Level = {
      inputTokens: limitOf(threshold, entry),
      ...pricesWith(at, part, ""),
      ...pricesWith(at, part, suffix),
    };
    output = level.output ?? output;
    if (tier.reasoning !== undefined && !hasOwnReasoning && output !== undefined) level.reasoning = output;
    return level;
  });
  if (above.length > 0) tier.above = above;
  return tier;
}

/** Batches: what has no price of its own costs as the input, or the output, of a batch. */
function batchPrices(
  own: TokenPrices,
  thresholds: Threshold[],
  entry: LiteLlmEntry,
  at: Lookup,
): TokenPrices & { above?: Level[] } {
  const fill = (prices: TokenPrices): TokenPrices => {
    const { input, output } = prices;
    return {
      ...(input === undefined
        ? {}
        : { input, cachedInput: input, cacheWrite: input, cacheWrite1h: prices.cacheWrite ?? input }),
      ...(input === undefined ? {} : { audioInput: input, imageInput: input }),
      ...(output === undefined ? {} : { output, reasoning: output, audioOutput: output }),
      ...prices,
    };
  };
  const tier: TokenPrices & { above?: Level[] } = fill(own);
  let below: TokenPrices = own;
  const above = thresholds.map((threshold) => {
    below = { ...below, ...pricesWith(at, `_above_${threshold.text}_tokens`, "_batches") };
    return { inputTokens: limitOf(threshold, entry), ...fill(below) };
  });
  if (above.length > 0) tier.above = above;
  return tier;
}

/** The prices whose fields have this part in their middle and this end. */
function pricesWith(at: Lookup, middle: string, end: string): TokenPrices {
  const prices: TokenPrices = {};
  for (const [member, field] of FIELDS) {
    const value = at(`${field}${middle}${end}`);
    if (value !== undefined) prices[member] = perMillion(value);
  }
  return prices;
}

interface Threshold {
  text: string;
  tokens: number;
}

/** The most tokens that the prices below a threshold are for. */
function limitOf(threshold: Threshold, entry: LiteLlmEntry): number {
  return threshold.tokens - (INCLUSIVE_THRESHOLDS.has(entry.litellm_provider ?? "") ? 1 : 0);
}

/** The lengths above which fields with this end price input, output or cache, in order. */
function thresholdsOf(entry: LiteLlmEntry, suffix: string): Threshold[] {
  const found = new Map<string, Threshold>();
  for (const [field, value] of Object.entries(entry)) {
    const match = THRESHOLD.exec(field);
    if (!match || value === null || !field.endsWith(`_tokens${suffix}`)) continue;
    if (!FIELDS.some(([, name]) => field === `${name}${match[0]}${suffix}`)) continue;
    const [, digits = "0", thousand = ""] = match;
    found.set(`${digits}${thousand}`, {
      text: `${digits}${thousand}`,
      tokens: Number(digits) * (thousand === "" ? 1 : 1000),
    });
  }
  return [...found.values()].sort((a, b) => a.tokens - b.tokens);
}
