// `split`: variants of a model that share its calls (canary, A/B), as configured.
import { TextForm } from "../../runtime/config/forms";
import { quote } from "../../runtime/config/json";
import { ObjectReader } from "../../runtime/config/reader";
import { Text } from "../../runtime/config/text";
import { Compilation } from "../../runtime/match/compilation";
import { KeySpec, readKey } from "../../runtime/match/key";
import { Match } from "../../runtime/match/match";

/** Decimal places of a percentage: it is kept in units of a ten-thousandth of a percent. */
const PERCENT_PLACES: i32 = 4;

/** One hundred percent in the units of `Variant.share`: parts per million. */
export const WHOLE_SHARE: i64 = 1_000_000;

const MOST_VARIANTS: i32 = 16;
const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;

/** Calls that match are divided among the variants by a hash of their key. */
@final
export class Split {
  readonly name: Text;
  readonly match: Match;
  readonly key: KeySpec;
  /** Not empty in a valid configuration; their shares add up to at most the whole. */
  readonly variants: Variant[];
  readonly rollback: Rollback | null;

  constructor(reader: ObjectReader, compilation: Compilation) {
    this.name = new Text(reader.requiredString("name", TextForm.Identifier));
    this.match = new Match(reader.object("match"), compilation);
    this.key = readKey(reader, "key", ["consumer"], compilation);
    const variants = readVariants(reader, compilation);
    const rollback = reader.object("rollback");
    this.variants = variants;
    this.rollback = rollback.isPresent ? readRollback(rollback, variants) : null;
  }
}

/** One way a call may go. */
@final
export class Variant {
  readonly name: Text;
  /** Its share of the calls, in parts per million. */
  readonly share: i64;
  /** Calls that always take it, null when none do. Never by what any caller may claim. */
  readonly always: Match | null;
  /** What the body's `model` becomes, null when it stays. */
  readonly rewrite: Text | null;

  constructor(reader: ObjectReader, compilation: Compilation) {
    this.name = new Text(reader.requiredString("name", TextForm.Identifier));
    if (!reader.has("percent")) reader.mismatch("percent", "a number from 0 to 100");
    this.share = reader.scaled("percent", 0, PERCENT_PLACES, 0, WHOLE_SHARE);
    const always = reader.object("always");
    this.always = always.isPresent ? readAlways(always, compilation) : null;
    this.rewrite = reader.optionalText("rewrite", TextForm.HeaderValue);
  }
}

/** When a variant is taken out by itself. */
@final
export class Rollback {
  constructor(
    /** Index into the split's variants. */
    readonly variant: i32,
    /** Share of failed outcomes that must be passed, in units of 1e-9. */
    readonly errorRate: i64,
    readonly windowNanos: i64,
    /** Calls that must have been seen in the window. */
    readonly minCalls: i64,
  ) {}
}

function readVariants(reader: ObjectReader, compilation: Compilation): Variant[] {
  const readers = reader.objects("variants");
  const variants: Variant[] = [];
  let whole: i64 = 0;
  for (let i = 0; i < readers.length; i++) {
    const variant = new Variant(readers[i], compilation);
    if (indexOfVariant(variants, variant.name.toString()) >= 0)
      readers[i].error("name", "another variant has the same name");
    whole += variant.share;
    variants.push(variant);
  }
  const count = reader.lengthOf("variants");
  if (count < 1 || count > MOST_VARIANTS)
    reader.error("variants", "expected 1 to 16 variants, got " + count.toString());
  if (whole > WHOLE_SHARE) reader.error("variants", "expected percentages that add up to at most 100");
  return variants;
}

/** A match that rests on a header which any caller may set holds for nobody. */
function readAlways(reader: ObjectReader, compilation: Compilation): Match | null {
  const match = new Match(reader, compilation);
  const header = match.forgeableHeader(compilation);
  if (!header.length) return match;
  reader.errors.warn(
    reader.path,
    "holds for no call, because any caller can set the header " +
      quote(header) +
      "; name it in trustedHeaders if a trusted hop sets it",
  );
  return null;
}

function readRollback(reader: ObjectReader, variants: Variant[]): Rollback {
  const name = reader.requiredString("variant", TextForm.Identifier);
  const index = indexOfVariant(variants, name);
  if (name.length && index < 0) reader.mismatch("variant", "the name of one of the split's variants");
  if (!reader.has("errorRate")) reader.mismatch("errorRate", 'a ratio such as "0.05"');
  return new Rollback(
    max(index, 0),
    reader.ratio("errorRate", 0),
    reader.duration("window", 300 * SECOND, 10 * SECOND, DAY),
    reader.integer("minCalls", 50, 1, 1_000_000),
  );
}

function indexOfVariant(variants: Variant[], name: string): i32 {
  for (let i = 0; i < variants.length; i++) if (variants[i].name.toString() == name) return i;
  return -1;
}
