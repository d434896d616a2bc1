// A fact that several entries of a table compare: looked up once for all of them.
import { Bytes } from "../bytes/bytes";
import { Text } from "../config/text";
import { Facts } from "./facts";

/** What an operand is. */
export const enum OperandKind {
  Jwt,
  Principal,
  Bearer,
  Header,
}

/** One distinct fact of a table. */
@final
export class Operand {
  private readonly text: Text;
  private known: Bytes = Bytes.absent();
  private epoch: u32 = 0;

  constructor(
    private readonly kind: OperandKind,
    private readonly name: string,
  ) {
    this.text = new Text(name);
  }

  /** Whether this is that fact. Configure time. */
  is(kind: OperandKind, name: string): bool {
    return this.kind == kind && this.name == name;
  }

  /** The fact's value. `epoch` numbers the resolutions: within one the host is asked once. */
  value(facts: Facts, epoch: u32): Bytes {
    if (this.epoch != epoch) {
      this.epoch = epoch;
      this.known = this.ask(facts);
    }
    return this.known;
  }

  private ask(facts: Facts): Bytes {
    switch (this.kind) {
      case OperandKind.Jwt:
        return facts.jwtClaim(this.text.bytes);
      case OperandKind.Principal:
        return facts.principal();
      case OperandKind.Bearer:
        return facts.bearer();
      default:
        return facts.header(this.text.bytes);
    }
  }
}
