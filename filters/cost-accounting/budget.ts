// `budgets`: how much money callers may spend in a period.
import { insertAscending } from "../../runtime/config/ascending";
import { isDecimal, scaleDecimal } from "../../runtime/config/decimal";
import { TextForm } from "../../runtime/config/forms";
import { JsonType } from "../../runtime/config/json";
import { element, ObjectReader } from "../../runtime/config/reader";
import { Text } from "../../runtime/config/text";
import { Bytes } from "../../runtime/bytes/bytes";
import { Compilation } from "../../runtime/match/compilation";
import { Glob } from "../../runtime/match/glob";
import { KeyKind, KeySpec, readKey } from "../../runtime/match/key";
import { KeyWriter } from "../../runtime/match/key-writer";
import { Match } from "../../runtime/match/match";
import { NO_OFFSET, parseOffset, Window, WindowKind, WINDOWS } from "./window";

/** What becomes of calls that lack a part of the key. */
export const enum OnMissingKey {
  /** They share one ledger. */
  Shared,
  /** They are refused. */
  Reject,
  /** The budget is not about them. */
  Skip,
}

const MODES: string[] = ["enforce", "shadow"];
const ON_MISSING_KEY: string[] = ["shared", "reject", "skip"];
const OVER: string[] = ["reject", "tag"];
/** Decimal places of a budget: units of 1e-9. */
const PLACES: i32 = 9;
/** 2 billion of the currency: ledgers count somewhat further. */
const MOST_AMOUNT: i64 = 2_000_000_000_000_000_000;
const MOST_REPLICAS: i64 = 10_000;
const MOST_OVERRIDES: i32 = 1000;
/** Which overrides of a key with the model may match is one word per call. */
const MOST_OVERRIDES_OF_MODELS: i32 = 64;
const MOST_WARNINGS: i32 = 4;
/** The rate limit service counts in 32 bits, */
const MOST_UNITS: i64 = 0xffffffff;
/** in units of 1e-4 of the currency, or of the next power of ten in which the largest amount can be counted. */
const UNIT_PLACES: i32 = 4;
/** Which budgets are about a call is one word. */
const MOST_BUDGETS: i32 = 32;

/** Another amount for certain keys. */
@final
export class BudgetOverride {
  readonly amount: i64;
  private readonly globs: Glob[] = [];
  private readonly ofModel: bool[] = [];

  constructor(reader: ObjectReader, key: KeySpec, parts: i32) {
    const patterns = reader.strings("key", TextForm.Glob);
    if (!reader.has("key")) reader.mismatch("key", "a list of one pattern for each part of the budget's key");
    else if (reader.lengthOf("key") != parts)
      reader.error("key", "expected one pattern for each part of the budget's key, which has " + parts.toString());
    for (let i = 0; i < patterns.length; i++) {
      this.globs.push(new Glob(patterns[i]));
      this.ofModel.push(i < key.sources.length && key.sources[i].kind == KeyKind.Model);
    }
    this.amount = readAmount(reader, "amount", 0);
  }

  /** Whether the parts but for the model are as it wants them. */
  matches(key: KeyWriter): bool {
    if (key.count != this.globs.length) return false;
    for (let i = 0, k = this.globs.length; i < k; i++) {
      if (!this.ofModel[i] && !this.globs[i].matches(key.part(i))) return false;
    }
    return true;
  }

  /** Whether the model is as it wants it. */
  matchesModel(model: Bytes): bool {
    for (let i = 0, k = this.globs.length; i < k; i++) {
      if (this.ofModel[i] && !this.globs[i].matches(model)) return false;
    }
    return true;
  }
}

/** One budget, compiled. Amounts are in 1e-9 of the currency. */
@final
export class Budget {
  readonly name: Text;
  readonly isShadow: bool;
  readonly when: Match;
  readonly key: KeySpec;
  /** Parts that the key has. */
  readonly parts: i32;
  /** For each key that no override names; of one replica. */
  readonly amount: i64;
  readonly overrides: BudgetOverride[] = [];
  readonly onMissingKey: OnMissingKey;
  readonly window: Window;
  /** Shares of the amount that are told, ascending, in 1e-9. */
  readonly warnAt: i64[] = [];
  /** Beyond the amount a call is tagged instead of refused. */
  readonly tags: bool;
  readonly replicas: i64;
  /** Whether the rate limit service keeps it for all gateways. */
  readonly isGlobal: bool;
  /** Decimal places of the service's unit, and 1e-9 in one. */
  readonly unitPlaces: i32;
  readonly unit: i64;

  constructor(reader: ObjectReader, compilation: Compilation, hasService: bool) {
    this.name = new Text(reader.requiredString("name", TextForm.Identifier));
    this.isShadow = reader.requiredEnumeration("mode", MODES) == 1;
    this.when = new Match(reader.object("match"), compilation);
    if (!reader.has("key")) reader.mismatch("key", "a list of at least one key source");
    this.key = readKey(reader, "key", [], compilation);
    this.parts = reader.lengthOf("key");
    const isLocal = reader.bool("localOnly", false);
    const replicas = reader.integer("replicas", 1, 1, MOST_REPLICAS);
    const isGlobal = hasService && !isLocal;
    this.isGlobal = isGlobal;
    this.replicas = isGlobal ? 1 : replicas;
    this.amount = readAmount(reader, "amount", 0);
    const window = readWindow(reader);
    this.window = window;
    this.onMissingKey = <OnMissingKey>reader.enumeration("onMissingKey", ON_MISSING_KEY, OnMissingKey.Shared);
    this.tags = reader.enumeration("over", OVER, 0) == 1;
    readOverrides(reader, this.key, this.parts, this.overrides);
    readWarnings(reader, this.warnAt);
    this.unitPlaces = placesOfUnit(this.amount, this.overrides);
    this.unit = powerOfTen(PLACES - this.unitPlaces);
    if (isGlobal && window.kind == WindowKind.ThirtyDays) {
      const why = "30d begins with a call that other gateways do not know: with global it needs localOnly: true";
      reader.error("window", why);
    }
    if (!this.isShadow && !this.tags && !isGlobal && !(isLocal && reader.has("replicas"))) refuseAlone(reader, isLocal);
  }

  /** Whether the model must be known to decide. */
  get needsModel(): bool {
    return this.when.needsModel || this.key.needsModel;
  }

  /** The share of one replica. */
  share(amount: i64): i64 {
    return amount / this.replicas;
  }
}

function refuseAlone(reader: ObjectReader, isLocal: bool): void {
  reader.error(
    isLocal ? "replicas" : "localOnly",
    "a budget that rejects needs global, or localOnly: true and replicas: each gateway holds its share by itself",
  );
}

function placesOfUnit(amount: i64, overrides: BudgetOverride[]): i32 {
  let most = amount;
  for (let i = 0; i < overrides.length; i++) most = max(most, overrides[i].amount);
  let places = UNIT_PLACES;
  while (places > 0 && most / powerOfTen(PLACES - places) > MOST_UNITS) places--;
  return places;
}

function readOverrides(reader: ObjectReader, key: KeySpec, parts: i32, overrides: BudgetOverride[]): void {
  const readers = reader.objects("overrides");
  const most = key.needsModel ? MOST_OVERRIDES_OF_MODELS : MOST_OVERRIDES;
  if (readers.length > most) reader.error("overrides", "expected at most " + most.toString() + " entries");
  for (let i = 0; i < readers.length; i++) overrides.push(new BudgetOverride(readers[i], key, parts));
}

function readWarnings(reader: ObjectReader, shares: i64[]): void {
  const texts = reader.strings("warnAt");
  if (texts.length > MOST_WARNINGS) reader.error("warnAt", "expected at most 4 ratios");
  for (let i = 0; i < texts.length; i++) {
    const value = isDecimal(texts[i], false) ? scaleDecimal(texts[i], PLACES) : null;
    if (value && !value.isRounded && value.isBetween(0, 1_000_000_000)) insertAscending(shares, value.asI64);
    else reader.error(element("warnAt", i), 'expected a ratio from 0 to 1 as a decimal string such as "0.8"');
  }
}

/** Reads `budgets`. */
export function readBudgets(reader: ObjectReader, compilation: Compilation, hasService: bool): Budget[] {
  const readers = reader.objects("budgets");
  const budgets: Budget[] = [];
  const names: string[] = [];
  if (readers.length > MOST_BUDGETS) reader.error("budgets", "expected at most 32 budgets");
  for (let i = 0; i < readers.length; i++) {
    const budget = new Budget(readers[i], compilation, hasService);
    const name = budget.name.toString();
    if (name.length && names.includes(name)) readers[i].error("name", "another budget has the same name");
    names.push(name);
    budgets.push(budget);
  }
  return budgets;
}

/** An amount in 1e-9 of the currency; it must be there, and exact. */
export function readAmount(reader: ObjectReader, name: string, least: i64): i64 {
  const text = reader.typeOf(name) == JsonType.String ? reader.string(name, "") : "";
  if (isDecimal(text, least < 0)) {
    const value = scaleDecimal(text, PLACES);
    if (!value.isRounded && value.isBetween(least, MOST_AMOUNT)) return value.asI64;
  }
  reader.mismatch(name, 'an amount up to 2000000000 as a decimal string such as "500.00", at most 9 places');
  return 0;
}

function powerOfTen(exponent: i32): i64 {
  let power: i64 = 1;
  for (let i = 0; i < exponent; i++) power *= 10;
  return power;
}

function readWindow(reader: ObjectReader): Window {
  const kind = <WindowKind>reader.requiredEnumeration("window", WINDOWS);
  const offset = parseOffset(reader.string("timeZone", "Z"));
  if (offset == NO_OFFSET) reader.mismatch("timeZone", 'an offset from UTC such as "+08:00" or "Z"');
  return new Window(kind, offset == NO_OFFSET ? 0 : offset);
}
