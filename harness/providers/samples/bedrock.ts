// Amazon Bedrock: Converse, ConverseStream and InvokeModel.
// Source: Amazon Bedrock API reference, "Converse", "ConverseStream", "TokenUsage", "InvokeModel"; user guide, "Prompt caching".
import type { Sample } from "../sample.ts";
import type { TokenUsage } from "../usage.ts";
import { anthropicMessages } from "./anthropic.ts";
import { eventStreamMessage } from "./event-stream.ts";
import { jsonSample, usageMember, wordsOf, type Filled } from "./json.ts";

const encoder = new TextEncoder();

/** `POST /model/ID/converse` and `/converse-stream`. */
export function bedrockConverse(options: Filled): Sample {
  const usage = usageMember(options, "usage", tokenUsage(options.usage));
  if (!options.stream) {
    const message = { role: "assistant", content: [{ text: options.text }] };
    return jsonSample({ metrics: { latencyMs: 1275 }, output: { message }, stopReason: "end_turn", ...usage });
  }
  const chunks = [event("messageStart", { p: "abcdefgh", role: "assistant" })];
  for (const text of wordsOf(options)) {
    chunks.push(event("contentBlockDelta", { contentBlockIndex: 0, delta: { text }, p: "abcdef" }));
  }
  if (options.errorAfter === undefined) {
    chunks.push(event("contentBlockStop", { contentBlockIndex: 0, p: "abc" }));
    chunks.push(event("messageStop", { p: "abcd", stopReason: "end_turn" }));
    chunks.push(event("metadata", { metrics: { latencyMs: 431 }, p: "abcdefg", ...usage }));
  } else {
    const headers = {
      ":exception-type": "modelStreamErrorException",
      ":content-type": "application/json",
      ":message-type": "exception",
    };
    const body = {
      message: "The system encountered an unexpected error during processing. Try your request again.",
      originalStatusCode: 424,
    };
    chunks.push(eventStreamMessage(headers, encoder.encode(JSON.stringify(body))));
  }
  return { headers: [["content-type", "application/vnd.amazon.eventstream"]], chunks };
}

/** `POST /model/ID/invoke`: the model's own body (here Anthropic's), counts also in headers. */
export function bedrockInvoke(options: Filled): Sample {
  const { headers, chunks } = anthropicMessages({ ...options, stream: false });
  const counts: Sample["headers"] = [
    [
      "x-amzn-bedrock-input-token-count",
      String(options.usage.input - options.usage.cachedInput - options.usage.cacheWrite),
    ],
    ["x-amzn-bedrock-output-token-count", String(options.usage.output)],
    ["x-amzn-bedrock-invocation-latency", "431"],
  ];
  return { headers: [...headers, ...counts], chunks };
}

/** `inputTokens` leaves both cache counts out; the total has them. */
function tokenUsage(usage: TokenUsage): Record<string, unknown> {
  return {
    inputTokens: usage.input - usage.cachedInput - usage.cacheWrite,
    outputTokens: usage.output,
    totalTokens: usage.input + usage.output,
    cacheReadInputTokens: usage.cachedInput,
    cacheWriteInputTokens: usage.cacheWrite,
  };
}

function event(type: string, payload: object): Uint8Array {
  const headers = { ":event-type": type, ":content-type": "application/json", ":message-type": "event" };
  return eventStreamMessage(headers, encoder.encode(JSON.stringify(payload)));
}
