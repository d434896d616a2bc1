// Counts, prices and attributes calls; tells callers and logs.
import { GrpcStatus, HeaderMap } from "../../runtime/abi/enums";
import { apiText } from "../../runtime/ai/api";
import { AiCall, requestHead } from "../../runtime/ai/call";
import { Exchange } from "../../runtime/ai/exchange";
import { BytesWish, Outcome, RequestFact, ResponseFact, UsageStatus } from "../../runtime/ai/facts";
import { Part } from "../../runtime/ai/part";
import { Pricer } from "../../runtime/ai/pricer";
import { providerText } from "../../runtime/ai/provider";
import { labelOfModel } from "../../runtime/ai/record";
import { ErrorKind as ReplyKind } from "../../runtime/ai/reply";
import { RequestType } from "../../runtime/ai/request-type";
import { ClassifyRules } from "../../runtime/ai/rules";
import { labelOfSplit, labelOfVariant } from "../../runtime/ai/variant-labels";
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { Bytes } from "../../runtime/bytes/bytes";
import { SharedConfig } from "../../runtime/config/shared";
import { nowNanos } from "../../runtime/host/clock";
import { setHeader } from "../../runtime/host/headers";
import { getPropertyI64, propertyPath } from "../../runtime/host/properties";
import { Cause } from "../../runtime/stream/half";
import { addErrorKind, ErrorKind, reportError } from "../../runtime/telemetry/errors";
import { NONE, OTHER } from "../../runtime/telemetry/labels";
import { AttributionWriter } from "./attribution-writer";
import { CallMemory, CallNote } from "./call-memory";
import { AnswerHeaders, CostConfig, UnknownModel } from "./config";
import {
  amountText,
  Attribution,
  consumerLabel,
  countCost,
  countEstimate,
  countRisk,
  countTimes,
  countTokens,
  countUncounted,
  countWaste,
  currencyLabel,
  providerLabel,
  writeCost,
  writeUsage,
} from "./telemetry";

const ATTEMPTS = propertyPath("upstream.request_attempt_count");
const ACCEPT_ENCODING = Bytes.constant("accept-encoding");
const IDENTITY = Bytes.constant("identity");
const INPUT = Bytes.constant("x-ai-tokens-input");
const OUTPUT = Bytes.constant("x-ai-tokens-output");
const CACHED = Bytes.constant("x-ai-tokens-cached-input");
const COST = Bytes.constant("x-ai-cost");
const CURRENCY = Bytes.constant("x-ai-currency");
const NO_PRICE = Bytes.constant("model_not_priced");
const NO_PRICE_DETAILS = Bytes.constant("sluice_model_not_priced");
const NO_PRICE_TEXT = Bytes.constant("The gateway has no price for the model `");
const NO_PRICE_END = Bytes.constant("` and does not let such calls pass");

const COMPRESSED = addErrorKind(
  "compressed_answer",
  "an answer came compressed and cannot be read: its usage is estimated by its length; let the upstream honour accept-encoding: identity",
);
const number = new ByteBuffer(24);
const to = new Attribution();

/** The part that counts. State per call is in `CallMemory`. */
export class Accountant extends Part {
  private readonly writer: AttributionWriter;
  private currency: i32 = OTHER;

  constructor(
    private readonly config: CostConfig,
    private readonly shared: SharedConfig,
    private readonly memory: CallMemory,
    private readonly pricer: Pricer,
  ) {
    super("cost-accounting");
    this.writer = new AttributionWriter(config.labels, shared.consumers);
  }

  /** Answers wait for their usage, requests for their model where it must have a price. */
  get mayHold(): bool {
    return this.config.answerHeaders != AnswerHeaders.Off || this.config.unknownModel == UnknownModel.Reject;
  }

  get classifyRules(): ClassifyRules | null {
    return this.config.classify;
  }

  onOpen(configHash: u64): void {
    this.currency = currencyLabel.reserve(this.config.currency.bytes);
    const consumers = this.shared.consumers;
    for (let i = 0; i < consumers.entries.length; i++) consumerLabel.reserve(consumers.entries[i].name.bytes);
    const stranger = consumers.defaultConsumer;
    if (stranger) consumerLabel.reserve(stranger.bytes);
    this.writer.reserve(consumers);
  }

  grow(slots: i32): void {
    this.memory.grow(slots);
  }

  reset(slot: i32): void {
    this.memory.clear(slot);
  }

  onRequestHeaders(call: AiCall): void {
    const slot = call.slot;
    this.memory.clear(slot);
    const note = this.memory.note(slot);
    note.startNanos = nowNanos();
    const name = call.facts.consumer();
    note.consumer = consumerLabel.find(name);
    if (note.consumer == OTHER) this.memory.keepName(slot, name);
    this.memory.keepHost(slot, requestHead.authority);
    this.writer.write(call.facts, note, this.memory, slot);
  }

  requestFacts(call: AiCall): RequestFact {
    return this.config.unknownModel == UnknownModel.Reject && isCharged(call) ? RequestFact.Model : RequestFact.None;
  }

  /** Sizes for estimates, and how many images are asked for. */
  requestInterest(call: AiCall): RequestFact {
    return isCharged(call) ? RequestFact.WholeBody : RequestFact.None;
  }

  decideRequest(call: AiCall, cause: Cause): bool {
    const exchange = call.exchange;
    if (!exchange || this.config.unknownModel != UnknownModel.Reject || !isCharged(call)) return true;
    const model = exchange.requestModel;
    if (!model.isPresent || this.pricer.knows(exchange, this.memory.note(call.slot).startNanos)) return true;
    const reply = call.reply.open(404, ReplyKind.NotFound, GrpcStatus.NotFound, NO_PRICE, NO_PRICE_DETAILS);
    call.endSentence(reply.add(NO_PRICE_TEXT).add(model).add(NO_PRICE_END));
    reportError(this.name, ErrorKind.UnknownPrice);
    return false;
  }

  editRequestHeaders(call: AiCall): void {
    if (this.shared.forceIdentity && isCharged(call)) {
      setHeader(HeaderMap.RequestHeaders, ACCEPT_ENCODING, IDENTITY);
    }
  }

  responseFacts(call: AiCall): ResponseFact {
    const exchange = call.exchange;
    const isTold = this.config.answerHeaders != AnswerHeaders.Off && isCharged(call);
    return isTold && exchange && exchange.status < 400 ? ResponseFact.Usage : ResponseFact.None;
  }

  responseInterest(call: AiCall): ResponseFact {
    return isCharged(call) ? ResponseFact.WholeBody : ResponseFact.None;
  }

  responseBytes(call: AiCall): BytesWish {
    const exchange = call.exchange;
    const isTimed = exchange != null && exchange.wantsResponseBody && exchange.isResponseStream;
    return isTimed && isCharged(call) ? BytesWish.Passing : BytesWish.None;
  }

  onResponseBytes(call: AiCall, ptr: usize, length: i32): void {
    const exchange = call.exchange;
    const note = this.memory.note(call.slot);
    if (exchange && note.firstNanos == 0 && exchange.hasFirstToken) note.firstNanos = nowNanos();
  }

  editResponseHeaders(call: AiCall): void {
    const exchange = call.exchange;
    if (!exchange || this.config.answerHeaders == AnswerHeaders.Off || !isCharged(call)) return;
    if (exchange.isResponseStream || !exchange.hasUsage || !exchange.isResponseKnown(ResponseFact.Usage)) return;
    const usage = exchange.usage;
    tell(INPUT, usage.input);
    tell(OUTPUT, usage.output);
    tell(CACHED, usage.cachedInput);
    if (this.config.answerHeaders != AnswerHeaders.All) return;
    const note = this.memory.note(call.slot);
    const cost = this.pricer.price(exchange, this.memory.host(call.slot), note.startNanos);
    if (cost < 0) return;
    setHeader(HeaderMap.ResponseHeaders, COST, amountText(cost));
    setHeader(HeaderMap.ResponseHeaders, CURRENCY, this.config.currency.bytes);
  }

  onLog(call: AiCall): void {
    const exchange = call.exchange;
    if (!exchange || !exchange.isCall || call.isAnswered) return;
    const slot = call.slot;
    const note = this.memory.note(slot);
    if (exchange.isUncounted) {
      countUncounted(apiText(exchange.api));
      return;
    }
    const usage = exchange.usage;
    if (!isCharged(call)) return;
    this.attribute(call, exchange, note, slot);
    countTimes(exchange, note.startNanos, note.firstNanos, nowNanos(), to);
    writeUsage(usage);
    if (exchange.isResponseCompressed) reportError(this.name, COMPRESSED);
    if (!usage.isPresent && !isBilledAnyway(exchange)) return;
    countTokens(usage, to);
    if (usage.status == UsageStatus.Estimated) countEstimate(to);
    this.charge(exchange, note, slot);
  }

  private charge(exchange: Exchange, note: CallNote, slot: i32): void {
    if (this.config.prices.isEmpty) return;
    const cost = this.pricer.price(exchange, this.memory.host(slot), note.startNanos);
    const price = this.pricer.found;
    if (this.pricer.isUncertain || !price) reportError(this.name, ErrorKind.UnknownPrice);
    if (!price) return;
    note.cost = cost;
    countCost(cost, to);
    if (exchange.outcome != Outcome.Ok) countWaste(cost, exchange.outcome, to);
    const attempts = getPropertyI64(ATTEMPTS, 1);
    if (attempts > 1) countRisk(times(cost, attempts - 1), to);
    writeCost(cost, this.config.currency.bytes, price.id.bytes);
  }

  /** Whose call it is. New names get labels once a call was good. */
  private attribute(call: AiCall, exchange: Exchange, note: CallNote, slot: i32): void {
    const isGood = exchange.outcome == Outcome.Ok && exchange.usage.isPresent;
    if (isGood && note.nameLength > 0) {
      note.consumer = consumerLabel.admit(this.memory.name(slot), this.shared.maxConsumers);
    }
    if (isGood) this.writer.admit(note, this.memory.attribution(slot), this.shared.maxConsumers);
    to.model = labelOfModel(call, exchange);
    to.provider = providerLabel.reserve(providerText(exchange.provider));
    to.consumer = note.consumer;
    to.others = note.attribution;
    to.currency = this.currency;
    to.variant = labelOfVariant(call, isGood);
    to.split = to.variant == NONE ? NONE : labelOfSplit(call, isGood);
  }
}

/** Whether a call may cost something here. */
export function isCharged(call: AiCall): bool {
  const exchange = call.exchange;
  if (!exchange || !exchange.isCall || exchange.isFree || exchange.isUncounted) return false;
  return exchange.requestType != RequestType.Tool && exchange.requestType != RequestType.Batch;
}

/** Answers without any usage that may have a price for each call, or each image. */
function isBilledAnyway(exchange: Exchange): bool {
  const type = exchange.requestType;
  const isFlat = type == RequestType.Image || type == RequestType.Audio || type == RequestType.Rerank;
  return isFlat && exchange.outcome == Outcome.Ok;
}

function tell(name: Bytes, value: i64): void {
  setHeader(HeaderMap.ResponseHeaders, name, number.clear().i64(value).view());
}

function times(amount: i64, count: i64): i64 {
  return amount > i64.MAX_VALUE / count ? i64.MAX_VALUE : amount * count;
}
