// What a holder of headers may wait for, as bits: ask `Exchange.isRequestKnown(RequestFact.Model | RequestFact.Stream)`.
import { Bytes } from "../bytes/bytes";
import { constants } from "./api";

/** Facts of a request. Each is known when its value was read, or when it is certain that none comes. */
export const enum RequestFact {
  None = 0,
  /** `requestModel`, `modelSource`, `modelProblem`. A repeated key that comes later may still change them. */
  Model = 1,
  /** `isStream`. Absent in most calls that are not streamed: then known at the end of the body only. */
  Stream = 2,
  /** `request.streamOptions…`, `request.includeUsage…`. */
  StreamOptions = 4,
  /** `maxOutputTokens`. */
  MaxOutput = 8,
  /** `serviceTier`. */
  ServiceTier = 16,
  /** `request.choices`. */
  Choices = 32,
  /** `isUncounted` (`background: true`). */
  Background = 64,
  /** The whole body was read: sizes for estimates, and no second `model` can come. */
  WholeBody = 128,
}

/** Facts of an answer. */
export const enum ResponseFact {
  None = 0,
  /** `responseModel`. */
  Model = 1,
  /** The usage, complete. */
  Usage = 2,
  /** The whole body was read. */
  WholeBody = 4,
}

/** How the bytes of a body are wanted. */
export const enum BytesWish {
  None,
  /** As they pass. */
  Passing,
  /** All of them, before the headers go on. */
  BeforeHeaders,
}

/** What became of a call. The texts are the values of the filter state `outcome`. */
export const enum Outcome {
  /** Not over yet. */
  None,
  Ok,
  /** A status of 400 or more, a gRPC status but 0, or an error object instead of an answer. */
  Error,
  /** An error event inside a stream that began with success. */
  StreamError,
  /** The answer ended before its end. */
  Truncated,
  /** The client left. */
  Aborted,
}

/** How far the usage can be trusted. The texts are the values of the filter state `usage_status`. */
export const enum UsageStatus {
  /** There is none: no call, an error, a format without usage. */
  None,
  /** As the provider reported it. */
  Complete,
  /** Reported, but the answer was cut: more may have been used. */
  Partial,
  /** Computed from the texts that passed by. */
  Estimated,
}

const OUTCOMES: StaticArray<Bytes> = constants(["", "ok", "error", "stream_error", "truncated", "aborted"]);
const USAGE_STATUSES: StaticArray<Bytes> = constants(["none", "complete", "partial", "estimated"]);

/** The text of an outcome; absent while there is none. */
export function outcomeText(outcome: Outcome): Bytes {
  return outcome > Outcome.None && <i32>outcome < OUTCOMES.length ? unchecked(OUTCOMES[<i32>outcome]) : Bytes.absent();
}

/** The text of a usage status. */
export function usageStatusText(status: UsageStatus): Bytes {
  return unchecked(USAGE_STATUSES[<i32>status < USAGE_STATUSES.length ? <i32>status : 0]);
}
