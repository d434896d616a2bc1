// `overrides`: keys that have another limit than their rule's.
import { Bytes } from "../../runtime/bytes/bytes";
import { TextForm } from "../../runtime/config/forms";
import { ObjectReader } from "../../runtime/config/reader";
import { Text } from "../../runtime/config/text";
import { Glob } from "../../runtime/match/glob";
import { KeyKind, KeySpec } from "../../runtime/match/key";
import { KeyWriter } from "../../runtime/match/key-writer";
import { compileLimit, Limit, LimitFields } from "./limit";

/** One override. The model is often known later than the rest of a key, so it is compared apart. */
@final
export class Override {
  readonly limit: Limit;
  private readonly globs: Glob[] = [];
  private readonly texts: Text[] = [];
  private readonly ofModel: bool[] = [];
  private isExact: bool = true;

  constructor(reader: ObjectReader, key: KeySpec, parts: i32, base: LimitFields, places: i32, rule: string) {
    const patterns = reader.strings("key", TextForm.Glob);
    if (!reader.has("key")) reader.mismatch("key", "a list of one pattern for each part of the rule's key");
    else if (reader.lengthOf("key") != parts) {
      reader.error("key", "expected one pattern for each part of the rule's key, which has " + parts.toString());
    }
    const limit = reader.requiredObject("limit");
    limit.demandMembers();
    this.limit = compileLimit(new LimitFields(limit, base), places, rule, limit);
    for (let i = 0; i < patterns.length; i++) {
      this.globs.push(new Glob(patterns[i]));
      this.texts.push(new Text(patterns[i]));
      this.ofModel.push(i < key.sources.length && key.sources[i].kind == KeyKind.Model);
      if (patterns[i].includes("*")) this.isExact = false;
    }
  }

  /** Whether the parts but for the model are as it wants them. A missing part is as nobody wants it. */
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

  /** Whether it names one key; `part` has each of its parts. */
  get namesOne(): bool {
    return this.isExact && this.texts.length > 0;
  }

  get count(): i32 {
    return this.texts.length;
  }

  /** A part of the one key that it names. */
  part(index: i32): Bytes {
    return index < this.texts.length ? this.texts[index].bytes : Bytes.absent();
  }

  /** Whether that part is the model. */
  isModel(index: i32): bool {
    return index < this.ofModel.length && this.ofModel[index];
  }
}
