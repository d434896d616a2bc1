// What calls cost in money, for rules that count it: reserved by the estimate of their tokens, settled to the real price.
import { Exchange } from "../../runtime/ai/exchange";
import { Outcome } from "../../runtime/ai/facts";
import { Pricer } from "../../runtime/ai/pricer";
import { RequestType } from "../../runtime/ai/request-type";
import { Bytes } from "../../runtime/bytes/bytes";
import { SharedConfig } from "../../runtime/config/shared";
import { ErrorKind, reportError } from "../../runtime/telemetry/errors";
import { CallMemory, CallNote } from "./call-memory";
import { Basis, basisOf, outputOf } from "./cost";
import { RateLimitConfig } from "./config";

/** Prices calls, in 1e-12 of the currency. A call that no price is for costs nothing here. */
@final
export class Money {
  private readonly pricer: Pricer;

  constructor(
    config: RateLimitConfig,
    shared: SharedConfig,
    private readonly memory: CallMemory,
  ) {
    this.pricer = new Pricer(config.prices, null, shared);
  }

  /** What a call is expected to cost. Its note has the estimate. */
  expected(exchange: Exchange, note: CallNote, slot: i32): i64 {
    return max<i64>(this.estimate(exchange, note, slot, note.output), 0);
  }

  /** What a call that is over cost; one without a price, or without all of it, is said once. */
  spent(exchange: Exchange, note: CallNote, slot: i32, filter: string): i64 {
    if (note.isPriced) return note.spent;
    note.isPriced = true;
    note.spent = 0;
    const basis = basisOf(exchange);
    if (basis == Basis.Nothing && !isBilledAnyway(exchange)) return 0;
    const isReported = basis == Basis.Usage || basis == Basis.Nothing;
    const cost = isReported
      ? this.pricer.price(exchange, this.memory.host(slot), note.startNanos)
      : this.estimate(exchange, note, slot, outputOf(basis, exchange, note));
    if (cost < 0 || this.pricer.isUncertain) reportError(filter, ErrorKind.UnknownPrice);
    note.spent = max<i64>(cost, 0);
    return note.spent;
  }

  private estimate(exchange: Exchange, note: CallNote, slot: i32, output: i64): i64 {
    const host: Bytes = this.memory.host(slot);
    return this.pricer.estimate(exchange, host, note.input, output, note.startNanos, note.cached);
  }
}

/** Answers without any usage that may have a price for each call, or each image. */
function isBilledAnyway(exchange: Exchange): bool {
  const type = exchange.requestType;
  const isFlat = type == RequestType.Image || type == RequestType.Audio || type == RequestType.Rerank;
  return isFlat && !exchange.isUncounted && exchange.outcome == Outcome.Ok;
}
