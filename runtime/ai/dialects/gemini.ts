// Google's generateContent family. Counts are snapshots, the last one wins; thoughts and tool use stand beside the rest.
import { Bytes } from "../../bytes/bytes";
import { JsonScanner } from "../../parse/json";
import { JsonType } from "../../parse/json-value";
import { Answer } from "../answer";
import { Dialect, bytesAt, countAt } from "../dialect";
import { addCounts } from "../usage";

export class GeminiDialect extends Dialect {
  private readonly model: i32 = this.name("modelVersion");
  private readonly prompt: i32 = this.number("usageMetadata.promptTokenCount");
  private readonly toolUse: i32 = this.number("usageMetadata.toolUsePromptTokenCount");
  private readonly candidates: i32 = this.number("usageMetadata.candidatesTokenCount");
  private readonly thoughts: i32 = this.number("usageMetadata.thoughtsTokenCount");
  private readonly cached: i32 = this.number("usageMetadata.cachedContentTokenCount");
  private readonly finish: i32 = this.word("candidates[].finishReason");
  private readonly blocked: i32 = this.word("promptFeedback.blockReason");
  private readonly text: i32 = this.length("candidates[].content.parts[].text");

  read(json: JsonScanner, name: Bytes, answer: Answer): void {
    if (json.known) answer.isRecognized = true;
    this.peek(json, answer);
    this.readError(json, answer);
    answer.addContent(bytesAt(json, this.text));
    if (json.value(this.finish).type == JsonType.String) answer.isFinished = true;
    if (json.value(this.blocked).type == JsonType.String) answer.isFinished = true;
    const prompt = countAt(json, this.prompt);
    const candidates = countAt(json, this.candidates);
    const toolUse = countAt(json, this.toolUse);
    const thoughts = countAt(json, this.thoughts);
    if (prompt < 0 && candidates < 0 && thoughts < 0 && toolUse < 0) return;
    const usage = answer.usage;
    usage.reset();
    usage.input = addCounts(max<i64>(prompt, 0), max<i64>(toolUse, 0));
    usage.cachedInput = max<i64>(countAt(json, this.cached), 0);
    usage.reasoning = max<i64>(thoughts, 0);
    usage.output = addCounts(max<i64>(candidates, 0), usage.reasoning);
    answer.hasInput = true;
    answer.hasOutput = true;
  }

  peek(json: JsonScanner, answer: Answer): void {
    this.takeModel(json, this.model, answer);
  }
}
