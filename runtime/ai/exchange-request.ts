// The request's half of an exchange.
import { Bytes } from "../bytes/bytes";
import { Aliases } from "../match/aliases";
import { MediaKind } from "../parse/media-type";
import { Api } from "./api";
import { classification } from "./classify";
import { RequestFact } from "./facts";
import { contentKind } from "./media";
import { MAX_MODEL_BYTES, ModelProblem, ModelSource } from "./model";
import { OwnedText } from "./owned-text";
import { Provider } from "./provider";
import { RequestBody } from "./request";
import { RequestHead } from "./request-head";
import { RequestType } from "./request-type";
import { ClassifyRules } from "./rules";
import { estimateInput } from "./settlement";

/** The part of a configuration that exchanges depend on. Made at configure time, shared by all streams of a root. */
export class ExchangeSettings {
  /** Private paths, asked before the built-in ones. */
  rules: ClassifyRules | null = null;
  /** What the names of models become before anything matches them. */
  aliases: Aliases | null = null;
}

/** What is asked for. Use it as a part of `Exchange`. */
export class ExchangeRequest {
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

  protected isUncountedByPath: bool = false;
  private readonly aliasedModel: OwnedText = new OwnedText(MAX_MODEL_BYTES);
  private aliasedVersion: u32 = 0;
  private settings: ExchangeSettings | null = null;
  private isStreamByPath: bool = false;
  private isPathStream: bool = false;

  /** As new. */
  reset(): void {
    this.isCall = false;
    this.api = Api.None;
    this.provider = Provider.None;
    this.requestType = RequestType.None;
    this.isFree = false;
    this.wantsRequestBody = false;
    this.request.reset();
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
      // Tools have no model that could be missing.
      request.openUnread(verdict.requestType == RequestType.Tool ? ModelProblem.None : ModelProblem.Missing);
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

  /** About how many input tokens the request has, from its texts: to reserve before the answer is there. */
  get estimatedInput(): i64 {
    return estimateInput(this.request.textBytes, this.request.mediaItems);
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
