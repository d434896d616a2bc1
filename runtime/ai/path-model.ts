// Paths that name the model: Gemini and Vertex AI, Bedrock, Azure OpenAI.
import { Bytes } from "../bytes/bytes";
import { COLON, SLASH } from "../parse/ascii";
import { Api } from "./api";
import { lastIndexOf, lastSegment, parentPath } from "./paths";
import { RequestType } from "./request-type";

const MODELS = Bytes.constant("/models/");
const TUNED_MODELS = Bytes.constant("/tunedModels/");
const ENDPOINTS = Bytes.constant("/endpoints/");
const PUBLISHERS = Bytes.constant("/publishers/");
const PROJECTS = Bytes.constant("/projects/");
const ANTHROPIC = Bytes.constant("/publishers/anthropic/models/");
const GOOGLE = Bytes.constant("/publishers/google/models/");
const MODEL = Bytes.constant("/model/");
const DEPLOYMENTS = Bytes.constant("/openai/deployments/");
const COUNT_TOKENS_MODEL = Bytes.constant("count-tokens");
const EMBEDDING = Bytes.constant("embedding");
const IMAGEN = Bytes.constant("imagen");

const GENERATE = Bytes.constant("generateContent");
const STREAM_GENERATE = Bytes.constant("streamGenerateContent");
const GENERATE_ANSWER = Bytes.constant("generateAnswer");
const EMBED = Bytes.constant("embedContent");
const BATCH_EMBED = Bytes.constant("batchEmbedContents");
const COUNT = Bytes.constant("countTokens");
const COMPUTE = Bytes.constant("computeTokens");
const PREDICT = Bytes.constant("predict");
const RAW_PREDICT = Bytes.constant("rawPredict");
const STREAM_RAW_PREDICT = Bytes.constant("streamRawPredict");
const PREDICT_LONG = Bytes.constant("predictLongRunning");
const BATCH_GENERATE = Bytes.constant("batchGenerateContent");
const ASYNC_BATCH_EMBED = Bytes.constant("asyncBatchEmbedContent");

const CONVERSE = Bytes.constant("converse");
const CONVERSE_STREAM = Bytes.constant("converse-stream");
const INVOKE = Bytes.constant("invoke");
const INVOKE_STREAM = Bytes.constant("invoke-with-response-stream");
const INVOKE_BOTH = Bytes.constant("invoke-with-bidirectional-stream");
const BEDROCK_COUNT = Bytes.constant("count-tokens");

/** What such a path says. One for the whole module; the model is a view into the path that was read. */
class PathModel {
  api: Api = Api.None;
  requestType: RequestType = RequestType.None;
  model: Bytes = Bytes.absent();
  isStream: bool = false;
  isUncounted: bool = false;
  isFree: bool = false;

  /** Reads a path in normal form; false when it is none of these. */
  read(path: Bytes): bool {
    this.api = Api.None;
    this.requestType = RequestType.Chat;
    this.model = Bytes.absent();
    this.isStream = false;
    this.isUncounted = false;
    this.isFree = false;
    return this.readGoogle(path) || this.readBedrock(path);
  }

  /** `…/models/{model}:operation`, `…/endpoints/{id}:operation`. */
  private readGoogle(path: Bytes): bool {
    const last = lastSegment(path);
    let colon = last.length - 1;
    while (colon >= 0 && last.at(colon) != COLON) colon--;
    if (colon <= 0) return false;
    const operation = last.slice(colon + 1);
    const whole = path.slice(0, path.length - last.length + colon);
    const model = behind(whole, MODELS, behind(whole, TUNED_MODELS, behind(whole, ENDPOINTS, Bytes.absent())));
    if (model.isEmpty) return false;
    this.model = model;
    this.api = Api.Gemini;
    if (operation.equalsIgnoreCase(RAW_PREDICT) || operation.equalsIgnoreCase(STREAM_RAW_PREDICT)) {
      this.isStream = operation.equalsIgnoreCase(STREAM_RAW_PREDICT);
      this.readPublisher(path);
      return true;
    }
    return this.readOperation(path, operation);
  }

  private readOperation(path: Bytes, operation: Bytes): bool {
    if (operation.equalsIgnoreCase(STREAM_GENERATE)) this.isStream = true;
    else if (operation.equalsIgnoreCase(EMBED) || operation.equalsIgnoreCase(BATCH_EMBED)) {
      this.requestType = RequestType.Embedding;
    } else if (operation.equalsIgnoreCase(COUNT) || operation.equalsIgnoreCase(COMPUTE)) this.isFree = true;
    else if (operation.equalsIgnoreCase(PREDICT)) {
      if (lastIndexOf(this.model, EMBEDDING) >= 0) this.requestType = RequestType.Embedding;
      else if (lastIndexOf(this.model, IMAGEN) >= 0) this.requestType = RequestType.Image;
      // Outside of Vertex AI it is any model that TensorFlow Serving may hold.
      else return isVertexPath(path);
    } else if (operation.equalsIgnoreCase(PREDICT_LONG)) this.isUncounted = true;
    else if (operation.equalsIgnoreCase(BATCH_GENERATE) || operation.equalsIgnoreCase(ASYNC_BATCH_EMBED)) {
      this.requestType = RequestType.Batch;
      this.isUncounted = true;
    } else return operation.equalsIgnoreCase(GENERATE) || operation.equalsIgnoreCase(GENERATE_ANSWER);
    return true;
  }

  /** Bodies of `rawPredict` are the publisher's own: Anthropic's messages, or OpenAI chat. */
  private readPublisher(path: Bytes): void {
    if (lastIndexOf(path, ANTHROPIC) >= 0) {
      this.api = Api.AnthropicMessages;
      this.isFree = this.model.equalsIgnoreCase(COUNT_TOKENS_MODEL);
    } else if (lastIndexOf(path, GOOGLE) < 0) this.api = Api.OpenAiChat;
  }

  /** `…/model/{id or ARN}/operation`. */
  private readBedrock(path: Bytes): bool {
    const operation = lastSegment(path);
    const model = behind(parentPath(path), MODEL, Bytes.absent());
    if (model.isEmpty) return false;
    this.model = model;
    this.api = Api.BedrockConverse;
    if (operation.equalsIgnoreCase(CONVERSE)) return true;
    if (operation.equalsIgnoreCase(CONVERSE_STREAM)) {
      this.isStream = true;
      return true;
    }
    if (operation.equalsIgnoreCase(BEDROCK_COUNT)) {
      this.isFree = true;
      return true;
    }
    this.api = Api.BedrockInvoke;
    if (lastIndexOf(model, EMBED_WORD) >= 0) this.requestType = RequestType.Embedding;
    if (operation.equalsIgnoreCase(INVOKE)) return true;
    this.isStream = true;
    this.isUncounted = operation.equalsIgnoreCase(INVOKE_BOTH);
    return this.isUncounted || operation.equalsIgnoreCase(INVOKE_STREAM);
  }
}

const EMBED_WORD = Bytes.constant("embed");

/** The reader of paths that name the model. */
export const pathModel = new PathModel();

/** The deployment in a path of Azure OpenAI (`…/openai/deployments/{name}/…`); absent when it is none. */
export function azureDeployment(path: Bytes): Bytes {
  const at = lastIndexOf(path, DEPLOYMENTS);
  if (at < 0) return Bytes.absent();
  const from = at + DEPLOYMENTS.length;
  const end = path.indexOfByte(SLASH, from);
  return end > from ? path.slice(from, end) : Bytes.absent();
}

/** Whether a path has what only Vertex AI's have. */
export function isVertexPath(path: Bytes): bool {
  return lastIndexOf(path, PUBLISHERS) >= 0 || lastIndexOf(path, PROJECTS) >= 0;
}

/** What follows the last `part` of a path; `otherwise` when it has none. */
function behind(path: Bytes, part: Bytes, otherwise: Bytes): Bytes {
  const at = lastIndexOf(path, part);
  return at < 0 ? otherwise : path.slice(at + part.length);
}
