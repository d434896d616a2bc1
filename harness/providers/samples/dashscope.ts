// Alibaba's DashScope, native form. Source: Model Studio, "DashScope API reference: text generation" (HTTP, SSE).
import type { Sample } from "../sample.ts";
import { jsonSample, usageMember, wordsOf, type Filled } from "./json.ts";
import { sseSample, type SseEvent } from "./sse.ts";

/** `POST /api/v1/services/aigc/text-generation/generation`. */
export function dashscope(options: Filled): Sample {
  const answer = (content: string, finish: string, output: number) => ({
    output: { choices: [{ message: { content, role: "assistant" }, finish_reason: finish }] },
    ...usageMember(options, "usage", {
      total_tokens: options.usage.input + output,
      output_tokens: output,
      input_tokens: options.usage.input,
      ...(options.usage.cachedInput > 0 && { prompt_tokens_details: { cached_tokens: options.usage.cachedInput } }),
    }),
    request_id: "902fee3b-f7f0-9a8c-96a1-6b4ea25af114",
  });
  if (!options.stream) return jsonSample(answer(options.text, "stop", options.usage.output));
  const words = wordsOf(options);
  let text = "";
  const events: SseEvent[] = words.map((word, at) => {
    text += word;
    const isLast = at === words.length - 1 && options.errorAfter === undefined;
    const data = answer(
      text,
      isLast ? "stop" : "null",
      isLast ? options.usage.output : Math.min(options.usage.output, at + 1),
    );
    return { id: String(at + 1), event: "result", comment: "HTTP_STATUS/200", data };
  });
  if (options.errorAfter !== undefined) {
    const data = { code: "InternalError", message: "An internal error has occured.", request_id: "902fee3b" };
    events.push({ id: String(words.length + 1), event: "error", comment: "HTTP_STATUS/500", data });
  }
  return sseSample(events, { noSpace: true, ...options.sse }, "text/event-stream;charset=UTF-8");
}
