// One limit of the configuration: so much per so long, in the units that its rule counts.
import { ConfigErrors } from "../../runtime/config/errors";
import { RATIO_ONE } from "../../runtime/config/number";
import { ObjectReader } from "../../runtime/config/reader";
import { Text } from "../../runtime/config/text";
import { Meter, meterOf, meterOfCalls } from "./meter";
import { rescale } from "./ratio";
import { Unit, UNITS } from "./unit";
import { secondsUp } from "./wait";

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;
const MOST_TOKENS: i64 = 1_000_000_000_000;
const ALGORITHMS: string[] = ["token-bucket", "leaky-bucket"];
const UNCOUNTABLE =
  "cannot be counted in whole numbers of 64 bits; take rounder numbers, a shorter interval or fewer decimals in weights";

/** A limit as it is written. */
@final
export class LimitFields {
  capacity: i64 = 1;
  refill: i64 = 1;
  interval: i64 = 60 * SECOND;
  maxDebt: i64 = 1;
  /** Share of the capacity that is leased, in 1e-9. */
  leaseShare: i64 = 0;
  private namesDebt: bool = false;
  unit: Unit = Unit.Requests;

  /** Reads `limit` of a rule; with `base` that of an override, which inherits what it does not name. */
  constructor(reader: ObjectReader, base: LimitFields | null = null) {
    this.unit = base ? base.unit : <Unit>reader.enumeration("unit", UNITS, Unit.Requests);
    if (base) this.leaseShare = base.leaseShare;
    if (!base && !reader.has("capacity")) reader.mismatch("capacity", "a whole number from 1 to 1000000000000");
    this.capacity = reader.integer("capacity", base ? base.capacity : 1, 1, MOST_TOKENS);
    this.refill = reader.integer("refill", base ? base.refill : this.capacity, 1, MOST_TOKENS);
    this.interval = reader.duration("interval", base ? base.interval : 60 * SECOND, SECOND / 1000, 366 * DAY);
    this.namesDebt = reader.has("maxDebt") || (base != null && base.namesDebt);
    this.maxDebt = reader.integer("maxDebt", base && base.namesDebt ? base.maxDebt : this.capacity, 0, MOST_TOKENS);
    if (!base) reader.enumeration("algorithm", ALGORITHMS, 0);
    if (this.unit == Unit.Concurrency && (reader.has("refill") || reader.has("interval"))) {
      reader.errors.warn(reader.path, "refill and interval mean nothing where calls in flight are counted");
    }
  }

  /** A share (in 1e-9) of each amount, at least one. */
  times(share: i64): LimitFields {
    const part = new LimitFields(new ObjectReader(new ConfigErrors(""), null, ""), this);
    part.capacity = max<i64>(rescale(this.capacity, share, RATIO_ONE, false), 1);
    part.refill = max<i64>(rescale(this.refill, share, RATIO_ONE, false), 1);
    part.maxDebt = rescale(this.maxDebt, share, RATIO_ONE, false);
    part.leaseShare = 0;
    return part;
  }
}

/** A limit, compiled. */
@final
export class Limit {
  readonly capacity: i64;
  /** Units of a slice that a worker takes at once and spends by itself; 0: none. Whole tokens. */
  readonly lease: i64;
  /** Whole seconds in which the capacity comes back, rounded up; 0 where it does not by itself. */
  readonly windowSeconds: i64;
  /** Its item in `RateLimit-Policy`. */
  readonly policy: Text;
  /** What one replica limits by while the rate limit service is away; null where there is none. */
  alone: Limit | null = null;

  constructor(
    private readonly fields: LimitFields,
    readonly meter: Meter,
    private readonly places: i32,
    private readonly rule: string,
  ) {
    const isConcurrency = fields.unit == Unit.Concurrency;
    const windowSeconds: i64 = isConcurrency ? 0 : secondsUp(meter.nanosFor(meter.capacity));
    let policy = '"' + rule + '";q=' + fields.capacity.toString();
    if (!isConcurrency) policy += ";w=" + windowSeconds.toString();
    if (isConcurrency) policy += ';qu="concurrent-requests"';
    else if (fields.unit != Unit.Requests) policy += ';qu="' + UNITS[fields.unit] + '"';
    this.capacity = fields.capacity;
    this.lease = rescale(fields.capacity, fields.leaseShare, RATIO_ONE, false) * meter.scale;
    this.windowSeconds = windowSeconds;
    this.policy = new Text(policy);
  }

  /** Makes `alone`: a share (in 1e-9) of this limit. Configure time. */
  makeAlone(share: i64): void {
    const fields = this.fields.times(share);
    let meter: Meter | null = null;
    // A refill that cannot be counted with this interval is made rounder, never larger.
    for (let step: i64 = 1; !meter && step <= fields.refill; step *= 10) {
      meter = meterOf(fields.capacity, (fields.refill / step) * step, fields.interval, fields.maxDebt, this.places);
    }
    if (!meter) meter = meterOf(fields.capacity, 1, fields.interval, fields.maxDebt, this.places);
    this.alone = new Limit(fields, meter ? meter : meterOfCalls(1), this.places, this.rule);
  }
}

/** Compiles a limit; one that cannot be counted is an error at `reader`. */
export function compileLimit(fields: LimitFields, places: i32, rule: string, reader: ObjectReader): Limit {
  if (fields.unit == Unit.Concurrency) return new Limit(fields, meterOfCalls(fields.capacity), places, rule);
  const meter = meterOf(fields.capacity, fields.refill, fields.interval, fields.maxDebt, places);
  if (!meter) reader.errors.error(reader.path, UNCOUNTABLE);
  return new Limit(fields, meter ? meter : meterOfCalls(1), places, rule);
}
