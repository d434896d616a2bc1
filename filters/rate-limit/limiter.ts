// The filter itself: brings the events of a call to those who decide, settle and tell.
import { HeaderMap } from "../../runtime/abi/enums";
import { AiCall, requestHead, responseHead } from "../../runtime/ai/call";
import { RequestFact, ResponseFact } from "../../runtime/ai/facts";
import { Part } from "../../runtime/ai/part";
import { Plugin } from "../../runtime/ai/plugin";
import { ClassifyRules } from "../../runtime/ai/rules";
import { Bytes } from "../../runtime/bytes/bytes";
import { SharedConfig } from "../../runtime/config/shared";
import { nowNanos } from "../../runtime/host/clock";
import { setHeader } from "../../runtime/host/headers";
import { Cause } from "../../runtime/stream/half";
import { beginGrant } from "./call-keys";
import { NO_RULE } from "./call-memory";
import { RateLimitConfig } from "./config";
import { isCounted } from "./cost";
import { Dialect } from "./dialects";
import { Asked } from "../../runtime/ai/questions";
import { LEASE_MS } from "./leases";
import { Limits } from "./limits";
import { FILTER, Ruling } from "./ruling";
import { settleCall } from "./settlement";
import { admitCaller, nameCaller, tell } from "./telemetry";
import { countsUsage, Unit } from "./unit";

const DEGRADE = Bytes.constant("x-ai-degrade");
const ACCEPT_ENCODING = Bytes.constant("accept-encoding");
const IDENTITY = Bytes.constant("identity");

/** Limits calls. State per call is in `CallMemory`. */
export class Limiter extends Part {
  private readonly limits: Limits;
  private readonly ruling: Ruling;
  private plugin: Plugin | null = null;

  constructor(config: RateLimitConfig, shared: SharedConfig) {
    super(FILTER);
    const limits = new Limits(config, shared);
    this.limits = limits;
    this.ruling = new Ruling(limits);
  }

  /** Requests are requests, whatever they ask for. */
  get wantsEveryRequest(): bool {
    const rules = this.limits.rules;
    for (let i = 0; i < rules.length; i++) if (!countsUsage(rules[i].unit)) return true;
    return false;
  }

  get readsEveryAnswer(): bool {
    return this.wantsEveryRequest && this.limits.headers.mayKeepProviders;
  }

  get mayHold(): bool {
    const rules = this.limits.rules;
    for (let i = 0; i < rules.length; i++) if (rules[i].needsModel || rules[i].reserves) return true;
    return false;
  }

  get classifyRules(): ClassifyRules | null {
    return this.limits.config.classify;
  }

  ownHeaders(): Bytes[] {
    return [DEGRADE];
  }

  onOpen(configHash: u64): void {
    this.limits.open();
  }

  grow(slots: i32): void {
    this.limits.memory.grow(slots);
    this.limits.global.grow(slots);
  }

  onRequestHeaders(call: AiCall): void {
    const limits = this.limits;
    const exchange = call.exchange;
    limits.memory.clear(call.slot);
    if (!exchange) return;
    this.plugin = call.plugin;
    const note = limits.memory.note(call.slot);
    for (let i = 0, k = limits.rules.length; i < k; i++) {
      const rule = limits.rules[i];
      if (countsUsage(rule.unit) && !isCounted(exchange)) continue;
      if (!rule.when.headersMatch(call.facts)) continue;
      note.matched |= (<u64>1) << (<u64>i);
      beginGrant(limits, call, i);
      if (rule.unit != Unit.Cost || note.startNanos != 0) continue;
      note.startNanos = nowNanos();
      limits.memory.keepHost(call.slot, requestHead.authority);
    }
    if (note.matched) nameCaller(limits, call, note);
  }

  requestFacts(call: AiCall): RequestFact {
    let facts = RequestFact.None;
    for (let rest = this.limits.memory.note(call.slot).matched; rest != 0; rest &= rest - 1) {
      const rule = this.limits.rules[<i32>ctz(rest)];
      if (rule.needsModel || (rule.reserves && rule.unit == Unit.Cost)) facts |= RequestFact.Model;
      if (rule.reserves) facts |= rule.unit == Unit.OutputTokens ? RequestFact.MaxOutput : RequestFact.WholeBody;
    }
    return facts;
  }

  requestInterest(call: AiCall): RequestFact {
    return this.limits.settles(call.slot) ? RequestFact.WholeBody : RequestFact.None;
  }

  decideRequest(call: AiCall, cause: Cause): bool {
    const exchange = call.exchange;
    const note = this.limits.memory.note(call.slot);
    return !exchange || note.matched == 0 || this.ruling.decide(call, exchange, note);
  }

  isAwaiting(call: AiCall): bool {
    return this.limits.memory.note(call.slot).asked == Asked.Pending;
  }

  confirmRequest(call: AiCall): bool {
    const exchange = call.exchange;
    const note = this.limits.memory.note(call.slot);
    return !exchange || note.asks == 0 || note.refusedBy != NO_RULE || this.ruling.confirm(call, exchange, note);
  }

  onGrpcReceive(token: u32, message: Bytes): bool {
    return this.limits.config.global.isUsed && this.limits.global.onReceive(token, message);
  }

  onGrpcClose(token: u32, status: i32): bool {
    return this.limits.config.global.isUsed && this.limits.global.onClose(token);
  }

  onTick(): void {
    const limits = this.limits;
    const plugin = this.plugin;
    limits.begin();
    if (limits.leases.isAny) limits.leases.giveBack(limits.clock(), false);
    if (!plugin) return;
    if (limits.leases.isAny) plugin.tickWithin(LEASE_MS, plugin.id);
    if (limits.config.global.isUsed) limits.global.sendOwed(plugin.id, plugin.id);
  }

  onDelete(): void {
    this.limits.begin();
    if (this.limits.leases.isAny) this.limits.leases.giveBack(this.limits.clock(), true);
  }

  editRequestHeaders(call: AiCall): void {
    const limits = this.limits;
    const note = limits.memory.note(call.slot);
    if (note.taggedBy != NO_RULE) {
      setHeader(HeaderMap.RequestHeaders, DEGRADE, limits.rules[note.taggedBy].name.bytes);
    }
    if (limits.shared.forceIdentity && limits.settles(call.slot)) {
      setHeader(HeaderMap.RequestHeaders, ACCEPT_ENCODING, IDENTITY);
    }
  }

  onResponseHeaders(call: AiCall): void {
    if (this.limits.memory.note(call.slot).matched) this.limits.headers.noteProviders(call.slot, responseHead);
  }

  responseInterest(call: AiCall): ResponseFact {
    return this.limits.settles(call.slot) ? ResponseFact.WholeBody : ResponseFact.None;
  }

  editResponseHeaders(call: AiCall): void {
    const limits = this.limits;
    if (!limits.memory.note(call.slot).isDecided || limits.config.reject.dialects & Dialect.None) return;
    limits.headers.write(call.slot, null);
  }

  onLog(call: AiCall): void {
    const limits = this.limits;
    const exchange = call.exchange;
    const note = limits.memory.note(call.slot);
    if (!exchange || !note.isDecided) return;
    if (note.refusedBy == NO_RULE) settleCall(limits, call, exchange, note);
    const outer = call.outer;
    if (limits.config.global.isUsed && outer) limits.global.sendOwed(call.plugin.id, outer.id);
    tell(limits, call.slot, note);
    admitCaller(limits, exchange, call.slot);
  }

  reset(slot: i32): void {
    this.limits.global.forget(slot);
    this.limits.memory.clear(slot);
  }
}
