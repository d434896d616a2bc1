// What the compiled parts of one configuration share: the expressions that the host evaluates, and the trusted headers.
import { ConfigErrors } from "../config/errors";
import { quote } from "../config/json";
import { ObjectReader } from "../config/reader";

/** Made once for each configuration, filled while its rules are compiled. */
export class Compilation {
  /** CEL expressions; the runtime creates each in the host and answers `Facts.expression(index)`. */
  readonly expressions: string[] = [];
  /** Places of the expressions in the configuration, for the error when the host refuses one. */
  readonly places: string[] = [];
  /** Lower-case names of the headers that the caller cannot forge. */
  readonly trustedHeaders: string[] = [];

  /** Models that the configuration names: they have labels of their own from the start. */
  readonly models: string[] = [];

  /** Takes note of model names; patterns name none. */
  nameModels(names: string[]): void {
    for (let i = 0; i < names.length; i++) if (!names[i].includes("*")) this.models.push(names[i]);
  }

  /** The index of an expression; equal expressions share one. */
  expression(text: string, place: string): i32 {
    const index = this.expressions.indexOf(text);
    if (index >= 0) return index;
    this.places.push(place);
    return this.expressions.push(text) - 1;
  }

  /** The index of the expression under a name, -1 when there is none. */
  readExpression(reader: ObjectReader, name: string): i32 {
    const text = reader.string(name, "");
    return text.length ? this.expression(text, reader.at(name)) : -1;
  }

  /** Whether the caller cannot forge a header. `name` in lower case. */
  trusts(name: string): bool {
    return this.trustedHeaders.includes(name);
  }

  /** Warns when a decision would rest on a header that any caller may set. `name` in lower case. */
  checkTrusted(name: string, errors: ConfigErrors, place: string): void {
    if (this.trusts(name)) return;
    errors.warn(
      place,
      "any caller can set the header " + quote(name) + "; name it in trustedHeaders if a trusted hop sets it",
    );
  }
}
