// The buckets of one configuration in shared data: taken from, settled, taken back.
import { sipHash128 } from "../../runtime/bytes/siphash";
import { SharedConfig } from "../../runtime/config/shared";
import { Text } from "../../runtime/config/text";
import { Outcome } from "../../runtime/state/cas";
import { openSecret, secretHigh, secretLow } from "../../runtime/state/secret";
import { Table } from "../../runtime/state/table";
import { BucketKey, OWN_LIMIT } from "./bucket-key";
import { FullestFirst, Settling, Taking, Undoing } from "./changes";
import { Grant, GrantState } from "./grant";
import { Limit } from "./limit";
import { Rule } from "./rule";
import { PLAIN, RESERVING } from "./slot";

/** What came of the last taking. */
export const taking = new Taking();
/** Tells buckets apart that hold while the rate limit service is away. */
const ALONE: u64 = 0x616c6f6e65;
const common = memory.data(16, 8);
const settling = new Settling();
const undoing = new Undoing();


@final
export class Buckets {
  /** One for each rule. */
  readonly keys: BucketKey[] = [];
  private readonly eviction: FullestFirst;
  private readonly plain: Table;
  private readonly reserving: Table;

  constructor(
    private readonly rules: Rule[],
    private readonly shared: SharedConfig,
    /** Whether some rules hold for all replicas together: their keys must be the same everywhere. */
    private readonly isGlobal: bool,
    maxKeys: i32,
  ) {
    const instance = shared.instance.toString();
    const eviction = new FullestFirst();
    this.eviction = eviction;
    this.plain = new Table(instance, "buckets", PLAIN, maxKeys, eviction);
    this.reserving = new Table(instance, "reserving", RESERVING, maxKeys, eviction);
  }

  /** Makes it ready, and gives the keys that the configuration names their slots. */
  open(): void {
    openSecret();
    const hashKey = new Text(this.shared.hashKey);
    sipHash128(0, 0, hashKey.bytes.ptr, hashKey.bytes.length, common);
    this.plain.open();
    this.reserving.open();
    const consumers = this.shared.consumers.entries;
    for (let i = 0; i < this.rules.length; i++) {
      const rule = this.rules[i];
      const isCommon = this.isGlobal && rule.isGlobal;
      const key = isCommon
        ? new BucketKey(rule, load<u64>(common), load<u64>(common, 8))
        : new BucketKey(rule, secretHigh(), secretLow());
      this.keys.push(key);
      const table = this.tableOf(rule);
      key.overflow();
      table.reserve(key.high, key.low);
      for (let k = 0; k < rule.overrides.length; k++) {
        if (key.ofOverride(rule.overrides[k])) table.reserve(key.high, key.low);
      }
      for (let k = 0; k < consumers.length; k++) if (key.ofConsumer(consumers[k])) table.reserve(key.high, key.low);
    }
  }

  /** The limit of a grant. */
  limitOf(rule: Rule, grant: Grant): Limit {
    const index = grant.limit;
    const limit = <u32>index < <u32>rule.overrides.length ? rule.overrides[index].limit : rule.limit;
    const alone = limit.alone;
    return alone && grant.isAlone ? alone : limit;
  }

  /** Takes parts of tokens (see `Weights`) of the grant's bucket, and notes what came of it. False when the host failed. */
  take(index: i32, grant: Grant, parts: i64, now: i64): bool {
    const rule = this.rules[index];
    let outcome = this.tryTake(rule, grant, parts, now);
    if (outcome == Outcome.Full) {
      const key = this.keys[index];
      key.overflow();
      grant.high = key.high;
      grant.low = key.low;
      grant.limit = OWN_LIMIT;
      outcome = this.tryTake(rule, grant, parts, now);
    }
    if (outcome != Outcome.Written && outcome != Outcome.Kept) return false;
    const limit = this.limitOf(rule, grant);
    grant.isLeased = false;
    grant.state = taking.isAdmitted ? GrantState.Granted : GrantState.Over;
    grant.units = taking.taken;
    grant.at = now;
    grant.level = taking.level;
    grant.wait = taking.wait;
    grant.generation = taking.generation;
    grant.capacity = limit.capacity;
    grant.remaining = taking.remaining;
    grant.full = taking.full;
    grant.window = limit.windowSeconds;
    return true;
  }

  /** Makes a grant that of the bucket by which this replica limits alone. */
  standAlone(grant: Grant): void {
    grant.isAlone = true;
    grant.high ^= ALONE;
  }

  /** A call of a reserving rule is over and cost so many parts of tokens. False when the host failed. */
  settle(index: i32, grant: Grant, parts: i64, now: i64): bool {
    const rule = this.rules[index];
    const meter = this.limitOf(rule, grant).meter;
    const cost = meter.units(parts);
    if (grant.units == 0 && cost == 0) return true;
    this.eviction.now = now;
    settling.meter = meter;
    settling.length = rule.generationLength;
    settling.now = now;
    settling.reserved = grant.units;
    settling.generation = grant.generation;
    settling.cost = cost;
    let outcome = this.reserving.change(grant.high, grant.low, settling);
    if (outcome == Outcome.Full) {
      // Its slot is gone, and there is none: what it cost is counted where keys without a slot are.
      const key = this.keys[index];
      key.overflow();
      settling.reserved = 0;
      outcome = this.reserving.change(key.high, key.low, settling);
    }
    return outcome != Outcome.HostFault && outcome != Outcome.Contended;
  }

  /** Takes back what a grant took: the call did not go on. False when the host failed. */
  undo(index: i32, grant: Grant, now: i64): bool {
    if (grant.state != GrantState.Granted || grant.units == 0) return true;
    const rule = this.rules[index];
    if (rule.isReserving) return this.settle(index, grant, 0, now);
    return this.putBack(
      rule,
      grant.high,
      grant.low,
      this.limitOf(rule, grant),
      grant.units,
      grant.level,
      grant.at,
      now,
    );
  }

  /** Takes back units of a plain bucket that were taken at some time, with which its deficit was `level`. */
  putBack(rule: Rule, high: u64, low: u64, limit: Limit, units: i64, level: i64, at: i64, now: i64): bool {
    this.eviction.now = now;
    undoing.meter = limit.meter;
    undoing.now = now;
    undoing.units = units;
    undoing.level = level;
    undoing.at = at;
    const outcome = this.plain.change(high, low, undoing);
    return outcome != Outcome.HostFault && outcome != Outcome.Contended;
  }

  private tryTake(rule: Rule, grant: Grant, parts: i64, now: i64): Outcome {
    const meter = this.limitOf(rule, grant).meter;
    this.eviction.now = now;
    taking.meter = meter;
    taking.length = rule.isReserving ? rule.generationLength : 0;
    taking.now = now;
    taking.units = meter.units(parts);
    taking.extra = this.limitOf(rule, grant).lease;
    return this.tableOf(rule).change(grant.high, grant.low, taking);
  }

  private tableOf(rule: Rule): Table {
    return rule.isReserving ? this.reserving : this.plain;
  }
}
