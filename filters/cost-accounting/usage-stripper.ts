// Takes the chunk of usage, which only we asked for, out of a stream of server-sent events. Pure: bytes in, bytes out.
//
// OpenAI's last chunk before `[DONE]` has `"choices":[]` and a `usage`; every other event goes on as it came, to the byte.
// Kept back is an event that has not ended and may still turn out to be that chunk: nothing longer than 16 KiB is.
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { BACKSLASH } from "../../runtime/parse/ascii";
import { DocumentSink, DocumentSource } from "../../runtime/parse/document";
import { JsonScanner, JsonState } from "../../runtime/parse/json";
import { JsonType } from "../../runtime/parse/json-value";
import { PathMode, PathTable } from "../../runtime/parse/paths";
import { markBefore } from "../../runtime/parse/runs";
import { SseParser } from "../../runtime/parse/sse";

const LONGEST_CHUNK: i64 = 16384;
/** Two line feeds. */
const BLANK_LINE: u16 = 0x0a0a;
const LETTER_U: u8 = 0x75;

const PATHS = new PathTable();
const CHOICES: i32 = PATHS.add("choices", PathMode.Presence);
const USAGE: i32 = PATHS.add("usage", PathMode.Presence);
const POOL: UsageStripper[] = [];

/** One stream's. `take` it, `feed` each chunk, `finish`, `release`. */
@final
export class UsageStripper extends DocumentSink {
  private readonly json: JsonScanner = new JsonScanner(PATHS);
  private readonly kept: ByteBuffer = new ByteBuffer(1024);
  private keptFrom: i64 = 0; // the offset of the first byte that is kept
  private cutFrom: i64 = 0; // what is to be left out
  private cutTo: i64 = 0;
  private strips: bool = true;
  private parser: SseParser | null = null;

  /** One from the pool. `strips`: false only follows the stream, for `isBetweenEvents`. */
  static take(strips: bool): UsageStripper {
    const stripper = POOL.length == 0 ? new UsageStripper() : POOL.pop();
    stripper.strips = strips;
    return stripper;
  }

  /** Back to the pool. */
  release(): void {
    this.source.reset();
    this.kept.clear();
    this.keptFrom = 0;
    this.cutFrom = 0;
    this.cutTo = 0;
    POOL.push(this);
  }

  /** Takes the next bytes if all of them go on, which most do. False: `feed` them. */
  pass(ptr: usize, length: i32): bool {
    if (!this.isPlain(ptr, length)) return false;
    const source = this.source;
    source.skip(length);
    this.keptFrom = source.fed;
    return true;
  }

  /** Takes the next bytes and appends what goes on. */
  feed(ptr: usize, length: i32, out: ByteBuffer): void {
    if (this.pass(ptr, length)) {
      out.raw(ptr, length);
      return;
    }
    const source = this.source;
    this.kept.raw(ptr, length);
    source.feed(ptr, length);
    this.emit(this.holdsBack ? source.restStart : source.fed, out);
  }

  /** The stream is over: appends what was kept back. */
  finish(out: ByteBuffer): void {
    const source = this.source;
    source.finish();
    this.emit(source.fed, out);
  }

  /** Whether what came so far ends between two events. */
  get isBetweenEvents(): bool {
    const source = this.source;
    return source.restStart == source.fed;
  }

  /** Whether bytes are kept back. */
  get keeps(): bool {
    return this.kept.length > 0;
  }

  onDocumentStart(source: DocumentSource): bool {
    this.json.reset();
    return this.strips;
  }

  onDocumentData(ptr: usize, length: i32): void {
    this.json.feed(ptr, length);
  }

  onDocumentEnd(source: DocumentSource): void {
    // What is too long to be kept back stays, however it was cut.
    const isLong = source.documentEnd - source.documentStart > LONGEST_CHUNK;
    if (!this.strips || isLong || source.documentStart < this.keptFrom) return;
    const json = this.json;
    json.finish();
    const choices = json.value(CHOICES);
    const isUsage = choices.type == JsonType.Array && choices.isEmpty && json.value(USAGE).type == JsonType.Object;
    if (json.state != JsonState.Complete || !isUsage) return;
    this.cutFrom = source.documentStart;
    this.cutTo = source.documentEnd;
    this.strips = false; // it comes once
  }

  /** Whether these are whole events none of which is the chunk: most are, and are spared the parsing. */
  private isPlain(ptr: usize, length: i32): bool {
    if (this.keeps || !this.isBetweenEvents || length < 2) return false;
    if (load<u16>(ptr + <usize>(length - 2)) != BLANK_LINE) return false;
    return !this.strips || !mayHaveUsage(ptr, ptr + <usize>length);
  }

  /** Whether the event that has not ended may be the chunk. */
  private get holdsBack(): bool {
    const source = this.source;
    const start = source.restStart;
    if (!this.strips || start < this.keptFrom || source.fed - start > LONGEST_CHUNK) return false;
    if (!source.isInDocument) return true;
    const json = this.json;
    if (json.rootType != JsonType.None && json.rootType != JsonType.Object) return false;
    const choices = json.value(CHOICES);
    return choices.end < 0 || !choices.isPresent || choices.isEmpty;
  }

  /** Appends what is kept up to an offset, but for what is cut out. */
  private emit(to: i64, out: ByteBuffer): void {
    const kept = this.kept;
    const from = this.keptFrom;
    if (to <= from) return;
    const count = <i32>(to - from);
    if (this.cutTo > from && this.cutFrom < to) {
      const head = <i32>max<i64>(this.cutFrom - from, 0);
      const tail = <i32>min<i64>(this.cutTo - from, to - from);
      out.raw(kept.ptr, head);
      out.raw(kept.ptr + <usize>tail, count - tail);
    } else out.raw(kept.ptr, count);
    const rest = kept.length - count;
    if (rest > 0) memory.copy(kept.ptr, kept.ptr + <usize>count, <usize>rest);
    kept.length = max(rest, 0);
    this.keptFrom = to;
  }

  private get source(): SseParser {
    const parser = this.parser;
    if (parser) return parser;
    const made = new SseParser(this);
    this.parser = made;
    return made;
  }
}

/**
 * Whether whole events may have a key `usage` whose value is not `null`. Without escapes of letters (`\u0075`) the key
 * stands there as it is; what is written with white space around the colon is parsed.
 */
function mayHaveUsage(from: usize, end: usize): bool {
  for (let p = markBefore(LETTER_U, from, end); p < end; p = markBefore(LETTER_U, p + 2, end)) {
    if (load<u8>(p) == BACKSLASH) return true;
    const isUsage = end - p >= 6 && load<u32>(p, 2) == 0x65676173; // sage
    const isNull = end - p >= 12 && load<u64>(p) == 0x3a22656761737522 && load<u32>(p, 8) == 0x6c6c756e; // "usage":null
    if (isUsage && !isNull) return true;
  }
  return false;
}
