// What is known of one AI call: filled from heads and bodies as they pass by, asked by every filter.
import { Bytes } from "../bytes/bytes";
import { Aliases } from "../match/aliases";
import { Api } from "./api";
import { Outcome, RequestFact, ResponseFact } from "./facts";
import { RequestHead, ResponseHead } from "./head";
import { ModelProblem, ModelSource } from "./model";
import { Provider } from "./provider";
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
  /** Its use is billed elsewhere: realtime session, batch, background answer (the latter is known from the body). */
  isUncounted: bool = false;
  /** Costs nothing by nature: it counts tokens. */
  isFree: bool = false;
  /** The body is readable and tells something: feed it. */
  wantsRequestBody: bool = false;

  // Request, from path or body.
  modelSource: ModelSource = ModelSource.None;
  modelProblem: ModelProblem = ModelProblem.None;
  /** The answer is asked for as a stream. */
  isStream: bool = false;
  /** The most output tokens that the call allows per choice, -1 when it does not say. */
  maxOutputTokens: i64 = -1;
  /** `n`, `num_generations`, `candidateCount`: answers asked for at once, at least 1. */
  choices: i64 = 1;

  // Places in the request body (offsets from its first byte, -1 when not there), for those who edit it.
  /** The top-level `model` value of a JSON body, quotes included; of the last one where there are several. */
  modelStart: i64 = -1;
  modelEnd: i64 = -1;
  /** How often the body has a top-level `model`; an edit is safe when it is one. */
  modelCount: i32 = 0;
  /** The `stream_options` value when it is an object: its braces, and whether nothing is in it. */
  streamOptionsStart: i64 = -1;
  streamOptionsEnd: i64 = -1;
  isStreamOptionsEmpty: bool = false;
  /** The `stream_options.include_usage` value and its offsets. */
  includesUsage: bool = false;
  includeUsageStart: i64 = -1;
  includeUsageEnd: i64 = -1;
  /** The outermost braces; `bodyClose` is known once the last one was read. */
  bodyOpen: i64 = -1;
  bodyClose: i64 = -1;
  /** Nothing between them. */
  isBodyEmpty: bool = false;

  // Sizes for estimates; whole once `isRequestKnown(RequestFact.WholeBody)`.
  /** Bytes of text in the body (strings that are no media). */
  requestTextBytes: i64 = 0;
  /** Images, audio and files in the body. */
  requestMediaItems: i32 = 0;

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

  /** One from the pool, as new. */
  static take(): Exchange {
    return new Exchange();
  }

  /** Back to the pool; not to be used any more. */
  release(): void {}

  /** Classifies the call. `head` is read during the call only. */
  openRequest(head: RequestHead, settings: ExchangeSettings): void {}

  /** Reads the next bytes of the request body, before anyone edits them. */
  feedRequest(ptr: usize, length: i32): void {}

  /** No more bytes come (end of stream, or trailers). Settles every fact of the request. */
  endRequest(): void {}

  /** The holder gave up waiting: a model that is still unknown is unknown for the reason `ModelSource.Limit`. */
  limitReached(): void {}

  /** Whether all these facts are settled, so that who waits for them need not wait longer. True for no call. */
  isRequestKnown(facts: RequestFact): bool {
    return true;
  }

  /** The model asked for, after aliases; absent when unknown. */
  get requestModel(): Bytes {
    return Bytes.absent();
  }

  /** The model as the caller wrote it; absent when unknown. */
  get rawModel(): Bytes {
    return Bytes.absent();
  }

  /** `service_tier`: that of the answer when it says, else that asked for; absent when neither does. */
  get serviceTier(): Bytes {
    return Bytes.absent();
  }

  /** Begins the answer. `head` is read during the call only. Interim answers (1xx) are ignored. */
  openResponse(head: ResponseHead): void {}

  /** Reads the next bytes of the response body, before anyone edits them. */
  feedResponse(ptr: usize, length: i32): void {}

  /** The answer ended. Settles usage and outcome (`truncated` when its format says that something is missing). */
  endResponse(): void {}

  /** The stream was cut: by the upstream (`truncated`), else by the client (`aborted`). Settles usage and outcome. */
  abortResponse(byUpstream: bool): void {}

  /** Whether all these facts are settled. True for no call. */
  isResponseKnown(facts: ResponseFact): bool {
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
}
