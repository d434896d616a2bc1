// Slices of buckets that this worker took in advance and spends without asking anybody.
//
// A lease is taken out of its bucket before it is spent, so that no more is admitted than without. What is left of it goes
// back by the next tick, a tenth of a second later at most; until then it cannot be spent by others.
import { Buckets, taking } from "./buckets";
import { Grant, GrantState } from "./grant";
import { Limit } from "./limit";
import { Rule } from "./rule";

/** How long a lease lives at most, and how often it is looked at. */
export const LEASE_MS: u32 = 50;
/** A key that falls on another one's place ends that one's lease. */
const PLACES: u32 = 1024;

/** One lease. The rule, the bucket, what is left, and how the bucket was when it was taken. */
class Lease {
  rule: i32 = 0;
  high: u64 = 0;
  low: u64 = 0;
  limit: i32 = 0;
  units: i64 = 0;
  at: i64 = 0;
  level: i64 = 0;
  remaining: i64 = 0;
  full: i64 = 0;
}


@final
export class Leases {
  /** Whether any is held. */
  isAny: bool = false;
  private readonly leases: Lease[] = [];

  constructor(
    private readonly rules: Rule[],
    private readonly buckets: Buckets,
  ) {
    let wants = false;
    for (let i = 0; i < rules.length; i++) if (rules[i].leases) wants = true;
    for (let i: u32 = 0; wants && i < PLACES; i++) this.leases.push(new Lease());
  }

  /** Admits a request out of a lease. No host call. */
  spend(rule: i32, grant: Grant): bool {
    if (!this.isAny) return false;
    const lease = this.leases[this.placeOf(grant)];
    if (lease.units == 0 || !isOf(lease, rule, grant)) return false;
    const limit = this.buckets.limitOf(this.rules[rule], grant);
    const scale = limit.meter.scale;
    if (lease.units < scale) return false;
    lease.units -= scale;
    grant.state = GrantState.Granted;
    grant.isLeased = true;
    grant.units = scale;
    grant.at = lease.at;
    grant.level = lease.level;
    grant.wait = 0;
    grant.capacity = limit.capacity;
    grant.remaining = lease.remaining;
    grant.full = lease.full;
    countIn(grant, lease.units, limit);
    grant.window = limit.windowSeconds;
    return true;
  }

  /** Keeps the extra units of the taking that admitted `grant`. */
  keep(rule: i32, grant: Grant): void {
    const lease = this.leases[this.placeOf(grant)];
    if (lease.units > 0) this.end(lease, grant.at);
    lease.rule = rule;
    lease.high = grant.high;
    lease.low = grant.low;
    lease.limit = grant.limit;
    lease.units = taking.extra;
    lease.at = grant.at;
    lease.level = grant.level;
    lease.remaining = grant.remaining;
    lease.full = grant.full;
    countIn(grant, lease.units, this.limitOf(this.rules[rule], lease.limit));
    this.isAny = true;
  }

  /** Takes back what a grant spent of a lease, where that is still held. */
  undo(rule: i32, grant: Grant): bool {
    const lease = this.leases[this.placeOf(grant)];
    if (!isOf(lease, rule, grant) || lease.at != grant.at) return false;
    lease.units += grant.units;
    return true;
  }

  /** Gives back what is left of leases that are older than `LEASE_MS`, or of all. */
  giveBack(now: i64, all: bool): void {
    if (!this.isAny) return;
    this.isAny = false;
    for (let i = 0; i < this.leases.length; i++) {
      const lease = this.leases[i];
      if (lease.units == 0) continue;
      const age = now - lease.at;
      if (all || age < 0 || age >= <i64>LEASE_MS * 1_000_000) this.end(lease, now);
      else this.isAny = true;
    }
  }

  private end(lease: Lease, now: i64): void {
    const rule = this.rules[lease.rule];
    const limit = this.limitOf(rule, lease.limit);
    this.buckets.putBack(rule, lease.high, lease.low, limit, lease.units, lease.level, lease.at, now);
    lease.units = 0;
  }

  private limitOf(rule: Rule, index: i32): Limit {
    return <u32>index < <u32>rule.overrides.length ? rule.overrides[index].limit : rule.limit;
  }

  private placeOf(grant: Grant): i32 {
    return <i32>((<u32>grant.low) & (PLACES - 1));
  }
}

/** What is leased and not spent is left, too. */
function countIn(grant: Grant, units: i64, limit: Limit): void {
  grant.remaining += units / limit.meter.scale;
  grant.full = max<i64>(grant.full - limit.meter.nanosFor(units), 0);
}

function isOf(lease: Lease, rule: i32, grant: Grant): bool {
  return lease.low == grant.low && lease.high == grant.high && lease.rule == rule && lease.limit == grant.limit;
}
