// Amazon Bedrock's Converse: one answer, or frames of which `metadata` has the usage. Cache counts stand beside input.
import { Bytes } from "../../bytes/bytes";
import { JsonScanner } from "../../parse/json";
import { JsonType } from "../../parse/json-value";
import { Answer } from "../answer";
import { Dialect, bytesAt, countAt } from "../dialect";
import { addCounts } from "../usage";

export class BedrockDialect extends Dialect {
  private readonly model: i32 = this.name("trace.promptRouter.invokedModelId");
  private readonly input: i32 = this.number("usage.inputTokens");
  private readonly output: i32 = this.number("usage.outputTokens");
  private readonly cacheRead: i32 = this.number("usage.cacheReadInputTokens");
  private readonly cacheWrite: i32 = this.number("usage.cacheWriteInputTokens");
  private readonly stop: i32 = this.word("stopReason");
  private readonly text: i32 = this.length("delta.text");
  private readonly reasoning: i32 = this.length("delta.reasoningContent.text");
  private readonly toolInput: i32 = this.length("delta.toolUse.input");
  private readonly content: i32 = this.length("output.message.content[].text");

  read(json: JsonScanner, name: Bytes, answer: Answer): void {
    if (json.known) answer.isRecognized = true;
    this.peek(json, answer);
    this.readError(json, answer);
    const bytes = bytesAt(json, this.text) + bytesAt(json, this.reasoning) + bytesAt(json, this.toolInput);
    answer.addContent(bytes + bytesAt(json, this.content));
    if (json.value(this.stop).type == JsonType.String) answer.isFinished = true;
    const input = countAt(json, this.input);
    const output = countAt(json, this.output);
    if (input < 0 && output < 0) return;
    const usage = answer.usage;
    usage.reset();
    usage.cachedInput = max<i64>(countAt(json, this.cacheRead), 0);
    usage.cacheWrite = max<i64>(countAt(json, this.cacheWrite), 0);
    usage.input = addCounts(max<i64>(input, 0), addCounts(usage.cachedInput, usage.cacheWrite));
    usage.output = max<i64>(output, 0);
    answer.hasInput = input >= 0;
    answer.hasOutput = output >= 0;
  }

  peek(json: JsonScanner, answer: Answer): void {
    this.takeModel(json, this.model, answer);
  }
}
