// An answer from here, in the error shape of the API that the caller speaks.
import { GrpcStatus } from "../abi/enums";
import { ByteBuffer } from "../bytes/buffer";
import { Bytes } from "../bytes/bytes";
import { PairWriter } from "../host/pairs";
import { sendLocalResponse } from "../host/reply";
import { Api } from "./api";

const CONTENT_TYPE = Bytes.constant("content-type");
const JSON_TYPE = Bytes.constant("application/json");
const ERROR_TYPE = Bytes.constant("x-amzn-errortype");
const SHOULD_RETRY = Bytes.constant("x-should-retry");
const FALSE = Bytes.constant("false");

const pairs: PairWriter = new PairWriter();
const body: ByteBuffer = new ByteBuffer(512, 65536);
const whole: ByteBuffer = new ByteBuffer(512, 1 << 20);

/** What SDKs turn into their own exceptions: the kind of the error, beside its status. */
export const enum ErrorKind {
  InvalidRequest,
  NotFound,
  TooLarge,
  RateLimit,
  Quota,
  Conflict,
  BadGateway,
}

/** Names of the kinds in each dialect: OpenAI type, Anthropic type, Google status, Bedrock type. */
const OPENAI: Bytes[] = texts([
  "invalid_request_error",
  "invalid_request_error",
  "invalid_request_error",
  "rate_limit_error",
  "insufficient_quota",
  "invalid_request_error",
  "server_error",
]);
const ANTHROPIC: Bytes[] = texts([
  "invalid_request_error",
  "not_found_error",
  "request_too_large",
  "rate_limit_error",
  "rate_limit_error",
  "invalid_request_error",
  "api_error",
]);
const GOOGLE: Bytes[] = texts([
  "INVALID_ARGUMENT",
  "NOT_FOUND",
  "INVALID_ARGUMENT",
  "RESOURCE_EXHAUSTED",
  "RESOURCE_EXHAUSTED",
  "ABORTED",
  "UNAVAILABLE",
]);
const BEDROCK: Bytes[] = texts([
  "ValidationException",
  "ResourceNotFoundException",
  "ValidationException",
  "ThrottlingException",
  "ServiceQuotaExceededException",
  "ConflictException",
  "InternalServerException",
]);

function texts(values: string[]): Bytes[] {
  const all: Bytes[] = [];
  for (let i = 0; i < values.length; i++) all.push(Bytes.constant(values[i]));
  return all;
}

/** The answer that a part decided on. `message` and `code` are permanent or owned by the part. */
export class Reply {
  status: u32 = 0;
  kind: ErrorKind = ErrorKind.InvalidRequest;
  grpc: GrpcStatus = GrpcStatus.InvalidArgument;
  /** For %RESPONSE_CODE_DETAILS%: `sluice_model_not_allowed`. */
  details: Bytes = Bytes.empty();
  /** OpenAI's machine-readable code. */
  code: Bytes = Bytes.empty();
  /** Whether the same request may be answered otherwise later; SDKs are told when not. */
  isRetriable: bool = false;
  /** Set for an answer that is no error: its content type; the body is given whole. */
  private contentType: Bytes = Bytes.absent();
  /** The text for people; written anew for each answer. */
  readonly message: ByteBuffer = new ByteBuffer(128, 2048);
  /** Headers beside the content type. */
  readonly headers: ReplyHeaders = new ReplyHeaders();

  /** Ends its memory. */
  free(): void {
    this.message.free();
    this.headers.free();
  }

  /** Begins an answer. */
  open(status: u32, kind: ErrorKind, grpc: GrpcStatus, code: Bytes, details: Bytes): ByteBuffer {
    this.status = status;
    this.kind = kind;
    this.grpc = grpc;
    this.code = code;
    this.details = details;
    this.isRetriable = false;
    this.contentType = Bytes.absent();
    this.headers.clear();
    return this.message.clear();
  }

  /**
   * Begins an answer that is no error but given whole: the buffer takes its body, up to 1 MiB, and must be filled before
   * the callback returns. `contentType` is permanent, or valid as long as that.
   */
  openWhole(status: u32, contentType: Bytes, details: Bytes): ByteBuffer {
    this.open(status, ErrorKind.InvalidRequest, GrpcStatus.None, Bytes.empty(), details);
    this.isRetriable = true;
    this.contentType = contentType;
    return whole.clear();
  }

  /** Forgets the answer. */
  clear(): void {
    this.status = 0;
    this.contentType = Bytes.absent();
    this.message.clear();
    this.headers.clear();
  }

  /** The body could not be kept whole while the headers waited. */
  requestTooLarge(): void {
    this.open(413, ErrorKind.TooLarge, GrpcStatus.InvalidArgument, TOO_LARGE, HELD_LIMIT).add(TOO_LARGE_TEXT);
  }

  /** The answer could not be kept whole while its headers waited. */
  answerTooLarge(): void {
    this.open(502, ErrorKind.BadGateway, GrpcStatus.Unavailable, BAD_GATEWAY, HELD_LIMIT).add(ANSWER_TOO_LARGE_TEXT);
  }

  /** Sends it to the caller of the effective context. */
  send(api: Api): void {
    pairs.clear();
    body.clear();
    if (this.contentType.isPresent) return this.sendWhole();
    const kind = <i32>this.kind;
    if (api != Api.Grpc) pairs.add(CONTENT_TYPE, JSON_TYPE);
    if (!this.isRetriable) pairs.add(SHOULD_RETRY, FALSE);
    switch (api) {
      case Api.AnthropicMessages:
        this.raw('{"type":"error","error":{"type":')
          .quoted(ANTHROPIC[kind])
          .raw(',"message":')
          .quotedMessage()
          .raw("}}");
        break;
      case Api.Gemini:
        this.raw('{"error":{"code":').number(this.status).raw(',"message":').quotedMessage();
        this.raw(',"status":').quoted(GOOGLE[kind]).raw("}}");
        break;
      case Api.BedrockConverse:
      case Api.BedrockInvoke:
        pairs.add(ERROR_TYPE, BEDROCK[kind]);
        this.raw('{"message":').quotedMessage().raw("}");
        break;
      case Api.CohereChat:
      case Api.CohereRerank:
      case Api.CohereEmbed:
        this.raw('{"message":').quotedMessage().raw("}");
        break;
      case Api.Ollama:
        this.raw('{"error":').quotedMessage().raw("}");
        break;
      case Api.DashScope:
        this.raw('{"code":').quoted(this.code).raw(',"message":').quotedMessage().raw("}");
        break;
      case Api.Grpc:
        break;
      default:
        this.raw('{"error":{"message":').quotedMessage().raw(',"type":').quoted(OPENAI[kind]);
        this.raw(',"param":null,"code":').quoted(this.code).raw("}}");
    }
    this.headers.addTo(pairs);
    const text = api == Api.Grpc ? this.message.view() : body.view();
    sendLocalResponse(this.status, this.details, text, pairs.finish(), this.grpc);
  }

  private sendWhole(): void {
    pairs.add(CONTENT_TYPE, this.contentType);
    this.headers.addTo(pairs);
    sendLocalResponse(this.status, this.details, whole.view(), pairs.finish(), this.grpc);
  }

  private raw(text: string): this {
    body.text(text);
    return this;
  }

  private number(value: u32): this {
    body.u64(value);
    return this;
  }

  private quoted(text: Bytes): this {
    quote(body, text);
    return this;
  }

  private quotedMessage(): this {
    quote(body, this.message.view());
    return this;
  }
}

/** Header pairs that a part adds to its answer: names are constants, values are copied. */
export class ReplyHeaders {
  private readonly values: ByteBuffer = new ByteBuffer(256, 8192);
  private readonly names: StaticArray<Bytes> = new StaticArray<Bytes>(MAX_HEADERS);
  private readonly ends: StaticArray<i32> = new StaticArray<i32>(MAX_HEADERS);
  private count: i32 = 0;

  /** Ends its memory. */
  free(): void {
    this.values.free();
  }

  clear(): void {
    this.count = 0;
    this.values.clear();
  }

  /** Adds a header; beyond 32 it is left out. */
  add(name: Bytes, value: Bytes): void {
    if (this.count == MAX_HEADERS) return;
    this.values.add(value);
    unchecked((this.names[this.count] = name));
    unchecked((this.ends[this.count] = this.values.length));
    this.count++;
  }

  /** Copies all to a writer of pairs. */
  addTo(writer: PairWriter): void {
    let start = 0;
    for (let i = 0; i < this.count; i++) {
      const end = unchecked(this.ends[i]);
      writer.add(unchecked(this.names[i]), this.values.view().slice(start, end));
      start = end;
    }
  }
}

const MAX_HEADERS: i32 = 32;
const TOO_LARGE = Bytes.constant("request_too_large");
const BAD_GATEWAY = Bytes.constant("bad_gateway");
const HELD_LIMIT = Bytes.constant("sluice_held_limit");
const TOO_LARGE_TEXT = Bytes.constant(
  "The request is too large to be read before it is routed. Send a shorter body, or one without trailers.",
);
const ANSWER_TOO_LARGE_TEXT = Bytes.constant(
  "The answer of the model is too large to be read before its headers leave, and ends in trailers.",
);

/** Appends a JSON string of UTF-8 bytes. */
export function quote(out: ByteBuffer, text: Bytes): void {
  out.byte(0x22);
  for (let i = 0; i < text.length; i++) {
    const byte = text.at(i);
    if (byte == 0x22 || byte == 0x5c) out.byte(0x5c).byte(byte);
    else if (byte >= 0x20) out.byte(byte);
    else out.byte(0x20);
  }
  out.byte(0x22);
}
