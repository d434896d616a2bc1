// What a call comes to when it is over: its outcome, and what its usage is worth.
import { Answer } from "./answer";
import { Outcome, UsageStatus } from "./facts";
import { RequestType } from "./request-type";
import { addCounts } from "./usage";

/** How an answer ended. */
export const enum Ending {
  /** By itself. */
  Whole,
  /** The upstream cut it. */
  CutByUpstream,
  /** The client left. */
  CutByClient,
}

/** Bytes of text that make about one token, in English as in Chinese (3 bytes a character). */
const BYTES_PER_TOKEN: i64 = 4;

/** Tokens that an image or another file is taken for when nothing better is known. */
const TOKENS_PER_MEDIA_ITEM: i64 = 800;

/** About how many tokens a request has. */
export function estimateInput(textBytes: i64, mediaItems: i32): i64 {
  return (textBytes + BYTES_PER_TOKEN - 1) / BYTES_PER_TOKEN + <i64>mediaItems * TOKENS_PER_MEDIA_ITEM;
}

/** About how many tokens an answer has: a piece of a stream is at least one. */
export function estimateOutput(contentBytes: i64, contentDeltas: i64): i64 {
  return max<i64>((contentBytes + BYTES_PER_TOKEN - 1) / BYTES_PER_TOKEN, contentDeltas);
}

/** The outcome. `isRead`: the body was of a format that is read. */
export function outcomeOf(status: i32, answer: Answer, ending: Ending, isRead: bool): Outcome {
  if (status >= 400) return Outcome.Error;
  if (answer.isError) return answer.isStream ? Outcome.StreamError : Outcome.Error;
  // Clients often leave at the mark that ends a stream.
  if (answer.isFinished) return Outcome.Ok;
  if (ending == Ending.CutByClient) return Outcome.Aborted;
  if (ending == Ending.CutByUpstream) return Outcome.Truncated;
  return isRead && (answer.isRecognized || answer.isStream) ? Outcome.Truncated : Outcome.Ok;
}

/** Sets the usage's status, and estimates what was not reported. */
export function settleUsage(answer: Answer, outcome: Outcome, type: RequestType, estimatedInput: i64): void {
  const usage = answer.usage;
  if (!answer.hasUsage) {
    if (outcome == Outcome.Error || !hasTokens(type)) return;
    usage.input = estimatedInput;
    usage.output = estimateOutput(answer.contentBytes, answer.contentDeltas);
    usage.status = UsageStatus.Estimated;
    return;
  }
  const isComplete = answer.isFinished && answer.hasInput && answer.hasOutput && !answer.isOutputPreliminary;
  usage.status = isComplete ? UsageStatus.Complete : UsageStatus.Partial;
  if (!answer.hasInput) usage.input = estimatedInput;
  if (!isComplete) usage.output = max<i64>(usage.output, estimateOutput(answer.contentBytes, answer.contentDeltas));
  // Parts that are larger than their whole were not counted in it.
  usage.input = max<i64>(usage.input, addCounts(usage.cachedInput, usage.cacheWrite));
  if (usage.reasoning > usage.output) usage.output = addCounts(usage.output, usage.reasoning);
}

/** Whether such calls are billed by tokens. */
function hasTokens(type: RequestType): bool {
  return type == RequestType.Chat || type == RequestType.Completion || type == RequestType.Embedding;
}
