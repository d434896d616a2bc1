// What is learned of the models' calls, in shared data: all workers learn together.
import { Exchange } from "../../runtime/ai/exchange";
import { RequestFact, UsageStatus } from "../../runtime/ai/facts";
import { RequestType } from "../../runtime/ai/request-type";
import { Bytes } from "../../runtime/bytes/bytes";
import { sipHash128 } from "../../runtime/bytes/siphash";
import { SharedConfig } from "../../runtime/config/shared";
import { secretHigh, secretLow } from "../../runtime/state/secret";
import { Table } from "../../runtime/state/table";
import { CallNote } from "./call-memory";
import { Learning, LeastUsed } from "./changes";
import { cachedOf, inputOf, MODEL, outputOf, sizeOf, USUAL_OUTPUT } from "./estimate";

const MOST_MODELS: i32 = 1000;
const DIGITS: i32 = 2; // 256 groups
const learning = new Learning();
const digest = memory.data(16, 8);


@final
export class Models {
  private readonly table: Table;

  constructor(shared: SharedConfig) {
    this.table = new Table(shared.instance.toString(), "models", MODEL, MOST_MODELS, new LeastUsed(), null, DIGITS);
  }

  /** Makes it ready, once the process's secret is known. */
  open(): void {
    this.table.open();
  }

  /** Writes what a call will use to its note. `isRead`: its body was; else `length` stands for it, -1 when unknown. */
  estimate(exchange: Exchange, note: CallNote, isRead: bool, length: i64): void {
    const request = exchange.request;
    let text = request.textBytes;
    if (!isRead && request.mediaItems == 0) text = max(text, length);
    note.size = sizeOf(text, request.mediaItems);
    this.hash(exchange);
    const slot = this.table.find(load<u64>(digest), load<u64>(digest, 8));
    note.input = inputOf(slot, note.size);
    note.cached = cachedOf(slot, note.input);
    const usual = writesText(exchange.requestType) ? USUAL_OUTPUT : 0;
    const output = outputOf(slot, usual);
    const most = exchange.maxOutputTokens;
    note.output = most >= 0 && !exchange.isFree ? min(most, output) : output;
    note.isEstimated = true;
  }

  /** A call is over: its usage, where the provider reported all of it, teaches the next estimate. */
  learn(exchange: Exchange, now: i64): void {
    const usage = exchange.usage;
    if (usage.status != UsageStatus.Complete || !exchange.isRequestKnown(RequestFact.WholeBody)) return;
    this.hash(exchange);
    learning.size = sizeOf(exchange.request.textBytes, exchange.request.mediaItems);
    learning.input = usage.input;
    learning.cached = usage.cachedInput;
    learning.output = usage.output;
    learning.now = now;
    if (learning.size > 0) this.table.change(load<u64>(digest), load<u64>(digest, 8), learning);
  }

  private hash(exchange: Exchange): void {
    const model = exchange.requestModel;
    const bytes = model.isPresent ? model : Bytes.empty();
    sipHash128(secretHigh(), secretLow(), bytes.ptr, bytes.length, digest);
  }
}

/** Whether answers of this kind have output of their own. */
export function writesText(type: RequestType): bool {
  return type == RequestType.Chat || type == RequestType.Completion;
}
