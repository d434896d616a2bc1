// What a call cost when it is over: what the provider reported, else what passed by, else nothing.
import { Exchange } from "../../runtime/ai/exchange";
import { Outcome, UsageStatus } from "../../runtime/ai/facts";
import { RequestType } from "../../runtime/ai/request-type";
import { CallNote } from "./call-memory";
import { Weights } from "./unit";

/** Whether tokens are counted for calls of this kind. Batches, sessions and tools are billed elsewhere, or not by tokens. */
export function isCounted(exchange: Exchange): bool {
  if (!exchange.isCall || exchange.isFree || exchange.isUncounted) return false;
  return exchange.requestType != RequestType.Tool && exchange.requestType != RequestType.Batch;
}

/** Parts of tokens of a finished, failed, cut or aborted call. `note` has what it was estimated at. */
export function costOf(exchange: Exchange, weights: Weights, note: CallNote): i64 {
  const usage = exchange.usage;
  if (exchange.isUncounted) return 0;
  // The estimate of input learned from this model is better than the general one.
  if (usage.status == UsageStatus.Estimated) return weights.ofEstimate(note.input, note.cached, usage.output);
  if (usage.isPresent) return weights.ofUsage(usage);
  if (exchange.outcome == Outcome.Error || !isTextual(exchange.requestType)) return 0;
  // Before any answer: who left after sending was answered for, an upstream that failed did nothing.
  if (exchange.status == 0)
    return exchange.outcome == Outcome.Aborted ? weights.ofEstimate(note.input, note.cached, 0) : 0;
  // An answer that cannot be read costs what it was expected to.
  return exchange.status < 300 ? weights.ofEstimate(note.input, note.cached, note.output) : 0;
}

/** Kinds of calls that always use tokens. */
function isTextual(type: RequestType): bool {
  return type == RequestType.Chat || type == RequestType.Completion || type == RequestType.Embedding;
}
