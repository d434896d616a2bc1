// Anthropic's Messages: the message itself, or events of which the first has its input and the last its output.
import { Bytes } from "../../bytes/bytes";
import { JsonScanner } from "../../parse/json";
import { JsonType } from "../../parse/json-value";
import { Answer } from "../answer";
import { Dialect, bytesAt, countAt, textAt } from "../dialect";
import { addCounts } from "../usage";

const MESSAGE_START = Bytes.constant("message_start");
const MESSAGE_STOP = Bytes.constant("message_stop");
const ERROR = Bytes.constant("error");

export class AnthropicDialect extends Dialect {
  private readonly type: i32 = this.word("type");
  private readonly model: i32 = this.name("model");
  private readonly startedModel: i32 = this.name("message.model");
  private readonly plain: i32 = this.addRun("usage.");
  private readonly started: i32 = this.addRun("message.usage.");
  private readonly stop: i32 = this.word("delta.stop_reason");
  private readonly text: i32 = this.length("delta.text");
  private readonly thinking: i32 = this.length("delta.thinking");
  private readonly toolInput: i32 = this.length("delta.partial_json");
  private readonly content: i32 = this.length("content[].text");
  private readonly contentThinking: i32 = this.length("content[].thinking");

  get isRepeatable(): bool {
    return true;
  }

  read(json: JsonScanner, name: Bytes, answer: Answer): void {
    if (json.known) answer.isRecognized = true;
    this.peek(json, answer);
    const type = textAt(json, this.type);
    this.readUsage(json, this.started, answer);
    this.readUsage(json, this.plain, answer);
    // The first event's output count only stands for the one that follows.
    if (type.equals(MESSAGE_START)) answer.isOutputPreliminary = true;
    else if (countAt(json, this.plain + 1) >= 0) answer.isOutputPreliminary = false;
    const bytes = bytesAt(json, this.text) + bytesAt(json, this.thinking) + bytesAt(json, this.toolInput);
    answer.addContent(bytes + bytesAt(json, this.content) + bytesAt(json, this.contentThinking));
    if (json.value(this.stop).type == JsonType.String || type.equals(MESSAGE_STOP)) answer.isFinished = true;
    if (!this.readError(json, answer) && (type.equals(ERROR) || name.equals(ERROR))) answer.fail(Bytes.absent());
  }

  peek(json: JsonScanner, answer: Answer): void {
    this.takeModel(json, this.model, answer);
    this.takeModel(json, this.startedModel, answer);
  }

  private addRun(at: string): i32 {
    const first = this.number(at + "input_tokens");
    this.number(at + "output_tokens");
    this.number(at + "cache_read_input_tokens");
    this.number(at + "cache_creation_input_tokens");
    this.number(at + "cache_creation.ephemeral_1h_input_tokens");
    this.number(at + "output_tokens_details.thinking_tokens");
    this.word(at + "service_tier");
    return first;
  }

  /** Each counter of a later event replaces the earlier one; what it does not repeat stays. */
  private readUsage(json: JsonScanner, first: i32, answer: Answer): void {
    const usage = answer.usage;
    const input = countAt(json, first);
    const output = countAt(json, first + 1);
    const read = countAt(json, first + 2);
    const write = countAt(json, first + 3);
    const write1h = countAt(json, first + 4);
    const thinking = countAt(json, first + 5);
    this.takeTier(json, first + 6, answer);
    const uncached = input >= 0 ? input : usage.uncachedInput;
    if (read >= 0) usage.cachedInput = read;
    if (write >= 0) usage.cacheWrite = write;
    if (write1h >= 0) usage.cacheWrite1h = write1h;
    if (thinking >= 0) usage.reasoning = thinking;
    if (output >= 0) usage.output = output;
    usage.input = addCounts(uncached, addCounts(usage.cachedInput, usage.cacheWrite));
    if (input >= 0 || read >= 0 || write >= 0) answer.hasInput = true;
    if (output >= 0) answer.hasOutput = true;
  }
}
