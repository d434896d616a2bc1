// The configuration of model-tag: what is tagged, under which names, and which models are let through.
import { ClassifyRules } from "../../runtime/ai/rules";
import { TextForm } from "../../runtime/config/forms";
import { ObjectReader } from "../../runtime/config/reader";
import { SharedConfig } from "../../runtime/config/shared";
import { Text } from "../../runtime/config/text";
import { Compilation } from "../../runtime/match/compilation";
import { GlobList } from "../../runtime/match/glob";
import { Match } from "../../runtime/match/match";
import { Split } from "./split";

/** What becomes of a call whose model is not on the list, or cannot be known. */
export const enum OnUnknown {
  Pass,
  /** Passed with the tag `other`. */
  TagOther,
  /** 404 in the caller's API shape. */
  Reject,
}

/** Tier rules: which of them may match is one word per call. */
const MOST_TIERS: i32 = 64;

/** Splits, likewise. */
const MOST_SPLITS: i32 = 32;

const ROUTE_IS_CHOSEN =
  "Envoy chooses the route anew whenever a module of ABI 0.2.1 writes a request header; it cannot be told not to";
const ON_UNKNOWN: string[] = ["pass", "tag-other", "reject"];
const ON_HELD_LIMIT: string[] = ["pass", "reject"];

/** The fields of model-tag, compiled. `{}` is valid and tags AI calls without refusing any. */
@final
export class ModelTagConfig {
  readonly headers: TagHeaders;
  readonly tiers: TierRule[];
  /** Private paths and what is spoken there. */
  readonly classify: ClassifyRules;
  readonly splits: Split[];
  /** Models that may be asked for; none named: all. */
  readonly allowedModels: GlobList;
  readonly onUnknown: OnUnknown;
  /** Whether a body whose model lies beyond the bounds is answered 413. */
  readonly rejectsAtHeldLimit: bool;
  /** Whether calls that are no AI calls are tagged as well. */
  readonly tagsAll: bool;

  /** Reads the filter's own fields: of the root in the single module, of `modelTag` in the suite. */
  constructor(reader: ObjectReader, shared: SharedConfig, compilation: Compilation) {
    this.headers = new TagHeaders(reader.object("headers"));
    this.tiers = readTiers(reader, compilation);
    this.classify = new ClassifyRules(reader);
    this.splits = readSplits(reader, compilation);
    const models = reader.object("models");
    const names = models.strings("allow", TextForm.Glob);
    compilation.nameModels(names);
    const allowed = new GlobList(names);
    const onUnknown = <OnUnknown>models.enumeration("onUnknown", ON_UNKNOWN, OnUnknown.Pass);
    this.allowedModels = allowed;
    this.onUnknown = onUnknown;
    const isEnforced = onUnknown == OnUnknown.Reject && (!allowed.isEmpty || shared.consumers.limitsModels);
    this.rejectsAtHeldLimit = reader.enumeration("onHeldLimit", ON_HELD_LIMIT, isEnforced ? 1 : 0) == 1;
    if (!reader.bool("clearRouteCache", true)) reader.errors.warn(reader.at("clearRouteCache"), ROUTE_IS_CHOSEN);
    this.tagsAll = reader.bool("tagAll", false);
  }
}

/** The names of the headers that the filter writes. */
@final
export class TagHeaders {
  readonly model: Text;
  readonly requestType: Text;
  readonly provider: Text;
  readonly stream: Text;
  readonly tier: Text;
  readonly variant: Text;

  constructor(reader: ObjectReader) {
    const taken: string[] = [];
    this.model = readHeader(reader, "model", "x-ai-model", taken);
    this.requestType = readHeader(reader, "requestType", "x-ai-request-type", taken);
    this.provider = readHeader(reader, "provider", "x-ai-provider", taken);
    this.stream = readHeader(reader, "stream", "x-ai-stream", taken);
    this.tier = readHeader(reader, "tier", "x-ai-tier", taken);
    this.variant = readHeader(reader, "variant", "x-ai-variant", taken);
  }
}

/** `tier`: a value for calls that match, the first one wins. */
@final
export class TierRule {
  readonly when: Match;
  readonly value: Text;

  constructor(reader: ObjectReader, compilation: Compilation) {
    this.when = new Match(reader.requiredObject("when"), compilation);
    this.value = new Text(reader.requiredString("value", TextForm.HeaderValue));
  }
}

function readHeader(reader: ObjectReader, name: string, absent: string, taken: string[]): Text {
  const header = reader.string(name, absent, TextForm.OwnHeaderName);
  if (taken.includes(header)) reader.error(name, "two tags cannot share one header, " + header);
  taken.push(header);
  return new Text(header);
}

function readTiers(reader: ObjectReader, compilation: Compilation): TierRule[] {
  const readers = reader.objects("tier");
  const rules: TierRule[] = [];
  if (readers.length > MOST_TIERS) reader.error("tier", "expected at most 64 rules, got " + readers.length.toString());
  for (let i = 0; i < readers.length; i++) rules.push(new TierRule(readers[i], compilation));
  return rules;
}

function readSplits(reader: ObjectReader, compilation: Compilation): Split[] {
  const readers = reader.objects("split");
  const splits: Split[] = [];
  if (readers.length > MOST_SPLITS)
    reader.error("split", "expected at most 32 splits, got " + readers.length.toString());
  const names: string[] = [];
  for (let i = 0; i < readers.length; i++) {
    const split = new Split(readers[i], compilation);
    const name = split.name.toString();
    if (name.length && names.includes(name)) readers[i].error("name", "another split has the same name");
    names.push(name);
    splits.push(split);
  }
  return splits;
}
