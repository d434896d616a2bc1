// `match`: which calls a rule is about. All given members must hold; of a list, one element.
import { Bytes } from "../bytes/bytes";
import { TextForm } from "../config/forms";
import { lowerText } from "../config/lower";
import { ObjectReader } from "../config/reader";
import { Text } from "../config/text";
import { hostName } from "./address";
import { Compilation } from "./compilation";
import { Facts, isTrue } from "./facts";
import { Glob, GlobList } from "./glob";
import { REQUEST_TYPES } from "./vocabulary";

/** A compiled `match`. The model is often known later than all else, so it is asked apart from the rest. */
@final
export class Match {
  private readonly paths: GlobList;
  private readonly hosts: GlobList;
  private readonly methods: GlobList;
  private readonly models: GlobList;
  private readonly requestTypes: GlobList;
  private readonly providers: GlobList;
  private readonly consumers: GlobList;
  private readonly headerNames: Text[] = [];
  private readonly headerValues: Glob[] = [];
  private readonly expression: i32;

  /** Reads the members of a `match` object; a reader of nothing makes a match that always holds. */
  constructor(reader: ObjectReader, compilation: Compilation) {
    this.paths = new GlobList(reader.strings("paths", TextForm.Glob));
    this.hosts = new GlobList(reader.strings("hosts", TextForm.Glob), true);
    this.methods = new GlobList(reader.strings("methods", TextForm.Method));
    const models = reader.strings("models", TextForm.Glob);
    compilation.nameModels(models);
    this.models = new GlobList(models);
    this.requestTypes = new GlobList(namesOf(reader.enumerations("requestTypes", REQUEST_TYPES), REQUEST_TYPES));
    this.providers = new GlobList(reader.strings("providers", TextForm.Glob));
    this.consumers = new GlobList(reader.strings("consumers", TextForm.Glob));
    this.expression = compilation.readExpression(reader, "cel");
    const headers = reader.object("headers");
    headers.demandMembers();
    const names = headers.names;
    for (let i = 0; i < names.length; i++) {
      if (!headers.checkName(names[i], TextForm.HeaderName)) continue;
      this.headerNames.push(new Text(lowerText(names[i])));
      this.headerValues.push(new Glob(headers.string(names[i], "*", TextForm.Glob)));
    }
  }

  /** Whether the model must be known to decide: the body may have to be read. */
  get needsModel(): bool {
    return !this.models.isEmpty;
  }

  /** Whether the caller must be known to decide. */
  get needsConsumer(): bool {
    return !this.consumers.isEmpty;
  }

  /** Whether the request type or the provider must be known to decide. */
  get needsCall(): bool {
    return !this.requestTypes.isEmpty || !this.providers.isEmpty;
  }

  /** Whether nothing is demanded: every call matches. */
  get isOpen(): bool {
    const isLimited = this.needsModel || this.needsConsumer || this.needsCall || this.expression >= 0;
    return (
      !isLimited && this.paths.isEmpty && this.hosts.isEmpty && this.methods.isEmpty && this.headerNames.length == 0
    );
  }

  /** The first header demanded that the caller can forge, in lower case; empty when there is none. */
  forgeableHeader(compilation: Compilation): string {
    for (let i = 0; i < this.headerNames.length; i++) {
      const name = this.headerNames[i].toString();
      if (!compilation.trusts(name)) return name;
    }
    return "";
  }

  /** Whether all but the model holds. To be asked when the request's headers are there. Cheap members come first. */
  headersMatch(facts: Facts): bool {
    if (!this.paths.isEmpty && !this.paths.matches(facts.path())) return false;
    if (!this.methods.isEmpty && !this.methods.matches(facts.method())) return false;
    if (!this.hosts.isEmpty && !hostMatches(this.hosts, facts.host())) return false;
    if (!this.requestTypes.isEmpty && !this.requestTypes.matches(facts.requestType())) return false;
    if (!this.providers.isEmpty && !this.providers.matches(facts.provider())) return false;
    for (let i = 0, k = this.headerNames.length; i < k; i++) {
      if (!this.headerValues[i].matches(facts.header(this.headerNames[i].bytes))) return false;
    }
    if (!this.consumers.isEmpty && !this.consumers.matches(facts.consumer())) return false;
    return this.expression < 0 || isTrue(facts.expression(this.expression));
  }

  /** Whether the model holds. To be asked when the model is known or given up. */
  modelMatch(facts: Facts): bool {
    return this.models.isEmpty || this.models.matches(facts.model());
  }

  /** Whether everything holds. */
  matches(facts: Facts): bool {
    return this.modelMatch(facts) && this.headersMatch(facts);
  }
}

/** A pattern without a port matches a host with any port. */
function hostMatches(hosts: GlobList, host: Bytes): bool {
  if (hosts.matches(host)) return true;
  const name = hostName(host);
  return name.length < host.length && hosts.matches(name);
}

function namesOf(indexes: i32[], names: string[]): string[] {
  const chosen: string[] = [];
  for (let i = 0; i < indexes.length; i++) chosen.push(names[indexes[i]]);
  return chosen;
}
