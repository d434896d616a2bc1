// The ends of the paths that AI calls are posted to, and what each of them is.
import { Bytes, lowerAscii } from "../bytes/bytes";
import { isDigit } from "../parse/ascii";
import { Api } from "./api";
import { endsWithPath, lastSegment, parentPath } from "./paths";
import { RequestType } from "./request-type";

/** What must stand before the end of the path. */
const enum Before {
  /** Anything: the end says enough. */
  Any,
  /**
   * A version (`v1`, `v1beta`, `beta`), `openai`, `models`, an Azure deployment or a Vertex `openapi`: the end is one
   * common word.
   */
  Version,
  /** As `Version`, or nothing at all. */
  VersionOrRoot,
}

/** One kind of endpoint. */
@final
export class Endpoint {
  isUncounted: bool = false;
  isFree: bool = false;
  /** The body tells the model. */
  hasBodyModel: bool = true;

  constructor(
    private readonly suffix: Bytes,
    private readonly before: Before,
    readonly api: Api,
    readonly requestType: RequestType,
  ) {}

  /** Whether a path in normal form ends here. */
  covers(path: Bytes): bool {
    if (!endsWithPath(path, this.suffix)) return false;
    if (this.before == Before.Any) return true;
    const rest = path.slice(0, path.length - this.suffix.length);
    if (rest.isEmpty) return this.before == Before.VersionOrRoot;
    return isVersionLike(lastSegment(rest)) || endsWithPath(parentPath(rest), DEPLOYMENTS);
  }
}

const DEPLOYMENTS = Bytes.constant("/deployments");
const BETA = Bytes.constant("beta");
const OPENAI = Bytes.constant("openai");
const OPENAPI = Bytes.constant("openapi");
const MODELS = Bytes.constant("models");

/** In the order of asking: what is longer, or more special, comes before what ends like it. */
const ENDPOINTS: Endpoint[] = [
  any("/chat/completions", Api.OpenAiChat, RequestType.Chat),
  any("/agents/completions", Api.OpenAiChat, RequestType.Chat),
  any("/fim/completions", Api.OpenAiCompletions, RequestType.Completion),
  version("/completions", Before.VersionOrRoot, Api.OpenAiCompletions, RequestType.Completion),
  any("/v1/messages", Api.AnthropicMessages, RequestType.Chat),
  free("/v1/messages/count_tokens", Api.AnthropicMessages),
  batch("/v1/messages/batches", Api.AnthropicMessages),
  version("/responses", Before.Version, Api.OpenAiResponses, RequestType.Chat),
  version("/responses/compact", Before.Version, Api.OpenAiResponses, RequestType.Chat),
  free("/v1/responses/input_tokens", Api.OpenAiResponses),
  any("/api/embeddings", Api.Ollama, RequestType.Embedding),
  any("/api/embed", Api.Ollama, RequestType.Embedding),
  any("/api/chat", Api.Ollama, RequestType.Chat),
  any("/api/generate", Api.Ollama, RequestType.Completion),
  version("/embeddings", Before.VersionOrRoot, Api.OpenAiEmbeddings, RequestType.Embedding),
  any("/v1/embed", Api.CohereEmbed, RequestType.Embedding),
  any("/v2/embed", Api.CohereEmbed, RequestType.Embedding),
  any("/v1/chat", Api.CohereChat, RequestType.Chat),
  any("/v2/chat", Api.CohereChat, RequestType.Chat),
  version("/rerank", Before.VersionOrRoot, Api.CohereRerank, RequestType.Rerank),
  any("/chat/moderations", Api.OpenAiModerations, RequestType.Moderation),
  version("/moderations", Before.Version, Api.OpenAiModerations, RequestType.Moderation),
  any("/images/generations", Api.OpenAiImages, RequestType.Image),
  any("/images/edits", Api.OpenAiImages, RequestType.Image),
  any("/images/variations", Api.OpenAiImages, RequestType.Image),
  any("/audio/speech", Api.OpenAiAudio, RequestType.Audio),
  any("/audio/transcriptions", Api.OpenAiAudio, RequestType.Audio),
  any("/audio/translations", Api.OpenAiAudio, RequestType.Audio),
  batch("/v1/batches", Api.OpenAiBatches),
  batch("/openai/batches", Api.OpenAiBatches),
  batchOf("/v1/batch/jobs", Api.OpenAiBatches),
  batchOf("/batchPredictionJobs", Api.Gemini),
  batch("/model-invocation-job", Api.BedrockInvoke),
  batch("/async-invoke", Api.BedrockInvoke),
  realtime("/v1/realtime/calls"),
  any("/services/aigc/text-generation/generation", Api.DashScope, RequestType.Chat),
  any("/services/aigc/multimodal-generation/generation", Api.DashScope, RequestType.Chat),
  any("/services/aigc/text2image/image-synthesis", Api.DashScope, RequestType.Image),
  any("/services/aigc/image2image/image-synthesis", Api.DashScope, RequestType.Image),
  any("/services/embeddings/text-embedding/text-embedding", Api.DashScope, RequestType.Embedding),
  any("/services/embeddings/multimodal-embedding/multimodal-embedding", Api.DashScope, RequestType.Embedding),
  any("/services/rerank/text-rerank/text-rerank", Api.DashScope, RequestType.Rerank),
];

/** The endpoint that a path in normal form ends at, null when it is none. */
export function endpointOf(path: Bytes): Endpoint | null {
  for (let i = 0, k = ENDPOINTS.length; i < k; i++) {
    const endpoint = unchecked(ENDPOINTS[i]);
    if (endpoint.covers(path)) return endpoint;
  }
  return null;
}

function any(suffix: string, api: Api, type: RequestType): Endpoint {
  return new Endpoint(Bytes.constant(suffix), Before.Any, api, type);
}

function version(suffix: string, before: Before, api: Api, type: RequestType): Endpoint {
  return new Endpoint(Bytes.constant(suffix), before, api, type);
}

function free(suffix: string, api: Api): Endpoint {
  const endpoint = any(suffix, api, RequestType.Chat);
  endpoint.isFree = true;
  return endpoint;
}

function batchOf(suffix: string, api: Api): Endpoint {
  const endpoint = any(suffix, api, RequestType.Batch);
  endpoint.isUncounted = true;
  return endpoint;
}

/** A batch whose models are inside its file or its list of requests. */
function batch(suffix: string, api: Api): Endpoint {
  const endpoint = batchOf(suffix, api);
  endpoint.hasBodyModel = false;
  return endpoint;
}

function realtime(suffix: string): Endpoint {
  const endpoint = any(suffix, Api.OpenAiRealtime, RequestType.Chat);
  endpoint.isUncounted = true;
  endpoint.hasBodyModel = false;
  return endpoint;
}

/** `v` and a digit, and whatever follows; or one of the words that stand where a version does. */
function isVersionLike(segment: Bytes): bool {
  if (segment.length >= 2 && lowerAscii(segment.at(0)) == 0x76 && isDigit(segment.at(1))) return true;
  return (
    segment.equalsIgnoreCase(BETA) ||
    segment.equalsIgnoreCase(OPENAI) ||
    segment.equalsIgnoreCase(OPENAPI) ||
    segment.equalsIgnoreCase(MODELS)
  );
}
