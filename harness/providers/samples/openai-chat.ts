// OpenAI chat completions and its dialects.
// Sources: OpenAI API reference, "Create chat completion", "The chat completion object", "The chat completion chunk
// object"; Azure OpenAI reference (content filter results); Groq, xAI, DeepSeek, Perplexity, Mistral and OpenRouter API
// references for chat completions; vLLM, "OpenAI-compatible server"; Baichuan's chat reference.
import type { Sample, Variant } from "../sample.ts";
import type { TokenUsage } from "../usage.ts";
import { createdAt, jsonSample, usageMember, wordsOf, type Filled } from "./json.ts";
import { sseSample, type SseEvent } from "./sse.ts";

const id = "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT";

const safe = { filtered: false, severity: "safe" };
const filters = { hate: safe, self_harm: safe, sexual: safe, violence: safe };

/** `POST /v1/chat/completions`. */
export function openaiChat(options: Filled): Sample {
  return options.stream ? chatStream(options) : chatJson(options);
}

/** The `usage` object of a dialect. */
export function chatUsage(usage: TokenUsage, variant: Variant = "openai"): Record<string, unknown> {
  // xAI leaves reasoning out of completion_tokens; the total has it.
  const completion = variant === "xai" ? usage.output - usage.reasoning : usage.output;
  const plain = { prompt_tokens: usage.input, completion_tokens: completion, total_tokens: usage.input + usage.output };
  if (variant === "mistral" || variant === "baichuan") return plain;
  const details = {
    prompt_tokens_details: { cached_tokens: usage.cachedInput, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
  switch (variant) {
    case "openai":
    case "azure": {
      const write = usage.cacheWrite > 0 ? { cache_write_tokens: usage.cacheWrite } : {};
      return { ...plain, ...details, prompt_tokens_details: { ...details.prompt_tokens_details, ...write } };
    }
    case "vllm":
      return { ...plain, prompt_tokens_details: null };
    case "groq":
      return { queue_time: 0.037, prompt_time: 0.0006, completion_time: 0.463, total_time: 0.464, ...plain };
    case "deepseek":
      return {
        ...plain,
        prompt_tokens_details: { cached_tokens: usage.cachedInput },
        completion_tokens_details: { reasoning_tokens: usage.reasoning },
        prompt_cache_hit_tokens: usage.cachedInput,
        prompt_cache_miss_tokens: usage.input - usage.cachedInput,
      };
    case "perplexity":
      return { ...plain, search_context_size: "low", cost: { input_tokens_cost: 0.1, total_cost: 0.2 } };
    default:
      return { ...plain, ...details };
  }
}

function chatJson(options: Filled): Sample {
  const variant = options.variant ?? "openai";
  const message = { role: "assistant", content: options.text, refusal: null, annotations: [] };
  const choice = { index: 0, message, logprobs: null, finish_reason: "stop" };
  const isAzure = variant === "azure";
  return jsonSample({
    id,
    object: "chat.completion",
    created: createdAt,
    model: options.model,
    ...(isAzure && { prompt_filter_results: [{ prompt_index: 0, content_filter_results: filters }] }),
    ...(variant === "perplexity" && { citations: ["https://example.org/usage"] }),
    choices: [isAzure ? { ...choice, content_filter_results: filters } : choice],
    ...usageMember(options, "usage", chatUsage(options.usage, variant)),
    ...(variant === "groq" && { x_groq: { id: "req_01jbd6g2qdfw2adyrt2az8hz4w" } }),
    service_tier: "default",
    system_fingerprint: "fp_b376dfbbd5",
  });
}

function chatStream(options: Filled): Sample {
  const variant = options.variant ?? "openai";
  const usage = chatUsage(options.usage, variant);
  const withUsage = usageMember(options, "usage", usage);
  const asks = options.includeUsage === true;
  const chunk = (delta: object, finish: string | null, more: object = {}): SseEvent => ({
    data: {
      id,
      object: "chat.completion.chunk",
      created: createdAt,
      model: options.model,
      service_tier: "default",
      system_fingerprint: "fp_b376dfbbd5",
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      ...more,
    },
  });
  const words = wordsOf(options);
  const perChunk = (soFar: number): object => {
    if (variant === "perplexity" || (variant === "vllm" && options.continuousUsage)) {
      const output = Math.min(options.usage.output, soFar);
      return usageMember(options, "usage", chatUsage({ ...options.usage, output, reasoning: 0 }, variant));
    }
    return asks && variant !== "groq" && variant !== "mistral" ? { usage: null } : {};
  };
  const events: SseEvent[] = [];
  if (variant === "azure") {
    const first = { id: "", object: "", created: 0, model: "", choices: [] };
    events.push({ data: { ...first, prompt_filter_results: [{ prompt_index: 0, content_filter_results: filters }] } });
  }
  const groqId = "req_01jbd6g2qdfw2adyrt2az8hz4w";
  const start = variant === "groq" ? { x_groq: { id: groqId } } : {};
  events.push(chunk({ role: "assistant", content: "", refusal: null }, null, { ...perChunk(0), ...start }));
  words.forEach((word, at) => events.push(chunk({ content: word }, null, perChunk(at + 1))));
  if (options.errorAfter !== undefined) {
    const message = "The server had an error while processing your request. Sorry about that!";
    events.push({ data: { error: { message, type: "server_error", param: null, code: null } } });
    return sseSample(events, styleOf(options));
  }
  switch (variant) {
    case "groq":
      events.push(chunk({}, "stop", { x_groq: { id: groqId, ...withUsage } }));
      break;
    case "mistral":
    case "deepseek":
    case "baichuan":
    case "perplexity":
      // The last chunk of content has it, asked for or not.
      events.push(chunk({ content: "" }, "stop", withUsage));
      break;
    default:
      events.push(chunk({}, "stop", perChunk(words.length)));
      if (asks || variant === "openrouter") {
        const { choices: _, ...front } = events.at(-1)?.data as Record<string, unknown>;
        events.push({ data: { ...front, choices: [], ...withUsage } });
      }
  }
  events.push({ data: variant === "baichuan" ? "" : "[DONE]" });
  return sseSample(events, styleOf(options));
}

function styleOf(options: Filled): NonNullable<Filled["sse"]> {
  const comments: Partial<Record<Variant, string>> = { openrouter: "OPENROUTER PROCESSING", deepseek: "keep-alive" };
  const comment = comments[options.variant ?? "openai"];
  return comment === undefined ? { ...options.sse } : { comment, ...options.sse };
}
