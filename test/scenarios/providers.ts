// The answers of every provider, in every form, and what they tell: read in any pieces, in process and through gateways.
import type { SampleApi, SampleOptions } from "../../harness/providers/sample.ts";
import { usageOf, type TokenUsage } from "../../harness/providers/usage.ts";

const PATHS: Record<SampleApi, string> = {
  "openai-chat": "/v1/chat/completions",
  "openai-completions": "/v1/completions",
  "openai-responses": "/v1/responses",
  "openai-embeddings": "/v1/embeddings",
  "openai-images": "/v1/images/generations",
  "openai-transcription": "/v1/audio/transcriptions",
  "openai-speech": "/v1/audio/speech",
  "openai-moderations": "/v1/moderations",
  "anthropic-messages": "/v1/messages",
  gemini: "/v1beta/models/asked:generateContent",
  "gemini-embed": "/v1beta/models/asked:embedContent",
  "gemini-count": "/v1beta/models/asked:countTokens",
  "bedrock-converse": "/model/asked/converse",
  "bedrock-invoke": "/model/asked/invoke",
  "cohere-chat": "/v2/chat",
  "cohere-rerank": "/v2/rerank",
  "ollama-chat": "/api/chat",
  "ollama-generate": "/api/generate",
  dashscope: "/api/v1/services/aigc/text-generation/generation",
};

/** Where an API is asked. */
export function pathOf(api: SampleApi, stream: boolean): string {
  if (api === "gemini" && stream) return PATHS[api].replace("generateContent", "streamGenerateContent");
  return api === "bedrock-converse" && stream ? `${PATHS[api]}-stream` : PATHS[api];
}

export const FULL = usageOf({ input: 1000, cachedInput: 300, output: 200, reasoning: 50 });
export const WRITE = usageOf({ input: 1000, cachedInput: 300, cacheWrite: 100, output: 200, reasoning: 50 });
const CACHED = usageOf({ input: 1000, cachedInput: 300, cacheWrite: 100, output: 200 });
const PLAIN = usageOf({ input: 17, output: 9 });
const INPUT = usageOf({ input: 17 });
export const base = { model: "answered-1", usage: FULL };

/** One form of an answer, and what is to be read in it. */
export interface Row {
  name: string;
  api: SampleApi;
  /** Default: `pathOf`. */
  path?: string;
  options: SampleOptions;
  /** Default: the options' usage. */
  usage?: TokenUsage;
  /** Default `complete`. */
  status?: string;
  /** Default: the options' model. */
  model?: string | null;
  outcome?: string;
}

/** Every provider's forms, streamed and not. */
export const rows: Row[] = [];
for (const stream of [false, true]) {
  const how = stream ? "stream" : "JSON";
  const openai = { stream, includeUsage: true } as const;
  rows.push(
    { name: `OpenAI chat ${how}`, api: "openai-chat", options: { ...base, ...openai, usage: WRITE } },
    {
      name: `Azure ${how}`,
      api: "openai-chat",
      path: "/openai/deployments/asked/chat/completions?api-version=2024-10-21",
      options: { ...base, ...openai, variant: "azure" },
    },
    { name: `Groq ${how}`, api: "openai-chat", options: { ...base, stream, usage: PLAIN, variant: "groq" } },
    { name: `xAI ${how}`, api: "openai-chat", options: { ...base, ...openai, variant: "xai" } },
    { name: `DeepSeek ${how}`, api: "openai-chat", options: { ...base, stream, usage: FULL, variant: "deepseek" } },
    {
      name: `Perplexity ${how}`,
      api: "openai-chat",
      options: { ...base, stream, usage: PLAIN, variant: "perplexity" },
    },
    { name: `Mistral ${how}`, api: "openai-chat", options: { ...base, stream, usage: PLAIN, variant: "mistral" } },
    {
      name: `vLLM ${how}`,
      api: "openai-chat",
      options: { ...base, ...openai, usage: PLAIN, variant: "vllm", continuousUsage: true },
    },
    { name: `Baichuan ${how}`, api: "openai-chat", options: { ...base, stream, usage: PLAIN, variant: "baichuan" } },
    { name: `OpenRouter ${how}`, api: "openai-chat", options: { ...base, ...openai, variant: "openrouter" } },
    { name: `OpenAI completions ${how}`, api: "openai-completions", options: { ...base, ...openai } },
    { name: `OpenAI responses ${how}`, api: "openai-responses", options: { ...base, stream, usage: WRITE } },
    {
      name: `OpenAI responses, incomplete, ${how}`,
      api: "openai-responses",
      options: { ...base, stream, ending: "incomplete" },
    },
    {
      name: `OpenAI responses, failed, ${how}`,
      api: "openai-responses",
      options: { ...base, stream, ending: "failed" },
      outcome: stream ? "stream_error" : "error",
    },
    {
      name: `OpenAI transcription ${how}`,
      api: "openai-transcription",
      options: { ...base, stream, usage: PLAIN },
      model: null,
    },
    { name: `Anthropic ${how}`, api: "anthropic-messages", options: { ...base, stream, usage: WRITE } },
    { name: `Gemini ${how}`, api: "gemini", options: { ...base, stream } },
    {
      name: `Bedrock Converse ${how}`,
      api: "bedrock-converse",
      options: { ...base, stream, usage: CACHED },
      model: null,
    },
    {
      name: `Cohere chat ${how}`,
      api: "cohere-chat",
      options: { ...base, stream, usage: usageOf({ input: 17, output: 9, cachedInput: 5 }) },
      model: null,
    },
    { name: `Ollama chat ${how}`, api: "ollama-chat", options: { ...base, stream, usage: PLAIN } },
    { name: `Ollama generate ${how}`, api: "ollama-generate", options: { ...base, stream, usage: PLAIN } },
    {
      name: `DashScope ${how}`,
      api: "dashscope",
      options: { ...base, stream, usage: usageOf({ input: 17, output: 9, cachedInput: 3 }) },
      model: null,
    },
  );
}
rows.push(
  { name: "Gemini array", api: "gemini", options: { ...base, stream: true, geminiStream: "array" } },
  { name: "OpenAI embeddings", api: "openai-embeddings", options: { ...base, usage: INPUT } },
  { name: "OpenAI images", api: "openai-images", options: { ...base, usage: PLAIN }, model: null },
  { name: "OpenAI speech", api: "openai-speech", options: base, usage: usageOf({}), status: "none", model: null },
  { name: "OpenAI moderations", api: "openai-moderations", options: base, usage: usageOf({}), status: "none" },
  {
    name: "whisper",
    api: "openai-transcription",
    options: { model: "whisper-1", usage: PLAIN },
    usage: usageOf({}),
    status: "none",
    model: null,
  },
  { name: "Bedrock invoke", api: "bedrock-invoke", options: { ...base, usage: WRITE } },
  { name: "Cohere rerank", api: "cohere-rerank", options: base, usage: usageOf({}), model: null },
  { name: "a usage of zero", api: "openai-chat", options: { ...base, usage: usageOf({}) } },
  {
    name: "a usage of zero in a stream",
    api: "anthropic-messages",
    options: { ...base, stream: true, usage: usageOf({}) },
  },
  {
    name: "CRLF",
    api: "openai-chat",
    options: { ...base, stream: true, includeUsage: true, sse: { newline: "crlf" } },
  },
  { name: "lone CR", api: "anthropic-messages", options: { ...base, stream: true, sse: { newline: "cr" } } },
  {
    name: "no space, comments, no final blank line",
    api: "openai-responses",
    options: { ...base, stream: true, sse: { noSpace: true, comment: "ping", noFinalBlank: true } },
  },
  {
    name: "several data lines",
    api: "openai-chat",
    options: { ...base, stream: true, includeUsage: true, sse: { manyDataLines: true } },
  },
  {
    name: "a byte order mark",
    api: "openai-responses",
    options: { ...base, stream: true, sse: { byteOrderMark: true } },
  },
);
