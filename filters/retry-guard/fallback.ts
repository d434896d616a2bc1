// `fallback`: canned answers in place of failures, so that an application can go on without a model.
import { ObjectReader } from "../../runtime/config/reader";
import { Text } from "../../runtime/config/text";
import { Compilation } from "../../runtime/match/compilation";
import { Facts } from "../../runtime/match/facts";
import { Match } from "../../runtime/match/match";
import { Failure } from "./failure";

/** The words of `on`, and the failures that they stand for. */
const CONDITIONS: string[] = [
  "no-healthy-upstream",
  "connect-failure",
  "overflow",
  "timeout",
  "reset",
  "server-error",
  "throttled",
];

const enum Condition {
  NoHealthyUpstream,
  ConnectFailure,
  Overflow,
  Timeout,
  Reset,
  ServerError,
  Throttled,
  None,
}

/** The rules whose headers matched are one word per call. */
const MOST_RULES: i32 = 32;

/** One rule. */
@final
export class FallbackRule {
  readonly match: Match;
  readonly status: i32;
  /** The text of the answer, and the same as the inside of a JSON string. */
  readonly plain: Text;
  readonly text: Text;
  private readonly conditions: u32;

  constructor(reader: ObjectReader, compilation: Compilation) {
    if (!reader.has("on")) reader.mismatch("on", "a list of at least one failure such as " + '"timeout"');
    const indexes = reader.enumerations("on", CONDITIONS);
    let conditions: u32 = 0;
    for (let i = 0; i < indexes.length; i++) conditions |= bit(indexes[i]);
    this.conditions = conditions;
    this.match = new Match(reader.object("match"), compilation);
    this.status = <i32>reader.integer("status", 200, 200, 599);
    const body = reader.requiredString("body");
    this.plain = new Text(body);
    this.text = new Text(escapeJson(body));
  }

  /** Whether the rule is about such a failure. */
  isOn(failure: Failure, status: i32): bool {
    return (this.conditions & bit(conditionOf(failure, status))) != 0;
  }
}

/** The rules, in order; the first that fits counts. */
@final
export class Fallbacks {
  private readonly rules: FallbackRule[] = [];

  constructor(readers: ObjectReader[], compilation: Compilation) {
    for (let i = 0; i < readers.length; i++) {
      this.rules.push(new FallbackRule(readers[i], compilation));
      if (i == MOST_RULES) readers[i].errors.error(readers[i].path, "expected at most 32 fallbacks");
    }
  }

  /** Whether there are none. */
  get isEmpty(): bool {
    return this.rules.length == 0;
  }

  /** The rules whose members but the model hold, as bits. When the request's headers are there. */
  candidates(facts: Facts): u32 {
    let mask: u32 = 0;
    for (let i = 0, k = min(this.rules.length, MOST_RULES); i < k; i++) {
      if (this.rules[i].match.headersMatch(facts)) mask |= bit(i);
    }
    return mask;
  }

  /** The rule for a failure, null without one. */
  find(mask: u32, facts: Facts, failure: Failure, status: i32): FallbackRule | null {
    for (let rest = mask; rest != 0; rest &= rest - 1) {
      const at = <i32>ctz(rest);
      if (at >= this.rules.length) return null;
      const rule = this.rules[at];
      if (rule.isOn(failure, status) && rule.match.modelMatch(facts)) return rule;
    }
    return null;
  }
}

function bit(index: i32): u32 {
  return (<u32>1) << (index as u32);
}

function conditionOf(failure: Failure, status: i32): Condition {
  switch (failure) {
    case Failure.NoHealthyUpstream:
      return Condition.NoHealthyUpstream;
    case Failure.ConnectFailure:
      return Condition.ConnectFailure;
    case Failure.Overflow:
      return Condition.Overflow;
    case Failure.Timeout:
      return Condition.Timeout;
    case Failure.Reset:
    case Failure.RefusedStream:
      return Condition.Reset;
    case Failure.Answer:
      if (status == 429 || status == 529) return Condition.Throttled;
      return status >= 500 ? Condition.ServerError : Condition.None;
    default:
      return Condition.None;
  }
}

/** A text as the inside of a JSON string. */
function escapeJson(text: string): string {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit == 0x22 || unit == 0x5c) out += "\\" + text.charAt(i);
    else if (unit == 0x0a) out += "\\n";
    else if (unit < 0x20) out += "\\u00" + (unit < 0x10 ? "0" : "") + unit.toString(16);
    else out += text.charAt(i);
  }
  return out;
}
