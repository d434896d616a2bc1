// Every API: where its model is, and what the call is tagged with.
import type { HeaderList, Scenario } from "../../../harness/scenario/scenario.ts";
import { gateway } from "./chains.ts";

interface Row {
  name: string;
  path: string;
  authority?: string;
  body?: unknown;
  /** Wins over `body`. */
  text?: string;
  headers?: HeaderList;
  tag: string;
  type: string;
  provider?: string;
  stream?: boolean;
  source?: string;
}

const json: HeaderList = [["content-type", "application/json"]];
const messages = [{ role: "user", content: "Hello" }];
const form = [
  "--frontier",
  'content-disposition: form-data; name="file"; filename="a.wav"',
  "content-type: audio/wav",
  "",
  "RIFF\u0000\u0001 not really",
  "--frontier",
  'content-disposition: form-data; name="model"',
  "",
  "whisper-1",
  "--frontier--",
  "",
].join("\r\n");

const rows: Row[] = [
  {
    name: "OpenAI chat",
    path: "/v1/chat/completions",
    body: { model: "gpt-4o", messages },
    tag: "gpt-4o",
    type: "chat",
  },
  {
    name: "OpenAI chat at its own host",
    authority: "api.openai.com",
    path: "/v1/chat/completions",
    body: { model: "gpt-4o", messages },
    tag: "gpt-4o",
    type: "chat",
    provider: "openai",
  },
  {
    name: "OpenAI chat under a prefix",
    path: "/team-a/openai/v1/chat/completions?x=1",
    body: { messages, model: "gpt-4o" },
    tag: "gpt-4o",
    type: "chat",
  },
  {
    name: "a streamed chat whose flag comes last",
    path: "/v1/chat/completions",
    body: { model: "gpt-4o", messages, stream: true },
    tag: "gpt-4o",
    type: "chat",
    stream: true,
  },
  {
    name: "OpenAI completions",
    path: "/v1/completions",
    body: { model: "gpt-3.5-turbo-instruct", prompt: "a" },
    tag: "gpt-3.5-turbo-instruct",
    type: "completion",
  },
  {
    name: "OpenAI responses",
    path: "/v1/responses",
    body: { model: "gpt-4.1", input: "a" },
    tag: "gpt-4.1",
    type: "chat",
  },
  {
    name: "OpenAI embeddings",
    path: "/v1/embeddings",
    body: { model: "text-embedding-3-small", input: "a" },
    tag: "text-embedding-3-small",
    type: "embedding",
  },
  {
    name: "OpenAI images",
    path: "/v1/images/generations",
    body: { model: "gpt-image-1", prompt: "a" },
    tag: "gpt-image-1",
    type: "image",
  },
  {
    name: "OpenAI speech",
    path: "/v1/audio/speech",
    body: { model: "tts-1", input: "a" },
    tag: "tts-1",
    type: "audio",
  },
  {
    name: "OpenAI transcription, a form",
    path: "/v1/audio/transcriptions",
    text: form,
    headers: [["content-type", "multipart/form-data; boundary=frontier"]],
    tag: "whisper-1",
    type: "audio",
    source: "multipart",
  },
  {
    name: "OpenAI moderations",
    path: "/v1/moderations",
    body: { model: "omni-moderation-latest", input: "a" },
    tag: "omni-moderation-latest",
    type: "moderation",
  },
  {
    name: "Azure, by deployment",
    authority: "acme.openai.azure.com",
    path: "/openai/deployments/my%2Dgpt/chat/completions?api-version=2024-06-01",
    body: { messages },
    tag: "my-gpt",
    type: "chat",
    provider: "azure.ai.openai",
    source: "path",
  },
  {
    name: "Anthropic messages",
    path: "/v1/messages",
    body: { model: "claude-sonnet-4-5", max_tokens: 8, messages, stream: true },
    tag: "claude-sonnet-4-5",
    type: "chat",
    provider: "anthropic",
    stream: true,
  },
  {
    name: "Gemini",
    authority: "generativelanguage.googleapis.com",
    path: "/v1beta/models/gemini-2.5-flash:generateContent",
    body: { contents: [] },
    tag: "gemini-2.5-flash",
    type: "chat",
    provider: "gcp.gemini",
    source: "path",
  },
  {
    name: "Gemini, streamed",
    authority: "generativelanguage.googleapis.com",
    path: "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
    body: { contents: [] },
    tag: "gemini-2.5-flash",
    type: "chat",
    provider: "gcp.gemini",
    stream: true,
    source: "path",
  },
  {
    name: "Vertex",
    authority: "europe-west4-aiplatform.googleapis.com",
    path: "/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-pro:generateContent",
    body: { contents: [] },
    tag: "gemini-2.5-pro",
    type: "chat",
    provider: "gcp.vertex_ai",
    source: "path",
  },
  {
    name: "Bedrock converse",
    authority: "bedrock-runtime.eu-west-1.amazonaws.com",
    path: "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse",
    body: { messages: [] },
    tag: "anthropic.claude-3-haiku-20240307-v1:0",
    type: "chat",
    provider: "aws.bedrock",
    source: "path",
  },
  {
    name: "Bedrock converse-stream",
    path: "/model/amazon.nova-lite-v1:0/converse-stream",
    body: { messages: [] },
    tag: "amazon.nova-lite-v1:0",
    type: "chat",
    provider: "aws.bedrock",
    stream: true,
    source: "path",
  },
  {
    name: "Cohere chat",
    authority: "api.cohere.com",
    path: "/v2/chat",
    body: { model: "command-a-03-2025", messages },
    tag: "command-a-03-2025",
    type: "chat",
    provider: "cohere",
  },
  {
    name: "Cohere rerank",
    authority: "api.cohere.com",
    path: "/v2/rerank",
    body: { model: "rerank-v3.5", query: "a", documents: ["b"] },
    tag: "rerank-v3.5",
    type: "rerank",
    provider: "cohere",
  },
  {
    name: "Ollama chat",
    path: "/api/chat",
    body: { model: "llama3.3", messages },
    tag: "llama3.3",
    type: "chat",
    provider: "ollama",
    stream: true,
  },
  {
    name: "DashScope",
    authority: "dashscope.aliyuncs.com",
    path: "/api/v1/services/aigc/text-generation/generation",
    body: { model: "qwen-max", input: { messages } },
    tag: "qwen-max",
    type: "chat",
    provider: "dashscope",
  },
  {
    name: "Groq",
    authority: "api.groq.com",
    path: "/openai/v1/chat/completions",
    body: { model: "llama-3.3-70b-versatile", messages },
    tag: "llama-3.3-70b-versatile",
    type: "chat",
    provider: "groq",
  },
  {
    name: "xAI",
    authority: "api.x.ai",
    path: "/v1/chat/completions",
    body: { model: "grok-4", messages },
    tag: "grok-4",
    type: "chat",
    provider: "x_ai",
  },
  {
    name: "Mistral",
    authority: "api.mistral.ai",
    path: "/v1/chat/completions",
    body: { model: "mistral-large-latest", messages },
    tag: "mistral-large-latest",
    type: "chat",
    provider: "mistral_ai",
  },
  {
    name: "DeepSeek",
    authority: "api.deepseek.com",
    path: "/chat/completions",
    body: { model: "deepseek-chat", messages },
    tag: "deepseek-chat",
    type: "chat",
    provider: "deepseek",
  },
  {
    name: "Perplexity",
    authority: "api.perplexity.ai",
    path: "/chat/completions",
    body: { model: "sonar-pro", messages },
    tag: "sonar-pro",
    type: "chat",
    provider: "perplexity",
  },
  {
    name: "a tool call over JSON-RPC (MCP)",
    path: "/mcp",
    body: { jsonrpc: "2.0", id: 1, method: "tools/call" },
    headers: [...json, ["accept", "application/json, text/event-stream"], ["mcp-protocol-version", "2025-06-18"]],
    tag: "unknown",
    type: "tool",
  },
];

/** Every API through one pair. */
export const apis: Scenario[] = [
  {
    name: "tags the calls of every API",
    ...gateway("pair"),
    requests: rows.map((row) => ({
      name: row.name,
      protocol: "h1",
      method: "POST",
      path: row.path,
      ...(row.authority === undefined ? {} : { authority: row.authority }),
      headers: row.headers ?? json,
      body: row.text ?? JSON.stringify(row.body),
    })),
    expect: {
      requests: rows.map((row) => ({
        status: 200,
        upstream: {
          headers: {
            "x-ai-model": row.tag,
            "x-ai-request-type": row.type,
            "x-ai-stream": String(row.stream ?? false),
            "x-ai-provider": row.provider ?? null,
          },
          body: "same",
        },
        filterState: {
          "sluice.model": row.tag,
          "sluice.request_type": row.type,
          "sluice.model_source": row.source ?? (row.tag === "unknown" ? "none" : "json"),
        },
      })),
    },
  },
];
