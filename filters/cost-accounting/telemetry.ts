// What the filter tells: metrics of tokens, money and time, and filter state for access logs.
import { MetricType } from "../../runtime/abi/enums";
import { Exchange } from "../../runtime/ai/exchange";
import { Outcome, usageStatusText } from "../../runtime/ai/facts";
import { modelLabel } from "../../runtime/ai/record";
import { Usage } from "../../runtime/ai/usage";
import { splitLabel, variantLabel } from "../../runtime/ai/variant-labels";
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { Bytes } from "../../runtime/bytes/bytes";
import { appendAmount } from "../../runtime/price/amount";
import { setState, setStateNumber, State } from "../../runtime/telemetry/filter-state";
import { Label, LABEL_BITS, NONE } from "../../runtime/telemetry/labels";
import { Family } from "../../runtime/telemetry/series";
import { Remainders } from "./remainders";

export const consumerLabel: Label = new Label("consumer", true);
export const providerLabel: Label = new Label("provider");
export const currencyLabel: Label = new Label("currency");
/** Team, project and the configuration's own labels, in one. */
export const attributionLabel: Label = new Label("attribution", true, true);
const outcomeLabel = new Label("outcome");
const firstOutcome = outcomeLabel.reserveAll(["none", "ok", "error", "stream_error", "truncated", "aborted"]);
const apiLabel = new Label("api");

const byCaller = [modelLabel, providerLabel, consumerLabel, attributionLabel];
const inputTokens = tokens("input_tokens");
const outputTokens = tokens("output_tokens");
const cacheRead = tokens("cache_read.input_tokens");
const cacheWrite = tokens("cache_write.input_tokens");
const reasoning = tokens("reasoning.output_tokens");
const byMoney = [currencyLabel, modelLabel, consumerLabel, attributionLabel];
const cost = new Family(MetricType.Counter, "sluice.cost_nano", byMoney);
const wasted = new Family(MetricType.Counter, "sluice.wasted_cost_nano", [currencyLabel, modelLabel, outcomeLabel]);
const atRisk = new Family(MetricType.Counter, "sluice.cost_at_risk_nano", [currencyLabel, modelLabel]);
const estimated = new Family(MetricType.Counter, "sluice.estimated_calls", [modelLabel]);
const priced = new Family(MetricType.Counter, "sluice.priced_calls", [modelLabel]);
const uncounted = new Family(MetricType.Counter, "sluice.uncounted_calls", [apiLabel]);
const duration = new Family(MetricType.Histogram, "gen_ai.server.request.duration_ms", [modelLabel]);
const firstToken = new Family(MetricType.Histogram, "gen_ai.server.time_to_first_token_ms", [modelLabel]);
const perToken = new Family(MetricType.Histogram, "gen_ai.server.time_per_output_token_us", [modelLabel]);

const byVariant = [splitLabel, variantLabel];
const byVariantMoney = [currencyLabel, splitLabel, variantLabel];
const variantInput = new Family(MetricType.Counter, "sluice.variant.input_tokens", byVariant);
const variantOutput = new Family(MetricType.Counter, "sluice.variant.output_tokens", byVariant);
const variantCost = new Family(MetricType.Counter, "sluice.variant.cost_nano", byVariantMoney);
const variantFirstToken = new Family(MetricType.Histogram, "sluice.variant.time_to_first_token_ms", byVariant);

const costRest = new Remainders();
const variantRest = new Remainders();
const wastedRest = new Remainders();
const atRiskRest = new Remainders();
const text = new ByteBuffer(32);
const NANOS_PER_MILLI: u64 = 1_000_000;
const NANOS_PER_MICRO: u64 = 1000;

/** Whom a call is attributed to, as numbers of labels. */
@final
export class Attribution {
  model: i32 = 0;
  provider: i32 = 0;
  consumer: i32 = 0;
  others: i32 = 0;
  currency: i32 = 0;
  /** `NONE` where the model has no variants. */
  split: i32 = NONE;
  variant: i32 = NONE;
}

/** Counts the tokens of a call. */
export function countTokens(usage: Usage, to: Attribution): void {
  count(inputTokens, usage.input, to);
  count(outputTokens, usage.output, to);
  count(cacheRead, usage.cachedInput, to);
  count(cacheWrite, usage.cacheWrite, to);
  count(reasoning, usage.reasoning, to);
  if (to.variant == NONE) return;
  variantInput.increment(usage.input, to.split, to.variant);
  variantOutput.increment(usage.output, to.split, to.variant);
}

/** Counts what a call cost, in 1e-12. */
export function countCost(amount: i64, to: Attribution): void {
  const nano = costRest.take(keyOf(to.currency, to.model, to.consumer, to.others), <u64>amount);
  cost.increment(<i64>nano, to.currency, to.model, to.consumer, to.others);
  priced.increment(1, to.model);
  if (to.variant == NONE) return;
  const ofVariant = variantRest.take(keyOf(to.currency, to.split, to.variant, 1), <u64>amount);
  variantCost.increment(<i64>ofVariant, to.currency, to.split, to.variant);
}

/** Counts what a call cost that failed, was cut or left behind. */
export function countWaste(amount: i64, outcome: Outcome, to: Attribution): void {
  const label = firstOutcome + <i32>outcome;
  const nano = wastedRest.take(keyOf(to.currency, to.model, label, 1), <u64>amount);
  wasted.increment(<i64>nano, to.currency, to.model, label);
}

/** Counts what attempts of a call may have cost beside the one that was answered. */
export function countRisk(amount: i64, to: Attribution): void {
  const nano = atRiskRest.take(keyOf(to.currency, to.model, 1, 1), <u64>amount);
  atRisk.increment(<i64>nano, to.currency, to.model);
}

/** Counts a call whose usage had to be estimated. */
export function countEstimate(to: Attribution): void {
  estimated.increment(1, to.model);
}

/** Counts a call whose use is billed elsewhere. */
export function countUncounted(api: Bytes): void {
  uncounted.increment(1, apiLabel.reserve(api));
}

/** Notes how long a call took, and a stream's first and each further token. Times in nanoseconds since 1970. */
export function countTimes(exchange: Exchange, start: u64, first: u64, end: u64, to: Attribution): void {
  if (start == 0 || end < start) return;
  duration.record((end - start) / NANOS_PER_MILLI, to.model);
  if (first < start || first > end) return;
  firstToken.record((first - start) / NANOS_PER_MILLI, to.model);
  if (to.variant != NONE) variantFirstToken.record((first - start) / NANOS_PER_MILLI, to.split, to.variant);
  const others = exchange.usage.output - 1;
  if (others > 0) perToken.record((end - first) / <u64>others / NANOS_PER_MICRO, to.model);
}

/** Writes the usage of a call. Within `onLog`. */
export function writeUsage(usage: Usage): void {
  setState(State.UsageStatus, usageStatusText(usage.status));
  if (!usage.isPresent) return;
  setStateNumber(State.InputTokens, usage.input);
  setStateNumber(State.OutputTokens, usage.output);
  setStateNumber(State.CachedInputTokens, usage.cachedInput);
  setStateNumber(State.CacheWriteTokens, usage.cacheWrite);
  setStateNumber(State.ReasoningTokens, usage.reasoning);
}

/** Writes the cost of a call. Within `onLog`. */
export function writeCost(amount: i64, currency: Bytes, price: Bytes): void {
  setState(State.Cost, amountText(amount));
  setState(State.Currency, currency);
  setState(State.PriceId, price);
}

/** An amount as headers and filter state show it, valid until the next call. */
export function amountText(amount: i64): Bytes {
  return appendAmount(text.clear(), amount).view();
}

function tokens(kind: string): Family {
  return new Family(MetricType.Counter, "gen_ai.client.inference.usage." + kind, byCaller);
}

function count(family: Family, by: i64, to: Attribution): void {
  family.increment(by, to.model, to.provider, to.consumer, to.others);
}

/** Never 0: labels count from 0, and the first is a currency. */
function keyOf(a: i32, b: i32, c: i32, d: i32): u64 {
  const bits = <u64>LABEL_BITS;
  return ((((((<u64>(a + 1)) << bits) | (<u64>b)) << bits) | (<u64>c)) << bits) | (<u64>d) | ((<u64>1) << 63);
}
