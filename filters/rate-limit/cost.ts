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

/** What of a call is to be paid when it is over. */
export const enum Basis {
  Nothing,
  /** What the provider reported. */
  Usage,
  /** The estimate of its input, and the output that passed by. */
  Seen,
  /** The estimate of its input. */
  Input,
  /** All that it was estimated at. */
  Estimate,
}

/** By what a finished, failed, cut or aborted call is counted. */
export function basisOf(exchange: Exchange): Basis {
  const usage = exchange.usage;
  if (exchange.isUncounted) return Basis.Nothing;
  // The estimate of input learned from this model is better than the general one.
  if (usage.status == UsageStatus.Estimated && !exchange.isResponseCompressed) return Basis.Seen;
  if (usage.isPresent && usage.status != UsageStatus.Estimated) return Basis.Usage;
  if (exchange.outcome == Outcome.Error || !isTextual(exchange.requestType)) return Basis.Nothing;
  // Before any answer: who left after sending was answered for, an upstream that failed did nothing.
  if (exchange.status == 0) return exchange.outcome == Outcome.Aborted ? Basis.Input : Basis.Nothing;
  // An answer that cannot be read costs what it was expected to.
  return exchange.status < 300 ? Basis.Estimate : Basis.Nothing;
}

/** Parts of tokens of a call that is over. `note` has what it was estimated at. */
export function costOf(exchange: Exchange, weights: Weights, note: CallNote): i64 {
  const basis = basisOf(exchange);
  if (basis == Basis.Nothing) return 0;
  if (basis == Basis.Usage) return weights.ofUsage(exchange.usage);
  return weights.ofEstimate(note.input, note.cached, outputOf(basis, exchange, note));
}

/** The output of a call that is counted by its estimate. */
export function outputOf(basis: Basis, exchange: Exchange, note: CallNote): i64 {
  if (basis == Basis.Seen) return exchange.usage.output;
  return basis == Basis.Estimate ? note.output : 0;
}

/** Kinds of calls that always use tokens. */
function isTextual(type: RequestType): bool {
  return type == RequestType.Chat || type == RequestType.Completion || type == RequestType.Embedding;
}
