// `aliases`: the names under which models are known to rules, keys and prices.
import { Bytes } from "../bytes/bytes";
import { TextForm } from "../config/forms";
import { ObjectReader } from "../config/reader";
import { Text } from "../config/text";
import { Compilation } from "./compilation";
import { Glob } from "./glob";

/** The compiled table, first match wins. */
@final
export class Aliases {
  private readonly patterns: Glob[] = [];
  private readonly models: Text[] = [];

  /** Reads `aliases` of the root. */
  constructor(root: ObjectReader, compilation: Compilation) {
    const entries = root.objects("aliases");
    for (let i = 0; i < entries.length; i++) {
      this.patterns.push(new Glob(entries[i].requiredString("match", TextForm.Glob)));
      const model = entries[i].requiredString("model", TextForm.HeaderValue);
      compilation.nameModels([model]);
      this.models.push(new Text(model));
    }
  }

  /** The model's name after aliases: the same view when none matches. */
  resolve(model: Bytes): Bytes {
    for (let i = 0, k = this.patterns.length; i < k; i++) {
      if (this.patterns[i].matches(model)) return this.models[i].bytes;
    }
    return model;
  }
}
