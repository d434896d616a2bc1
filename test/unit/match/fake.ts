// Facts that a spec sets, and compiled parts from a line of JSON.
import { Bytes } from "../../../runtime/bytes/bytes";
import { ConfigErrors } from "../../../runtime/config/errors";
import { ObjectReader, readConfig } from "../../../runtime/config/reader";
import { Compilation } from "../../../runtime/match/compilation";
import { Facts } from "../../../runtime/match/facts";
import { BearerHash } from "../../../runtime/match/bearer";

/** A call in constants: `of("model")` sets a fact, a header as `header:name`, a claim as `jwt:name`. */
export class FakeFacts extends Facts {
  private readonly values: Map<string, string> = new Map();
  /** How often each fact was asked for. */
  readonly asked: Map<string, i32> = new Map();

  set(fact: string, value: string): this {
    this.values.set(fact, value);
    return this;
  }

  path(): Bytes {
    return this.answer("path");
  }
  query(): Bytes {
    return this.answer("query");
  }
  host(): Bytes {
    return this.answer("host");
  }
  method(): Bytes {
    return this.answer("method");
  }
  header(name: Bytes): Bytes {
    return this.answer("header:" + name.toText());
  }
  model(): Bytes {
    return this.answer("model");
  }
  requestType(): Bytes {
    return this.answer("requestType");
  }
  provider(): Bytes {
    return this.answer("provider");
  }
  consumer(): Bytes {
    return this.answer("consumer");
  }
  team(): Bytes {
    return this.answer("team");
  }
  project(): Bytes {
    return this.answer("project");
  }
  tier(): Bytes {
    return this.answer("tier");
  }
  principal(): Bytes {
    return this.answer("principal");
  }
  bearer(): Bytes {
    return new BearerHash("sluice").of(this);
  }
  jwtClaim(name: Bytes): Bytes {
    return this.answer("jwt:" + name.toText());
  }
  sourceAddress(): Bytes {
    return this.answer("ip");
  }
  property(path: Bytes): Bytes {
    return this.answer("property:" + path.toText());
  }
  expression(index: i32): Bytes {
    return this.answer("cel:" + index.toString());
  }

  private answer(fact: string): Bytes {
    this.asked.set(fact, this.timesAsked(fact) + 1);
    return this.values.has(fact) ? Bytes.constant(this.values.get(fact)) : Bytes.absent();
  }

  timesAsked(fact: string): i32 {
    return this.asked.has(fact) ? this.asked.get(fact) : 0;
  }
}

/** One configuration under test. */
export class Setup {
  readonly errors: ConfigErrors;
  readonly compilation: Compilation = new Compilation();
  readonly root: ObjectReader;

  constructor(json: string) {
    const errors = new ConfigErrors("test");
    const bytes = String.UTF8.encode(json);
    this.errors = errors;
    this.root = readConfig(errors, changetype<usize>(bytes), bytes.byteLength);
  }
}
