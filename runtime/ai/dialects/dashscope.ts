// Alibaba's DashScope in its native form. Every event counts all that came so far, and usually repeats the text.
import { Bytes } from "../../bytes/bytes";
import { JsonScanner } from "../../parse/json";
import { Answer } from "../answer";
import { Dialect, bytesAt, countAt, textAt } from "../dialect";

const NULL = Bytes.constant("null");

export class DashScopeDialect extends Dialect {
  private readonly code: i32 = this.word("code");
  private readonly input: i32 = this.number("usage.input_tokens");
  private readonly output: i32 = this.number("usage.output_tokens");
  private readonly total: i32 = this.number("usage.total_tokens");
  private readonly cached: i32 = this.number("usage.prompt_tokens_details.cached_tokens");
  private readonly cachedNew: i32 = this.number("usage.input_tokens_details.cached_tokens");
  private readonly reasoning: i32 = this.number("usage.output_tokens_details.reasoning_tokens");
  private readonly appInput: i32 = this.number("usage.models[].input_tokens");
  private readonly appOutput: i32 = this.number("usage.models[].output_tokens");
  private readonly appModel: i32 = this.name("usage.models[].model_id");
  private readonly finish: i32 = this.word("output.finish_reason");
  private readonly choiceFinish: i32 = this.word("output.choices[].finish_reason");
  private readonly text: i32 = this.length("output.text");
  private readonly content: i32 = this.length("output.choices[].message.content");
  private readonly parts: i32 = this.length("output.choices[].message.content[].text");
  private readonly thoughts: i32 = this.length("output.choices[].message.reasoning_content");

  read(json: JsonScanner, name: Bytes, answer: Answer): void {
    if (json.known) answer.isRecognized = true;
    this.takeModel(json, this.appModel, answer);
    const code = textAt(json, this.code);
    if (!this.readError(json, answer) && !code.isEmpty) answer.fail(code);
    this.readContent(json, answer);
    if (isEnd(textAt(json, this.finish)) || isEnd(textAt(json, this.choiceFinish))) answer.isFinished = true;
    let input = countAt(json, this.input);
    let output = countAt(json, this.output);
    const total = countAt(json, this.total);
    if (input < 0 && output < 0) {
      input = countAt(json, this.appInput);
      output = countAt(json, this.appOutput);
      // Embeddings and rerankers report a total alone.
      if (input < 0 && output < 0) input = total;
    }
    if (input < 0 && output < 0) return;
    const usage = answer.usage;
    usage.reset();
    usage.input = max<i64>(input, 0);
    usage.output = max<i64>(output, 0);
    usage.cachedInput = max<i64>(max<i64>(countAt(json, this.cached), countAt(json, this.cachedNew)), 0);
    usage.reasoning = max<i64>(countAt(json, this.reasoning), 0);
    answer.hasInput = true;
    answer.hasOutput = true;
  }

  /** A text that grows from event to event is counted once. */
  private readContent(json: JsonScanner, answer: Answer): void {
    let bytes = bytesAt(json, this.text) + bytesAt(json, this.content);
    bytes += bytesAt(json, this.parts) + bytesAt(json, this.thoughts);
    if (bytes <= 0) return;
    const before = answer.contentBytes;
    answer.addContent(bytes);
    if (bytes >= before) answer.contentBytes = bytes;
  }
}

/** Not "null", which stands for an answer that goes on. */
function isEnd(reason: Bytes): bool {
  return !reason.isEmpty && !reason.equals(NULL);
}
