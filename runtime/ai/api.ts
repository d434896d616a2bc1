// Whose wire format a call speaks.
import { Bytes } from "../bytes/bytes";
import { APIS } from "../match/vocabulary";

/** The API of a call. The order is that of the vocabulary. */
export const enum Api {
  /** No AI call, or one that is not known. */
  None,
  OpenAiChat,
  OpenAiResponses,
  OpenAiCompletions,
  OpenAiEmbeddings,
  OpenAiImages,
  OpenAiAudio,
  OpenAiModerations,
  /** Bills arrive elsewhere: creates a batch. */
  OpenAiBatches,
  /** Bills arrive elsewhere: a WebSocket or WebRTC session. */
  OpenAiRealtime,
  AnthropicMessages,
  /** Google's `generateContent` family: Gemini API and Vertex AI. */
  Gemini,
  BedrockConverse,
  /** Bedrock's InvokeModel: the body is the model vendor's own. */
  BedrockInvoke,
  CohereChat,
  /** Cohere's rerank and those that copy it (Jina, Voyage, vLLM). */
  CohereRerank,
  CohereEmbed,
  Ollama,
  DashScope,
  Grpc,
  Mcp,
  A2a,
}

const NAMES: string[] = [""].concat(APIS);

const TEXTS: StaticArray<Bytes> = constants(NAMES);

/** The name of an API as configurations, logs and filter state write it; absent for `None`. */
export function apiText(api: Api): Bytes {
  return api > Api.None && <i32>api < TEXTS.length ? unchecked(TEXTS[<i32>api]) : Bytes.absent();
}

/** The API with this name, `None` when there is none. Configure time only. */
export function apiNamed(name: string): Api {
  return <Api>max(NAMES.indexOf(name), 0);
}

/** The names as permanent bytes, in the same order. Configure time only. */
export function constants(names: string[]): StaticArray<Bytes> {
  const texts = new StaticArray<Bytes>(names.length);
  for (let i = 0; i < names.length; i++) texts[i] = Bytes.constant(names[i]);
  return texts;
}
