// CEL expressions of a configuration, compiled and evaluated by the host.
import { Status } from "../abi/enums";
import { Bytes } from "../bytes/bytes";
import { ConfigErrors } from "../config/errors";
import { Text } from "../config/text";
import { callForeign, foreignStatus } from "../host/foreign";
import { Compilation } from "../match/compilation";

const CREATE = Bytes.constant("expr_create");
const EVALUATE = Bytes.constant("expr_evaluate");
const DELETE = Bytes.constant("expr_delete");
const NO_EXPRESSION: u32 = u32.MAX_VALUE;
const token: Bytes = Bytes.constant("....");

/** The expressions of one root, by the index that `Compilation` gave them. */
export class Expressions {
  private readonly tokens: u32[] = [];

  /** Compiles all; a bad one is an error at its place. A host without CEL makes them match nothing, with a warning. */
  create(compilation: Compilation, errors: ConfigErrors): void {
    for (let i = 0; i < compilation.expressions.length; i++) {
      const text = new Text(compilation.expressions[i]);
      const answer = callForeign(CREATE, text.bytes);
      const status = foreignStatus();
      this.tokens.push(answer.length == 4 ? load<u32>(answer.ptr) : NO_EXPRESSION);
      if (status == Status.Ok && answer.length == 4) continue;
      if (status == Status.NotFound || status == Status.Unimplemented) {
        errors.warn(compilation.places[i], "this host evaluates no CEL: the rule matches no call");
      } else {
        errors.error(compilation.places[i], "expected a CEL expression over Envoy's attributes, the host refused it");
      }
    }
  }

  /** The value for the call at hand; absent when it has none (a header that is not there) or the host fails. */
  evaluate(index: i32): Bytes {
    if (index < 0 || index >= this.tokens.length || this.tokens[index] == NO_EXPRESSION) return Bytes.absent();
    store<u32>(token.ptr, this.tokens[index]);
    return callForeign(EVALUATE, token);
  }

  /** Ends all. The root goes. */
  free(): void {
    for (let i = 0; i < this.tokens.length; i++) {
      if (this.tokens[i] == NO_EXPRESSION) continue;
      store<u32>(token.ptr, this.tokens[i]);
      callForeign(DELETE, token);
    }
    this.tokens.length = 0;
  }
}
