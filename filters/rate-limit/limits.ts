// What one configuration works with: its rules, and all that is kept for them.
import { SharedConfig } from "../../runtime/config/shared";
import { nowNanos } from "../../runtime/host/clock";
import { AnswerHeaders } from "./answer-headers";
import { Buckets } from "./buckets";
import { CallMemory, NO_RULE } from "./call-memory";
import { RateLimitConfig } from "./config";
import { GlobalLimits } from "./global-limits";
import { Leases } from "./leases";
import { Models } from "./models";
import { Money } from "./money";
import { Rule } from "./rule";
import { consumerLabel, ruleLabel } from "./telemetry";
import { countsUsage } from "./unit";


@final
export class Limits {
  readonly rules: Rule[];
  readonly memory: CallMemory;
  readonly buckets: Buckets;
  readonly models: Models;
  readonly money: Money;
  readonly leases: Leases;
  readonly global: GlobalLimits;
  readonly headers: AnswerHeaders;
  /** By rule. */
  readonly labels: StaticArray<i32>;
  readonly countsAnyUsage: bool;
  private now: i64 = 0;

  constructor(
    readonly config: RateLimitConfig,
    readonly shared: SharedConfig,
  ) {
    const rules = config.rules;
    const memory = new CallMemory(rules);
    const buckets = new Buckets(rules, shared, config.global.isUsed, config.maxKeys);
    this.rules = rules;
    this.memory = memory;
    this.buckets = buckets;
    this.models = new Models(shared);
    this.money = new Money(config, shared, memory);
    this.leases = new Leases(rules, buckets);
    this.global = new GlobalLimits(config.global, rules, memory, buckets);
    this.headers = new AnswerHeaders(rules, memory, buckets, config.reject.dialects);
    this.labels = new StaticArray<i32>(rules.length);
    let countsAnyUsage = false;
    for (let i = 0; i < rules.length; i++) if (countsUsage(rules[i].unit)) countsAnyUsage = true;
    this.countsAnyUsage = countsAnyUsage;
  }

  /** Makes shared state and labels ready. */
  open(): void {
    if (this.rules.length == 0) return;
    this.buckets.open();
    if (this.countsAnyUsage) this.models.open();
    for (let i = 0; i < this.rules.length; i++) this.labels[i] = ruleLabel.reserve(this.rules[i].name.bytes);
    const consumers = this.shared.consumers;
    for (let i = 0; i < consumers.entries.length; i++) consumerLabel.reserve(consumers.entries[i].name.bytes);
    const stranger = consumers.defaultConsumer;
    if (stranger) consumerLabel.reserve(stranger.bytes);
  }

  /** A callback begins: the clock will be read anew. */
  begin(): void {
    this.now = 0;
  }

  /** Nanoseconds since 1970, read once in a callback, and not at all where leases are spent. */
  clock(): i64 {
    if (this.now == 0) this.now = <i64>nowNanos();
    return this.now;
  }

  /** Whether the answer of a call tells what is to be charged. */
  settles(slot: i32): bool {
    if (!this.countsAnyUsage) return false;
    const note = this.memory.note(slot);
    if (note.refusedBy != NO_RULE) return false;
    for (let rest = note.matched; rest != 0; rest &= rest - 1) {
      if (countsUsage(this.rules[<i32>ctz(rest)].unit)) return true;
    }
    return false;
  }
}
