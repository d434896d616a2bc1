// Cohere's chat, embed and rerank, versions 1 and 2, and rerankers that copy them. Its bill counts `billed_units`, which
// may be fractions.
import { Bytes } from "../../bytes/bytes";
import { JsonScanner } from "../../parse/json";
import { JsonType } from "../../parse/json-value";
import { isDigit } from "../../parse/ascii";
import { Answer } from "../answer";
import { Dialect, bytesAt, countAt, textAt } from "../dialect";

const MESSAGE_END = Bytes.constant("message-end");
const STREAM_END = Bytes.constant("stream-end");
const ERROR = Bytes.constant("ERROR");
const NUMBER_BYTES: i32 = 24;

export class CohereDialect extends Dialect {
  private readonly type: i32 = this.word("type");
  private readonly eventType: i32 = this.word("event_type");
  private readonly model: i32 = this.name("model");
  private readonly places: StaticArray<i32> = [
    this.addRun("usage."),
    this.addRun("delta.usage."),
    this.addRun("meta."),
    this.addRun("response.meta."),
  ];
  private readonly total: i32 = this.number("usage.total_tokens");
  private readonly finish: i32 = this.word("delta.finish_reason");
  private readonly delta: i32 = this.length("delta.message.content.text");
  private readonly plan: i32 = this.length("delta.message.tool_plan");
  private readonly content: i32 = this.length("message.content[].text");
  private readonly text: i32 = this.length("text");

  read(json: JsonScanner, name: Bytes, answer: Answer): void {
    if (json.known) answer.isRecognized = true;
    this.peek(json, answer);
    this.readError(json, answer);
    for (let i = 0; i < this.places.length; i++) this.readUsage(json, unchecked(this.places[i]), answer);
    const total = countAt(json, this.total);
    if (total >= 0 && !answer.hasInput) {
      answer.usage.input = total;
      answer.hasInput = true;
      answer.hasOutput = true;
    }
    answer.addContent(bytesAt(json, this.delta) + bytesAt(json, this.plan) + bytesAt(json, this.content));
    const isEnd = textAt(json, this.type).equals(MESSAGE_END) || textAt(json, this.eventType).equals(STREAM_END);
    if (isEnd) answer.isFinished = true;
    else answer.addContent(bytesAt(json, this.text));
    const finish = textAt(json, this.finish);
    if (finish.equals(ERROR)) answer.fail(finish);
  }

  peek(json: JsonScanner, answer: Answer): void {
    this.takeModel(json, this.model, answer);
  }

  private addRun(at: string): i32 {
    const first = this.float(at + "billed_units.input_tokens");
    this.float(at + "billed_units.output_tokens");
    this.float(at + "billed_units.search_units");
    this.float(at + "tokens.input_tokens");
    this.float(at + "tokens.output_tokens");
    this.float(at + "cached_tokens");
    return first;
  }

  /** A number of which the digits are kept. */
  private float(path: string): i32 {
    return this.table.add(path, 0, NUMBER_BYTES);
  }

  private readUsage(json: JsonScanner, first: i32, answer: Answer): void {
    const input = billed(json, first, first + 3);
    const output = billed(json, first + 1, first + 4);
    const searches = roundedUp(json, first + 2);
    if (input < 0 && output < 0 && searches < 0) return;
    const usage = answer.usage;
    usage.reset();
    usage.input = max<i64>(input, 0);
    usage.output = max<i64>(output, 0);
    usage.searchUnits = max<i64>(searches, 0);
    usage.cachedInput = max<i64>(roundedUp(json, first + 5), 0);
    // Searches and embeddings have no output to report.
    answer.hasInput = true;
    answer.hasOutput = true;
  }
}

function billed(json: JsonScanner, units: i32, tokens: i32): i64 {
  const count = roundedUp(json, units);
  return count >= 0 ? count : roundedUp(json, tokens);
}

/** The count at a path, a fraction rounded up; -1 when there is none. */
function roundedUp(json: JsonScanner, path: i32): i64 {
  const whole = countAt(json, path);
  const value = json.value(path);
  if (whole >= 0 || value.type != JsonType.Number || value.isInteger || value.isNegative || value.isTruncated) {
    return whole;
  }
  let count: i64 = 0;
  let i = 0;
  for (; i < min(value.text.length, 15) && isDigit(value.text.at(i)); i++)
    count = count * 10 + (value.text.at(i) - 0x30);
  const isPlain = value.text.at(i) == 0x2e && value.text.indexOfByte(0x65) < 0 && value.text.indexOfByte(0x45) < 0;
  return isPlain ? count + 1 : -1;
}
