// Wire samples: what each provider's API answers, as pure functions. No Node API: they run in a browser too.
import type { HeaderList } from "../scenario/scenario.ts";
import { anthropicMessages } from "./samples/anthropic.ts";
import { bedrockConverse, bedrockInvoke } from "./samples/bedrock.ts";
import { cohereChat, cohereRerank } from "./samples/cohere.ts";
import { dashscope } from "./samples/dashscope.ts";
import { gemini, geminiCount, geminiEmbed } from "./samples/gemini.ts";
import { ollamaChat, ollamaGenerate } from "./samples/ollama.ts";
import { openaiChat } from "./samples/openai-chat.ts";
import { openaiCompletions } from "./samples/openai-completions.ts";
import {
  openaiEmbeddings,
  openaiImages,
  openaiModerations,
  openaiSpeech,
  openaiTranscription,
} from "./samples/openai-media.ts";
import { openaiResponses } from "./samples/openai-responses.ts";
import type { SseStyle } from "./samples/sse.ts";
import type { TokenUsage } from "./usage.ts";

/** Dialects of OpenAI's chat API that put usage elsewhere or count otherwise. */
export type Variant =
  "openai" | "azure" | "groq" | "xai" | "deepseek" | "perplexity" | "mistral" | "vllm" | "baichuan" | "openrouter";

/** What a sample is to show. */
export interface SampleOptions {
  /** The model that answers. */
  model: string;
  usage: TokenUsage;
  /** Default false. */
  stream?: boolean;
  /** The answer's text; default a short greeting. A stream has one event per word. */
  text?: string;
  /** Default "openai". */
  variant?: Variant;
  /** OpenAI: the request's `stream_options.include_usage`. Default false. */
  includeUsage?: boolean;
  /** vLLM: usage in every chunk. */
  continuousUsage?: boolean;
  /** `null`: the member is there and null; `absent`: it is not there. Default `present`. */
  usageForm?: "present" | "null" | "absent";
  /** Gemini: `sse`, else a root array. Default `sse`. */
  geminiStream?: "sse" | "array";
  /** Responses API: its last event. Default `completed`. `queued`: a background response. */
  ending?: "completed" | "incomplete" | "failed" | "queued";
  /** A stream breaks off with the provider's error event after so many events of text. */
  errorAfter?: number;
  sse?: SseStyle;
}

/** An answer of 200: headers and body; of a stream each chunk is one event. */
export interface Sample {
  headers: HeaderList;
  chunks: Uint8Array[];
}

const samples = {
  "openai-chat": openaiChat,
  "openai-completions": openaiCompletions,
  "openai-responses": openaiResponses,
  "openai-embeddings": openaiEmbeddings,
  "openai-images": openaiImages,
  "openai-transcription": openaiTranscription,
  "openai-speech": openaiSpeech,
  "openai-moderations": openaiModerations,
  "anthropic-messages": anthropicMessages,
  gemini,
  "gemini-embed": geminiEmbed,
  "gemini-count": geminiCount,
  "bedrock-converse": bedrockConverse,
  "bedrock-invoke": bedrockInvoke,
  "cohere-chat": cohereChat,
  "cohere-rerank": cohereRerank,
  "ollama-chat": ollamaChat,
  "ollama-generate": ollamaGenerate,
  dashscope,
} satisfies Record<string, (options: Required<Pick<SampleOptions, "text">> & SampleOptions) => Sample>;

/** An API whose answers can be made. */
export type SampleApi = keyof typeof samples;

/** All of them. */
export const sampleApis = Object.keys(samples) as SampleApi[];

/** The answer of `api` with status 200. */
export function sample(api: SampleApi, options: SampleOptions): Sample {
  return samples[api]({ ...options, text: options.text ?? `Hello from ${options.model} — how can I help?` });
}

/** The chunks as one body. */
export function bodyOf({ chunks }: Sample): Uint8Array {
  const body = new Uint8Array(chunks.reduce((sum, one) => sum + one.length, 0));
  let at = 0;
  for (const one of chunks) {
    body.set(one, at);
    at += one.length;
  }
  return body;
}
