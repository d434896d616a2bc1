// The filter itself: waits for the model, decides, writes the headers.
import { GrpcStatus, HeaderMap } from "../../runtime/abi/enums";
import { AiCall } from "../../runtime/ai/call";
import { Exchange } from "../../runtime/ai/exchange";
import { RequestFact, ResponseFact } from "../../runtime/ai/facts";
import { ModelProblem, ModelSource } from "../../runtime/ai/model";
import { Part } from "../../runtime/ai/part";
import { providerText } from "../../runtime/ai/provider";
import { ErrorKind as ReplyKind } from "../../runtime/ai/reply";
import { ClassifyRules } from "../../runtime/ai/rules";
import { requestTypeText, RequestType } from "../../runtime/ai/request-type";
import { Bytes } from "../../runtime/bytes/bytes";
import { SharedConfig } from "../../runtime/config/shared";
import { setHeader } from "../../runtime/host/headers";
import { GlobList } from "../../runtime/match/glob";
import { Cause } from "../../runtime/stream/half";
import { addErrorKind, ErrorKind, reportError } from "../../runtime/telemetry/errors";
import { setState, State } from "../../runtime/telemetry/filter-state";
import { admit, Admission, isLimited } from "./admission";
import { ModelTagConfig, OnUnknown } from "./config";

const UNKNOWN = Bytes.constant("unknown");
const OTHER = Bytes.constant("other");
const TRUE = Bytes.constant("true");
const FALSE = Bytes.constant("false");

const NOT_FOUND = Bytes.constant("model_not_found");
const TOO_LARGE = Bytes.constant("request_too_large");
const AMBIGUOUS = Bytes.constant("ambiguous_model");
const UNREADABLE = Bytes.constant("unreadable_model");
const NOT_ALLOWED_DETAILS = Bytes.constant("sluice_model_not_allowed");
const TOO_LARGE_DETAILS = Bytes.constant("sluice_model_beyond_limit");
const AMBIGUOUS_DETAILS = Bytes.constant("sluice_model_ambiguous");
const UNREADABLE_DETAILS = Bytes.constant("sluice_model_unreadable");

const COMPRESSED = addErrorKind("compressed_body", "a request body is compressed: tagged by its path only");
const INVALID_MODEL = addErrorKind(
  "invalid_model",
  "a model's name is no text of 1 to 256 printable bytes: tagged unknown",
);
const TWO_MODELS = addErrorKind(
  "two_models",
  "a body names two different models: tagged with the last, as servers read it",
);

/** Tags one call. State per slot: which tier rules may match, and whether the model is told as `other`. */
export class Tagger extends Part {
  private tiers: StaticArray<u64> = new StaticArray<u64>(0);
  private others: StaticArray<bool> = new StaticArray<bool>(0);

  constructor(
    private readonly config: ModelTagConfig,
    private readonly shared: SharedConfig,
  ) {
    super("model-tag");
  }

  get wantsEveryRequest(): bool {
    return this.config.tagsAll;
  }

  get readsEveryAnswer(): bool {
    return false;
  }

  get classifyRules(): ClassifyRules | null {
    return this.config.classify;
  }

  ownHeaders(): Bytes[] {
    const headers = this.config.headers;
    return [
      headers.model.bytes,
      headers.requestType.bytes,
      headers.provider.bytes,
      headers.stream.bytes,
      headers.tier.bytes,
      headers.variant.bytes,
    ];
  }

  grow(slots: i32): void {
    const tiers = new StaticArray<u64>(slots);
    const others = new StaticArray<bool>(slots);
    for (let i = 0; i < this.tiers.length; i++) {
      tiers[i] = this.tiers[i];
      others[i] = this.others[i];
    }
    this.tiers = tiers;
    this.others = others;
  }

  reset(slot: i32): void {
    this.tiers[slot] = 0;
    this.others[slot] = false;
  }

  onRequestHeaders(call: AiCall): void {
    let mask: u64 = 0;
    const rules = this.config.tiers;
    for (let i = 0; i < rules.length; i++) if (rules[i].when.headersMatch(call.facts)) mask |= (<u64>1) << i;
    this.tiers[call.slot] = mask;
  }

  requestFacts(call: AiCall): RequestFact {
    const facts = RequestFact.Model | RequestFact.Stream;
    return this.enforces(call) ? facts | RequestFact.WholeBody : facts;
  }

  decideRequest(call: AiCall, cause: Cause): bool {
    const exchange = call.exchange;
    if (!exchange || !exchange.isCall) return true;
    this.count(exchange);
    this.settleTier(call);
    if (exchange.requestType == RequestType.Tool) return true; // tools have no model that could be checked
    const isBeyondBounds = cause > Cause.End;
    const model = exchange.requestModel;
    const admission = admit(this.config, this.modelsOf(call), model, exchange.modelProblem, isBeyondBounds);
    if (admission == Admission.Pass) return true;
    if (admission == Admission.TagOther) {
      this.others[call.slot] = true;
      return true;
    }
    this.refuse(call, admission, model);
    return false;
  }

  editRequestHeaders(call: AiCall): void {
    const exchange = call.exchange;
    if (!exchange) return;
    const headers = this.config.headers;
    const type = exchange.requestType == RequestType.None ? RequestType.Chat : exchange.requestType;
    const map = HeaderMap.RequestHeaders;
    setHeader(map, headers.model.bytes, this.tag(call, exchange));
    setHeader(map, headers.requestType.bytes, requestTypeText(type));
    setHeader(map, headers.stream.bytes, exchange.isStream ? TRUE : FALSE);
    const provider = providerText(exchange.provider);
    if (provider.isPresent) setHeader(map, headers.provider.bytes, provider);
    const tier = this.tierOf(call);
    if (tier.isPresent) setHeader(map, headers.tier.bytes, tier);
  }

  responseFacts(call: AiCall): ResponseFact {
    return ResponseFact.Model;
  }

  editResponseHeaders(call: AiCall): void {
    const exchange = call.exchange;
    if (!exchange) return;
    const answered = exchange.responseModel;
    setHeader(
      HeaderMap.ResponseHeaders,
      this.config.headers.model.bytes,
      answered.isPresent ? answered : this.tag(call, exchange),
    );
  }

  onLog(call: AiCall): void {
    const tier = this.tierOf(call);
    if (tier.isPresent) setState(State.Tier, tier);
  }

  /** The tag of the model asked for. */
  private tag(call: AiCall, exchange: Exchange): Bytes {
    if (this.others[call.slot]) return OTHER;
    const model = exchange.requestModel;
    // A model beyond the limit may have come with the bytes that were there, or not: the tag does not depend on it.
    return model.isPresent && exchange.modelSource != ModelSource.Limit ? model : UNKNOWN;
  }

  /** Of the rules whose other members held, keeps the first whose models hold as well. */
  private settleTier(call: AiCall): void {
    const mask = this.tiers[call.slot];
    this.tiers[call.slot] = 0;
    for (let rest = mask; rest != 0; rest &= rest - 1) {
      const index = <i32>ctz(rest);
      if (!this.config.tiers[index].when.modelMatch(call.facts)) continue;
      this.tiers[call.slot] = (<u64>1) << index;
      return;
    }
  }

  private tierOf(call: AiCall): Bytes {
    const mask = this.tiers[call.slot];
    if (mask != 0) return this.config.tiers[<i32>ctz(mask)].value.bytes;
    const entry = this.shared.consumers.entry(call.consumer);
    const tier = entry ? entry.tier : null;
    return tier ? tier.bytes : Bytes.absent();
  }

  private modelsOf(call: AiCall): GlobList | null {
    const entry = this.shared.consumers.entry(call.consumer);
    return entry ? entry.models : null;
  }

  private enforces(call: AiCall): bool {
    if (this.config.onUnknown != OnUnknown.Reject) return false;
    return isLimited(this.config.allowedModels, this.modelsOf(call));
  }

  private count(exchange: Exchange): void {
    switch (exchange.modelProblem) {
      case ModelProblem.InvalidBody:
        return reportError(this.name, ErrorKind.InvalidJson);
      case ModelProblem.Compressed:
        return reportError(this.name, COMPRESSED);
      case ModelProblem.TwoDifferent:
        return reportError(this.name, TWO_MODELS);
      case ModelProblem.NotAString:
      case ModelProblem.Empty:
      case ModelProblem.TooLong:
      case ModelProblem.ControlCharacters:
        return reportError(this.name, INVALID_MODEL);
      default:
        return;
    }
  }

  private refuse(call: AiCall, admission: Admission, model: Bytes): void {
    const reply = call.reply;
    if (admission == Admission.NotAllowed) {
      const text = reply.open(404, ReplyKind.NotFound, GrpcStatus.NotFound, NOT_FOUND, NOT_ALLOWED_DETAILS);
      text
        .add(NOT_ALLOWED_TEXT)
        .add(model.isPresent ? model : UNKNOWN)
        .add(NOT_ALLOWED_END);
    } else if (admission == Admission.TooLarge) {
      reply.open(413, ReplyKind.TooLarge, GrpcStatus.InvalidArgument, TOO_LARGE, TOO_LARGE_DETAILS).add(TOO_LARGE_TEXT);
    } else if (admission == Admission.Ambiguous) {
      reply
        .open(400, ReplyKind.InvalidRequest, GrpcStatus.InvalidArgument, AMBIGUOUS, AMBIGUOUS_DETAILS)
        .add(AMBIGUOUS_TEXT);
    } else {
      const text = reply.open(
        400,
        ReplyKind.InvalidRequest,
        GrpcStatus.InvalidArgument,
        UNREADABLE,
        UNREADABLE_DETAILS,
      );
      text.add(UNREADABLE_TEXT);
    }
  }
}

const NOT_ALLOWED_TEXT = Bytes.constant("The model `");
const NOT_ALLOWED_END = Bytes.constant("` does not exist or you do not have access to it.");
const TOO_LARGE_TEXT = Bytes.constant(
  "The request's `model` lies beyond the part of the body that the gateway reads. Put `model` first.",
);
const AMBIGUOUS_TEXT = Bytes.constant("The request has two different `model` members. Send one.");
const UNREADABLE_TEXT = Bytes.constant(
  "The gateway cannot read which `model` the request asks for, and must check it.",
);
