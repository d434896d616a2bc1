// OpenAI's chat, completions, embeddings, images, audio and moderations, and all who copy them: Azure, Groq, xAI,
// DeepSeek, Mistral, Perplexity, vLLM, OpenRouter. Their `usage` is inclusive; a later one replaces an earlier one.
import { Bytes } from "../../bytes/bytes";
import { JsonScanner } from "../../parse/json";
import { JsonType } from "../../parse/json-value";
import { addCounts } from "../usage";
import { Answer } from "../answer";
import { Dialect, bytesAt, countAt, textAt } from "../dialect";

const DONE = Bytes.constant(".done");
const COMPLETED = Bytes.constant(".completed");
const ERROR = Bytes.constant("error");

/** The paths of one place where a `usage` may be. */
@unmanaged
class UsagePaths {
  input: i32;
  inputNew: i32;
  output: i32;
  outputNew: i32;
  total: i32;
  cached: i32;
  cachedNew: i32;
  cachedDeepSeek: i32;
  cachedMoonshot: i32;
  cacheWrite: i32;
  cacheWriteNew: i32;
  reasoning: i32;
  reasoningNew: i32;
  audioInput: i32;
  audioOutput: i32;
}

export class OpenAiDialect extends Dialect {
  private readonly model: i32 = this.name("model");
  private readonly tier: i32 = this.word("service_tier");
  private readonly type: i32 = this.word("type");
  private readonly object: i32 = this.word("object");
  private readonly plain: UsagePaths = this.usagePaths("usage");
  private readonly groq: UsagePaths = this.usagePaths("x_groq.usage");
  private readonly finish: i32 = this.word("choices[].finish_reason");
  private readonly content: i32 = this.length("choices[].delta.content");
  private readonly reasoning: i32 = this.length("choices[].delta.reasoning_content");
  private readonly thoughts: i32 = this.length("choices[].delta.reasoning");
  private readonly tools: i32 = this.length("choices[].delta.tool_calls[].function.arguments");
  private readonly text: i32 = this.length("choices[].text");
  private readonly message: i32 = this.length("choices[].message.content");
  private readonly messageTools: i32 = this.length("choices[].message.tool_calls[].function.arguments");
  private readonly delta: i32 = this.length("delta");
  // Chunks are filled up with it to hide the lengths of tokens.
  private readonly obfuscation: i32 = this.varying("obfuscation");

  get isRepeatable(): bool {
    return true;
  }

  read(json: JsonScanner, name: Bytes, answer: Answer): void {
    if (json.known) answer.isRecognized = true;
    this.peek(json, answer);
    this.takeTier(json, this.tier, answer);
    if (!this.readError(json, answer) && (name.equals(ERROR) || textAt(json, this.object).equals(ERROR))) {
      answer.fail(textAt(json, this.type));
    }
    if (!this.readUsage(json, this.plain, answer)) this.readUsage(json, this.groq, answer);
    let bytes = bytesAt(json, this.content) + bytesAt(json, this.reasoning) + bytesAt(json, this.thoughts);
    bytes += bytesAt(json, this.tools) + bytesAt(json, this.text) + bytesAt(json, this.delta);
    answer.addContent(bytes + bytesAt(json, this.message) + bytesAt(json, this.messageTools));
    const finish = json.value(this.finish);
    if (finish.type == JsonType.String && !finish.text.isEmpty) answer.isFinished = true;
    const type = textAt(json, this.type);
    if (type.endsWith(DONE) || type.endsWith(COMPLETED)) answer.isFinished = true;
  }

  peek(json: JsonScanner, answer: Answer): void {
    this.takeModel(json, this.model, answer);
  }

  private usagePaths(at: string): UsagePaths {
    const paths = changetype<UsagePaths>(heap.alloc(offsetof<UsagePaths>()));
    paths.input = this.number(at + ".prompt_tokens");
    paths.inputNew = this.number(at + ".input_tokens");
    paths.output = this.number(at + ".completion_tokens");
    paths.outputNew = this.number(at + ".output_tokens");
    paths.total = this.number(at + ".total_tokens");
    paths.cached = this.number(at + ".prompt_tokens_details.cached_tokens");
    paths.cachedNew = this.number(at + ".input_tokens_details.cached_tokens");
    paths.cachedDeepSeek = this.number(at + ".prompt_cache_hit_tokens");
    paths.cachedMoonshot = this.number(at + ".cached_tokens");
    paths.cacheWrite = this.number(at + ".prompt_tokens_details.cache_write_tokens");
    paths.cacheWriteNew = this.number(at + ".input_tokens_details.cache_write_tokens");
    paths.reasoning = this.number(at + ".completion_tokens_details.reasoning_tokens");
    paths.reasoningNew = this.number(at + ".output_tokens_details.reasoning_tokens");
    paths.audioInput = this.number(at + ".prompt_tokens_details.audio_tokens");
    paths.audioOutput = this.number(at + ".completion_tokens_details.audio_tokens");
    return paths;
  }

  private readUsage(json: JsonScanner, paths: UsagePaths, answer: Answer): bool {
    let input = firstCount(json, paths.input, paths.inputNew);
    let output = firstCount(json, paths.output, paths.outputNew);
    const total = countAt(json, paths.total);
    if (input < 0 && output < 0 && total < 0) return false;
    const reasoning = max<i64>(firstCount(json, paths.reasoning, paths.reasoningNew), 0);
    // Embeddings and rerankers of some report a total alone.
    if (input < 0) input = output < 0 ? total : max<i64>(total - output, 0);
    if (output < 0 && total > input) output = total - input;
    // xAI leaves reasoning out of the completion; only the sum tells.
    if (output >= 0 && reasoning > 0 && total == input + output + reasoning) output = addCounts(output, reasoning);
    const usage = answer.usage;
    usage.reset();
    usage.input = input;
    usage.output = max<i64>(output, 0);
    usage.reasoning = reasoning;
    const cached = firstCount(json, paths.cached, paths.cachedNew);
    const cachedElsewhere = firstCount(json, paths.cachedDeepSeek, paths.cachedMoonshot);
    usage.cachedInput = max<i64>(cached >= 0 ? cached : cachedElsewhere, 0);
    usage.cacheWrite = max<i64>(firstCount(json, paths.cacheWrite, paths.cacheWriteNew), 0);
    usage.audioInput = max<i64>(countAt(json, paths.audioInput), 0);
    usage.audioOutput = max<i64>(countAt(json, paths.audioOutput), 0);
    answer.hasInput = true;
    answer.hasOutput = true;
    return true;
  }
}

function firstCount(json: JsonScanner, a: i32, b: i32): i64 {
  const first = countAt(json, a);
  return first >= 0 ? first : countAt(json, b);
}
