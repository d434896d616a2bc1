// Under which hash the bucket of a call is found, and which of a rule's limits it has.
//
// Each rule hashes with a secret of its own (made of the process's secret, the rule's name, mode and unit): rules never
// share a bucket, a rule goes on with its buckets when its numbers change, and starts full when shadow becomes enforce.
import { KeyHash } from "../../runtime/ai/key-hash";
import { Bytes } from "../../runtime/bytes/bytes";
import { Text } from "../../runtime/config/text";
import { Consumer } from "../../runtime/match/consumers";
import { KeyKind, KeySource } from "../../runtime/match/key";
import { Override } from "./override";
import { Rule } from "./rule";
import { UNITS } from "./unit";

/** The limit of the rule itself, not of an override. */
export const OWN_LIMIT: i32 = -1;

/** The hashes of one rule. */
@final
export class BucketKey extends KeyHash {
  constructor(
    private readonly rule: Rule,
    high: u64,
    low: u64,
  ) {
    super(rule.key, rule.name.toString() + (rule.isShadow ? "/shadow/" : "/enforce/") + UNITS[rule.unit], high, low);
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
    const sources = this.key.sources;
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
