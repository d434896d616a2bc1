// How the documents of one family of APIs are read. One object per family, without state of any call.
import { Bytes } from "../bytes/bytes";
import { JsonScanner } from "../parse/json";
import { JsonType, JsonValue } from "../parse/json-value";
import { PathMode, PathTable } from "../parse/paths";
import { Answer, ERROR_TYPE_BYTES } from "./answer";
import { JsonPool } from "./json-pool";
import { MAX_MODEL_BYTES } from "./model";

/** More tokens than any call has; what claims more is no count. */
const MOST_TOKENS: i64 = 1 << 50;

/** A family. Subclasses add their paths in the constructor. */
export abstract class Dialect {
  protected readonly table: PathTable = new PathTable();
  private readonly pool: JsonPool = new JsonPool(this.table);
  private readonly error: i32 = this.table.add("error", PathMode.Capture, 0);
  private readonly errorType: i32 = this.word("error.type");
  private readonly errorCode: i32 = this.word("error.code");
  private readonly errorStatus: i32 = this.word("error.status");

  /** Reads a whole document. `name`: of the event or frame, empty when it has none. */
  abstract read(json: JsonScanner, name: Bytes, answer: Answer): void;

  /** Reads what must be known before the document is whole: the model. */
  peek(json: JsonScanner, answer: Answer): void {}

  /**
   * Whether `read` takes strings that it measures for content as they are, each at most once, and nothing new from a
   * document that it reads twice in a row. One that repeats the document before it but for them need not be read then.
   */
  get isRepeatable(): bool {
    return false;
  }

  /** A scanner for these documents. */
  take(): JsonScanner {
    return this.pool.take();
  }

  /** The scanner back. */
  give(json: JsonScanner): void {
    this.pool.give(json);
  }

  /** Notes an error object (or text) of the usual form. Whether there is one. */
  readError(json: JsonScanner, answer: Answer): bool {
    const error = json.value(this.error);
    if (!error.isPresent || error.type == JsonType.Null) return false;
    if (error.type == JsonType.Object && error.isEmpty) return false;
    if (error.type == JsonType.False || (error.type == JsonType.String && error.size == 0)) return false;
    answer.fail(firstWord(json, this.errorType, this.errorStatus, this.errorCode));
    return true;
  }

  /** Wants a number (of which no text is needed). */
  protected number(path: string): i32 {
    return this.table.add(path, PathMode.Capture, 0);
  }

  /** Wants a short word. */
  protected word(path: string): i32 {
    return this.table.add(path, PathMode.Capture, ERROR_TYPE_BYTES);
  }

  /** Wants a model's name. */
  protected name(path: string): i32 {
    return this.table.add(path, PathMode.Capture, MAX_MODEL_BYTES);
  }

  /** Wants the length of texts. */
  protected length(path: string): i32 {
    return this.table.add(path, PathMode.Measure);
  }

  /** Wants nothing of a string or number that is another one in each document. */
  protected varying(path: string): i32 {
    return this.table.add(path, PathMode.Presence);
  }

  /** Names the answer's model after the value at a path. */
  protected takeModel(json: JsonScanner, path: i32, answer: Answer): void {
    const value = json.value(path);
    if (value.type == JsonType.String) answer.nameModel(value.text, value.isTruncated);
  }

  /** Notes the service tier at a path. */
  protected takeTier(json: JsonScanner, path: i32, answer: Answer): void {
    const value = json.value(path);
    if (value.type == JsonType.String && !value.isTruncated && !value.text.isEmpty) answer.serviceTier.set(value.text);
  }
}

/** The count at a path; -1 when there is none that can be one. */
export function countAt(json: JsonScanner, path: i32): i64 {
  const value = json.value(path);
  if (!value.isExact || value.isNegative || value.integer > MOST_TOKENS) return -1;
  return value.integer;
}

/** The text at a path, absent when there is none (or a longer one than is kept). */
export function textAt(json: JsonScanner, path: i32): Bytes {
  const value = json.value(path);
  return value.type == JsonType.String && !value.isTruncated ? value.text : Bytes.absent();
}

/** The sum of the lengths of the texts at a path. */
export function bytesAt(json: JsonScanner, path: i32): i64 {
  const value = json.value(path);
  return value.isPresent || value.seen > 0 ? value.bytes : 0;
}

/** The first of the texts at these paths that is not empty; a number counts as its digits. */
function firstWord(json: JsonScanner, a: i32, b: i32, c: i32): Bytes {
  const first = wordOf(json.value(a));
  if (!first.isEmpty) return first;
  const second = wordOf(json.value(b));
  return second.isEmpty ? wordOf(json.value(c)) : second;
}

function wordOf(value: JsonValue): Bytes {
  const isWord = value.type == JsonType.String || value.type == JsonType.Number;
  return isWord && !value.isTruncated ? value.text : Bytes.absent();
}
