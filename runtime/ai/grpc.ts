// gRPC services that serve models. Service and method stand for the model, which is inside a protobuf message.
import { Bytes } from "../bytes/bytes";
import { SLASH } from "../parse/ascii";
import { constants } from "./api";
import { RequestType } from "./request-type";

/** Methods that do the work; those that report readiness or metadata are no calls. */
const METHODS: StaticArray<Bytes> = constants([
  "/inference.GRPCInferenceService/ModelInfer", // KServe v2, Triton
  "/inference.GRPCInferenceService/ModelStreamInfer",
  "/tensorflow.serving.PredictionService/Predict",
  "/tensorflow.serving.PredictionService/Classify",
  "/tensorflow.serving.PredictionService/Regress",
  "/tensorflow.serving.PredictionService/MultiInference",
  "/fmaas.GenerationService/Generate", // TGIS, vLLM adapters
  "/fmaas.GenerationService/GenerateStream",
  "/vllm.grpc.engine.VllmEngine/Generate",
  "/google.ai.generativelanguage.v1.GenerativeService/GenerateContent",
  "/google.ai.generativelanguage.v1.GenerativeService/StreamGenerateContent",
  "/google.ai.generativelanguage.v1beta.GenerativeService/GenerateContent",
  "/google.ai.generativelanguage.v1beta.GenerativeService/StreamGenerateContent",
  "/google.cloud.aiplatform.v1.PredictionService/GenerateContent",
  "/google.cloud.aiplatform.v1.PredictionService/StreamGenerateContent",
  "/google.cloud.aiplatform.v1.PredictionService/Predict",
  "/google.cloud.aiplatform.v1.PredictionService/RawPredict",
  "/google.cloud.aiplatform.v1beta1.PredictionService/GenerateContent",
  "/google.cloud.aiplatform.v1beta1.PredictionService/StreamGenerateContent",
  "/google.cloud.aiplatform.v1beta1.PredictionService/Predict",
  "/google.cloud.aiplatform.v1beta1.PredictionService/RawPredict",
  "/xai_api.Chat/GetCompletion",
  "/xai_api.Chat/GetCompletionChunk",
]);

const EMBEDDING_METHODS: StaticArray<Bytes> = constants([
  "/tei.v1.Embed/Embed",
  "/tei.v1.Embed/EmbedStream",
  "/vllm.grpc.engine.VllmEngine/Embed",
  "/google.ai.generativelanguage.v1beta.GenerativeService/EmbedContent",
  "/google.ai.generativelanguage.v1beta.GenerativeService/BatchEmbedContents",
]);

const RERANK_METHODS: StaticArray<Bytes> = constants(["/tei.v1.Rerank/Rerank", "/tei.v1.Rerank/RerankStream"]);

/** What a gRPC path in normal form asks for, `None` when it is no known model service. */
export function grpcRequestType(path: Bytes): RequestType {
  if (has(METHODS, path)) return RequestType.Chat;
  if (has(EMBEDDING_METHODS, path)) return RequestType.Embedding;
  return has(RERANK_METHODS, path) ? RequestType.Rerank : RequestType.None;
}

/** The name that stands for the model: `inference.GRPCInferenceService/ModelInfer`. */
export function grpcModel(path: Bytes): Bytes {
  return path.at(0) == SLASH ? path.slice(1) : path;
}

function has(methods: StaticArray<Bytes>, path: Bytes): bool {
  for (let i = 0, k = methods.length; i < k; i++) if (unchecked(methods[i]).equals(path)) return true;
  return false;
}
