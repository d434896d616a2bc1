// Anthropic's Messages API. Sources: Claude API reference, "Messages", "Streaming messages", "Prompt caching", "Errors".
import type { Sample } from "../sample.ts";
import type { TokenUsage } from "../usage.ts";
import { jsonSample, usageMember, wordsOf, type Filled } from "./json.ts";
import { sseSample, type SseEvent } from "./sse.ts";

/** `POST /v1/messages`. */
export function anthropicMessages(options: Filled): Sample {
  const message = (content: unknown[], stop: string | null, usage: object) => ({
    id: "msg_013Zva2CMHLNnXjNJJKqJ2EF",
    type: "message",
    role: "assistant",
    model: options.model,
    content,
    stop_reason: stop,
    stop_sequence: null,
    ...usage,
  });
  const counts = inputCounts(options.usage);
  const thinking =
    options.usage.reasoning > 0 ? { output_tokens_details: { thinking_tokens: options.usage.reasoning } } : {};
  const whole = { ...counts, output_tokens: options.usage.output, ...thinking };
  if (!options.stream) {
    const usage = usageMember(options, "usage", { ...whole, service_tier: "standard" });
    return jsonSample(message([{ type: "text", text: options.text }], "end_turn", usage), [
      ["request-id", "req_018EeWyXxfu5pfWkrYcMdjWG"],
    ]);
  }
  const events: SseEvent[] = [];
  const emit = (type: string, more: object = {}) => events.push({ event: type, data: { type, ...more } });
  // The output count of the first event is a placeholder.
  const started = usageMember(options, "usage", { ...counts, output_tokens: 1, service_tier: "standard" });
  emit("message_start", { message: message([], null, started) });
  emit("content_block_start", { index: 0, content_block: { type: "text", text: "" } });
  emit("ping");
  for (const text of wordsOf(options)) emit("content_block_delta", { index: 0, delta: { type: "text_delta", text } });
  if (options.errorAfter !== undefined) {
    emit("error", { error: { type: "overloaded_error", message: "Overloaded" } });
    return sseSample(events, options.sse);
  }
  emit("content_block_stop", { index: 0 });
  const delta = { stop_reason: "end_turn", stop_sequence: null };
  emit("message_delta", { delta, ...usageMember(options, "usage", whole) });
  emit("message_stop");
  return sseSample(events, options.sse);
}

/** `input_tokens` leaves both cache counts out. */
function inputCounts(usage: TokenUsage): Record<string, unknown> {
  return {
    input_tokens: usage.input - usage.cachedInput - usage.cacheWrite,
    cache_creation_input_tokens: usage.cacheWrite,
    cache_read_input_tokens: usage.cachedInput,
    cache_creation: { ephemeral_5m_input_tokens: usage.cacheWrite, ephemeral_1h_input_tokens: 0 },
  };
}
