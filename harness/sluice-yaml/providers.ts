// What is known of providers: where they answer, and in which header they want a credential.

/** A provider's defaults. */
export interface Provider {
  url?: string;
  /** The header of the credential, and what stands before it. Absent: requests must be signed by somebody else. */
  header?: string;
  prefix?: string;
}

const bearer = { header: "authorization", prefix: "Bearer " };

/** By OpenTelemetry's `gen_ai.provider.name`, as the filters write it. */
export const PROVIDERS: Readonly<Record<string, Provider>> = {
  openai: { url: "https://api.openai.com", ...bearer },
  anthropic: { url: "https://api.anthropic.com", header: "x-api-key", prefix: "" },
  "gcp.gemini": { url: "https://generativelanguage.googleapis.com", header: "x-goog-api-key", prefix: "" },
  "gcp.vertex_ai": { ...bearer },
  "azure.ai.openai": { header: "api-key", prefix: "" },
  "azure.ai.inference": { header: "api-key", prefix: "" },
  "aws.bedrock": {},
  cohere: { url: "https://api.cohere.com", ...bearer },
  mistral_ai: { url: "https://api.mistral.ai", ...bearer },
  groq: { url: "https://api.groq.com", ...bearer },
  deepseek: { url: "https://api.deepseek.com", ...bearer },
  perplexity: { url: "https://api.perplexity.ai", ...bearer },
  x_ai: { url: "https://api.x.ai", ...bearer },
  together_ai: { url: "https://api.together.xyz", ...bearer },
  fireworks_ai: { url: "https://api.fireworks.ai", ...bearer },
  openrouter: { url: "https://openrouter.ai", ...bearer },
  moonshot_ai: { url: "https://api.moonshot.ai", ...bearer },
  dashscope: { url: "https://dashscope.aliyuncs.com", ...bearer },
  ollama: { url: "http://127.0.0.1:11434", ...bearer },
};

/** What is known of a provider; of an unknown one that it takes a bearer token. */
export function providerNamed(name: string | undefined): Provider {
  return (name !== undefined && Object.hasOwn(PROVIDERS, name) ? PROVIDERS[name] : undefined) ?? bearer;
}
