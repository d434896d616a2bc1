// One rule of the configuration, compiled.
import { TextForm } from "../../runtime/config/forms";
import { ObjectReader } from "../../runtime/config/reader";
import { Text } from "../../runtime/config/text";
import { Compilation } from "../../runtime/match/compilation";
import { KeySpec, readKey } from "../../runtime/match/key";
import { Match } from "../../runtime/match/match";
import { compileLimit, Limit, LimitFields } from "./limit";
import { Override } from "./override";
import { generationLength } from "./reservation";
import { countsTokens, countsUsage, Unit, usualWeight, Weights, WEIGHT_PLACES } from "./unit";

/** What becomes of calls that lack a part of the key. */
export const enum OnMissingKey {
  /** They share one bucket. */
  Shared,
  /** They are refused. */
  Reject,
  /** The rule is not about them. */
  Skip,
}

const MODES: string[] = ["enforce", "shadow"];
const ON_MISSING_KEY: string[] = ["shared", "reject", "skip"];
const SCOPES: string[] = ["global", "local"];
const OVER: string[] = ["reject", "tag"];
const MOST_WEIGHT: i64 = 1_000_000_000;
const MOST_OVERRIDES: i32 = 1000;
const SECOND: i64 = 1_000_000_000;


@final
export class Rule {
  readonly name: Text;
  /** The name by which the rate limit service knows it. */
  readonly globalName: Text;
  /** Whether the limit holds for all replicas together, where there is a service that keeps it. */
  readonly isGlobal: bool;
  /** Decides and counts, changes nothing. */
  readonly isShadow: bool;
  readonly when: Match;
  readonly key: KeySpec;
  readonly unit: Unit;
  readonly limit: Limit;
  readonly overrides: Override[] = [];
  readonly weights: Weights;
  readonly onMissingKey: OnMissingKey;
  /** Beyond the limit a call is tagged instead of refused. */
  readonly tags: bool;
  /** Tokens, or their price, are reserved before a call and settled after it. */
  readonly reserves: bool;
  /** Milliseconds of a generation of reservations. */
  readonly generationLength: u32;

  constructor(reader: ObjectReader, compilation: Compilation) {
    const name = reader.requiredString("name", TextForm.Identifier);
    this.name = new Text(name);
    const isShadow = reader.requiredEnumeration("mode", MODES) == 1;
    this.isShadow = isShadow;
    this.globalName = new Text(isShadow ? "shadow/" + name : name);
    this.when = new Match(reader.object("match"), compilation);
    const key = readKey(reader, "key", [], compilation);
    this.key = key;
    const limit = reader.requiredObject("limit");
    const fields = new LimitFields(limit);
    fields.leaseShare = readLease(reader, fields.unit);
    const weights = readWeights(reader.object("weights"), fields.unit);
    this.isGlobal = reader.enumeration("scope", SCOPES, 0) == 0 && fields.unit != Unit.Concurrency;
    const base = compileLimit(fields, weights.places, name, limit);
    this.unit = fields.unit;
    this.limit = base;
    this.weights = weights;
    const overrides = reader.objects("overrides");
    if (overrides.length > MOST_OVERRIDES) reader.error("overrides", "expected at most 1000 entries");
    const parts = reader.lengthOf("key");
    for (let i = 0; i < overrides.length; i++) {
      this.overrides.push(new Override(overrides[i], key, parts, fields, weights.places, name));
    }
    this.onMissingKey = <OnMissingKey>reader.enumeration("onMissingKey", ON_MISSING_KEY, OnMissingKey.Shared);
    this.tags = reader.enumeration("over", OVER, 0) == 1;
    this.reserves = reader.bool("reserve", true) && countsUsage(fields.unit);
    const timeToLive = reader.duration("reservationTtl", 900 * SECOND, 10 * SECOND, 86_400 * SECOND);
    this.generationLength = generationLength(timeToLive);
  }

  /** Whether a call keeps something of the bucket until it ends. */
  get isReserving(): bool {
    return countsUsage(this.unit) || this.unit == Unit.Concurrency;
  }

  /** Whether workers take slices in advance. */
  get leases(): bool {
    if (this.limit.lease > 0) return true;
    for (let i = 0; i < this.overrides.length; i++) if (this.overrides[i].limit.lease > 0) return true;
    return false;
  }

  /** Says by what share (in 1e-9) of its limits one replica limits while the rate limit service is away. Configure time. */
  makeAlone(share: i64): void {
    if (!this.isGlobal) return;
    this.limit.makeAlone(share);
    for (let i = 0; i < this.overrides.length; i++) this.overrides[i].limit.makeAlone(share);
  }

  /** Whether the model must be known to decide. */
  get needsModel(): bool {
    return this.when.needsModel || this.key.needsModel;
  }
}

function readWeights(reader: ObjectReader, unit: Unit): Weights {
  reader.demandMembers();
  if (reader.isPresent && !countsTokens(unit)) {
    reader.errors.warn(reader.path, "weights mean nothing where no tokens are counted");
  }
  const input = reader.scaled("input", usualWeight(), WEIGHT_PLACES, 0, MOST_WEIGHT);
  const cachedInput = reader.scaled("cachedInput", input, WEIGHT_PLACES, 0, MOST_WEIGHT);
  const cacheWrite = reader.scaled("cacheWrite", input, WEIGHT_PLACES, 0, MOST_WEIGHT);
  const output = reader.scaled("output", usualWeight(), WEIGHT_PLACES, 0, MOST_WEIGHT);
  const reasoning = reader.scaled("reasoning", output, WEIGHT_PLACES, 0, MOST_WEIGHT);
  return new Weights(unit, input, cachedInput, cacheWrite, output, reasoning);
}

/** `lease`: a share of the capacity. Only requests are leased: all else is reserved, and a reservation is shared. */
function readLease(reader: ObjectReader, unit: Unit): i64 {
  const share = reader.ratio("lease", 0);
  if (share == 0 || unit == Unit.Requests) return share;
  reader.errors.warn(reader.at("lease"), "only requests are leased");
  return 0;
}
