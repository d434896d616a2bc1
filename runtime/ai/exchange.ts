// What is known of one AI call: filled from heads and bodies as they pass by, asked by every filter.
import { Bytes } from "../bytes/bytes";
import { MediaKind } from "../parse/media-type";
import { Answer } from "./answer";
import { Api } from "./api";
import { BodyForm } from "./body-reader";
import { dialectOf } from "./dialects/of-api";
import { ExchangeRequest } from "./exchange-request";
import { Outcome, ResponseFact } from "./facts";
import { contentKind } from "./media";
import { ResponseBody } from "./response";
import { RequestType } from "./request-type";
import { errorName, takeHeaderCounts } from "./response-counts";
import { ResponseHead } from "./response-head";
import { Ending, outcomeOf, settleUsage } from "./settlement";
import { Usage } from "./usage";

export { ExchangeSettings } from "./exchange-request";

/**
 * Pooled: `Exchange.take()` one for each stream, `release()` it when the stream is deleted. It makes no host call and
 * allocates nothing once the pool is warm (but views in the arena). Order of calls: `openRequest`, `feedRequest`*,
 * `endRequest`, `openResponse`, `feedResponse`*, `endResponse` or `abortResponse`; any of them may be missing, and an
 * answer may begin before the request ends. Feeding what is not wanted does no harm. No input traps.
 *
 * Every `Bytes` that it answers is valid until the exchange is released (or the value changes), beyond callbacks.
 */
@final
export class Exchange extends ExchangeRequest {
  /** The status code, 0 before the answer. */
  status: i32 = 0;
  /** The body is readable and tells something: feed it. */
  wantsResponseBody: bool = false;
  /** Why the usage cannot be read: the answer is compressed (ask the upstream for `identity`). Its length is fed. */
  isResponseCompressed: bool = false;
  /** Set when the answer is over. */
  outcome: Outcome = Outcome.None;

  private readonly response: ResponseBody = new ResponseBody();
  private isGrpcError: bool = false;

  /** One from the pool, as new. */
  static take(): Exchange {
    if (POOL.length == 0) return new Exchange();
    return POOL.pop();
  }

  /** Back to the pool; not to be used any more. */
  release(): void {
    this.reset();
    POOL.push(this);
  }

  /** As new. */
  reset(): void {
    super.reset();
    this.status = 0;
    this.wantsResponseBody = false;
    this.isResponseCompressed = false;
    this.outcome = Outcome.None;
    this.response.reset();
    this.isGrpcError = false;
  }

  /**
   * Its use is billed elsewhere: realtime session, batch, background answer. The latter is known from the body, and is
   * counted here all the same when its stream is followed to the end.
   */
  get isUncounted(): bool {
    return this.isUncountedByPath || (this.request.isBackground && !this.usage.isPresent);
  }

  /** `service_tier`: that of the answer when it says, else that asked for; absent when neither does. */
  get serviceTier(): Bytes {
    const answered = this.answer.serviceTier;
    return answered.isPresent ? answered.view : this.request.serviceTier.view;
  }

  /** Begins the answer. `head` is read during the call only. Interim answers (1xx) are ignored. */
  openResponse(head: ResponseHead): void {
    if (!this.isCall || (head.status < 200 && head.status != 101)) return;
    this.status = head.status;
    this.takeGrpcStatus(head);
    const answer = this.answer;
    const dialect = dialectOf(this.api);
    const kind = contentKind(head.contentType);
    answer.isStream = kind == MediaKind.EventStream || kind == MediaKind.Ndjson || kind == MediaKind.AmazonEventStream;
    const isArray = kind == MediaKind.Json && this.api == Api.Gemini && this.isStream;
    if (isArray) answer.isStream = true;
    if (head.status >= 400) answer.fail(errorName(head.amznErrorType));
    if (this.api == Api.BedrockInvoke) takeHeaderCounts(head, answer);
    if (dialect === null || !(kind == MediaKind.Json || answer.isStream)) return;
    if (!head.isIdentity) {
      this.isResponseCompressed = true;
      return;
    }
    this.wantsResponseBody = true;
    this.response.open(isArray ? BodyForm.Array : formOf(kind), dialect);
  }

  /** Reads the next bytes of the response body, before anyone edits them. */
  feedResponse(ptr: usize, length: i32): void {
    if (this.wantsResponseBody) this.response.feed(ptr, length);
    // Nobody knows what is in it. Short as it is, it is taken for text.
    else if (this.isResponseCompressed && this.requestType != RequestType.Embedding) {
      this.answer.contentBytes += <i64>length;
    }
  }

  /** Trailers of an answer came: they may have gRPC's status. */
  takeTrailers(head: ResponseHead): void {
    if (this.isCall) this.takeGrpcStatus(head);
  }

  /** The answer ended. Settles usage and outcome (`truncated` when its format says that something is missing). */
  endResponse(): void {
    this.settle(Ending.Whole);
  }

  /** The stream was cut: by the upstream (`truncated`), else by the client (`aborted`). Settles usage and outcome. */
  abortResponse(byUpstream: bool): void {
    this.settle(byUpstream ? Ending.CutByUpstream : Ending.CutByClient);
  }

  /** Whether all these facts (ResponseFact bits) are settled. True for no call. */
  isResponseKnown(facts: i32): bool {
    if (facts == ResponseFact.None || !this.wantsResponseBody || this.response.isSettled) return true;
    return facts == ResponseFact.Model && this.answer.model.isPresent;
  }

  /** The model that answered; absent when unknown. */
  get responseModel(): Bytes {
    return this.answer.model.view;
  }

  /** The provider's word for what went wrong (`overloaded_error`), at most 64 bytes; absent when nothing did. */
  get errorType(): Bytes {
    return this.answer.errorType.view;
  }

  /** The tokens. The numbers grow as the answer goes by; `status` is set when it is over. */
  get usage(): Usage {
    return this.answer.usage;
  }

  /** Whether any number was reported so far. */
  get hasUsage(): bool {
    return this.answer.hasUsage;
  }

  /** The answer comes as a stream (by its content type). */
  get isResponseStream(): bool {
    return this.answer.isStream;
  }

  /** The first piece of a stream's content came: with this `feedResponse` the time to the first token ends. */
  get hasFirstToken(): bool {
    return this.answer.isStream && this.answer.contentDeltas > 0;
  }

  /** Pieces of content so far. */
  get contentDeltas(): i64 {
    return this.answer.contentDeltas;
  }

  /** Bytes of content so far. */
  get contentBytes(): i64 {
    return this.answer.contentBytes;
  }

  private get answer(): Answer {
    return this.response.answer;
  }

  private settle(ending: Ending): void {
    if (!this.isCall || this.outcome != Outcome.None) return;
    const answer = this.answer;
    this.response.end(ending == Ending.Whole);
    // Counts in headers are whole even where the body says nothing.
    if (ending == Ending.Whole && !this.wantsResponseBody) answer.isFinished = true;
    if (this.status == 0) {
      if (ending != Ending.Whole) this.outcome = ending == Ending.CutByClient ? Outcome.Aborted : Outcome.Truncated;
      return;
    }
    this.outcome = this.isGrpcError ? Outcome.Error : outcomeOf(this.status, answer, ending, this.wantsResponseBody);
    if (this.isFree || !(this.wantsResponseBody || this.isResponseCompressed || answer.hasUsage)) return;
    if ((this.isUncountedByPath || this.request.isBackground) && !answer.hasUsage) return;
    settleUsage(answer, this.outcome, this.requestType, this.estimatedInput);
  }

  private takeGrpcStatus(head: ResponseHead): void {
    if (!head.grpcStatus.isEmpty && !head.grpcStatus.equals(GRPC_OK)) this.isGrpcError = true;
  }
}

const POOL: Exchange[] = [];
const GRPC_OK = Bytes.constant("0");

function formOf(kind: MediaKind): BodyForm {
  switch (kind) {
    case MediaKind.EventStream:
      return BodyForm.Sse;
    case MediaKind.Ndjson:
      return BodyForm.Ndjson;
    case MediaKind.AmazonEventStream:
      return BodyForm.AmazonFrames;
    default:
      return BodyForm.Whole;
  }
}
