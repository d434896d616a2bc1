// OpenAI's Responses API. Sources: OpenAI API reference, "Create a model response", "The response object", "Streaming events".
import type { Sample } from "../sample.ts";
import { createdAt, jsonSample, usageMember, wordsOf, type Filled } from "./json.ts";
import { sseSample, type SseEvent } from "./sse.ts";

/** `POST /v1/responses`. */
export function openaiResponses(options: Filled): Sample {
  const ending = options.ending ?? "completed";
  const item = (status: string, content: unknown[]) => ({
    id: "msg_67ccd2bf17f0819081ff3bb2cf6508e60bb6a6b452d3795b",
    type: "message",
    status,
    role: "assistant",
    content,
  });
  const part = (text: string) => ({ type: "output_text", text, annotations: [], logprobs: [] });
  const { usage } = options;
  const counts = usageMember(options, "usage", {
    input_tokens: usage.input,
    input_tokens_details: {
      cached_tokens: usage.cachedInput,
      ...(usage.cacheWrite > 0 && { cache_write_tokens: usage.cacheWrite }),
    },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: usage.reasoning },
    total_tokens: usage.input + usage.output,
  });
  const response = (status: string, output: unknown[], withUsage: object) => ({
    id: "resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b",
    object: "response",
    created_at: createdAt,
    status,
    background: ending === "queued",
    error: status === "failed" ? { code: "server_error", message: "The model failed to generate a response." } : null,
    incomplete_details: status === "incomplete" ? { reason: "max_output_tokens" } : null,
    instructions: null,
    max_output_tokens: null,
    model: options.model,
    output,
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: true,
    temperature: 1,
    text: { format: { type: "text" } },
    tool_choice: "auto",
    tools: [],
    top_p: 1,
    truncation: "disabled",
    ...withUsage,
    user: null,
    metadata: {},
  });
  const begun = { usage: null };
  if (ending === "queued") return jsonSample(response("queued", [], begun));
  const whole = response(ending, [item("completed", [part(options.text)])], counts);
  if (!options.stream) return jsonSample(whole);

  const events: SseEvent[] = [];
  const emit = (type: string, more: object) =>
    events.push({ event: type, data: { type, sequence_number: events.length, ...more } });
  const at = { item_id: item("", []).id, output_index: 0, content_index: 0 };
  emit("response.created", { response: response("in_progress", [], begun) });
  emit("response.in_progress", { response: response("in_progress", [], begun) });
  emit("response.output_item.added", { output_index: 0, item: item("in_progress", []) });
  emit("response.content_part.added", { ...at, part: part("") });
  for (const delta of wordsOf(options)) emit("response.output_text.delta", { ...at, delta, logprobs: [] });
  if (options.errorAfter !== undefined) {
    emit("error", { code: "server_error", message: "The server had an error", param: null });
    return sseSample(events, options.sse);
  }
  emit("response.output_text.done", { ...at, text: options.text, logprobs: [] });
  emit("response.content_part.done", { ...at, part: part(options.text) });
  emit("response.output_item.done", { output_index: 0, item: item("completed", [part(options.text)]) });
  emit(`response.${ending}`, { response: whole });
  return sseSample(events, options.sse);
}
