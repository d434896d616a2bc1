// `includeUsage`: whether streams are asked for their usage, for which models and hosts.
import { Bytes } from "../../runtime/bytes/bytes";
import { JsonType } from "../../runtime/config/json";
import { TextForm } from "../../runtime/config/forms";
import { ObjectReader } from "../../runtime/config/reader";
import { GlobList } from "../../runtime/match/glob";
import { hostName } from "../../runtime/match/address";

/** What is done with a stream whose caller did not ask for its usage. */
export const enum IncludeUsage {
  /** It is asked for, and what the caller did not ask for is taken out of the answer. */
  Strip,
  /** It is asked for, and the caller gets it, too. */
  Inject,
  Off,
}

const NAMES: string[] = ["strip", "inject", "off"];

/** One entry of the list. */
@final
class Entry {
  constructor(
    readonly models: GlobList,
    readonly hosts: GlobList,
    readonly use: IncludeUsage,
  ) {}
}

/** The compiled field: one word for all, or a list of which the first match counts. */
@final
export class IncludeUsageRules {
  private readonly entries: Entry[] = [];
  private readonly usual: IncludeUsage;

  constructor(reader: ObjectReader) {
    const isList = reader.typeOf("includeUsage") == JsonType.Array;
    this.usual = isList
      ? IncludeUsage.Strip
      : <IncludeUsage>reader.enumeration("includeUsage", NAMES, IncludeUsage.Strip);
    const readers = isList ? reader.objects("includeUsage") : [];
    for (let i = 0; i < readers.length; i++) {
      const models = new GlobList(readers[i].strings("models", TextForm.Glob));
      const hosts = new GlobList(readers[i].strings("hosts", TextForm.Glob), true);
      this.entries.push(new Entry(models, hosts, <IncludeUsage>readers[i].requiredEnumeration("use", NAMES)));
    }
  }

  /** Whether no stream is ever asked. */
  get isOff(): bool {
    if (this.entries.length == 0) return this.usual == IncludeUsage.Off;
    return false;
  }

  /** What holds for a call. An entry without models, or hosts, is for all. */
  of(model: Bytes, host: Bytes): IncludeUsage {
    for (let i = 0, k = this.entries.length; i < k; i++) {
      const entry = this.entries[i];
      if (!entry.models.isEmpty && !entry.models.matches(model)) continue;
      if (!entry.hosts.isEmpty && !entry.hosts.matches(host) && !entry.hosts.matches(hostName(host))) continue;
      return entry.use;
    }
    return this.usual;
  }

  /** Whether the host must be known. */
  get needsHost(): bool {
    for (let i = 0; i < this.entries.length; i++) if (!this.entries[i].hosts.isEmpty) return true;
    return false;
  }
}
