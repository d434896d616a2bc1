// The configuration of rate-limit: its rules, and how those who are over them are answered.
import { ClassifyRules } from "../../runtime/ai/rules";
import { TextForm } from "../../runtime/config/forms";
import { ObjectReader } from "../../runtime/config/reader";
import { SharedConfig } from "../../runtime/config/shared";
import { Text } from "../../runtime/config/text";
import { Compilation } from "../../runtime/match/compilation";
import { readCurrency, readPrices } from "../../runtime/price/read";
import { PriceTable } from "../../runtime/price/table";
import { Dialect } from "./dialects";
import { GlobalConfig } from "../../runtime/rls/config";
import { Rule } from "./rule";
import { Unit } from "./unit";

/** Rules: which of them are about a call is one word. */
export const MOST_RULES: i32 = 64;

const FAILURES: string[] = ["open", "closed"];
const DIALECTS: string[] = ["ietf", "openai", "anthropic", "envoy", "none"];
const SECOND: i64 = 1_000_000_000;

/** The fields of rate-limit, compiled. `{}` is valid and limits nothing. */
@final
export class RateLimitConfig {
  readonly rules: Rule[] = [];
  /** What calls cost, for rules that count it. */
  readonly prices: PriceTable;
  readonly currency: Text;
  /** Private paths and what is spoken there; null when nothing is said of them. */
  readonly classify: ClassifyRules | null;
  readonly reject: RejectConfig;
  /** Whether a call is refused when the host fails. */
  readonly failsClosed: bool;
  readonly global: GlobalConfig;
  /** Buckets of each of the two tables. */
  readonly maxKeys: i32;

  /** Reads the filter's own fields: of the root in the single module, of `rateLimit` in the suite. */
  constructor(reader: ObjectReader, shared: SharedConfig, compilation: Compilation) {
    const classify = new ClassifyRules(reader);
    this.classify = reader.has("classify") ? classify : null;
    const prices = readPrices(reader);
    this.prices = prices;
    this.currency = readCurrency(reader);
    this.reject = new RejectConfig(reader.object("reject"));
    this.failsClosed = reader.enumeration("failure", FAILURES, 0) == 1;
    this.maxKeys = <i32>reader.integer("maxKeys", shared.maxKeys, 1, 1_000_000);
    this.global = new GlobalConfig(reader.object("global"), "sluice");
    const readers = reader.objects("rules");
    if (readers.length > MOST_RULES)
      reader.error("rules", "expected at most 64 rules, got " + readers.length.toString());
    const names: string[] = [];
    for (let i = 0; i < readers.length; i++) {
      const rule = new Rule(readers[i], compilation);
      const name = rule.name.toString();
      if (name.length && names.includes(name)) readers[i].error("name", "another rule has the same name");
      names.push(name);
      if (rule.unit == Unit.Cost && prices.isEmpty)
        readers[i].error("limit.unit", "where cost is counted, `prices` must say what calls cost");
      if (i < MOST_RULES) this.rules.push(rule);
      if (this.global.isUsed) rule.makeAlone(this.global.localShare);
    }
  }
}

/** `reject`: what a call that is refused gets, and what limits every answer tells. */
@final
export class RejectConfig {
  readonly status: u32;
  /** Bits of Dialect. */
  readonly dialects: i32;
  /** Clients are told to give up when they would have to wait longer. */
  readonly giveUpAfter: i64;
  /** A body of the operator's own; null: an error in the caller's API shape. */
  readonly body: Text | null;
  readonly contentType: Text;

  constructor(reader: ObjectReader) {
    this.status = <u32>reader.integer("status", 429, 400, 599);
    const chosen = reader.enumerations("dialects", DIALECTS);
    let dialects: i32 = 0;
    for (let i = 0; i < chosen.length; i++) dialects |= 1 << chosen[i];
    if (!reader.has("dialects")) dialects = Dialect.Ietf;
    this.dialects = dialects & Dialect.None ? Dialect.None : dialects;
    this.giveUpAfter = reader.duration("giveUpAfter", 60 * SECOND, 0, 86_400 * SECOND);
    this.body = reader.optionalText("body");
    this.contentType = new Text(reader.string("contentType", "application/json", TextForm.HeaderValue));
  }
}
