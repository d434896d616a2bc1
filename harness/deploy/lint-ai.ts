// What tells that a route leads to a model: its paths, hosts, backends and names.

/** Paths of the providers' APIs. */
const paths = [
  /\/(chat\/)?completions\b/,
  /\/v\d\w*\/(messages|responses|embeddings|images|audio|moderations|rerank|chat|models)\b/,
  /:(stream)?generateContent|:embedContent/i,
  /\/openai\/|\/converse|\/invoke(-with-response-stream)?$|\/api\/(chat|generate|embed)\b|\/compatible-mode\//,
];

/** Providers, and words that people name such services by. */
const names =
  /openai|anthropic|claude|gemini|generativelanguage|aiplatform|vertex|bedrock|cohere|mistral|groq|deepseek|perplexity|together|fireworks|openrouter|dashscope|moonshot|ollama|vllm|litellm|\btgi\b|x\.ai|inference|(^|[^a-z])(ai|llms?|gpt|genai|models?|chat|embeddings?|copilot)([^a-z]|$)/i;

/** Whether one of the texts (paths, hosts, names) speaks of a model. */
export function speaksOfModels(texts: readonly unknown[]): boolean {
  return texts.some((text) => typeof text === "string" && (names.test(text) || paths.some((path) => path.test(text))));
}

/** Every text below a value: what a match may say. */
export function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => [key, ...textsIn(member)]);
}
