// Which dialect an API's answers are read with.
import { Api } from "../api";
import { Dialect } from "../dialect";
import { AnthropicDialect } from "./anthropic";
import { BedrockDialect } from "./bedrock";
import { CohereDialect } from "./cohere";
import { DashScopeDialect } from "./dashscope";
import { GeminiDialect } from "./gemini";
import { InvokeDialect } from "./invoke";
import { OllamaDialect } from "./ollama";
import { OpenAiDialect } from "./openai";
import { ResponsesDialect } from "./responses";

const OPENAI = new OpenAiDialect();
const RESPONSES = new ResponsesDialect();
const ANTHROPIC = new AnthropicDialect();
const GEMINI = new GeminiDialect();
const BEDROCK = new BedrockDialect();
const INVOKE = new InvokeDialect();
const COHERE = new CohereDialect();
const OLLAMA = new OllamaDialect();
const DASHSCOPE = new DashScopeDialect();

/** The dialect, null for APIs whose answers are not read (gRPC, tools, sessions, batches). */
export function dialectOf(api: Api): Dialect | null {
  switch (api) {
    case Api.OpenAiChat:
    case Api.OpenAiCompletions:
    case Api.OpenAiEmbeddings:
    case Api.OpenAiImages:
    case Api.OpenAiAudio:
    case Api.OpenAiModerations:
      return OPENAI;
    case Api.OpenAiResponses:
      return RESPONSES;
    case Api.AnthropicMessages:
      return ANTHROPIC;
    case Api.Gemini:
      return GEMINI;
    case Api.BedrockConverse:
      return BEDROCK;
    case Api.BedrockInvoke:
      return INVOKE;
    case Api.CohereChat:
    case Api.CohereRerank:
    case Api.CohereEmbed:
      return COHERE;
    case Api.Ollama:
      return OLLAMA;
    case Api.DashScope:
      return DASHSCOPE;
    default:
      return null;
  }
}
