// Whose model a key of LiteLLM's price file is, in the words of our configuration.

/** LiteLLM's names of providers, and OpenTelemetry's. A prefix of a family (`vertex_ai-language-models`) counts. */
const PROVIDERS: Record<string, string> = {
  anthropic: "anthropic",
  azure: "azure.ai.openai",
  azure_text: "azure.ai.openai",
  azure_ai: "azure.ai.inference",
  bedrock: "aws.bedrock",
  bedrock_converse: "aws.bedrock",
  cohere: "cohere",
  cohere_chat: "cohere",
  dashscope: "dashscope",
  deepseek: "deepseek",
  fireworks_ai: "fireworks_ai",
  gemini: "gcp.gemini",
  groq: "groq",
  mistral: "mistral_ai",
  codestral: "mistral_ai",
  moonshot: "moonshot_ai",
  ollama: "ollama",
  openai: "openai",
  openrouter: "openrouter",
  perplexity: "perplexity",
  "text-completion-openai": "openai",
  together_ai: "together_ai",
  vertex_ai: "gcp.vertex_ai",
  watsonx: "ibm.watsonx.ai",
  xai: "x_ai",
};

/** Keys begin with these, though their provider is called otherwise. */
const PREFIXES: Record<string, string[]> = {
  bedrock_converse: ["bedrock"],
  cohere_chat: ["cohere"],
  codestral: ["mistral", "codestral"],
  "text-completion-openai": ["text-completion-openai", "openai"],
};

const BEDROCK_REGION = /^(?:[a-z]{2}(?:-gov)?-[a-z]+-\d|\d+-month-commitment|commitment|invoke|converse)\//;

/** The model as calls name it, and its provider; undefined for one that no call shows. */
export function providerNamed(key: string, liteLlmProvider: string): { model: string; provider: string | undefined } {
  const family = Object.hasOwn(PROVIDERS, liteLlmProvider) ? liteLlmProvider : (liteLlmProvider.split("-")[0] ?? "");
  const provider = Object.hasOwn(PROVIDERS, family) ? PROVIDERS[family] : undefined;
  let model = key;
  for (const prefix of [liteLlmProvider, family, ...(PREFIXES[liteLlmProvider] ?? [])]) {
    if (prefix !== "" && model.startsWith(`${prefix}/`)) model = model.slice(prefix.length + 1);
  }
  if (provider === "aws.bedrock") while (BEDROCK_REGION.test(model)) model = model.replace(BEDROCK_REGION, "");
  return { model, provider };
}
