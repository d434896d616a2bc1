// `timeouts`: how long calls of a model may take. Slow is not failed: a model that thinks for minutes is well.
import { Bytes } from "../../runtime/bytes/bytes";
import { parseDuration } from "../../runtime/config/duration";
import { TextForm } from "../../runtime/config/forms";
import { JsonType } from "../../runtime/config/json";
import { ObjectReader } from "../../runtime/config/reader";
import { GlobList } from "../../runtime/match/glob";

const MILLISECOND: i64 = 1_000_000;
const SECOND: i64 = 1000 * MILLISECOND;
const DAY: i64 = 86_400 * SECOND;

/** A time that is learnt. */
export const AUTO: i64 = -1;
/** No time was configured: the route's counts. */
export const NOT_SET: i64 = -2;

const AUTO_TEXT: string = "auto";

/** One rule. */
@final
export class TimeoutRule {
  private readonly models: GlobList;
  readonly isStream: bool;
  /** Milliseconds, `AUTO` or `NOT_SET`. */
  readonly requestMs: i64;
  readonly perTryMs: i64;
  private readonly leastMs: i64;
  private readonly mostMs: i64;
  readonly needsModel: bool;

  constructor(reader: ObjectReader) {
    const patterns = reader.strings("models", TextForm.Glob);
    this.models = new GlobList(patterns);
    const isStream = reader.bool("stream", false);
    const requestMs = readTime(reader, "request");
    const perTryMs = readTime(reader, "perTry");
    const least = reader.duration("autoMin", 30 * SECOND, SECOND, DAY) / MILLISECOND;
    const most = reader.duration("autoMax", 600 * SECOND, SECOND, DAY) / MILLISECOND;
    this.isStream = isStream;
    this.requestMs = requestMs;
    this.perTryMs = perTryMs;
    this.leastMs = min(least, most);
    this.mostMs = max(least, most);
    this.needsModel = requestMs == AUTO || perTryMs == AUTO || !isForAll(patterns);
  }

  /** Whether some time is learnt. */
  get isLearning(): bool {
    return this.requestMs == AUTO || this.perTryMs == AUTO;
  }

  /** Whether the rule is about such a call. An unknown model is one of `*` only. */
  covers(model: Bytes, isStream: bool): bool {
    if (isStream != this.isStream) return false;
    return !this.needsModel || this.models.isEmpty || this.models.matches(model);
  }

  /** The time in force: a learnt one is twice what 99 of 100 calls needed, within bounds; the longest until that is known. */
  inForce(configuredMs: i64, p99Ms: i64): i64 {
    if (configuredMs != AUTO) return configuredMs;
    if (p99Ms <= 0) return this.mostMs;
    return min(max(p99Ms * 2, this.leastMs), this.mostMs);
  }
}

/** The rules, in order; the first that covers a call counts. */
@final
export class Timeouts {
  private readonly rules: TimeoutRule[] = [];
  /** What must be known of calls. */
  readonly needsModel: bool;
  readonly needsStream: bool;
  readonly isLearning: bool;

  constructor(readers: ObjectReader[]) {
    let needsModel = false;
    let isLearning = false;
    for (let i = 0; i < readers.length; i++) {
      const rule = new TimeoutRule(readers[i]);
      this.rules.push(rule);
      if (rule.needsModel) needsModel = true;
      if (rule.isLearning) isLearning = true;
    }
    this.needsModel = needsModel;
    this.needsStream = readers.length > 0;
    this.isLearning = isLearning;
  }

  /** The rule for a call, null without one. */
  find(model: Bytes, isStream: bool): TimeoutRule | null {
    for (let i = 0, k = this.rules.length; i < k; i++) {
      if (unchecked(this.rules[i]).covers(model, isStream)) return unchecked(this.rules[i]);
    }
    return null;
  }
}

function isForAll(patterns: string[]): bool {
  return patterns.length == 0 || patterns.includes("*");
}

function readTime(reader: ObjectReader, name: string): i64 {
  const type = reader.typeOf(name);
  if (type == JsonType.Absent) return NOT_SET;
  const text = type == JsonType.String ? reader.string(name, "") : "";
  if (text == AUTO_TEXT) return AUTO;
  const nanos = parseDuration(text);
  if (nanos >= MILLISECOND && nanos <= DAY) return nanos / MILLISECOND;
  reader.mismatch(name, 'a duration from 1ms to 1d such as "60s", or "auto"');
  return NOT_SET;
}
