// Ollama's own API: one answer, or a line for each piece with the counts in the last.
import { Bytes } from "../../bytes/bytes";
import { JsonScanner } from "../../parse/json";
import { JsonType } from "../../parse/json-value";
import { Answer } from "../answer";
import { Dialect, bytesAt, countAt } from "../dialect";

export class OllamaDialect extends Dialect {
  private readonly model: i32 = this.name("model");
  private readonly input: i32 = this.number("prompt_eval_count");
  private readonly output: i32 = this.number("eval_count");
  private readonly done: i32 = this.number("done");
  private readonly content: i32 = this.length("message.content");
  private readonly thinking: i32 = this.length("message.thinking");
  private readonly response: i32 = this.length("response");

  read(json: JsonScanner, name: Bytes, answer: Answer): void {
    if (json.known) answer.isRecognized = true;
    this.peek(json, answer);
    this.readError(json, answer);
    answer.addContent(bytesAt(json, this.content) + bytesAt(json, this.thinking) + bytesAt(json, this.response));
    const done = json.value(this.done);
    if (done.type == JsonType.True) answer.isFinished = true;
    const input = countAt(json, this.input);
    const output = countAt(json, this.output);
    if (input < 0 && output < 0) return;
    const usage = answer.usage;
    usage.reset();
    usage.input = max<i64>(input, 0);
    usage.output = max<i64>(output, 0);
    answer.hasInput = input >= 0;
    // An embedding has input only.
    answer.hasOutput = output >= 0 || !done.isPresent;
  }

  peek(json: JsonScanner, answer: Answer): void {
    this.takeModel(json, this.model, answer);
  }
}
