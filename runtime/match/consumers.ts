// `consumers`: who calls, found by verified claims, identities, credentials or headers.
import { Bytes } from "../bytes/bytes";
import { TextForm } from "../config/forms";
import { lowerText } from "../config/lower";
import { ObjectReader } from "../config/reader";
import { Text } from "../config/text";
import { BEARER_DIGITS } from "./bearer";
import { Compilation } from "./compilation";
import { Facts, isTrue } from "./facts";
import { Glob, GlobList } from "./glob";
import { Operand, OperandKind } from "./operand";

/** What `ConsumerTable.resolve` answers when no entry matches. */
export const NO_CONSUMER: i32 = -1;

/** One entry of the table. */
@final
export class Consumer {
  readonly operands: Operand[] = [];
  readonly globs: Glob[] = [];
  expression: i32 = -1;

  constructor(
    readonly name: Text,
    readonly team: Text | null,
    readonly project: Text | null,
    readonly tier: Text | null,
    /** Models that the consumer may ask for; none named: all. */
    readonly models: GlobList,
  ) {}

  /** Whether all conditions hold. */
  matches(facts: Facts, epoch: u32): bool {
    for (let i = 0, k = this.operands.length; i < k; i++) {
      if (!this.globs[i].matches(this.operands[i].value(facts, epoch))) return false;
    }
    return this.expression < 0 || isTrue(facts.expression(this.expression));
  }
}

/** The compiled table. Several entries may have one name: one person with two credentials. */
@final
export class ConsumerTable {
  readonly entries: Consumer[] = [];
  /** Name of a caller that no entry matches; null: the bearer's hash without a table, with one nobody. */
  readonly defaultConsumer: Text | null;
  private readonly operands: Operand[] = []; // each distinct one once: a lookup is made once for all entries
  private epoch: u32 = 0;

  /** Reads `consumers` and `defaultConsumer` of the root. */
  constructor(root: ObjectReader, compilation: Compilation) {
    const readers = root.objects("consumers");
    this.defaultConsumer = root.optionalText("defaultConsumer", TextForm.Label);
    for (let i = 0; i < readers.length; i++) {
      const reader = readers[i];
      const consumer = new Consumer(
        new Text(reader.requiredString("name", TextForm.Label)),
        reader.optionalText("team", TextForm.Label),
        reader.optionalText("project", TextForm.Label),
        reader.optionalText("tier", TextForm.HeaderValue),
        new GlobList(reader.strings("models", TextForm.Glob)),
      );
      this.readWhen(reader.requiredObject("when"), consumer, compilation);
      this.entries.push(consumer);
    }
  }

  /** Whether some consumer may ask for certain models only. */
  get limitsModels(): bool {
    for (let i = 0; i < this.entries.length; i++) if (!this.entries[i].models.isEmpty) return true;
    return false;
  }

  /** Index of the first entry that matches, `NO_CONSUMER` when none does. */
  resolve(facts: Facts): i32 {
    this.epoch++;
    for (let i = 0, k = this.entries.length; i < k; i++) if (this.entries[i].matches(facts, this.epoch)) return i;
    return NO_CONSUMER;
  }

  /** The caller's name, given what `resolve` answered; absent for a stranger. */
  nameOf(index: i32, facts: Facts): Bytes {
    const entry = this.entry(index);
    if (entry !== null) return entry.name.bytes;
    const bearer = this.entries.length ? Bytes.absent() : facts.bearer();
    const fallback = this.defaultConsumer;
    return bearer.isPresent || fallback === null ? bearer : fallback.bytes;
  }

  /** The entry that `resolve` answered, null for none. */
  entry(index: i32): Consumer | null {
    return <u32>index < <u32>this.entries.length ? this.entries[index] : null;
  }

  private readWhen(when: ObjectReader, consumer: Consumer, compilation: Compilation): void {
    when.demandMembers();
    const claims = when.object("jwt");
    claims.demandMembers();
    for (let i = 0; i < claims.names.length; i++) {
      const claim = claims.names[i];
      if (!claims.checkName(claim, TextForm.Any)) continue;
      this.require(consumer, OperandKind.Jwt, claim, claims.string(claim, "*", TextForm.Glob));
    }
    const principal = when.string("principal", "", TextForm.Glob);
    if (principal.length) this.require(consumer, OperandKind.Principal, "", principal);
    const hash = when.string("bearerHash", "", TextForm.Hash);
    if (hash.length) this.require(consumer, OperandKind.Bearer, "", hash.substring(0, BEARER_DIGITS));
    const headers = when.object("header");
    headers.demandMembers();
    for (let i = 0; i < headers.names.length; i++) {
      const name = headers.names[i];
      if (!headers.checkName(name, TextForm.HeaderName)) continue;
      compilation.checkTrusted(lowerText(name), when.errors, headers.at(name));
      this.require(consumer, OperandKind.Header, lowerText(name), headers.string(name, "*", TextForm.Glob));
    }
    consumer.expression = compilation.readExpression(when, "cel");
  }

  private require(consumer: Consumer, kind: OperandKind, name: string, pattern: string): void {
    consumer.globs.push(new Glob(pattern));
    for (let i = 0; i < this.operands.length; i++) {
      if (!this.operands[i].is(kind, name)) continue;
      consumer.operands.push(this.operands[i]);
      return;
    }
    const operand = new Operand(kind, name);
    this.operands.push(operand);
    consumer.operands.push(operand);
  }
}
