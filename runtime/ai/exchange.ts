// What is known of one AI call: filled from heads and bodies as they pass by, asked by every filter.
import { Bytes } from "../bytes/bytes";
import { Aliases } from "../match/aliases";
import { MediaKind } from "../parse/media-type";
import { Api } from "./api";
import { classification } from "./classify";
import { Outcome, RequestFact, ResponseFact } from "./facts";
import { RequestHead, ResponseHead } from "./head";
import { contentKind } from "./media";
import { MAX_MODEL_BYTES, ModelProblem, ModelSource } from "./model";
import { OwnedText } from "./owned-text";
import { Provider } from "./provider";
import { RequestBody } from "./request";
import { RequestType } from "./request-type";
import { ClassifyRules } from "./rules";
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
  /** The answer comes as a stream (by its content type). */
  isResponseStream: bool = false;
  outcome: Outcome = Outcome.None;
  /** The first piece of content came: the time to the first token ends with this `feedResponse`. */
  hasFirstToken: bool = false;
  /** Pieces of content in a stream, and bytes of content, for estimates. */
  contentDeltas: i64 = 0;
  contentBytes: i64 = 0;
  readonly usage: Usage = new Usage();

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
    this.isResponseStream = false;
    this.outcome = Outcome.None;
    this.hasFirstToken = false;
    this.contentDeltas = 0;
    this.contentBytes = 0;
    this.usage.reset();
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

  /** Its use is billed elsewhere: realtime session, batch, background answer (the latter is known from the body). */
  get isUncounted(): bool {
    return this.isUncountedByPath || this.request.isBackground;
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
    return this.request.serviceTier.view;
  }

  /** Begins the answer. `head` is read during the call only. Interim answers (1xx) are ignored. */
  openResponse(head: ResponseHead): void {
    if (head.status >= 100 && head.status < 200) return;
    this.status = head.status;
  }

  /** Reads the next bytes of the response body, before anyone edits them. */
  feedResponse(ptr: usize, length: i32): void {}

  /** The answer ended. Settles usage and outcome (`truncated` when its format says that something is missing). */
  endResponse(): void {}

  /** The stream was cut: by the upstream (`truncated`), else by the client (`aborted`). Settles usage and outcome. */
  abortResponse(byUpstream: bool): void {}

  /** Whether all these facts (ResponseFact bits) are settled. True for no call. */
  isResponseKnown(facts: i32): bool {
    return true;
  }

  /** The model that answered; absent when unknown. */
  get responseModel(): Bytes {
    return Bytes.absent();
  }

  /** The provider's word for what went wrong (`overloaded_error`), at most 64 bytes; absent when nothing did. */
  get errorType(): Bytes {
    return Bytes.absent();
  }

  /** Estimated input tokens of the request, for reserving before the answer is there. */
  get estimatedInput(): i64 {
    return 0;
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
