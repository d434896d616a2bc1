// Cohere v2: chat and rerank. Source: Cohere API reference, "Chat V2", "Chat with streaming", "Rerank V2".
// Cohere writes its counts as floats (`5.0`).
import type { Sample } from "../sample.ts";
import type { TokenUsage } from "../usage.ts";
import { textSample, usageMember, wordsOf, type Filled } from "./json.ts";
import { sseSample, type SseEvent } from "./sse.ts";

/** Tokens of Cohere's own template: in `tokens`, not in `billed_units`. */
const templateTokens = 66;

const id = "c14c80c3-18eb-4519-9460-6c92edd8cfb4";

/** `POST /v2/chat`. The product's usage is `billed_units`. */
export function cohereChat(options: Filled): Sample {
  const usage = usageMember(options, "usage", chatUsage(options.usage));
  if (!options.stream) {
    const message = { role: "assistant", content: [{ type: "text", text: options.text }] };
    return textSample(withFloats({ id, finish_reason: "COMPLETE", message, ...usage }), "application/json");
  }
  const events: SseEvent[] = [];
  const emit = (type: string, more: object = {}) =>
    events.push({ event: type, data: withFloats({ ...(type === "message-start" && { id }), type, ...more }) });
  emit("message-start", {
    delta: { message: { role: "assistant", content: [], tool_plan: "", tool_calls: [], citations: [] } },
  });
  emit("content-start", { index: 0, delta: { message: { content: { type: "text", text: "" } } } });
  for (const text of wordsOf(options)) emit("content-delta", { index: 0, delta: { message: { content: { text } } } });
  if (options.errorAfter === undefined) {
    emit("content-end", { index: 0 });
    emit("message-end", { delta: { finish_reason: "COMPLETE", ...usage } });
  } else emit("message-end", { delta: { finish_reason: "ERROR", error: "an internal error occurred" } });
  return sseSample(events, options.sse, "text/event-stream");
}

/** `POST /v2/rerank`: billed by search. */
export function cohereRerank(options: Filled): Sample {
  const meta = { api_version: { version: "2" }, billed_units: { search_units: float(1) } };
  const results = [
    { index: 3, relevance_score: 0.999071 },
    { index: 4, relevance_score: 0.7867867 },
  ];
  return textSample(
    withFloats({ id, results, ...(options.usageForm === "absent" ? {} : { meta }) }),
    "application/json",
  );
}

function chatUsage(usage: TokenUsage): unknown {
  return {
    billed_units: { input_tokens: float(usage.input), output_tokens: float(usage.output) },
    tokens: { input_tokens: float(usage.input + templateTokens), output_tokens: float(usage.output) },
    cached_tokens: float(usage.cachedInput),
  };
}

function float(value: number): string {
  return `<float>${value.toFixed(1)}`;
}

function withFloats(value: unknown): string {
  return JSON.stringify(value).replace(/"<float>([\d.]+)"/g, "$1");
}
