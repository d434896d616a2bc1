// Gemini on the Gemini API and on Vertex AI. Sources: Gemini API reference, "Generating content"
// (GenerateContentResponse, UsageMetadata), "Embeddings", "Counting tokens"; Vertex AI reference, "GenerateContentResponse".
import type { Sample } from "../sample.ts";
import type { TokenUsage } from "../usage.ts";
import { jsonSample, usageMember, wordsOf, type Filled } from "./json.ts";
import { sseSample } from "./sse.ts";

const encoder = new TextEncoder();

/** `models/M:generateContent` and `:streamGenerateContent`. */
export function gemini(options: Filled): Sample {
  const answer = (text: string, finish: string | undefined, usage: TokenUsage) => ({
    candidates: [
      {
        content: { parts: [{ text }], role: "model" },
        ...(finish && { finishReason: finish, avgLogprobs: -0.1 }),
        index: 0,
      },
    ],
    ...usageMember(options, "usageMetadata", usageMetadata(usage)),
    modelVersion: options.model,
    responseId: "yOvKaIS0Kt2tmtkPt-DlgA0",
  });
  if (!options.stream) return jsonSample(answer(options.text, "STOP", options.usage));
  const words = wordsOf(options);
  const fails = options.errorAfter !== undefined;
  // Each snapshot counts all that came so far.
  const snapshots: unknown[] = words.map((word, at) => {
    const isLast = at === words.length - 1 && !fails;
    const soFar = Math.max(0, Math.min(options.usage.output - options.usage.reasoning, at + 1));
    return answer(
      word,
      isLast ? "STOP" : undefined,
      isLast ? options.usage : { ...options.usage, output: soFar + options.usage.reasoning },
    );
  });
  if (fails)
    snapshots.push({
      error: { code: 503, message: "The model is overloaded. Please try again later.", status: "UNAVAILABLE" },
    });
  if (options.geminiStream !== "array")
    return sseSample(
      snapshots.map((data) => ({ data })),
      { newline: "crlf", ...options.sse },
      "text/event-stream",
    );
  const texts = snapshots.map((one, at) => (at === 0 ? "[" : ",\r\n") + JSON.stringify(one, null, 2));
  const headers: Sample["headers"] = [["content-type", "application/json; charset=UTF-8"]];
  return { headers, chunks: [...texts, fails ? "" : "\n]\n"].filter(Boolean).map((text) => encoder.encode(text)) };
}

/** `models/M:embedContent`. */
export function geminiEmbed(_options: Filled): Sample {
  return jsonSample({ embedding: { values: [-0.01, 0.0255, -0.0147, 0.0392] } });
}

/** `models/M:countTokens`. */
export function geminiCount(options: Filled): Sample {
  const { input } = options.usage;
  return jsonSample({ totalTokens: input, promptTokensDetails: [{ modality: "TEXT", tokenCount: input }] });
}

/** Thoughts stand beside candidates; what was cached is part of the prompt. */
function usageMetadata(usage: TokenUsage): Record<string, unknown> {
  return {
    promptTokenCount: usage.input,
    candidatesTokenCount: usage.output - usage.reasoning,
    totalTokenCount: usage.input + usage.output,
    ...(usage.cachedInput > 0 && { cachedContentTokenCount: usage.cachedInput }),
    promptTokensDetails: [{ modality: "TEXT", tokenCount: usage.input }],
    ...(usage.reasoning > 0 && { thoughtsTokenCount: usage.reasoning }),
  };
}
