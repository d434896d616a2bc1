// The names of request types and API dialects that configurations may use.

/** What kind of work a call asks for, in the order of `RequestType`. */
export const REQUEST_TYPES: string[] = [
  "chat",
  "completion",
  "embedding",
  "image",
  "audio",
  "moderation",
  "rerank",
  "batch",
  "tool",
];

/** Whose wire format a call speaks, in the order of `Api`. */
export const APIS: string[] = [
  "openai-chat",
  "openai-responses",
  "openai-completions",
  "openai-embeddings",
  "openai-images",
  "openai-audio",
  "openai-moderations",
  "openai-batches",
  "openai-realtime",
  "anthropic-messages",
  "gemini",
  "bedrock-converse",
  "bedrock-invoke",
  "cohere-chat",
  "cohere-rerank",
  "cohere-embed",
  "ollama",
  "dashscope",
  "grpc",
  "mcp",
  "a2a",
];
