// The filter itself: which rules are about a call, what they decide, what it cost when it is over.
import { HeaderMap } from "../../runtime/abi/enums";
import { AiCall, responseHead } from "../../runtime/ai/call";
import { Exchange } from "../../runtime/ai/exchange";
import { Outcome, RequestFact, ResponseFact, UsageStatus } from "../../runtime/ai/facts";
import { Part } from "../../runtime/ai/part";
import { Plugin } from "../../runtime/ai/plugin";
import { Bytes } from "../../runtime/bytes/bytes";
import { SharedConfig } from "../../runtime/config/shared";
import { nowNanos } from "../../runtime/host/clock";
import { setHeader } from "../../runtime/host/headers";
import { Cause } from "../../runtime/stream/half";
import { addErrorKind, ErrorKind, reportError } from "../../runtime/telemetry/errors";
import { OTHER } from "../../runtime/telemetry/labels";
import { AnswerHeaders } from "./answer-headers";
import { OWN_LIMIT } from "./bucket-key";
import { Buckets, taking } from "./buckets";
import { CallMemory, CallNote, NO_RULE } from "./call-memory";
import { RateLimitConfig } from "./config";
import { costOf, isCounted } from "./cost";
import { Dialect } from "./dialects";
import { Grant, GrantState } from "./grant";
import { OnError } from "./global-config";
import { Asked, GlobalLimits } from "./global-limits";
import { LEASE_MS, Leases } from "./leases";
import { Models } from "./models";
import { refuse, refuseMissing, refuseUnknown } from "./refusal";
import { OnMissingKey, Rule } from "./rule";
import { consumerLabel, countVerdict, ruleLabel, Verdict, writeState } from "./telemetry";
import { countsTokens, Unit } from "./unit";

const DEGRADE = Bytes.constant("x-ai-degrade");
const ACCEPT_ENCODING = Bytes.constant("accept-encoding");
const IDENTITY = Bytes.constant("identity");

const SERVICE_AWAY = addErrorKind(
  "rate_limit_service",
  "the rate limit service did not answer: decided as global.onError says",
);

/** Limits calls. State per call is in `CallMemory`. */
export class Limiter extends Part {
  private readonly rules: Rule[];
  private readonly memory: CallMemory;
  private readonly buckets: Buckets;
  private readonly models: Models;
  private readonly leases: Leases;
  private readonly global: GlobalLimits;
  private readonly headers: AnswerHeaders;
  private readonly ruleLabels: StaticArray<i32>;
  private readonly countsAnyTokens: bool;
  private now: i64 = 0;
  private plugin: Plugin | null = null;

  constructor(
    private readonly config: RateLimitConfig,
    private readonly shared: SharedConfig,
  ) {
    super("rate-limit");
    const rules = config.rules;
    this.rules = rules;
    const memory = new CallMemory(rules);
    const buckets = new Buckets(rules, shared, config.global.isUsed, config.maxKeys);
    this.memory = memory;
    this.buckets = buckets;
    this.models = new Models(shared);
    this.leases = new Leases(rules, buckets);
    this.global = new GlobalLimits(config.global, rules, memory, buckets);
    this.headers = new AnswerHeaders(rules, memory, buckets, config.reject.dialects);
    this.ruleLabels = new StaticArray<i32>(rules.length);
    let countsAnyTokens = false;
    for (let i = 0; i < rules.length; i++) if (countsTokens(rules[i].unit)) countsAnyTokens = true;
    this.countsAnyTokens = countsAnyTokens;
  }

  /** Requests are requests, whatever they ask for. */
  get wantsEveryRequest(): bool {
    for (let i = 0; i < this.rules.length; i++) if (!countsTokens(this.rules[i].unit)) return true;
    return false;
  }

  get mayHold(): bool {
    for (let i = 0; i < this.rules.length; i++) if (this.rules[i].needsModel || this.rules[i].reserves) return true;
    return false;
  }

  ownHeaders(): Bytes[] {
    return [DEGRADE];
  }

  onOpen(configHash: u64): void {
    if (this.rules.length == 0) return;
    this.buckets.open();
    if (this.countsAnyTokens) this.models.open();
    for (let i = 0; i < this.rules.length; i++) this.ruleLabels[i] = ruleLabel.reserve(this.rules[i].name.bytes);
    const consumers = this.shared.consumers;
    for (let i = 0; i < consumers.entries.length; i++) consumerLabel.reserve(consumers.entries[i].name.bytes);
    const stranger = consumers.defaultConsumer;
    if (stranger) consumerLabel.reserve(stranger.bytes);
  }

  grow(slots: i32): void {
    this.memory.grow(slots);
    this.global.grow(slots);
  }

  reset(slot: i32): void {
    this.global.forget(slot);
    this.memory.clear(slot);
  }

  onTick(): void {
    if (this.leases.isAny) this.leases.giveBack(<i64>nowNanos(), false);
    const plugin = this.plugin;
    if (!plugin) return;
    if (this.leases.isAny) plugin.tickWithin(LEASE_MS, plugin.id);
    if (this.config.global.isUsed) this.global.sendOwed(plugin.id, plugin.id);
  }

  onDelete(): void {
    if (this.leases.isAny) this.leases.giveBack(<i64>nowNanos(), true);
  }

  onRequestHeaders(call: AiCall): void {
    const slot = call.slot;
    const exchange = call.exchange;
    this.memory.clear(slot);
    if (!exchange) return;
    const note = this.memory.note(slot);
    for (let i = 0, k = this.rules.length; i < k; i++) {
      const rule = this.rules[i];
      if (countsTokens(rule.unit) && !isCounted(exchange)) continue;
      if (!rule.when.headersMatch(call.facts)) continue;
      note.matched |= (<u64>1) << (<u64>i);
      this.buildKey(call, i);
    }
    if (note.matched) this.nameCaller(call, note);
  }

  requestFacts(call: AiCall): RequestFact {
    let facts = RequestFact.None;
    for (let rest = this.memory.note(call.slot).matched; rest != 0; rest &= rest - 1) {
      const rule = this.rules[<i32>ctz(rest)];
      if (rule.needsModel) facts |= RequestFact.Model;
      if (rule.reserves) facts |= rule.unit == Unit.OutputTokens ? RequestFact.MaxOutput : RequestFact.WholeBody;
    }
    return facts;
  }

  requestInterest(call: AiCall): RequestFact {
    return this.settles(call) ? RequestFact.WholeBody : RequestFact.None;
  }

  decideRequest(call: AiCall, cause: Cause): bool {
    const exchange = call.exchange;
    const slot = call.slot;
    const note = this.memory.note(slot);
    if (!exchange || note.matched == 0) return true;
    this.now = 0;
    this.plugin = call.plugin;
    note.isDecided = true;
    for (let rest = note.matched; rest != 0; rest &= rest - 1) {
      const index = <i32>ctz(rest);
      const rule = this.rules[index];
      const grant = this.memory.grant(slot, index);
      if (!this.isAbout(call, exchange, index)) {
        grant.state = GrantState.None;
        continue;
      }
      if (!grant.isWhole && rule.onMissingKey == OnMissingKey.Reject && !rule.isShadow) {
        this.takeBack(slot, index);
        note.refusedBy = index;
        grant.state = GrantState.Over;
        refuseMissing(call.reply, this.config.reject, rule);
        countVerdict(Verdict.Throttled, this.ruleLabels[index], note.consumer);
        return false;
      }
      if (!this.decide(call, exchange, note, index)) return false;
    }
    if (note.asks == 0) {
      this.countAll(slot, note);
      return true;
    }
    return this.global.ask(call, note.asks) || this.decideAlone(call, exchange, note);
  }

  isAwaiting(call: AiCall): bool {
    return this.memory.note(call.slot).asked == Asked.Pending;
  }

  /** The rate limit service answered, or did not. */
  confirmRequest(call: AiCall): bool {
    const note = this.memory.note(call.slot);
    const exchange = call.exchange;
    if (!exchange || note.asks == 0 || note.refusedBy != NO_RULE) return true;
    this.now = 0;
    if (note.asked != Asked.Answered) return this.decideAlone(call, exchange, note);
    for (let rest = note.asks; rest != 0; rest &= rest - 1) {
      const index = <i32>ctz(rest);
      const grant = this.memory.grant(call.slot, index);
      if (grant.answer == GrantState.Granted) grant.state = GrantState.Granted;
      else if (!this.letOver(call, note, index, this.rules.length)) return false;
    }
    this.countAll(call.slot, note);
    return true;
  }

  onGrpcReceive(token: u32, message: Bytes): bool {
    return this.config.global.isUsed && this.global.onReceive(token, message);
  }

  onGrpcClose(token: u32, status: i32): bool {
    return this.config.global.isUsed && this.global.onClose(token);
  }

  editRequestHeaders(call: AiCall): void {
    const note = this.memory.note(call.slot);
    if (note.taggedBy != NO_RULE) {
      setHeader(HeaderMap.RequestHeaders, DEGRADE, this.rules[note.taggedBy].name.bytes);
      call.isRouteChanged = true;
    }
    if (this.shared.forceIdentity && this.settles(call)) {
      setHeader(HeaderMap.RequestHeaders, ACCEPT_ENCODING, IDENTITY);
    }
  }

  onResponseHeaders(call: AiCall): void {
    if (this.memory.note(call.slot).matched) this.headers.noteProviders(call.slot, responseHead);
  }

  responseInterest(call: AiCall): ResponseFact {
    return this.settles(call) ? ResponseFact.WholeBody : ResponseFact.None;
  }

  editResponseHeaders(call: AiCall): void {
    const note = this.memory.note(call.slot);
    if (!note.isDecided || this.config.reject.dialects & Dialect.None) return;
    this.headers.write(call.slot, null);
  }

  onLog(call: AiCall): void {
    const exchange = call.exchange;
    const slot = call.slot;
    const note = this.memory.note(slot);
    if (!exchange || !note.isDecided) return;
    if (note.refusedBy == NO_RULE) this.settle(call, exchange, note);
    const outer = call.outer;
    if (this.config.global.isUsed && outer) this.global.sendOwed(call.plugin.id, outer.id);
    this.tell(slot, note);
    this.admitCaller(exchange, slot, note);
  }

  /** Hashes the parts of a rule's key that the headers tell. */
  private buildKey(call: AiCall, index: i32): void {
    const rule = this.rules[index];
    const key = this.buckets.keys[index];
    const grant = this.memory.grant(call.slot, index);
    key.build(call.facts);
    grant.high = key.high;
    grant.low = key.low;
    grant.units = 0;
    grant.isAlone = false;
    grant.isWhole = key.isWhole;
    grant.state = GrantState.Matched;
    grant.limit = OWN_LIMIT;
    if (rule.key.needsModel) key.noteOverrides(this.memory.bits(call.slot, index));
    else grant.limit = key.findOverride();
  }

  /** Whether a rule is about the call, now that its model is known or given up; finishes the rule's key. */
  private isAbout(call: AiCall, exchange: Exchange, index: i32): bool {
    const rule = this.rules[index];
    const grant = this.memory.grant(call.slot, index);
    const key = this.buckets.keys[index];
    if (rule.when.needsModel) {
      call.facts.open(call);
      if (!rule.when.modelMatch(call.facts)) return false;
    }
    if (rule.key.needsModel) {
      const model = exchange.requestModel;
      if (!model.isPresent) grant.isWhole = false;
      else {
        key.addModel(grant.high, grant.low, model);
        grant.high = key.high;
        grant.low = key.low;
        grant.limit = key.notedOverride(this.memory.bits(call.slot, index), model);
      }
    }
    if (grant.isWhole) return true;
    if (rule.onMissingKey == OnMissingKey.Skip) return false;
    key.missing();
    grant.high = key.high;
    grant.low = key.low;
    grant.limit = OWN_LIMIT;
    return true;
  }

  /** Asks one rule. False: the call is refused, and answered. */
  private decide(call: AiCall, exchange: Exchange, note: CallNote, index: i32): bool {
    const rule = this.rules[index];
    const slot = call.slot;
    const grant = this.memory.grant(slot, index);
    if (this.global.keeps(rule)) {
      note.asks |= (<u64>1) << (<u64>index);
      grant.askedHigh = grant.high;
      grant.askedLow = grant.low;
      if (!rule.reserves) {
        grant.state = GrantState.Asked;
        return true;
      }
    } else if (this.leases.spend(index, grant)) return true;
    if (!this.buckets.take(index, grant, this.askedOf(call, exchange, note, rule), this.clock())) {
      reportError(this.name, ErrorKind.HostFault, rule.name.bytes);
      grant.state = GrantState.Unknown;
      if (!this.config.failsClosed || rule.isShadow) return true;
      this.takeBack(slot, index);
      note.refusedBy = index;
      refuseUnknown(call.reply, rule);
      return false;
    }
    if (taking.tookExtra) {
      this.leases.keep(index, grant);
      call.plugin.tickWithin(LEASE_MS, call.request.reader);
    }
    return grant.state != GrantState.Over || this.letOver(call, note, index, index);
  }

  /** A rule's limit is reached: false when the call is refused for it, and answered. Rules before `taken` took something. */
  private letOver(call: AiCall, note: CallNote, index: i32, taken: i32): bool {
    const rule = this.rules[index];
    const slot = call.slot;
    const grant = this.memory.grant(slot, index);
    const asked = countsTokens(rule.unit) ? grant.units / this.buckets.limitOf(rule, grant).meter.scale : 0;
    if (rule.isShadow || rule.tags) this.giveBack(index, grant);
    grant.state = GrantState.Over;
    if (rule.isShadow) return true;
    if (rule.tags) {
      grant.state = GrantState.Tagged;
      if (note.taggedBy == NO_RULE) note.taggedBy = index;
      return true;
    }
    this.takeBack(slot, taken);
    note.refusedBy = index;
    refuse(call.reply, this.config.reject, rule, grant, asked);
    if (!(this.config.reject.dialects & Dialect.None)) this.headers.write(slot, call.reply.headers);
    countVerdict(Verdict.Throttled, this.ruleLabels[index], note.consumer);
    return false;
  }

  /** Parts of tokens that a call asks a rule for. */
  private askedOf(call: AiCall, exchange: Exchange, note: CallNote, rule: Rule): i64 {
    if (!countsTokens(rule.unit)) return 1;
    if (!rule.reserves) return 0;
    if (!note.isEstimated) {
      const isRead = exchange.isRequestKnown(RequestFact.WholeBody);
      this.models.estimate(exchange, note, isRead, call.requestLength);
    }
    return rule.weights.ofEstimate(note.input, note.cached, note.output);
  }

  /** Nanoseconds since 1970, read once in a decision, and not at all where leases are spent. */
  private clock(): i64 {
    if (this.now == 0) this.now = <i64>nowNanos();
    return this.now;
  }

  /** Takes back what the rules before this one took. */
  private takeBack(slot: i32, before: i32): void {
    for (let i = 0; i < before; i++) {
      const grant = this.memory.grant(slot, i);
      this.giveBack(i, grant);
      if (grant.state == GrantState.Granted || grant.state == GrantState.Asked) grant.state = GrantState.None;
    }
  }

  /** Takes back what one rule took. */
  private giveBack(index: i32, grant: Grant): void {
    if (grant.state != GrantState.Granted) return;
    const isGood = (grant.isLeased && this.leases.undo(index, grant)) || this.buckets.undo(index, grant, this.clock());
    if (!isGood) reportError(this.name, ErrorKind.HostFault, this.rules[index].name.bytes);
    grant.units = 0;
  }

  /** The rate limit service is away: each rule that it keeps decides as `onError` says. */
  private decideAlone(call: AiCall, exchange: Exchange, note: CallNote): bool {
    const slot = call.slot;
    note.asked = Asked.Failed;
    for (let rest = note.asks; rest != 0; rest &= rest - 1) {
      const index = <i32>ctz(rest);
      const rule = this.rules[index];
      const grant = this.memory.grant(slot, index);
      reportError(this.name, SERVICE_AWAY, rule.name.bytes);
      if (rule.isShadow || this.config.global.onError == OnError.Open) {
        if (grant.state == GrantState.Asked) grant.state = GrantState.Unknown;
        continue;
      }
      if (this.config.global.onError == OnError.Closed) {
        this.takeBack(slot, this.rules.length);
        note.refusedBy = index;
        refuseUnknown(call.reply, rule);
        countVerdict(Verdict.Throttled, this.ruleLabels[index], note.consumer);
        return false;
      }
      this.giveBack(index, grant);
      this.buckets.standAlone(grant);
      const isKnown = this.buckets.take(index, grant, this.askedOf(call, exchange, note, rule), this.clock());
      if (!isKnown) grant.state = GrantState.Unknown;
      else if (grant.state == GrantState.Over && !this.letOver(call, note, index, this.rules.length)) return false;
    }
    this.countAll(slot, note);
    return true;
  }

  private countAll(slot: i32, note: CallNote): void {
    for (let rest = note.matched; rest != 0; rest &= rest - 1) {
      const index = <i32>ctz(rest);
      const state = this.memory.grant(slot, index).state;
      if (state == GrantState.Granted) countVerdict(Verdict.Allowed, this.ruleLabels[index], note.consumer);
      else if (state == GrantState.Over || state == GrantState.Tagged) {
        countVerdict(Verdict.WouldThrottle, this.ruleLabels[index], note.consumer);
      }
    }
  }

  /** Whether something is owed when the call is over that its answer tells. */
  private settles(call: AiCall): bool {
    if (!this.countsAnyTokens) return false;
    const note = this.memory.note(call.slot);
    if (note.refusedBy != NO_RULE) return false;
    for (let rest = note.matched; rest != 0; rest &= rest - 1)
      if (countsTokens(this.rules[<i32>ctz(rest)].unit)) return true;
    return false;
  }

  /** The call is over: every rule gets what it cost instead of what was reserved. */
  private settle(call: AiCall, exchange: Exchange, note: CallNote): void {
    const slot = call.slot;
    let now: i64 = 0;
    for (let rest = note.matched; rest != 0; rest &= rest - 1) {
      const index = <i32>ctz(rest);
      const rule = this.rules[index];
      const grant = this.memory.grant(slot, index);
      const isUnsent = call.isAnswered || note.asked == Asked.Pending;
      const wentOn = !isUnsent && (grant.state == GrantState.Granted || grant.state == GrantState.Unknown);
      const isOwed = wentOn && countsTokens(rule.unit) && this.global.keeps(rule);
      if (isOwed && !this.global.charge(index, grant, this.costFor(exchange, note, rule, grant))) {
        reportError(this.name, ErrorKind.StateFull, rule.name.bytes);
      }
      if (grant.state != GrantState.Granted || (!rule.isReserving && !isUnsent)) continue;
      if (this.global.keeps(rule) && !rule.reserves && !grant.isAlone) continue;
      if (now == 0) now = <i64>nowNanos();
      const isGood = isUnsent
        ? this.buckets.undo(index, grant, now)
        : this.buckets.settle(index, grant, this.costFor(exchange, note, rule, grant), now);
      if (!isGood) reportError(this.name, ErrorKind.HostFault, rule.name.bytes);
    }
    if (this.countsAnyTokens && exchange.usage.status == UsageStatus.Complete && this.settles(call)) {
      this.models.learn(exchange, now == 0 ? <i64>nowNanos() : now);
    }
  }

  /** Parts of tokens that a call cost. */
  private costFor(exchange: Exchange, note: CallNote, rule: Rule, grant: Grant): i64 {
    if (!countsTokens(rule.unit)) return 0;
    if (!note.isEstimated && exchange.usage.status != UsageStatus.Complete) {
      this.models.estimate(exchange, note, exchange.isRequestKnown(RequestFact.WholeBody), -1);
    }
    return costOf(exchange, rule.weights, note);
  }

  private tell(slot: i32, note: CallNote): void {
    let told = note.refusedBy;
    let verdict = told != NO_RULE ? Verdict.Throttled : Verdict.Allowed;
    for (let rest = note.matched; rest != 0 && note.refusedBy == NO_RULE; rest &= rest - 1) {
      const index = <i32>ctz(rest);
      const state = this.memory.grant(slot, index).state;
      const isOver = state == GrantState.Over || state == GrantState.Tagged;
      if (isOver && verdict == Verdict.Allowed) {
        verdict = Verdict.WouldThrottle;
        told = index;
      }
      if (state == GrantState.Granted && told == NO_RULE) told = index;
    }
    if (told == NO_RULE) return;
    const grant = this.memory.grant(slot, told);
    writeState(verdict, this.rules[told].name.bytes, grant, note.isEstimated ? note.input + note.output : 0);
  }

  /** Finds the caller's label; one who has none yet is remembered until the call was good. */
  private nameCaller(call: AiCall, note: CallNote): void {
    const name = call.facts.consumer();
    note.consumer = consumerLabel.find(name);
    if (note.consumer == OTHER) this.memory.keepName(call.slot, name);
  }

  private admitCaller(exchange: Exchange, slot: i32, note: CallNote): void {
    if (note.nameLength == 0 || exchange.outcome != Outcome.Ok || !exchange.usage.isPresent) return;
    consumerLabel.admit(this.memory.name(slot), this.shared.maxConsumers);
  }
}
