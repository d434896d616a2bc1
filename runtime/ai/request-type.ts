// What kind of work a call asks for.
import { Bytes } from "../bytes/bytes";
import { REQUEST_TYPES } from "../match/vocabulary";
import { Api, constants } from "./api";

/** The kind of work. The order is that of the vocabulary. */
export const enum RequestType {
  None,
  Chat,
  Completion,
  Embedding,
  Image,
  Audio,
  Moderation,
  Rerank,
  Batch,
  /** JSON-RPC between agents and tools: MCP, A2A. */
  Tool,
}

const NAMES: string[] = [""].concat(REQUEST_TYPES);

const TEXTS: StaticArray<Bytes> = constants(NAMES);

/** The value of `x-ai-request-type`; absent for `None`. */
export function requestTypeText(type: RequestType): Bytes {
  return type > RequestType.None && <i32>type < TEXTS.length ? unchecked(TEXTS[<i32>type]) : Bytes.absent();
}

/** The type with this name, `None` when there is none. Configure time only. */
export function requestTypeNamed(name: string): RequestType {
  return <RequestType>max(NAMES.indexOf(name), 0);
}

/** What an API is used for when nothing says it better. */
export function usualRequestType(api: Api): RequestType {
  switch (api) {
    case Api.None:
      return RequestType.None;
    case Api.OpenAiCompletions:
      return RequestType.Completion;
    case Api.OpenAiEmbeddings:
    case Api.CohereEmbed:
      return RequestType.Embedding;
    case Api.OpenAiImages:
      return RequestType.Image;
    case Api.OpenAiAudio:
      return RequestType.Audio;
    case Api.OpenAiModerations:
      return RequestType.Moderation;
    case Api.OpenAiBatches:
      return RequestType.Batch;
    case Api.CohereRerank:
      return RequestType.Rerank;
    case Api.Mcp:
    case Api.A2a:
      return RequestType.Tool;
    default:
      return RequestType.Chat;
  }
}
