// Asks streams for their usage, and takes out of the answer what only we asked for.
import { Api } from "../../runtime/ai/api";
import { AiCall, responseHead } from "../../runtime/ai/call";
import { BytesWish, RequestFact } from "../../runtime/ai/facts";
import { Part } from "../../runtime/ai/part";
import { Pricer } from "../../runtime/ai/pricer";
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { Bytes } from "../../runtime/bytes/bytes";
import { RequestFacts } from "../../runtime/ai/request-facts";
import { nowNanos } from "../../runtime/host/clock";
import { MediaKind, mediaKind } from "../../runtime/parse/media-type";
import { Cause } from "../../runtime/stream/half";
import { addErrorKind, reportError } from "../../runtime/telemetry/errors";
import { isCharged } from "./accountant";
import { CallMemory } from "./call-memory";
import { CostConfig } from "./config";
import { IncludeUsage } from "./include-usage";
import { isWholeName, matchName, Refusals } from "./refusals";
import { amountText } from "./telemetry";
import { UsageStripper } from "./usage-stripper";

const MEMBER = Bytes.constant(',"stream_options":{"include_usage":true}');
const OBJECT = Bytes.constant('{"include_usage":true}');
const FIRST = Bytes.constant('"include_usage":true,');
const ONLY = Bytes.constant('"include_usage":true');
const TRUE = Bytes.constant("true");

const COMMENT = Bytes.constant(': sluice {"input_tokens":');
const OUTPUT_TOKENS = Bytes.constant(',"output_tokens":');
const CACHED_TOKENS = Bytes.constant(',"cached_input_tokens":');
const COST = Bytes.constant(',"cost":"');
const CURRENCY = Bytes.constant('","currency":"');
const QUOTE: u8 = 0x22;
const END = Bytes.constant("}\n\n");

const REFUSED = addErrorKind(
  "stream_options_refused",
  "an upstream answered 400 and named stream_options: its streams are not asked for their usage for ten minutes",
);
const TAIL_LOST = addErrorKind(
  "stream_tail_lost",
  "a stream that ended in trailers broke off within an event: its last bytes are lost",
);

/** State per slot: what rewrites the answer, and how much of the member's name was seen in a refusal. */
export class UsageAsker extends Part {
  private strippers: Array<UsageStripper | null> = [];
  private seen: StaticArray<i32> = new StaticArray<i32>(0);
  private readonly refusals: Refusals = new Refusals();

  constructor(
    private readonly config: CostConfig,
    private readonly memory: CallMemory,
    private readonly pricer: Pricer,
  ) {
    super("cost-accounting");
  }

  get mayHold(): bool {
    return !this.config.includeUsage.isOff;
  }

  grow(slots: i32): void {
    const seen = new StaticArray<i32>(slots);
    for (let i = 0; i < this.seen.length; i++) seen[i] = this.seen[i];
    this.seen = seen;
    while (this.strippers.length < slots) this.strippers.push(null);
  }

  reset(slot: i32): void {
    this.seen[slot] = 0;
    const stripper = this.strippers[slot];
    if (stripper) stripper.release();
    this.strippers[slot] = null;
  }

  /** The whole body: what is put in goes to its end, and nothing behind it may say otherwise. */
  requestFacts(call: AiCall): RequestFact {
    return this.mayAsk(call)
      ? RequestFact.Stream | RequestFact.StreamOptions | RequestFact.WholeBody
      : RequestFact.None;
  }

  decideRequest(call: AiCall, cause: Cause): bool {
    const exchange = call.exchange;
    if (!exchange || !this.mayAsk(call) || cause > Cause.End || !exchange.isStream) return true;
    const request = exchange.request;
    if (request.includesUsage || request.bodyClose < 0) return true;
    const host = this.memory.host(call.slot);
    const use = this.config.includeUsage.of(exchange.requestModel, host);
    const note = this.memory.note(call.slot);
    if (use == IncludeUsage.Off || this.refusals.has(host, exchange.requestModel, note.startNanos)) return true;
    if (ask(call, request)) note.askedUsage = <u8>use + 1;
    return true;
  }

  editRequestHeaders(call: AiCall): void {
    // What could not be written (a body that went on before it was whole) was not asked for.
    if (!call.request.isEdited) this.memory.note(call.slot).askedUsage = 0;
  }

  rewritesResponse(call: AiCall): bool {
    const exchange = call.exchange;
    if (!exchange || !exchange.wantsResponseBody || exchange.status >= 300) return false;
    const strips = this.memory.note(call.slot).askedUsage == <u8>IncludeUsage.Strip + 1;
    if ((!strips && !this.config.streamComment) || !isCharged(call)) return false;
    if (mediaKind(responseHead.contentType) != MediaKind.EventStream) return false;
    this.strippers[call.slot] = UsageStripper.take(strips);
    return true;
  }

  rewriteResponse(call: AiCall, ptr: usize, length: i32, out: ByteBuffer): bool {
    const stripper = this.strippers[call.slot];
    if (!stripper || stripper.pass(ptr, length)) return false;
    stripper.feed(ptr, length, out);
    return true;
  }

  endRewrite(call: AiCall, out: ByteBuffer): void {
    const stripper = this.strippers[call.slot];
    if (!stripper) return;
    stripper.finish(out);
    if (this.config.streamComment && stripper.isBetweenEvents) this.comment(call, out);
  }

  /** An answer of 400 may say that it does not know what we asked. */
  responseBytes(call: AiCall): BytesWish {
    const exchange = call.exchange;
    const isRefusal = exchange != null && exchange.status == 400 && this.memory.note(call.slot).askedUsage > 0;
    return isRefusal ? BytesWish.Passing : BytesWish.None;
  }

  onResponseBytes(call: AiCall, ptr: usize, length: i32): void {
    const exchange = call.exchange;
    const slot = call.slot;
    if (!exchange || exchange.status != 400 || this.memory.note(slot).askedUsage == 0 || isWholeName(this.seen[slot]))
      return;
    this.seen[slot] = matchName(ptr, length, this.seen[slot]);
    if (!isWholeName(this.seen[slot])) return;
    this.refusals.add(this.memory.host(slot), exchange.requestModel, nowNanos());
    reportError(this.name, REFUSED);
  }

  onResponseEnd(call: AiCall): void {
    const stripper = this.strippers[call.slot];
    if (stripper && stripper.keeps) reportError(this.name, TAIL_LOST);
  }

  private mayAsk(call: AiCall): bool {
    const exchange = call.exchange;
    if (!exchange || !isCharged(call) || this.config.includeUsage.isOff) return false;
    return exchange.api == Api.OpenAiChat || exchange.api == Api.OpenAiCompletions;
  }

  /** Appends what the call used and cost, as a comment that clients skip. */
  private comment(call: AiCall, out: ByteBuffer): void {
    const exchange = call.exchange;
    if (!exchange || !exchange.hasUsage) return;
    const usage = exchange.usage;
    out.add(COMMENT).i64(usage.input).add(OUTPUT_TOKENS).i64(usage.output).add(CACHED_TOKENS).i64(usage.cachedInput);
    const cost = this.pricer.price(exchange, this.memory.host(call.slot), this.memory.note(call.slot).startNanos);
    if (cost >= 0) out.add(COST).add(amountText(cost)).add(CURRENCY).add(this.config.currency.bytes).byte(QUOTE);
    out.add(END);
  }
}

/** Edits the body so that it asks. False where it says something that only its server understands. */
function ask(call: AiCall, request: RequestFacts): bool {
  const edits = call.request.edits;
  if (request.streamOptionsStart < 0) return edits.add(<i32>request.bodyClose, 0, MEMBER);
  const start = <i32>request.streamOptionsStart;
  if (!request.isStreamOptionsObject) {
    const length = <i32>(request.streamOptionsEnd - request.streamOptionsStart);
    return request.isStreamOptionsNull && edits.add(start, length, OBJECT);
  }
  if (request.includeUsageStart >= 0) {
    const length = <i32>(request.includeUsageEnd - request.includeUsageStart);
    return length > 0 && edits.add(<i32>request.includeUsageStart, length, TRUE);
  }
  return edits.add(start + 1, 0, request.isStreamOptionsEmpty ? ONLY : FIRST);
}
