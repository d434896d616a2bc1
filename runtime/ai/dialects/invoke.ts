// Amazon Bedrock's InvokeModel: the body is the vendor's own, most often Anthropic's. A stream's frames carry it in
// base64 under `bytes`; the last one has Bedrock's own counts.
import { arenaAlloc } from "../../bytes/arena";
import { Bytes } from "../../bytes/bytes";
import { JsonScanner, JsonState } from "../../parse/json";
import { PathMode } from "../../parse/paths";
import { Answer } from "../answer";
import { countAt, textAt } from "../dialect";
import { addCounts } from "../usage";
import { AnthropicDialect } from "./anthropic";

/** Longest chunk that is decoded; a longer one has content, not counts. */
const CHUNK_BYTES: i32 = 16384;

const METRICS: string = "amazon-bedrock-invocationMetrics.";

export class InvokeDialect extends AnthropicDialect {
  private readonly bytes: i32 = this.table.add("bytes", PathMode.Capture, CHUNK_BYTES);
  private readonly metricInput: i32 = this.number(METRICS + "inputTokenCount");
  private readonly metricOutput: i32 = this.number(METRICS + "outputTokenCount");
  private readonly metricRead: i32 = this.number(METRICS + "cacheReadInputTokenCount");
  private readonly metricWrite: i32 = this.number(METRICS + "cacheWriteInputTokenCount");
  // Pairs of input and output: Nova, Llama, Titan, and those that copy OpenAI.
  private readonly vendors: i32 = this.number("usage.inputTokens");
  private readonly vendorCount: i32 = this.addVendors();

  /** What is decoded has contents of its own. */
  get isRepeatable(): bool {
    return false;
  }

  read(json: JsonScanner, name: Bytes, answer: Answer): void {
    const chunk = textAt(json, this.bytes);
    if (chunk.isEmpty) {
      super.read(json, name, answer);
      this.readVendors(json, answer);
      return;
    }
    const decoded = decodeBase64(chunk);
    const inner = this.take();
    inner.feed(decoded.ptr, decoded.length);
    if (inner.finish() == JsonState.Complete) {
      super.read(inner, name, answer);
      this.readVendors(inner, answer);
      this.readMetrics(inner, answer);
    }
    this.give(inner);
  }

  private addVendors(): i32 {
    this.number("usage.outputTokens");
    this.number("prompt_token_count");
    this.number("generation_token_count");
    this.number("inputTextTokenCount");
    this.number("totalOutputTextTokenCount");
    this.number("usage.prompt_tokens");
    this.number("usage.completion_tokens");
    return 4;
  }

  private readVendors(json: JsonScanner, answer: Answer): void {
    for (let i = 0; i < this.vendorCount; i++) {
      this.takePair(countAt(json, this.vendors + 2 * i), countAt(json, this.vendors + 2 * i + 1), answer);
    }
  }

  /** Bedrock's counts leave both cache counts out of the input. */
  private readMetrics(json: JsonScanner, answer: Answer): void {
    const input = countAt(json, this.metricInput);
    const output = countAt(json, this.metricOutput);
    if (input < 0 || output < 0) return;
    answer.isFinished = true;
    answer.isOutputPreliminary = false;
    const usage = answer.usage;
    const read = countAt(json, this.metricRead);
    const write = countAt(json, this.metricWrite);
    if (read >= 0) usage.cachedInput = read;
    if (write >= 0) usage.cacheWrite = write;
    this.takePair(addCounts(input, addCounts(usage.cachedInput, usage.cacheWrite)), output, answer);
  }

  private takePair(input: i64, output: i64, answer: Answer): void {
    if (input >= 0) {
      answer.usage.input = input;
      answer.hasInput = true;
    }
    if (output >= 0) {
      answer.usage.output = output;
      answer.hasOutput = true;
    }
  }
}

/** Decodes into the arena; stops at padding and at anything that is no base64. */
function decodeBase64(text: Bytes): Bytes {
  const start = arenaAlloc((<usize>text.length * 3) / 4 + 3);
  let out = start;
  let bits: u32 = 0;
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const value = sextet(text.at(i));
    if (value < 0) break;
    bits = (bits << 6) | (<u32>value);
    if (++count < 4) continue;
    store<u8>(out, <u8>(bits >> 16));
    store<u8>(out, <u8>(bits >> 8), 1);
    store<u8>(out, <u8>bits, 2);
    out += 3;
    count = 0;
    bits = 0;
  }
  if (count >= 2) store<u8>(out++, <u8>(bits >> (count == 2 ? 4 : 10)));
  if (count == 3) store<u8>(out++, <u8>(bits >> 2));
  return Bytes.view(start, <i32>(out - start));
}

function sextet(byte: u8): i32 {
  if (byte - 0x41 < 26) return byte - 0x41;
  if (byte - 0x61 < 26) return byte - 0x61 + 26;
  if (byte - 0x30 < 10) return byte - 0x30 + 52;
  if (byte == 0x2b || byte == 0x2d) return 62;
  return byte == 0x2f || byte == 0x5f ? 63 : -1;
}
