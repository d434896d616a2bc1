// The tokens and the cost of every API's answers, streamed and not, in pieces, through a gateway.
import { bodyOf, sample } from "../../../harness/providers/sample.ts";
import type { TokenUsage } from "../../../harness/providers/usage.ts";
import type { RequestExpectation, RequestSpec, Scenario } from "../../../harness/scenario/scenario.ts";
import { pathOf, rows, type Row } from "../providers.ts";
import { gateway, json, prices, type Way } from "./chains.ts";

const PIECES = 7;

/** In 1e-12 of the currency, by the prices of these scenarios. */
function costOf(usage: TokenUsage): number {
  const uncached = usage.input - usage.cachedInput - usage.cacheWrite;
  const input = uncached * 10 + usage.cachedInput + usage.cacheWrite * 20;
  return input + (usage.output - usage.reasoning) * 100 + usage.reasoning * 200;
}

/** Units of 1e-7 as a plain decimal. */
function decimal(units: number): string {
  const text = String(units).padStart(8, "0");
  return `${text.slice(0, -7)}.${text.slice(-7)}`.replace(/\.?0+$/, "");
}

function requestOf(row: Row): RequestSpec {
  const { headers, chunks } = sample(row.api, row.options);
  const bytes = bodyOf({ headers, chunks });
  const piece = Math.max(1, Math.ceil(bytes.length / PIECES));
  const stream = row.options.stream ?? false;
  const messages = [{ role: "user", content: "Hello" }];
  return {
    ...{ name: row.name, protocol: "h1", method: "POST", path: row.path ?? pathOf(row.api, stream), headers: json },
    body: JSON.stringify({ model: "asked", messages, input: "Hello", prompt: "Hello", stream }),
    upstream: {
      ...{ kind: "answer", headers, body: { base64: Buffer.from(bytes).toString("base64") }, framing: "chunked" },
      chunks: Array.from({ length: Math.ceil(bytes.length / piece) }, () => ({ bytes: piece, afterMs: 1 })),
    },
  };
}

function expectationOf(row: Row): RequestExpectation {
  const common: RequestExpectation = { status: 200, body: "same" };
  if (row.status !== undefined) return { ...common, filterState: { "sluice.usage_status": row.status } };
  const usage = row.usage ?? row.options.usage;
  const told = { "x-ai-tokens-input": String(usage.input), "x-ai-tokens-output": String(usage.output) };
  return {
    ...common,
    upstream: { headers: { "accept-encoding": "identity" } },
    filterState: {
      "sluice.usage_status": "complete",
      "sluice.outcome": row.outcome ?? "ok",
      "sluice.response_model": row.model === null ? null : row.options.model,
      "sluice.input_tokens": String(usage.input),
      "sluice.cached_input_tokens": String(usage.cachedInput),
      "sluice.cache_write_tokens": String(usage.cacheWrite),
      "sluice.output_tokens": String(usage.output),
      "sluice.reasoning_tokens": String(usage.reasoning),
      "sluice.cost": decimal(costOf(usage)),
      "sluice.currency": "USD",
      "sluice.price_id": "all",
    },
    ...(row.options.stream || row.outcome !== undefined ? {} : { headers: told }),
  };
}

function scenario(name: string, way: Way, chosen: Row[]): Scenario {
  return {
    name: `counts and prices ${name} of every provider (${way})`,
    ...gateway(way, { prices, includeUsage: "off" }),
    requests: chosen.map(requestOf),
    expect: { requests: chosen.map(expectationOf) },
  };
}

const streams = rows.filter(({ options }) => options.stream === true);
const answers = rows.filter(({ options }) => options.stream !== true);

export const usage: Scenario[] = (["pair", "flag"] as const).flatMap((way) => [
  scenario("answers", way, answers),
  scenario("streams", way, streams),
]);
