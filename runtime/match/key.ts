// Keys of buckets, budgets and labels: where their parts come from, and the bytes that stand for them.
import { Bytes } from "../bytes/bytes";
import { ConfigErrors } from "../config/errors";
import { hasForm, TextForm } from "../config/forms";
import { quote } from "../config/json";
import { lowerText } from "../config/lower";
import { element, ObjectReader } from "../config/reader";
import { Text } from "../config/text";
import { hostName, ipAddress } from "./address";
import { Compilation } from "./compilation";
import { Facts } from "./facts";
import { KeyWriter, MOST_KEY_PARTS } from "./key-writer";
import { cookieValue, queryValue } from "./parameter";

/** Where a part of a key comes from. */
export const enum KeyKind {
  Consumer,
  Team,
  Project,
  Tier,
  Principal,
  Bearer,
  Path,
  Host,
  Method,
  Model,
  RequestType,
  Provider,
  Ip,
  // Those below are written `kind:NAME`.
  Jwt,
  Header,
  Query,
  Cookie,
  Property,
  Cel,
  Const,
}

/** The names of the kinds, in the order of `KeyKind`. */
const KINDS: string[] = [
  "consumer",
  "team",
  "project",
  "tier",
  "principal",
  "bearer",
  "path",
  "host",
  "method",
  "model",
  "requestType",
  "provider",
  "ip",
  "jwt",
  "header",
  "query",
  "cookie",
  "property",
  "cel",
  "const",
];

const EXPECTED =
  "expected a key source: consumer, team, project, tier, principal, bearer, path, host, method, model, requestType, " +
  "provider, ip, jwt:CLAIM, header:NAME, query:NAME, cookie:NAME, property:A.B, cel:EXPR or const:TEXT, got ";

const COOKIE: Bytes = Bytes.constant("cookie");

/** One part of a key. */
@final
export class KeySource {
  constructor(
    readonly kind: KeyKind,
    /** What follows the colon; a property's path has zero bytes for its dots. */
    private readonly name: Text,
    private readonly expression: i32,
  ) {}

  /** The part's value for a call; absent when the call has none. */
  value(facts: Facts): Bytes {
    switch (this.kind) {
      case KeyKind.Consumer:
        return facts.consumer();
      case KeyKind.Team:
        return facts.team();
      case KeyKind.Project:
        return facts.project();
      case KeyKind.Tier:
        return facts.tier();
      case KeyKind.Principal:
        return facts.principal();
      case KeyKind.Bearer:
        return facts.bearer();
      case KeyKind.Path:
        return facts.path();
      case KeyKind.Host:
        return hostName(facts.host());
      case KeyKind.Method:
        return facts.method();
      case KeyKind.Model:
        return facts.model();
      case KeyKind.RequestType:
        return facts.requestType();
      case KeyKind.Provider:
        return facts.provider();
      case KeyKind.Ip:
        return ipAddress(facts.sourceAddress());
      case KeyKind.Jwt:
        return facts.jwtClaim(this.name.bytes);
      case KeyKind.Header:
        return facts.header(this.name.bytes);
      case KeyKind.Query:
        return queryValue(facts.query(), this.name.bytes);
      case KeyKind.Cookie:
        return cookieValue(facts.header(COOKIE), this.name.bytes);
      case KeyKind.Property:
        return facts.property(this.name.bytes);
      case KeyKind.Cel:
        return facts.expression(this.expression);
      default:
        return this.name.bytes;
    }
  }
}

/** A compiled list of key sources. */
@final
export class KeySpec {
  readonly sources: KeySource[] = [];

  /** Whether the model must be known to build the key. */
  get needsModel(): bool {
    return this.uses(KeyKind.Model);
  }

  /** Whether a part may hold what must never be shown or stored as it is: store such a key as its digest only. */
  get mayHoldSecrets(): bool {
    return this.uses(KeyKind.Header) || this.uses(KeyKind.Query) || this.uses(KeyKind.Cookie) || this.uses(KeyKind.Cel);
  }

  /** Writes the call's key; `writer` then says whether parts were missing. */
  build(facts: Facts, writer: KeyWriter): void {
    writer.clear();
    for (let i = 0, k = this.sources.length; i < k; i++) writer.add(this.sources[i].value(facts));
  }

  private uses(kind: KeyKind): bool {
    for (let i = 0, k = this.sources.length; i < k; i++) if (this.sources[i].kind == kind) return true;
    return false;
  }
}

/** Reads a list of key sources; `absent` are the sources when there is none. */
export function readKey(reader: ObjectReader, name: string, absent: string[], compilation: Compilation): KeySpec {
  const spec = new KeySpec();
  const given = reader.strings(name);
  const texts = reader.has(name) ? given : absent;
  for (let i = 0; i < texts.length; i++) {
    const source = parseSource(texts[i], reader.errors, reader.at(element(name, i)), compilation);
    if (source !== null) spec.sources.push(source);
  }
  if (texts.length > MOST_KEY_PARTS)
    reader.error(name, "expected at most " + MOST_KEY_PARTS.toString() + " key sources");
  return spec;
}

/** Reads one key source; null, and reported, when it is none. */
export function parseSource(
  text: string,
  errors: ConfigErrors,
  place: string,
  compilation: Compilation,
): KeySource | null {
  const colon = text.indexOf(":");
  const kind = KINDS.indexOf(colon < 0 ? text : text.substring(0, colon));
  let name = colon < 0 ? "" : text.substring(colon + 1);
  const isNamed = kind >= KeyKind.Jwt;
  const isWrong = kind < 0 || isNamed != colon >= 0 || (isNamed && name.length == 0);
  if (isWrong || (kind == KeyKind.Header && !hasForm(name, TextForm.HeaderName))) {
    errors.error(place, EXPECTED + quote(text));
    return null;
  }
  if (kind == KeyKind.Header) {
    name = lowerText(name);
    compilation.checkTrusted(name, errors, place);
  }
  if (kind == KeyKind.Property) name = propertyPath(name);
  const expression = kind == KeyKind.Cel ? compilation.expression(name, place) : -1;
  return new KeySource(kind, new Text(name), expression);
}

/** `a.b\.c` to the host's form: zero bytes between the parts `a` and `b.c`. */
function propertyPath(text: string): string {
  let path = "";
  for (let i = 0, k = text.length; i < k; i++) {
    const isEscaped = text.charCodeAt(i) == 0x5c && i + 1 < k;
    if (isEscaped) i++;
    path += !isEscaped && text.charCodeAt(i) == 0x2e ? "\0" : text.charAt(i);
  }
  return path;
}
