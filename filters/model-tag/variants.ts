// Shares calls among variants of a model: chooses one, tells the route, renames the model for it, and takes a bad one out.
import { HeaderMap, LogLevel, MetricType } from "../../runtime/abi/enums";
import { AiCall } from "../../runtime/ai/call";
import { Exchange } from "../../runtime/ai/exchange";
import { Outcome, outcomeText, RequestFact, ResponseFact } from "../../runtime/ai/facts";
import { ModelSource } from "../../runtime/ai/model";
import { Part } from "../../runtime/ai/part";
import { quote } from "../../runtime/ai/reply";
import { splitLabel, variantLabel } from "../../runtime/ai/variant-labels";
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { SHA256_SIZE, sha256 } from "../../runtime/bytes/sha256";
import { sipHash128 } from "../../runtime/bytes/siphash";
import { Text } from "../../runtime/config/text";
import { nowNanos } from "../../runtime/host/clock";
import { setHeader } from "../../runtime/host/headers";
import { logText } from "../../runtime/host/log";
import { KeyWriter } from "../../runtime/match/key-writer";
import { Cause } from "../../runtime/stream/half";
import { addErrorKind, reportError } from "../../runtime/telemetry/errors";
import { setState, State } from "../../runtime/telemetry/filter-state";
import { Label } from "../../runtime/telemetry/labels";
import { Family } from "../../runtime/telemetry/series";
import { ModelTagConfig } from "./config";
import { RollbackState, Standing } from "./rollback-state";
import { Split } from "./split";
import { NO_VARIANT, standIn, variantByShare } from "./split-choice";

const outcomeLabel = new Label("outcome");
outcomeLabel.reserveAll(["ok", "error", "stream_error", "truncated", "aborted"]);
const calls = new Family(MetricType.Counter, "sluice.variant.requests", [splitLabel, variantLabel, outcomeLabel]);
const rolledBack = new Family(MetricType.Gauge, "sluice.split_rolled_back", [splitLabel, variantLabel]);

const NOT_REWRITABLE = addErrorKind(
  "not_rewritable",
  "a variant's model cannot be written into the body: sent to the largest variant that needs no other name",
);
const DIGEST_BYTES: i32 = 16;
const NO_SPLIT: i32 = -1;

/** One split, ready to be used. */
class LiveSplit {
  readonly writer: KeyWriter;
  readonly splitNumber: i32;
  readonly variantNumbers: i32[] = [];
  rollback: RollbackState | null = null;

  constructor(
    readonly split: Split,
    secret: string,
  ) {
    // The same in every process that has the same configuration: a caller keeps its variant behind any replica.
    const text = new Text(secret + "/" + split.name.toString());
    const digest = new StaticArray<u8>(SHA256_SIZE);
    sha256(text.bytes.ptr, text.bytes.length, changetype<usize>(digest));
    this.writer = new KeyWriter(load<u64>(changetype<usize>(digest)), load<u64>(changetype<usize>(digest), 8));
    this.splitNumber = splitLabel.reserve(split.name.bytes);
    for (let i = 0; i < split.variants.length; i++) {
      this.variantNumbers.push(variantLabel.reserve(split.variants[i].name.bytes));
    }
  }
}

/** State per slot: the split and variant of the call, its key's digest, and which splits and variants may match. */
export class Variants extends Part {
  private readonly splits: LiveSplit[] = [];
  private chosenSplits: StaticArray<i32> = new StaticArray<i32>(0);
  private chosenVariants: StaticArray<i32> = new StaticArray<i32>(0);
  private candidates: StaticArray<u32> = new StaticArray<u32>(0);
  private always: StaticArray<u16> = new StaticArray<u16>(0);
  private digests: StaticArray<u8> = new StaticArray<u8>(0);
  private readonly modelDigest: StaticArray<u8> = new StaticArray<u8>(DIGEST_BYTES);
  private readonly quoted: ByteBuffer = new ByteBuffer(128, 4096);

  constructor(
    private readonly config: ModelTagConfig,
    secret: string,
    private readonly instance: string,
  ) {
    super("model-tag");
    for (let i = 0; i < config.splits.length; i++) this.splits.push(new LiveSplit(config.splits[i], secret));
  }

  onOpen(configHash: u64): void {
    for (let i = 0; i < this.splits.length; i++) {
      const live = this.splits[i];
      const rollback = live.split.rollback;
      if (!rollback) continue;
      live.rollback = new RollbackState(rollback, this.instance, live.split.name.toString(), configHash);
    }
  }

  onTick(): void {
    for (let i = 0; i < this.splits.length; i++) this.tell(this.splits[i], false);
  }

  /** What is configured no more is not out any more. */
  onDelete(): void {
    for (let i = 0; i < this.splits.length; i++) this.tell(this.splits[i], true);
  }

  free(): void {
    this.quoted.free();
  }

  grow(slots: i32): void {
    const k = this.splits.length;
    this.chosenSplits = grown<i32>(this.chosenSplits, slots, NO_SPLIT);
    this.chosenVariants = grown<i32>(this.chosenVariants, slots, NO_VARIANT);
    this.candidates = grown<u32>(this.candidates, slots, 0);
    this.always = grown<u16>(this.always, slots * k, 0);
    this.digests = grown<u8>(this.digests, slots * k * DIGEST_BYTES, 0);
  }

  reset(slot: i32): void {
    this.chosenSplits[slot] = NO_SPLIT;
    this.chosenVariants[slot] = NO_VARIANT;
    this.candidates[slot] = 0;
  }

  /** What rules ask of headers is answered now: they are gone when the model is known. */
  onRequestHeaders(call: AiCall): void {
    const facts = call.facts;
    const k = this.splits.length;
    let mask: u32 = 0;
    for (let i = 0; i < k; i++) {
      const live = this.splits[i];
      if (!live.split.match.headersMatch(facts)) continue;
      mask |= (<u32>1) << i;
      let forced: u16 = 0;
      const variants = live.split.variants;
      for (let v = 0; v < variants.length; v++) {
        const always = variants[v].always;
        if (always && always.headersMatch(facts)) forced |= (<u16>1) << (<u16>v);
      }
      this.always[call.slot * k + i] = forced;
      live.split.key.build(facts, live.writer);
      live.writer.digest(this.digestAt(call.slot, i));
    }
    this.candidates[call.slot] = mask;
  }

  requestFacts(call: AiCall): RequestFact {
    return this.candidates[call.slot] ? RequestFact.Model : RequestFact.None;
  }

  responseInterest(call: AiCall): ResponseFact {
    return this.chosenSplits[call.slot] != NO_SPLIT ? ResponseFact.WholeBody : ResponseFact.None;
  }

  decideRequest(call: AiCall, cause: Cause): bool {
    const exchange = call.exchange;
    if (!exchange) return true;
    for (let rest = this.candidates[call.slot]; rest != 0; rest &= rest - 1) {
      const index = <i32>ctz(rest);
      const live = this.splits[index];
      if (!live.split.match.modelMatch(call.facts)) continue;
      this.choose(call, exchange, index, cause);
      break;
    }
    return true;
  }

  /** Modules that count by variant read it from filter state, wherever in the chain they stand. */
  editRequestHeaders(call: AiCall): void {
    if (!call.variant.isPresent) return;
    setHeader(HeaderMap.RequestHeaders, this.config.headers.variant.bytes, call.variant);
    setState(State.Split, call.split);
    setState(State.Variant, call.variant);
  }

  onLog(call: AiCall): void {
    const split = this.chosenSplits[call.slot];
    const variant = this.chosenVariants[call.slot];
    const exchange = call.exchange;
    if (split == NO_SPLIT || variant == NO_VARIANT || !exchange || call.isAnswered) return;
    const live = this.splits[split];
    const outcome = exchange.outcome;
    calls.increment(1, live.splitNumber, live.variantNumbers[variant], outcomeLabel.find(outcomeText(outcome)));
    const state = live.rollback;
    const rollback = live.split.rollback;
    if (!state || !rollback || rollback.variant != variant || outcome == Outcome.Aborted) return;
    const failed = outcome == Outcome.Error || outcome == Outcome.StreamError || outcome == Outcome.Truncated;
    if (!state.countCall(nowNanos(), failed)) return;
    rolledBack.record(1, live.splitNumber, live.variantNumbers[variant]);
    logText(
      LogLevel.Warn,
      this.name +
        ": split " +
        live.split.name.toString() +
        ": variant " +
        live.split.variants[variant].name.toString() +
        " failed too often and gets no more calls until the configuration changes",
    );
  }

  /** Sets the gauge, unless another configuration has a say in it now. */
  private tell(live: LiveSplit, isOver: bool): void {
    const state = live.rollback;
    const rollback = live.split.rollback;
    if (!state || !rollback || (isOver && !state.isClaimed)) return;
    const standing = state.standing;
    if (standing == Standing.Superseded) return;
    const isOut = standing == Standing.Out && !isOver;
    rolledBack.record(isOut ? 1 : 0, live.splitNumber, live.variantNumbers[rollback.variant]);
  }

  private choose(call: AiCall, exchange: Exchange, index: i32, cause: Cause): void {
    const live = this.splits[index];
    const split = live.split;
    let variant = this.forced(call, index);
    if (variant == NO_VARIANT) variant = variantByShare(split, this.place(call.slot, index, exchange));
    if (isOut(live, variant)) variant = standIn(split, variant);
    if (variant != NO_VARIANT && !this.rename(call, exchange, split, variant, cause)) {
      reportError(this.name, NOT_REWRITABLE, split.name.bytes);
      variant = plainVariant(split);
      if (isOut(live, variant)) variant = NO_VARIANT;
    }
    if (variant == NO_VARIANT) return;
    this.chosenSplits[call.slot] = index;
    this.chosenVariants[call.slot] = variant;
    call.variant = split.variants[variant].name.bytes;
    call.split = split.name.bytes;
  }

  /** The first variant that takes such calls always. */
  private forced(call: AiCall, index: i32): i32 {
    for (let rest = <u32>this.always[call.slot * this.splits.length + index]; rest != 0; rest &= rest - 1) {
      const variant = <i32>ctz(rest);
      const always = this.splits[index].split.variants[variant].always;
      if (always && always.modelMatch(call.facts)) return variant;
    }
    return NO_VARIANT;
  }

  /** The keyed hash that decides: of the key's digest, and of the model where the key names it. */
  private place(slot: i32, index: i32, exchange: Exchange): u64 {
    const digest = this.digestAt(slot, index);
    if (!this.splits[index].split.key.needsModel) return load<u64>(digest);
    const model = exchange.requestModel;
    const out = changetype<usize>(this.modelDigest);
    sipHash128(load<u64>(digest), load<u64>(digest, 8), model.ptr, model.length, out);
    return load<u64>(out);
  }

  /** Writes the variant's own name of the model into the body. False when the body cannot be changed. */
  private rename(call: AiCall, exchange: Exchange, split: Split, variant: i32, cause: Cause): bool {
    const name = split.variants[variant].rewrite;
    if (!name) return true;
    const facts = exchange.request;
    const isInHand = cause == Cause.Known || cause == Cause.End;
    if (!isInHand || exchange.modelSource != ModelSource.Json || facts.modelStart < 0) return false;
    if (facts.modelEnd <= facts.modelStart || facts.modelEnd > call.request.keptBytes) return false;
    this.quoted.clear();
    quote(this.quoted, name.bytes);
    return call.request.edits.add(<i32>facts.modelStart, <i32>(facts.modelEnd - facts.modelStart), this.quoted.view());
  }

  private digestAt(slot: i32, index: i32): usize {
    return changetype<usize>(this.digests) + <usize>((slot * this.splits.length + index) * DIGEST_BYTES);
  }
}

/** Whether the variant was taken out for its failures. A host call for the one that may be, none for the others. */
function isOut(live: LiveSplit, variant: i32): bool {
  const state = live.rollback;
  const rollback = live.split.rollback;
  return state != null && rollback != null && variant == rollback.variant && state.isOut;
}

/** The largest variant that needs no other name. */
function plainVariant(split: Split): i32 {
  let best = NO_VARIANT;
  for (let i = 0; i < split.variants.length; i++) {
    const variant = split.variants[i];
    if (variant.rewrite == null && (best == NO_VARIANT || variant.share > split.variants[best].share)) best = i;
  }
  return best;
}

function grown<T>(old: StaticArray<T>, length: i32, fresh: T): StaticArray<T> {
  const bigger = new StaticArray<T>(length);
  for (let i = 0; i < length; i++) bigger[i] = i < old.length ? old[i] : fresh;
  return bigger;
}
