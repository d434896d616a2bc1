// OpenAI's legacy completions. Source: OpenAI API reference, "Create completion", "The completion object".
import type { Sample } from "../sample.ts";
import { createdAt, jsonSample, usageMember, wordsOf, type Filled } from "./json.ts";
import { chatUsage } from "./openai-chat.ts";
import { sseSample, type SseEvent } from "./sse.ts";

/** `POST /v1/completions`. */
export function openaiCompletions(options: Filled): Sample {
  const whole = (text: string, finish: string | null, more: object) => ({
    id: "cmpl-uqkvlQyYK7bGYrRHQ0eXlWi7",
    object: "text_completion",
    created: createdAt,
    model: options.model,
    system_fingerprint: "fp_44709d6fcb",
    choices: [{ text, index: 0, logprobs: null, finish_reason: finish }],
    ...more,
  });
  const usage = usageMember(options, "usage", chatUsage(options.usage));
  if (!options.stream) return jsonSample(whole(options.text, "stop", usage));
  const asked = options.includeUsage ? { usage: null } : {};
  const events: SseEvent[] = wordsOf(options).map((word) => ({ data: whole(word, null, asked) }));
  if (options.errorAfter !== undefined) {
    events.push({
      data: { error: { message: "The server had an error", type: "server_error", param: null, code: null } },
    });
    return sseSample(events, options.sse);
  }
  events.push({ data: whole("", "stop", asked) });
  if (options.includeUsage) events.push({ data: { ...whole("", null, usage), choices: [] } });
  events.push({ data: "[DONE]" });
  return sseSample(events, options.sse);
}
