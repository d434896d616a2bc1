// The tokens and the cost of every API's answers, streamed and not, whatever their line ends and pieces.
import type { HeaderList, Scenario } from "../../../harness/scenario/scenario.ts";
import { bodyOf, sample, type SampleApi, type SampleOptions } from "../../../harness/providers/sample.ts";
import { usageOf, type TokenUsage } from "../../../harness/providers/usage.ts";
import { gateway, json, prices, type Way } from "./chains.ts";

interface Row {
  api: SampleApi;
  path: string;
  authority?: string;
  body?: unknown;
  headers?: HeaderList;
  usage?: Partial<TokenUsage>;
  options?: Partial<SampleOptions>;
  stream?: boolean;
  status?: string;
  /** The same numbers in the log; what differs from `usage` where the wire cannot tell all of it. */
  seen?: Partial<TokenUsage>;
}

const messages = [{ role: "user", content: "Hello" }];
const model = "m-1";
const plain = { input: 100, output: 20 };
const cached = { input: 100, cachedInput: 40, output: 20, reasoning: 5 };

const whole: Row[] = [
  { api: "openai-chat", path: "/v1/chat/completions", usage: cached },
  { api: "openai-chat", path: "/v1/chat/completions", usage: { input: 0, output: 0 } },
  { api: "openai-chat", path: "/v1/chat/completions", usage: cached, options: { variant: "xai" } },
  { api: "openai-chat", path: "/v1/chat/completions", usage: cached, options: { variant: "deepseek" } },
  { api: "openai-chat", path: "/openai/deployments/d-1/chat/completions", usage: plain, options: { variant: "azure" } },
  { api: "openai-completions", path: "/v1/completions", usage: plain },
  { api: "openai-responses", path: "/v1/responses", usage: cached },
  { api: "openai-embeddings", path: "/v1/embeddings", usage: { input: 100 } },
  { api: "anthropic-messages", path: "/v1/messages", usage: { ...cached, cacheWrite: 30 } },
  { api: "gemini", path: `/v1beta/models/${model}:generateContent`, usage: cached },
  { api: "bedrock-converse", path: `/model/${model}/converse`, usage: plain },
  { api: "cohere-chat", path: "/v2/chat", usage: plain, authority: "api.cohere.com" },
  { api: "ollama-chat", path: "/api/chat", body: { model, messages, stream: false }, usage: plain },
  { api: "dashscope", path: "/api/v1/services/aigc/text-generation/generation", usage: plain },
];

const streamed: Row[] = [
  { api: "openai-chat", path: "/v1/chat/completions", usage: cached, options: { includeUsage: true } },
  { api: "openai-chat", path: "/v1/chat/completions", usage: cached, options: { includeUsage: true, variant: "xai" } },
  { api: "openai-chat", path: "/v1/chat/completions", usage: plain, options: { includeUsage: true, variant: "groq" } },
  { api: "openai-chat", path: "/v1/chat/completions", usage: plain, options: { variant: "perplexity" } },
  { api: "openai-chat", path: "/v1/chat/completions", usage: plain, options: { variant: "mistral" } },
  { api: "openai-responses", path: "/v1/responses", usage: cached },
  { api: "anthropic-messages", path: "/v1/messages", usage: { ...cached, cacheWrite: 30 } },
  { api: "gemini", path: `/v1beta/models/${model}:streamGenerateContent?alt=sse`, usage: cached },
  {
    ...{ api: "gemini", path: `/v1beta/models/${model}:streamGenerateContent`, usage: cached },
    options: { geminiStream: "array" },
  },
  { api: "bedrock-converse", path: `/model/${model}/converse-stream`, usage: plain },
  { api: "cohere-chat", path: "/v2/chat", usage: plain, authority: "api.cohere.com" },
  { api: "ollama-chat", path: "/api/chat", usage: plain },
];

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

function scenario(row: Row, way: Way, name: string, pieces?: number): Scenario {
  const usage = usageOf(row.usage ?? {});
  const isStream = row.stream === true;
  const { headers, chunks } = sample(row.api, { model, usage, stream: isStream, ...row.options });
  const bytes = bodyOf({ headers, chunks });
  const body = { base64: Buffer.from(bytes).toString("base64") };
  const cut = pieces ?? Math.max(1, Math.ceil(bytes.length / 7));
  return {
    name,
    ...gateway(way, { prices, includeUsage: "off" }),
    requests: [
      {
        ...{ protocol: "h1", method: "POST", path: row.path, headers: [...json, ...(row.headers ?? [])] },
        ...(row.authority === undefined ? {} : { authority: row.authority }),
        body: JSON.stringify(row.body ?? { model, messages, input: "Hello", prompt: "Hello", stream: isStream }),
        upstream: {
          ...{ kind: "answer", headers, body, framing: "chunked" },
          chunks: Array.from({ length: Math.ceil(bytes.length / cut) }, () => ({ bytes: cut, afterMs: 1 })),
        },
      },
    ],
    expect: {
      requests: [
        {
          ...{ status: 200, body: "same" },
          upstream: { headers: { "accept-encoding": "identity" } },
          filterState: {
            "sluice.usage_status": row.status ?? "complete",
            "sluice.input_tokens": String(usage.input),
            "sluice.cached_input_tokens": String(usage.cachedInput),
            "sluice.cache_write_tokens": String(usage.cacheWrite),
            "sluice.output_tokens": String(usage.output),
            "sluice.reasoning_tokens": String(usage.reasoning),
            "sluice.cost": decimal(costOf(usage)),
            "sluice.currency": "USD",
            "sluice.price_id": "all",
          },
          ...(isStream
            ? {}
            : { headers: { "x-ai-tokens-input": String(usage.input), "x-ai-tokens-output": String(usage.output) } }),
        },
      ],
    },
  };
}

function nameOf(row: Row): string {
  const usage = row.usage?.cachedInput ? "cached and thought" : row.usage?.input === 0 ? "nothing" : "plain";
  return `${row.options?.variant ?? ""} ${row.api} ${row.options?.geminiStream ?? ""}`.trim() + `, ${usage}`;
}

export const usage: Scenario[] = [
  ...whole.map((row, at) => scenario(row, at % 2 ? "flag" : "pair", `counts and prices an answer of ${nameOf(row)}`)),
  ...streamed.map((row, at) =>
    scenario({ ...row, stream: true }, at % 2 ? "flag" : "pair", `counts and prices a stream of ${nameOf(row)}`),
  ),
];
