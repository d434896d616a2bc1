// What is known of one AI call: filled from heads and bodies as they pass by, asked by every filter.
import { Bytes } from "../bytes/bytes";
import { Aliases } from "../match/aliases";
import { MediaKind } from "../parse/media-type";
import { Api } from "./api";
import { classification } from "./classify";
import { BodyForm } from "./body-reader";
import { dialectOf } from "./dialects/of-api";
import { Outcome, RequestFact, ResponseFact } from "./facts";
import { RequestHead, ResponseHead } from "./head";
import { contentKind } from "./media";
import { MAX_MODEL_BYTES, ModelProblem, ModelSource } from "./model";
import { OwnedText } from "./owned-text";
import { Provider } from "./provider";
import { RequestBody } from "./request";
import { RequestType } from "./request-type";
import { ResponseBody } from "./response";
import { errorName, takeHeaderCounts } from "./response-counts";
import { ClassifyRules } from "./rules";
import { Ending, estimateInput, outcomeOf, settleUsage } from "./settlement";
import { Usage } from "./usage";

/** The part of a configuration that exchanges depend on. Made at configure time, shared by all streams of a root. */
export class ExchangeSettings {
  /** Private paths, asked before the built-in ones. */
  rules: ClassifyRules | null = null;
  /** What the names of models become before anything matches them. */
  aliases: Aliases | null = null;
}

/**
 * Pooled: `Exchange.take()` one for each stream, `release()` it when the stream is deleted. It makes no host call and
 * allocates nothing once the pool is warm (but views in the arena). Order of calls: `openRequest`, `feedRequest`*,
 * `endRequest`, `openResponse`, `feedResponse`*, `endResponse` or `abortResponse`; any of them may be missing, and an
 * answer may begin before the request ends. Feeding what is not wanted does no harm. No input traps.
 *
 * Every `Bytes` that it answers is valid until the exchange is released (or the value changes), beyond callbacks.
 */
export class Exchange {
  // Request, known after openRequest.
  /** Whether this is an AI call. Everything else is unset when not. */
  isCall: bool = false;
  api: Api = Api.None;
  provider: Provider = Provider.None;
  requestType: RequestType = RequestType.None;
  /** Costs nothing by nature: it counts tokens. */
  isFree: bool = false;
  /** The body is readable and tells something: feed it. */
  wantsRequestBody: bool = false;
  /** What the request body tells; see the class. Whole once `isRequestKnown(RequestFact.WholeBody)`. */
  readonly request: RequestBody = new RequestBody();

  // Response.
  /** The status code, 0 before the answer. */
  status: i32 = 0;
  /** The body is readable and tells something: feed it. */
  wantsResponseBody: bool = false;
  /** Why the usage cannot be read: the answer is compressed (ask the upstream for `identity`). */
  isResponseCompressed: bool = false;
  /** Set when the answer is over. */
  outcome: Outcome = Outcome.None;

  private readonly response: ResponseBody = new ResponseBody();
  private isGrpcError: bool = false;
  private readonly aliasedModel: OwnedText = new OwnedText(MAX_MODEL_BYTES);
  private aliasedVersion: u32 = 0;
  private settings: ExchangeSettings | null = null;
  private isUncountedByPath: bool = false;
  private isStreamByPath: bool = false;
  private isPathStream: bool = false;

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
    this.isCall = false;
    this.api = Api.None;
    this.provider = Provider.None;
    this.requestType = RequestType.None;
    this.isFree = false;
    this.wantsRequestBody = false;
    this.request.reset();
    this.status = 0;
    this.wantsResponseBody = false;
    this.isResponseCompressed = false;
    this.outcome = Outcome.None;
    this.response.reset();
    this.isGrpcError = false;
    this.aliasedModel.clear();
    this.aliasedVersion = 0;
    this.settings = null;
    this.isUncountedByPath = false;
    this.isStreamByPath = false;
    this.isPathStream = false;
  }

  /** Classifies the call. `head` is read during the call only. */
  openRequest(head: RequestHead, settings: ExchangeSettings): void {
    this.settings = settings;
    const verdict = classification;
    verdict.read(head, settings.rules);
    this.isCall = verdict.isCall;
    if (!verdict.isCall) return;
    this.api = verdict.api;
    this.provider = verdict.provider;
    this.requestType = verdict.requestType;
    this.isFree = verdict.isFree;
    this.isUncountedByPath = verdict.isUncounted;
    this.isStreamByPath = verdict.isStreamByPath;
    this.isPathStream = verdict.isStream;
    const request = this.request;
    if (verdict.modelSource != ModelSource.None) {
      request.fixModel(verdict.model, verdict.modelSource);
      this.applyAliases();
    }
    if (!verdict.readsBody) {
      request.openUnread(ModelProblem.Missing);
      return;
    }
    // A missing content type is no lie: the path says what the body has to be.
    const kind = head.contentType.isEmpty ? MediaKind.Json : contentKind(head.contentType);
    if (kind != MediaKind.Json && kind != MediaKind.Form) request.openUnread(ModelProblem.ContentType);
    else if (!head.isIdentity) request.openUnread(ModelProblem.Compressed);
    else {
      request.open(kind, head.contentType);
      this.wantsRequestBody = true;
    }
  }

  /** Reads the next bytes of the request body, before anyone edits them. */
  feedRequest(ptr: usize, length: i32): void {
    if (!this.wantsRequestBody) return;
    this.request.feed(ptr, length);
    this.applyAliases();
  }

  /** No more bytes come (end of stream, or trailers). Settles every fact of the request. */
  endRequest(): void {
    if (!this.wantsRequestBody) return;
    this.request.end();
    this.applyAliases();
  }

  /** The holder gave up waiting: a model that is still unknown is unknown for the reason `ModelSource.Limit`. */
  limitReached(): void {
    this.request.limitReached();
  }

  /** Whether all these facts (RequestFact bits) are settled, so that nobody need wait for them. True for no call. */
  isRequestKnown(facts: i32): bool {
    const known = this.isStreamByPath ? RequestFact.Stream : 0;
    return this.request.isKnown(facts & ~known);
  }

  /**
   * Its use is billed elsewhere: realtime session, batch, background answer. The latter is known from the body, and is
   * counted here all the same when its stream is followed to the end.
   */
  get isUncounted(): bool {
    return this.isUncountedByPath || (this.request.isBackground && !this.usage.isPresent);
  }

  /** Where the model was found. */
  get modelSource(): ModelSource {
    return this.request.modelSource;
  }

  /** What is wrong with the model, or with the body that should name it. */
  get modelProblem(): ModelProblem {
    return this.request.modelProblem;
  }

  /** The answer is asked for as a stream. Ollama streams unless told not to. */
  get isStream(): bool {
    if (this.isStreamByPath) return this.isPathStream;
    if (this.request.hasStream) return this.request.isStream;
    return this.api == Api.Ollama && this.requestType != RequestType.Embedding;
  }

  /** The most output tokens that the call allows per choice, -1 when it does not say. */
  get maxOutputTokens(): i64 {
    return this.request.maxOutputTokens;
  }

  /** The model asked for, after aliases; absent when unknown. */
  get requestModel(): Bytes {
    return this.aliasedModel.view;
  }

  /** The model as the caller wrote it; absent when unknown. */
  get rawModel(): Bytes {
    return this.request.model.view;
  }

  /** `service_tier`: that of the answer when it says, else that asked for; absent when neither does. */
  get serviceTier(): Bytes {
    const answered = this.response.answer.serviceTier;
    return answered.isPresent ? answered.view : this.request.serviceTier.view;
  }

  /** About how many input tokens the request has, from its texts: to reserve before the answer is there. */
  get estimatedInput(): i64 {
    return estimateInput(this.request.textBytes, this.request.mediaItems);
  }

  /** Begins the answer. `head` is read during the call only. Interim answers (1xx) are ignored. */
  openResponse(head: ResponseHead): void {
    if (!this.isCall || (head.status < 200 && head.status != 101)) return;
    this.status = head.status;
    this.takeGrpcStatus(head);
    const answer = this.response.answer;
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
    if (!this.wantsResponseBody || this.response.isSettled) return true;
    return facts == ResponseFact.Model && this.response.answer.model.isPresent;
  }

  /** The model that answered; absent when unknown. */
  get responseModel(): Bytes {
    return this.response.answer.model.view;
  }

  /** The provider's word for what went wrong (`overloaded_error`), at most 64 bytes; absent when nothing did. */
  get errorType(): Bytes {
    return this.response.answer.errorType.view;
  }

  /** The tokens. The numbers grow as the answer goes by; `status` is set when it is over. */
  get usage(): Usage {
    return this.response.answer.usage;
  }

  /** The answer comes as a stream (by its content type). */
  get isResponseStream(): bool {
    return this.response.answer.isStream;
  }

  /** The first piece of a stream's content came: with this `feedResponse` the time to the first token ends. */
  get hasFirstToken(): bool {
    return this.response.answer.isStream && this.response.answer.contentDeltas > 0;
  }

  /** Pieces of content so far. */
  get contentDeltas(): i64 {
    return this.response.answer.contentDeltas;
  }

  /** Bytes of content so far. */
  get contentBytes(): i64 {
    return this.response.answer.contentBytes;
  }

  private settle(ending: Ending): void {
    if (!this.isCall || this.outcome != Outcome.None) return;
    const answer = this.response.answer;
    this.response.end(ending == Ending.Whole);
    // Counts in headers are whole even where the body says nothing.
    if (ending == Ending.Whole && !this.wantsResponseBody) answer.isFinished = true;
    if (this.status == 0) {
      if (ending != Ending.Whole) this.outcome = ending == Ending.CutByClient ? Outcome.Aborted : Outcome.Truncated;
      return;
    }
    this.outcome = this.isGrpcError ? Outcome.Error : outcomeOf(this.status, answer, ending, this.wantsResponseBody);
    if (this.isFree || !(this.wantsResponseBody || answer.hasUsage)) return;
    if ((this.isUncountedByPath || this.request.isBackground) && !answer.hasUsage) return;
    settleUsage(answer, this.outcome, this.requestType, this.estimatedInput);
  }

  private takeGrpcStatus(head: ResponseHead): void {
    if (!head.grpcStatus.isEmpty && !head.grpcStatus.equals(GRPC_OK)) this.isGrpcError = true;
  }

  private applyAliases(): void {
    if (this.aliasedVersion == this.request.modelVersion) return;
    this.aliasedVersion = this.request.modelVersion;
    const raw = this.request.model.view;
    const settings = this.settings;
    if (settings === null || !raw.isPresent) {
      this.aliasedModel.set(raw);
      return;
    }
    const aliases = settings.aliases;
    this.aliasedModel.set(aliases === null ? raw : aliases.resolve(raw));
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
