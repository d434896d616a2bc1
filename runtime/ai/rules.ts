// `classify`: private paths and what is spoken there.
import { Bytes } from "../bytes/bytes";
import { TextForm } from "../config/forms";
import { ObjectReader } from "../config/reader";
import { GlobList } from "../match/glob";
import { APIS, REQUEST_TYPES } from "../match/vocabulary";
import { Api, apiNamed } from "./api";
import { RequestType, requestTypeNamed, usualRequestType } from "./request-type";

/** One entry: paths that are AI calls of this API and kind. */
@final
export class ClassifyRule {
  private readonly paths: GlobList;
  readonly api: Api;
  readonly requestType: RequestType;

  constructor(entry: ObjectReader) {
    const paths = entry.strings("paths", TextForm.Glob);
    if (!entry.has("paths")) entry.mismatch("paths", "a list of at least one path");
    this.paths = new GlobList(paths);
    this.api = apiNamed(APIS[entry.enumeration("api", APIS, 0)]);
    const usual = usualRequestType(this.api);
    const type = entry.enumeration("requestType", REQUEST_TYPES, -1);
    this.requestType = type < 0 ? usual : requestTypeNamed(REQUEST_TYPES[type]);
  }

  /** Whether this path (normal form, without query) is one of them. */
  matches(path: Bytes): bool {
    return this.paths.matches(path);
  }
}

let made: u32 = 0;

/** All entries, first match wins. */
@final
export class ClassifyRules {
  /** Tells these rules from all others that this module has ever read; 0 for those that say nothing. */
  readonly number: u32;
  private readonly entries: ClassifyRule[] = [];

  /** Reads `classify` of an object: `[{paths, requestType?, api?}]`. Without `api` the body is OpenAI chat's. */
  constructor(root: ObjectReader) {
    const entries = root.objects("classify");
    for (let i = 0; i < entries.length; i++) this.entries.push(new ClassifyRule(entries[i]));
    this.number = entries.length == 0 ? 0 : ++made;
  }

  /** The first entry for this path, null when there is none. */
  find(path: Bytes): ClassifyRule | null {
    const entries = this.entries;
    for (let i = 0, k = entries.length; i < k; i++) if (entries[i].matches(path)) return entries[i];
    return null;
  }
}
