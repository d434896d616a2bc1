// Which API a request speaks, by its path and host.
import { familyOf, type ErrorFamily } from "./errors.ts";
import type { SampleApi, Variant } from "./sample.ts";

/** An API of a provider, as found by path and host. */
export interface Endpoint {
  api: SampleApi;
  variant: Variant;
  errors: ErrorFamily;
  /** Where the path names the model (percent-decoded). */
  model?: string;
  /** Where the path says whether the answer is a stream. */
  stream?: boolean;
  /** Gemini without `alt=sse` streams a root array. */
  geminiStream?: "sse" | "array";
}

const hosts: [part: string, variant: Variant][] = [
  ["groq", "groq"],
  ["x.ai", "xai"],
  ["deepseek", "deepseek"],
  ["perplexity", "perplexity"],
  ["mistral", "mistral"],
  ["openrouter", "openrouter"],
  ["vllm", "vllm"],
  ["baichuan", "baichuan"],
  ["azure", "azure"],
];

const openaiPaths: [end: string, api: SampleApi][] = [
  ["/chat/completions", "openai-chat"],
  ["/completions", "openai-completions"],
  ["/responses", "openai-responses"],
  ["/embeddings", "openai-embeddings"],
  ["/images/generations", "openai-images"],
  ["/images/edits", "openai-images"],
  ["/images/variations", "openai-images"],
  ["/audio/transcriptions", "openai-transcription"],
  ["/audio/translations", "openai-transcription"],
  ["/audio/speech", "openai-speech"],
  ["/moderations", "openai-moderations"],
  ["/v1/messages", "anthropic-messages"],
  ["/v2/chat", "cohere-chat"],
  ["/v2/rerank", "cohere-rerank"],
  ["/v1/rerank", "cohere-rerank"],
  ["/api/chat", "ollama-chat"],
  ["/api/generate", "ollama-generate"],
];

/** The endpoint of a POST to `path` on `host`; undefined: no AI call. */
export function endpointOf(path: string, host: string): Endpoint | undefined {
  const [bare = "", query = ""] = path.split("?", 2);
  return geminiEndpoint(bare, query) ?? bedrockEndpoint(bare) ?? dashscopeEndpoint(bare) ?? openaiEndpoint(bare, host);
}

function openaiEndpoint(path: string, host: string): Endpoint | undefined {
  const api = openaiPaths.find(([end]) => path.endsWith(end))?.[1];
  if (api === undefined) return undefined;
  const errors: Partial<Record<SampleApi, ErrorFamily>> = {
    "anthropic-messages": "anthropic",
    "cohere-chat": "cohere",
    "cohere-rerank": "cohere",
    "ollama-chat": "ollama",
    "ollama-generate": "ollama",
  };
  const deployment = path.includes("/openai/deployments/");
  const variant = deployment ? "azure" : (hosts.find(([part]) => host.includes(part))?.[1] ?? "openai");
  return { api, variant, errors: errors[api] ?? familyOf(variant) };
}

function geminiEndpoint(path: string, query: string): Endpoint | undefined {
  const found = /\/models\/([^/]+):(\w+)$/.exec(path);
  if (found === null) return undefined;
  const model = decodeURIComponent(found[1] ?? "");
  const verbs: Record<string, SampleApi> = {
    generateContent: "gemini",
    streamGenerateContent: "gemini",
    embedContent: "gemini-embed",
    batchEmbedContents: "gemini-embed",
    countTokens: "gemini-count",
    rawPredict: "anthropic-messages",
    streamRawPredict: "anthropic-messages",
  };
  const verb = found[2] ?? "";
  const api = verbs[verb];
  if (api === undefined) return undefined;
  const geminiStream = /(^|&)alt=sse(&|$)/.test(query) ? "sse" : "array";
  const errors = api === "anthropic-messages" ? "anthropic" : "gemini";
  return { api, variant: "openai", errors, model, stream: verb.startsWith("stream"), geminiStream };
}

function bedrockEndpoint(path: string): Endpoint | undefined {
  const found = /\/model\/([^/]+)\/(converse|converse-stream|invoke)$/.exec(path);
  if (found === null) return undefined;
  const api = found[2] === "invoke" ? "bedrock-invoke" : "bedrock-converse";
  const model = decodeURIComponent(found[1] ?? "");
  return { api, variant: "openai", errors: "bedrock", model, stream: found[2] === "converse-stream" };
}

function dashscopeEndpoint(path: string): Endpoint | undefined {
  if (!path.includes("/api/v1/services/aigc/") && !/\/api\/v1\/apps\/[^/]+\/completion$/.test(path)) return undefined;
  return { api: "dashscope", variant: "openai", errors: "dashscope" };
}
