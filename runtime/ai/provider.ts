// Who serves a call, in the words of OpenTelemetry's `gen_ai.provider.name`.
import { Bytes } from "../bytes/bytes";
import { Api, constants } from "./api";

/** The provider. The order is that of the texts below. */
export const enum Provider {
  /** Neither host nor API tells. */
  None,
  Anthropic,
  AwsBedrock,
  AzureAiInference,
  AzureAiOpenAi,
  Cohere,
  DashScope,
  DeepSeek,
  FireworksAi,
  GcpGemini,
  GcpVertexAi,
  Groq,
  IbmWatsonxAi,
  MistralAi,
  MoonshotAi,
  Ollama,
  OpenAi,
  OpenRouter,
  Perplexity,
  TogetherAi,
  XAi,
}

const TEXTS: StaticArray<Bytes> = constants([
  "",
  "anthropic",
  "aws.bedrock",
  "azure.ai.inference",
  "azure.ai.openai",
  "cohere",
  "dashscope",
  "deepseek",
  "fireworks_ai",
  "gcp.gemini",
  "gcp.vertex_ai",
  "groq",
  "ibm.watsonx.ai",
  "mistral_ai",
  "moonshot_ai",
  "ollama",
  "openai",
  "openrouter",
  "perplexity",
  "together_ai",
  "x_ai",
]);

/** The value of `gen_ai.provider.name`; absent for `None`. */
export function providerText(provider: Provider): Bytes {
  return provider > Provider.None && <i32>provider < TEXTS.length ? unchecked(TEXTS[<i32>provider]) : Bytes.absent();
}

/** A host, or the end of one behind a dot, and who serves it. */
class KnownHost {
  constructor(
    readonly name: Bytes,
    readonly provider: Provider,
  ) {}
}

const HOSTS: KnownHost[] = [
  host("api.openai.com", Provider.OpenAi),
  host("openai.azure.com", Provider.AzureAiOpenAi),
  host("cognitiveservices.azure.com", Provider.AzureAiOpenAi),
  host("services.ai.azure.com", Provider.AzureAiInference),
  host("models.ai.azure.com", Provider.AzureAiInference),
  host("inference.ml.azure.com", Provider.AzureAiInference),
  host("api.anthropic.com", Provider.Anthropic),
  host("generativelanguage.googleapis.com", Provider.GcpGemini),
  host("aiplatform.googleapis.com", Provider.GcpVertexAi),
  host("api.cohere.com", Provider.Cohere),
  host("api.cohere.ai", Provider.Cohere),
  host("api.groq.com", Provider.Groq),
  host("api.x.ai", Provider.XAi),
  host("api.deepseek.com", Provider.DeepSeek),
  host("api.mistral.ai", Provider.MistralAi),
  host("codestral.mistral.ai", Provider.MistralAi),
  host("api.perplexity.ai", Provider.Perplexity),
  host("dashscope.aliyuncs.com", Provider.DashScope),
  host("dashscope-intl.aliyuncs.com", Provider.DashScope),
  host("dashscope-us.aliyuncs.com", Provider.DashScope),
  host("openrouter.ai", Provider.OpenRouter),
  host("api.together.xyz", Provider.TogetherAi),
  host("api.together.ai", Provider.TogetherAi),
  host("api.fireworks.ai", Provider.FireworksAi),
  host("api.moonshot.ai", Provider.MoonshotAi),
  host("api.moonshot.cn", Provider.MoonshotAi),
  host("ml.cloud.ibm.com", Provider.IbmWatsonxAi),
];

const VERTEX_REGION = Bytes.constant("-aiplatform.googleapis.com");
const BEDROCK = Bytes.constant("bedrock-runtime");
const BEDROCK_MANTLE = Bytes.constant("bedrock-mantle.");
const AWS = Bytes.constant(".amazonaws.com");
const AWS_CHINA = Bytes.constant(".amazonaws.com.cn");
const AWS_API = Bytes.constant(".api.aws");

/** The provider behind an authority (port and case do not matter), `None` for a host that is not known. */
export function providerOfHost(authority: Bytes): Provider {
  const name = bareHost(authority);
  if (name.isEmpty) return Provider.None;
  for (let i = 0, k = HOSTS.length; i < k; i++) {
    const known = unchecked(HOSTS[i]);
    if (isHostOrBelow(name, known.name)) return known.provider;
  }
  if (endsWithIgnoreCase(name, VERTEX_REGION)) return Provider.GcpVertexAi;
  const isAws =
    endsWithIgnoreCase(name, AWS) || endsWithIgnoreCase(name, AWS_CHINA) || endsWithIgnoreCase(name, AWS_API);
  if (isAws && (hasLabel(name, BEDROCK) || name.slice(0, BEDROCK_MANTLE.length).equalsIgnoreCase(BEDROCK_MANTLE))) {
    return Provider.AwsBedrock;
  }
  return Provider.None;
}

/**
 * The provider that an API belongs to. OpenAI's formats name nobody: half of the field speaks them. `isVertex`: the
 * path has Vertex AI's `publishers/` or `projects/`.
 */
export function providerOfApi(api: Api, isVertex: bool): Provider {
  switch (api) {
    case Api.AnthropicMessages:
      return isVertex ? Provider.GcpVertexAi : Provider.Anthropic;
    case Api.Gemini:
      return isVertex ? Provider.GcpVertexAi : Provider.GcpGemini;
    case Api.BedrockConverse:
    case Api.BedrockInvoke:
      return Provider.AwsBedrock;
    case Api.CohereChat:
    case Api.CohereEmbed:
      return Provider.Cohere;
    case Api.Ollama:
      return Provider.Ollama;
    case Api.DashScope:
      return Provider.DashScope;
    default:
      return isVertex ? Provider.GcpVertexAi : Provider.None;
  }
}

function host(name: string, provider: Provider): KnownHost {
  return new KnownHost(Bytes.constant(name), provider);
}

/** The host without its port and without a final dot. */
function bareHost(authority: Bytes): Bytes {
  let end = authority.length;
  const colon = authority.indexOfByte(0x3a);
  if (colon >= 0) end = colon;
  if (end > 0 && authority.at(end - 1) == 0x2e) end--;
  return authority.slice(0, end);
}

function endsWithIgnoreCase(name: Bytes, suffix: Bytes): bool {
  return name.length >= suffix.length && name.slice(name.length - suffix.length).equalsIgnoreCase(suffix);
}

function isHostOrBelow(name: Bytes, known: Bytes): bool {
  const before = name.length - known.length;
  if (before < 0 || (before > 0 && name.at(before - 1) != 0x2e)) return false;
  return endsWithIgnoreCase(name, known);
}

/** Whether a label of the name begins with `text` and ends there or with `-fips`. */
function hasLabel(name: Bytes, text: Bytes): bool {
  for (let from = 0; from >= 0 && from < name.length;) {
    const dot = name.indexOfByte(0x2e, from);
    const label = name.slice(from, dot < 0 ? name.length : dot);
    if (label.length >= text.length && label.slice(0, text.length).equalsIgnoreCase(text)) {
      if (label.length == text.length || label.at(text.length) == 0x2d) return true;
    }
    if (dot < 0) return false;
    from = dot + 1;
  }
  return false;
}
