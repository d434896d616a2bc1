// A JSON answer as bytes, and what samples share: words, and the usage that a provider may leave out.
import type { Sample, SampleOptions } from "../sample.ts";

const encoder = new TextEncoder();

/** Options as samples get them: the text is always there. */
export type Filled = SampleOptions & { text: string };

/** When all samples were made, in seconds. */
export const createdAt = 1_741_569_952;

/** An answer of one JSON document. */
export function jsonSample(value: unknown, headers: Sample["headers"] = []): Sample {
  return textSample(JSON.stringify(value), "application/json", headers);
}

/** An answer of one text. */
export function textSample(text: string, contentType: string, headers: Sample["headers"] = []): Sample {
  return { headers: [["content-type", contentType], ...headers], chunks: [encoder.encode(text)] };
}

/** Text as the pieces of a stream: each word with the white space behind it; cut off where the sample is to fail. */
export function wordsOf(options: Filled): string[] {
  const words = options.text.match(/\S+\s*/g) ?? [];
  return options.errorAfter === undefined ? words : words.slice(0, options.errorAfter);
}

/** `{name: value}`, or what the options say instead: null, or nothing at all. */
export function usageMember<T>(options: SampleOptions, name: string, value: T): Record<string, T | null> {
  if (options.usageForm === "absent") return {};
  return { [name]: options.usageForm === "null" ? null : value };
}
