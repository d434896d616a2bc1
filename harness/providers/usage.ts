// Tokens of a call in the product's own terms, and how the model servers come to them.

/** Inclusive: `input` holds `cachedInput` and `cacheWrite`, `output` holds `reasoning`. */
export interface TokenUsage {
  input: number;
  cachedInput: number;
  cacheWrite: number;
  output: number;
  reasoning: number;
}

/** A usage with what is named, the rest zero. */
export function usageOf(some: Partial<TokenUsage>): TokenUsage {
  return { input: 0, cachedInput: 0, cacheWrite: 0, output: 0, reasoning: 0, ...some };
}

/** Words between white space: what the servers call a token. */
export function countWords(text: string): number {
  return text.split(/\s+/).filter(Boolean).length;
}

/** All texts that a request's JSON holds, whatever the API: every string under one of the keys that carry content. */
export function textsOf(value: unknown, underContent = false): string[] {
  if (typeof value === "string") return underContent ? [value] : [];
  if (Array.isArray(value)) return value.flatMap((one) => textsOf(one, underContent));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => textsOf(one, contentKeys.has(key)));
}

const contentKeys = new Set(
  "content text input prompt parts messages contents system instructions query documents inputText".split(" "),
);
