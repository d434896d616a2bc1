// Ollama's own API. Source: Ollama's docs/api.md, "Generate a completion", "Generate a chat completion".
import type { Sample } from "../sample.ts";
import { jsonSample, usageMember, wordsOf, type Filled } from "./json.ts";

const encoder = new TextEncoder();

/** `POST /api/chat`. */
export function ollamaChat(options: Filled): Sample {
  return ollama(options, (content) => ({ message: { role: "assistant", content } }), {});
}

/** `POST /api/generate`. */
export function ollamaGenerate(options: Filled): Sample {
  return ollama(options, (response) => ({ response }), { context: [1, 2, 3] });
}

function ollama(options: Filled, content: (text: string) => object, atEnd: object): Sample {
  const front = { model: options.model, created_at: "2023-12-12T14:13:43.416799Z" };
  const counts = {
    total_duration: 5_191_566_416,
    load_duration: 2_154_458,
    ...usageMember(options, "prompt_eval_count", options.usage.input),
    prompt_eval_duration: 383_809_000,
    ...usageMember(options, "eval_count", options.usage.output),
    eval_duration: 4_799_921_000,
  };
  const last = (text: string) => ({ ...front, ...content(text), done_reason: "stop", done: true, ...atEnd, ...counts });
  if (!options.stream) return jsonSample(last(options.text));
  const lines: unknown[] = wordsOf(options).map((word) => ({ ...front, ...content(word), done: false }));
  lines.push(
    options.errorAfter === undefined ? last("") : { error: "an error was encountered while running the model" },
  );
  const chunks = lines.map((line) => encoder.encode(`${JSON.stringify(line)}\n`));
  return { headers: [["content-type", "application/x-ndjson"]], chunks };
}
