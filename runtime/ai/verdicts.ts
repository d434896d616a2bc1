// Verdicts that were given before: traffic repeats few kinds of calls, and to recognize one is cheaper than to classify it.
//
// A verdict is found again by everything that it depends on, byte for byte: path with query, authority, content type,
// `accept`, the rules, and what few other headers tell. What is too long for that is classified each time.
import { Bytes } from "../bytes/bytes";
import { areSame } from "../bytes/same";
import { Api } from "./api";
import { ModelSource } from "./model";
import { Provider } from "./provider";
import { RequestHead } from "./request-head";
import { RequestType } from "./request-type";
import { ClassifyRules } from "./rules";

/** Verdicts that are kept of calls, and as many of what is none: paths without end must not displace those of calls. */
const KEPT: i32 = 8;
/** Most bytes that the texts of one may have. Each length fits into a byte. */
const TEXT_BYTES: i32 = 224;

/** What is said of a request, but for the name of its model. */
export class Verdict {
  isCall: bool = false;
  isUncounted: bool = false;
  isFree: bool = false;
  /** The body tells something, if it can be read. */
  readsBody: bool = false;
  /** The path decides whether the answer is a stream; then `isStream` says how. */
  isStreamByPath: bool = false;
  isStream: bool = false;
  api: Api = Api.None;
  provider: Provider = Provider.None;
  requestType: RequestType = RequestType.None;
  modelSource: ModelSource = ModelSource.None;

  /** Says the same as another one. */
  repeat(other: Verdict): void {
    this.isCall = other.isCall;
    this.isUncounted = other.isUncounted;
    this.isFree = other.isFree;
    this.readsBody = other.readsBody;
    this.isStreamByPath = other.isStreamByPath;
    this.isStream = other.isStream;
    this.api = other.api;
    this.provider = other.provider;
    this.requestType = other.requestType;
    this.modelSource = other.modelSource;
  }
}

/** A verdict and the texts that it was given for. */
@final
export class KeptVerdict extends Verdict {
  private readonly texts: usize = heap.alloc(TEXT_BYTES);
  private modelStart: i32 = 0;
  private modelEnd: i32 = -1;

  /** The model, as a view into the path of the same request; absent when it names none. */
  modelOf(head: RequestHead): Bytes {
    return this.modelEnd < 0 ? Bytes.absent() : head.path.slice(this.modelStart, this.modelEnd);
  }

  /** Whether these are the texts of a head whose lengths are theirs. */
  isFor(head: RequestHead): bool {
    let at = this.texts;
    if (!areSame(at, head.path.ptr, head.path.length)) return false;
    at += head.path.length;
    if (!areSame(at, head.authority.ptr, head.authority.length)) return false;
    at += head.authority.length;
    if (!areSame(at, head.contentType.ptr, head.contentType.length)) return false;
    at += head.contentType.length;
    return areSame(at, head.accept.ptr, head.accept.length);
  }

  /** Keeps a verdict. `modelStart` and `modelEnd` say where the path names the model, -1 for nowhere. */
  keep(head: RequestHead, verdict: Verdict, modelStart: i32, modelEnd: i32): void {
    this.repeat(verdict);
    this.modelStart = modelStart;
    this.modelEnd = modelEnd;
    let at = this.add(this.texts, head.path);
    at = this.add(at, head.authority);
    at = this.add(at, head.contentType);
    this.add(at, head.accept);
  }

  private add(at: usize, text: Bytes): usize {
    memory.copy(at, text.ptr, text.length);
    return at + text.length;
  }
}

/** The verdicts that are kept: of a fixed number, the oldest goes. */
@final
export class Verdicts {
  private readonly marks: StaticArray<u64> = new StaticArray<u64>(2 * KEPT); // 0 where there is no verdict
  private readonly kept: StaticArray<KeptVerdict> = new StaticArray<KeptVerdict>(2 * KEPT);
  private nextCall: i32 = 0; // the place of the oldest
  private nextOther: i32 = 0;

  constructor() {
    for (let i = 0; i < this.kept.length; i++) this.kept[i] = new KeptVerdict();
  }

  /**
   * What of the inputs is no text, and the lengths of the texts: alike for requests whose verdict is the same when their
   * texts are. 0 for a POST that is not remembered. Only a POST without an upgrade can be asked for.
   */
  markOf(head: RequestHead, rules: ClassifyRules | null): u64 {
    const path = head.path.length;
    const authority = head.authority.length;
    const contentType = head.contentType.length;
    const accept = head.accept.length;
    if (path + authority + contentType + accept > TEXT_BYTES) return 0;
    if (!head.dashScopeSse.isEmpty || !head.dashScopeAsync.isEmpty) return 0;
    const lengths = path | (authority << 8) | (contentType << 16) | (accept << 24);
    const told = (<i32>head.hasMcpHeader) | ((<i32>head.hasA2aHeader) << 1);
    const number = rules === null ? 0 : rules.number;
    return (<u64>(<u32>lengths)) | ((<u64>((number << 2) | (<u32>told))) << 32);
  }

  /** The verdict that was given for a head like this one, null when there is none. */
  find(head: RequestHead, mark: u64): KeptVerdict | null {
    for (let i = 0; i < 2 * KEPT; i++) {
      if (unchecked(this.marks[i]) != mark) continue;
      const kept = unchecked(this.kept[i]);
      if (kept.isFor(head)) return kept;
    }
    return null;
  }

  /** Keeps a verdict; `model` is what it says within `path`, the head's path in normal form. */
  add(head: RequestHead, mark: u64, verdict: Verdict, model: Bytes, path: Bytes): void {
    let modelStart = -1;
    let modelEnd = -1;
    if (model.isPresent) {
      modelStart = <i32>(model.ptr - path.ptr);
      modelEnd = modelStart + model.length;
      // The path as it came names the model at the same place, in the same bytes; one that is spelled oddly does not.
      if (!head.path.slice(modelStart, modelEnd).equals(model)) return;
    }
    let i = this.nextCall;
    if (verdict.isCall) this.nextCall = (i + 1) % KEPT;
    else {
      i = KEPT + this.nextOther;
      this.nextOther = (this.nextOther + 1) % KEPT;
    }
    unchecked(this.kept[i]).keep(head, verdict, modelStart, modelEnd);
    unchecked((this.marks[i] = mark));
  }
}
