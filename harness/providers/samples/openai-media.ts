// OpenAI's embeddings, images, audio and moderations.
// Source: OpenAI API reference, "Embeddings", "Images", "Audio", "Moderations".
import type { Sample } from "../sample.ts";
import { createdAt, jsonSample, usageMember, wordsOf, type Filled } from "./json.ts";
import { sseSample, type SseEvent } from "./sse.ts";

/** `POST /v1/embeddings`. */
export function openaiEmbeddings(options: Filled): Sample {
  const embedding = [0.0023064255, -0.009327292, 0.015797086, -0.0077780345];
  return jsonSample({
    object: "list",
    data: [{ object: "embedding", embedding, index: 0 }],
    model: options.model,
    ...usageMember(options, "usage", { prompt_tokens: options.usage.input, total_tokens: options.usage.input }),
  });
}

/** `POST /v1/images/generations` and `/v1/images/edits`. */
export function openaiImages(options: Filled): Sample {
  const { input, output } = options.usage;
  return jsonSample({
    created: createdAt,
    background: "opaque",
    data: [
      { b64_json: "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==" },
    ],
    output_format: "png",
    quality: "high",
    size: "1024x1024",
    ...usageMember(options, "usage", {
      input_tokens: input,
      input_tokens_details: { text_tokens: input, image_tokens: 0 },
      output_tokens: output,
      total_tokens: input + output,
    }),
  });
}

/** `POST /v1/audio/transcriptions` and `/v1/audio/translations`. */
export function openaiTranscription(options: Filled): Sample {
  const { input, output } = options.usage;
  // whisper-1 is billed by time, the others by tokens.
  const counts = options.model.startsWith("whisper")
    ? { type: "duration", seconds: 9 }
    : {
        type: "tokens",
        input_tokens: input,
        input_token_details: { text_tokens: 0, audio_tokens: input },
        output_tokens: output,
        total_tokens: input + output,
      };
  const usage = usageMember(options, "usage", counts);
  if (!options.stream) return jsonSample({ text: options.text, ...usage });
  const events: SseEvent[] = wordsOf(options).map((delta) => ({ data: { type: "transcript.text.delta", delta } }));
  if (options.errorAfter === undefined) {
    events.push({ data: { type: "transcript.text.done", text: options.text, ...usage } }, { data: "[DONE]" });
  } else
    events.push({
      data: { error: { message: "The server had an error", type: "server_error", param: null, code: null } },
    });
  return sseSample(events, options.sse);
}

/** `POST /v1/audio/speech`: sound, without usage. */
export function openaiSpeech(_options: Filled): Sample {
  const frame = Uint8Array.from({ length: 417 }, (_, at) => (at === 0 ? 0xff : at === 1 ? 0xfb : at & 0xff));
  return { headers: [["content-type", "audio/mpeg"]], chunks: [frame, frame] };
}

/** `POST /v1/moderations`: without usage. */
export function openaiModerations(options: Filled): Sample {
  const names = ["harassment", "hate", "illicit", "self-harm", "sexual", "violence"];
  const each = <T>(value: T) => Object.fromEntries(names.map((name) => [name, value]));
  const results = [{ flagged: false, categories: each(false), category_scores: each(0.000012) }];
  return jsonSample({ id: "modr-0d9740456c391e43c445bf0f010940c7", model: options.model, results });
}
