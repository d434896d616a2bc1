// Under which hash the bucket of a call is found, and which of a rule's limits it has.
//
// Each rule hashes with a secret of its own (made of the process's secret, the rule's name, mode and unit): rules never
// share a bucket, a rule goes on with its buckets when its numbers change, and starts full when shadow becomes enforce.
import { Bytes } from "../../runtime/bytes/bytes";
import { sipHash128 } from "../../runtime/bytes/siphash";
import { Text } from "../../runtime/config/text";
import { Consumer } from "../../runtime/match/consumers";
import { Facts } from "../../runtime/match/facts";
import { KeyKind, KeySource } from "../../runtime/match/key";
import { KeyWriter } from "../../runtime/match/key-writer";
import { MAX_MODEL_BYTES } from "../../runtime/ai/model";
import { Override } from "./override";
import { Rule } from "./rule";
import { UNITS } from "./unit";

/** The limit of the rule itself, not of an override. */
export const OWN_LIMIT: i32 = -1;

const MISSING = Bytes.constant("\x00missing");
const OVERFLOW = Bytes.constant("\x00overflow");
const scratch = memory.data(288, 8); // a hash and a model

/** The hashes of one rule. Made once the process's secret is known. */
@final
export class BucketKey {
  /** The last hash that was built. */
  high: u64 = 0;
  low: u64 = 0;
  /** Whether the call had all parts but, maybe, the model. */
  isWhole: bool = true;
  private readonly writer: KeyWriter;
  private readonly k0: u64;
  private readonly k1: u64;

  constructor(
    private readonly rule: Rule,
    high: u64,
    low: u64,
  ) {
    const mode = rule.isShadow ? "/shadow/" : "/enforce/";
    const identity = new Text(rule.name.toString() + mode + UNITS[rule.unit]);
    sipHash128(high, low, identity.bytes.ptr, identity.bytes.length, scratch);
    const k0 = load<u64>(scratch);
    const k1 = load<u64>(scratch, 8);
    this.k0 = k0;
    this.k1 = k1;
    this.writer = new KeyWriter(k0, k1);
  }

  /** Hashes all parts but the model, when the request's headers are there. */
  build(facts: Facts): void {
    const sources = this.rule.key.sources;
    const writer = this.writer;
    writer.clear();
    for (let i = 0, k = sources.length; i < k; i++) {
      writer.add(sources[i].kind == KeyKind.Model ? Bytes.empty() : sources[i].value(facts));
    }
    this.isWhole = writer.missing == 0;
    this.finish();
  }

  /** The first override for the key that was built: its number, `OWN_LIMIT` for none. Those with a model do not count. */
  findOverride(): i32 {
    const overrides = this.rule.overrides;
    for (let i = 0, k = overrides.length; i < k; i++) if (overrides[i].matches(this.writer)) return i;
    return OWN_LIMIT;
  }

  /** Notes as bits which overrides fit the key that was built, whatever the model. */
  noteOverrides(bits: usize): void {
    const overrides = this.rule.overrides;
    for (let i = 0, k = overrides.length; i < k; i++) {
      const word = bits + ((<usize>(i >> 5)) << 2);
      if ((i & 31) == 0) store<u32>(word, 0);
      const bit: u32 = 1 << (i & 31);
      if (overrides[i].matches(this.writer)) store<u32>(word, load<u32>(word) | bit);
    }
  }

  /** Of those noted the first that wants this model; `OWN_LIMIT` for none. */
  notedOverride(bits: usize, model: Bytes): i32 {
    const overrides = this.rule.overrides;
    for (let i = 0, k = overrides.length; i < k; i++) {
      const bit: u32 = 1 << (i & 31);
      const word = load<u32>(bits + ((<usize>(i >> 5)) << 2));
      if ((word & bit) != 0 && overrides[i].matchesModel(model)) return i;
    }
    return OWN_LIMIT;
  }

  /** Adds the model to a hash of the other parts. */
  addModel(high: u64, low: u64, model: Bytes): void {
    const length = min(model.length, MAX_MODEL_BYTES);
    store<u64>(scratch, high);
    store<u64>(scratch, low, 8);
    memory.copy(scratch + 16, model.ptr, length);
    this.hash(scratch, 16 + length);
  }

  /** The bucket of all calls that lack a part. */
  missing(): void {
    this.hash(MISSING.ptr, MISSING.length);
  }

  /** The bucket of keys for which there is no slot. */
  overflow(): void {
    this.hash(OVERFLOW.ptr, OVERFLOW.length);
  }

  /** The key that an override names; false when it names several. */
  ofOverride(entry: Override): bool {
    if (!entry.namesOne) return false;
    let model = Bytes.absent();
    this.writer.clear();
    for (let i = 0; i < entry.count; i++) {
      const isModel = entry.isModel(i);
      if (isModel) model = entry.part(i);
      this.writer.add(isModel ? Bytes.empty() : entry.part(i));
    }
    this.finish();
    if (model.isPresent) this.addModel(this.high, this.low, model);
    return true;
  }

  /** The key of a configured consumer, where nothing else of the call is in it; false when there is. */
  ofConsumer(consumer: Consumer): bool {
    const sources = this.rule.key.sources;
    if (sources.length == 0) return false;
    this.writer.clear();
    for (let i = 0; i < sources.length; i++) {
      const part = partOf(sources[i], consumer);
      if (!part.isPresent) return false;
      this.writer.add(part);
    }
    this.finish();
    return true;
  }

  private finish(): void {
    this.writer.digest(scratch);
    this.high = load<u64>(scratch);
    this.low = load<u64>(scratch, 8);
  }

  private hash(ptr: usize, length: i32): void {
    sipHash128(this.k0, this.k1, ptr, length, scratch);
    this.high = load<u64>(scratch);
    this.low = load<u64>(scratch, 8);
  }
}

function partOf(source: KeySource, consumer: Consumer): Bytes {
  switch (source.kind) {
    case KeyKind.Consumer:
      return consumer.name.bytes;
    case KeyKind.Team:
      return textOf(consumer.team);
    case KeyKind.Project:
      return textOf(consumer.project);
    case KeyKind.Tier:
      return textOf(consumer.tier);
    default:
      return Bytes.absent();
  }
}

function textOf(text: Text | null): Bytes {
  return text ? text.bytes : Bytes.absent();
}
