// OpenAI's Responses API: the answer itself, or events that carry it under `response`.
import { Bytes } from "../../bytes/bytes";
import { JsonScanner } from "../../parse/json";
import { Answer } from "../answer";
import { Dialect, bytesAt, countAt, textAt } from "../dialect";

const COMPLETED = Bytes.constant("completed");
const INCOMPLETE = Bytes.constant("incomplete");
const FAILED = Bytes.constant("failed");
const CANCELLED = Bytes.constant("cancelled");
const ERROR = Bytes.constant("error");

export class ResponsesDialect extends Dialect {
  private readonly type: i32 = this.word("type");
  private readonly code: i32 = this.word("code");
  private readonly delta: i32 = this.length("delta");
  // The answer itself, then the same as a part of an event: two runs of paths in the same order.
  private readonly plain: i32 = this.addRun("");
  private readonly inEvent: i32 = this.addRun("response.");
  // Another one in each event, the latter to hide the lengths of tokens.
  private readonly sequence: i32 = this.varying("sequence_number");
  private readonly obfuscation: i32 = this.varying("obfuscation");

  get isRepeatable(): bool {
    return true;
  }

  read(json: JsonScanner, name: Bytes, answer: Answer): void {
    if (json.known) answer.isRecognized = true;
    this.readRun(json, this.plain, answer);
    this.readRun(json, this.inEvent, answer);
    answer.addContent(bytesAt(json, this.delta));
    if (!this.readError(json, answer)) {
      if (textAt(json, this.type).equals(ERROR) || name.equals(ERROR)) answer.fail(textAt(json, this.code));
    }
  }

  peek(json: JsonScanner, answer: Answer): void {
    this.takeModel(json, this.plain, answer);
    this.takeModel(json, this.inEvent, answer);
  }

  private addRun(at: string): i32 {
    const first = this.name(at + "model");
    this.word(at + "status");
    this.word(at + "service_tier");
    this.number(at + "usage.input_tokens");
    this.number(at + "usage.output_tokens");
    this.number(at + "usage.input_tokens_details.cached_tokens");
    this.number(at + "usage.input_tokens_details.cache_write_tokens");
    this.number(at + "usage.output_tokens_details.reasoning_tokens");
    this.word(at + "error.code");
    this.length(at + "output[].content[].text");
    this.number(at + "usage.total_tokens");
    return first;
  }

  private readRun(json: JsonScanner, first: i32, answer: Answer): void {
    this.takeModel(json, first, answer);
    this.takeTier(json, first + 2, answer);
    const status = textAt(json, first + 1);
    if (status.equals(COMPLETED) || status.equals(INCOMPLETE) || status.equals(CANCELLED)) answer.isFinished = true;
    else if (status.equals(FAILED)) {
      answer.isFinished = true;
      answer.fail(textAt(json, first + 8));
    }
    if (!answer.isStream) answer.addContent(bytesAt(json, first + 9));
    const input = countAt(json, first + 3);
    let output = countAt(json, first + 4);
    if (input < 0 && output < 0) return;
    const reasoning = max<i64>(countAt(json, first + 7), 0);
    // As in its chat API, xAI leaves reasoning out.
    if (input >= 0 && output >= 0 && reasoning > 0 && countAt(json, first + 10) == input + output + reasoning) {
      output += reasoning;
    }
    const usage = answer.usage;
    usage.reset();
    usage.input = max<i64>(input, 0);
    usage.output = max<i64>(output, 0);
    usage.cachedInput = max<i64>(countAt(json, first + 5), 0);
    usage.cacheWrite = max<i64>(countAt(json, first + 6), 0);
    usage.reasoning = reasoning;
    answer.hasInput = input >= 0;
    answer.hasOutput = output >= 0;
  }
}
