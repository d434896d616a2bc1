// Canned answers in the shape of each API, as one JSON document or as a stream. All of them name a usage of zero.
import { Api } from "../../runtime/ai/api";
import { quote } from "../../runtime/ai/reply";
import { RequestType } from "../../runtime/ai/request-type";
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { Bytes } from "../../runtime/bytes/bytes";

const JSON_TYPE = Bytes.constant("application/json");
const SSE_TYPE = Bytes.constant("text/event-stream");
const NDJSON_TYPE = Bytes.constant("application/x-ndjson");
const UNKNOWN = Bytes.constant("unknown");

const OPENAI_USAGE = '"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}';
const RESPONSES_USAGE =
  '"usage":{"input_tokens":0,"input_tokens_details":{"cached_tokens":0},"output_tokens":0,' +
  '"output_tokens_details":{"reasoning_tokens":0},"total_tokens":0}';
const ANTHROPIC_USAGE = '"usage":{"input_tokens":0,"output_tokens":0}';
const GEMINI_USAGE = '"usageMetadata":{"promptTokenCount":0,"candidatesTokenCount":0,"totalTokenCount":0}';
const BEDROCK_USAGE = '"usage":{"inputTokens":0,"outputTokens":0,"totalTokens":0}';
const COHERE_USAGE =
  '"usage":{"billed_units":{"input_tokens":0,"output_tokens":0},"tokens":{"input_tokens":0,"output_tokens":0}}';

/** What a canned answer has to look like. One object, filled anew for each. */
@final
export class FallbackShape {
  api: Api = Api.None;
  requestType: RequestType = RequestType.None;
  isStream: bool = false;
  /** OpenAI's streams end with their usage when it was asked for. */
  includesUsage: bool = false;
  /** Gemini's streams are events where `alt=sse` asked for them, else one array. */
  isEventStream: bool = false;
  model: Bytes = Bytes.absent();
  /** The text, as the inside of a JSON string. */
  text: Bytes = Bytes.absent();
  private out: ByteBuffer = new ByteBuffer(16);

  /** The content type of such an answer; absent for an API that has no canned answers. */
  contentType(): Bytes {
    switch (this.api) {
      case Api.OpenAiChat:
      case Api.OpenAiCompletions:
      case Api.OpenAiResponses:
      case Api.AnthropicMessages:
      case Api.CohereChat:
      case Api.DashScope:
        return this.isStream ? SSE_TYPE : JSON_TYPE;
      case Api.Gemini:
        if (this.requestType == RequestType.Embedding) return Bytes.absent();
        return this.isStream && this.isEventStream ? SSE_TYPE : JSON_TYPE;
      case Api.Ollama:
        if (this.requestType == RequestType.Embedding) return Bytes.absent();
        return this.isStream ? NDJSON_TYPE : JSON_TYPE;
      case Api.BedrockConverse:
        return this.isStream ? Bytes.absent() : JSON_TYPE;
      default:
        return Bytes.absent();
    }
  }

  /** Writes the answer. False when it does not fit. */
  write(out: ByteBuffer): bool {
    this.out = out;
    switch (this.api) {
      case Api.OpenAiChat:
        this.writeChat();
        break;
      case Api.OpenAiCompletions:
        this.writeCompletion();
        break;
      case Api.OpenAiResponses:
        this.writeResponses();
        break;
      case Api.AnthropicMessages:
        this.writeAnthropic();
        break;
      case Api.Gemini:
        this.writeGemini();
        break;
      case Api.BedrockConverse:
        this.writeBedrock();
        break;
      case Api.CohereChat:
        this.writeCohere();
        break;
      case Api.Ollama:
        this.writeOllama();
        break;
      case Api.DashScope:
        this.writeDashScope();
        break;
      default:
        return false;
    }
    return !out.isTruncated;
  }

  private writeChat(): void {
    if (!this.isStream) {
      this.raw('{"id":"chatcmpl-fallback","object":"chat.completion","created":0,"model":').quotedModel();
      this.raw(',"choices":[{"index":0,"message":{"role":"assistant","content":"').words();
      this.raw('","refusal":null},"logprobs":null,"finish_reason":"stop"}],').raw(OPENAI_USAGE).raw("}");
      return;
    }
    this.chatChunk().raw('"choices":[{"index":0,"delta":{"role":"assistant","content":"').words();
    this.raw('"},"finish_reason":null}]}\n\n');
    this.chatChunk().raw('"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n');
    if (this.includesUsage) this.chatChunk().raw('"choices":[],').raw(OPENAI_USAGE).raw("}\n\n");
    this.raw("data: [DONE]\n\n");
  }

  private chatChunk(): this {
    this.raw('data: {"id":"chatcmpl-fallback","object":"chat.completion.chunk","created":0,"model":').quotedModel();
    return this.raw(",");
  }

  private writeCompletion(): void {
    if (this.isStream) this.raw("data: ");
    this.raw('{"id":"cmpl-fallback","object":"text_completion","created":0,"model":').quotedModel();
    this.raw(',"choices":[{"index":0,"text":"').words().raw('","logprobs":null,"finish_reason":"stop"}]');
    if (!this.isStream || this.includesUsage) this.raw(",").raw(OPENAI_USAGE);
    this.raw("}");
    if (this.isStream) this.raw("\n\ndata: [DONE]\n\n");
  }

  private writeResponses(): void {
    if (!this.isStream) {
      this.response("completed");
      return;
    }
    this.event("response.created", 0).raw(',"response":').response("in_progress").raw("}\n\n");
    this.event("response.output_item.added", 1).raw(',"output_index":0,"item":').item("in_progress").raw("}\n\n");
    this.part("response.content_part.added", 2).raw(',"part":{"type":"output_text","text":"","annotations":[]}}\n\n');
    this.part("response.output_text.delta", 3).raw(',"delta":"').words().raw('","logprobs":[]}\n\n');
    this.part("response.output_text.done", 4).raw(',"text":"').words().raw('","logprobs":[]}\n\n');
    this.part("response.content_part.done", 5).raw(',"part":').content().raw("}\n\n");
    this.event("response.output_item.done", 6).raw(',"output_index":0,"item":').item("completed").raw("}\n\n");
    this.event("response.completed", 7).raw(',"response":').response("completed").raw("}\n\n");
  }

  private event(name: string, number: i32): this {
    this.raw("event: ").raw(name).raw('\ndata: {"type":"').raw(name).raw('","sequence_number":');
    this.out.i64(number);
    return this;
  }

  private part(name: string, number: i32): this {
    return this.event(name, number).raw(',"item_id":"msg_fallback","output_index":0,"content_index":0');
  }

  private response(status: string): this {
    this.raw('{"id":"resp_fallback","object":"response","created_at":0,"status":"').raw(status);
    this.raw('","error":null,"incomplete_details":null,"instructions":null,"max_output_tokens":null,"model":');
    this.quotedModel().raw(',"output":[');
    const isDone = status == "completed";
    if (isDone) this.item(status);
    this.raw(
      '],"parallel_tool_calls":true,"previous_response_id":null,"temperature":1,"tool_choice":"auto","tools":[]',
    );
    this.raw(',"top_p":1,"metadata":{},');
    if (isDone) this.raw(RESPONSES_USAGE);
    else this.raw('"usage":null');
    return this.raw("}");
  }

  private item(status: string): this {
    this.raw('{"id":"msg_fallback","type":"message","status":"').raw(status).raw('","role":"assistant","content":[');
    if (status == "completed") this.content();
    return this.raw("]}");
  }

  private content(): this {
    return this.raw('{"type":"output_text","text":"').words().raw('","annotations":[],"logprobs":[]}');
  }

  private writeAnthropic(): void {
    if (!this.isStream) {
      this.message().raw('[{"type":"text","text":"').words().raw('"}],"stop_reason":"end_turn","stop_sequence":null,');
      this.raw(ANTHROPIC_USAGE).raw("}");
      return;
    }
    this.raw('event: message_start\ndata: {"type":"message_start","message":').message();
    this.raw('[],"stop_reason":null,"stop_sequence":null,').raw(ANTHROPIC_USAGE).raw("}}\n\n");
    this.raw('event: content_block_start\ndata: {"type":"content_block_start","index":0,');
    this.raw('"content_block":{"type":"text","text":""}}\n\n');
    this.raw('event: content_block_delta\ndata: {"type":"content_block_delta","index":0,');
    this.raw('"delta":{"type":"text_delta","text":"').words().raw('"}}\n\n');
    this.raw('event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n');
    this.raw('event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn",');
    this.raw('"stop_sequence":null},').raw(ANTHROPIC_USAGE).raw("}\n\n");
    this.raw('event: message_stop\ndata: {"type":"message_stop"}\n\n');
  }

  private message(): this {
    this.raw('{"id":"msg_fallback","type":"message","role":"assistant","model":').quotedModel();
    return this.raw(',"content":');
  }

  private writeGemini(): void {
    if (this.isStream) this.raw(this.isEventStream ? "data: " : "[");
    this.raw('{"candidates":[{"content":{"parts":[{"text":"').words();
    this.raw('"}],"role":"model"},"finishReason":"STOP","index":0}],').raw(GEMINI_USAGE).raw(',"modelVersion":');
    this.quotedModel().raw("}");
    if (this.isStream) this.raw(this.isEventStream ? "\r\n\r\n" : "]");
  }

  private writeBedrock(): void {
    this.raw('{"output":{"message":{"role":"assistant","content":[{"text":"').words();
    this.raw('"}]}},"stopReason":"end_turn",').raw(BEDROCK_USAGE).raw(',"metrics":{"latencyMs":0}}');
  }

  private writeCohere(): void {
    if (!this.isStream) {
      this.raw('{"id":"fallback","finish_reason":"COMPLETE","message":{"role":"assistant","content":');
      this.raw('[{"type":"text","text":"').words().raw('"}]},').raw(COHERE_USAGE).raw("}");
      return;
    }
    this.raw('event: message-start\ndata: {"id":"fallback","type":"message-start","delta":{"message":');
    this.raw('{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}}\n\n');
    this.raw('event: content-start\ndata: {"type":"content-start","index":0,"delta":{"message":');
    this.raw('{"content":{"type":"text","text":""}}}}\n\n');
    this.raw('event: content-delta\ndata: {"type":"content-delta","index":0,"delta":{"message":');
    this.raw('{"content":{"text":"').words().raw('"}}}}\n\n');
    this.raw('event: content-end\ndata: {"type":"content-end","index":0}\n\n');
    this.raw('event: message-end\ndata: {"type":"message-end","delta":{"finish_reason":"COMPLETE",');
    this.raw(COHERE_USAGE).raw("}}\n\n");
  }

  private writeOllama(): void {
    this.ollamaHead();
    if (this.requestType == RequestType.Completion) this.raw('"response":"').words().raw('"');
    else this.raw('"message":{"role":"assistant","content":"').words().raw('"}');
    if (this.isStream) {
      this.raw(',"done":false}\n').ollamaHead();
      this.raw(
        this.requestType == RequestType.Completion ? '"response":""' : '"message":{"role":"assistant","content":""}',
      );
    }
    this.raw(',"done_reason":"stop","done":true,"total_duration":0,"prompt_eval_count":0,"eval_count":0}');
    if (this.isStream) this.raw("\n");
  }

  private ollamaHead(): this {
    this.raw('{"model":').quotedModel();
    return this.raw(',"created_at":"1970-01-01T00:00:00Z",');
  }

  private writeDashScope(): void {
    if (this.isStream) this.raw("id:1\nevent:result\n:HTTP_STATUS/200\ndata:");
    this.raw('{"output":{"text":"').words().raw('","finish_reason":"stop","choices":[{"finish_reason":"stop",');
    this.raw('"message":{"role":"assistant","content":"').words().raw('"}}]},');
    this.raw('"usage":{"input_tokens":0,"output_tokens":0,"total_tokens":0},"request_id":"fallback"}');
    if (this.isStream) this.raw("\n\n");
  }

  private raw(text: string): this {
    this.out.text(text);
    return this;
  }

  private words(): this {
    this.out.add(this.text);
    return this;
  }

  private quotedModel(): this {
    quote(this.out, this.model.isPresent ? this.model : UNKNOWN);
    return this;
  }
}
