// All document sources and the small parsers as a module that a test drives; what the sink sees is written to a log.
import { Bytes } from "../../runtime/bytes/bytes";
import { AmazonEventStream } from "../../runtime/parse/amazon-stream";
import { ArrayParser } from "../../runtime/parse/array";
import { DocumentSink, DocumentSource } from "../../runtime/parse/document";
import { FormFields } from "../../runtime/parse/form-fields";
import { mediaBoundary, mediaKind } from "../../runtime/parse/media-type";
import { MultipartParser } from "../../runtime/parse/multipart";
import { NdjsonParser } from "../../runtime/parse/ndjson";
import { percentDecode } from "../../runtime/parse/percent";
import { SseParser } from "../../runtime/parse/sse";
import { WholeBody } from "../../runtime/parse/whole";

const CAPACITY: i32 = 4 << 20;
const LOG_CAPACITY: i32 = 12 << 20;
const buffer = new StaticArray<u8>(CAPACITY);
const seen = new StaticArray<u8>(LOG_CAPACITY);
const scratch = new StaticArray<u8>(4096);
let seenBytes: i32 = 0;

function write(ptr: usize, length: i32): void {
  if (seenBytes + length > LOG_CAPACITY) return;
  memory.copy(changetype<usize>(seen) + <usize>seenBytes, ptr, length);
  seenBytes += length;
}

function writeNumber(value: i64): void {
  store<i64>(changetype<usize>(scratch), value);
  write(changetype<usize>(scratch), 8);
}

function writeMark(mark: u8): void {
  store<u8>(changetype<usize>(scratch), mark);
  write(changetype<usize>(scratch), 1);
}

/** Writes S, D and E records; refuses the bytes of documents whose name begins with "skip". */
class LogSink extends DocumentSink {
  onDocumentStart(source: DocumentSource): bool {
    writeMark(0x53);
    const name = source.name;
    return !(name.length >= 4 && load<u32>(name.ptr) == 0x70696b73);
  }

  onDocumentData(ptr: usize, length: i32): void {
    writeMark(0x44);
    writeNumber(length);
    write(ptr, length);
  }

  onDocumentEnd(source: DocumentSource): void {
    writeMark(0x45);
    writeNumber(source.documentStart);
    writeNumber(source.documentEnd);
    writeNumber(source.isDocumentWhole);
    writeNumber(source instanceof MultipartParser && (<MultipartParser>source).isFile);
    writeNumber(source.name.length);
    write(source.name.ptr, source.name.length);
  }
}

const sink = new LogSink();
const multipart = new MultipartParser(sink);
const sources: StaticArray<DocumentSource> = [
  new WholeBody(sink),
  new SseParser(sink),
  new NdjsonParser(sink),
  new ArrayParser(sink),
  multipart,
  new AmazonEventStream(sink),
];
let source: DocumentSource = sources[0];
const fields = new FormFields();
const form = new MultipartParser(fields);

export function input(): usize {
  return changetype<usize>(buffer);
}

export function capacity(): i32 {
  return CAPACITY;
}

export function log(): usize {
  return changetype<usize>(seen);
}

export function logBytes(): i32 {
  return seenBytes;
}

/** Chooses a source and starts a body; a boundary of this length lies in the input buffer. */
export function start(index: i32, boundaryLength: i32): bool {
  source = sources[index];
  source.reset();
  seenBytes = 0;
  return multipart.setBoundary(changetype<usize>(buffer), boundaryLength);
}

export function feed(at: i32, length: i32): void {
  source.feed(changetype<usize>(buffer) + <usize>at, length);
}

export function finish(): void {
  source.finish();
}

export function state(): i32 {
  return source.state;
}

export function fault(): i32 {
  return source.fault;
}

export function faultOffset(): f64 {
  return <f64>source.faultOffset;
}

export function addField(length: i32, maxBytes: i32): i32 {
  return fields.add(view(length).persist(), maxBytes);
}

export function startForm(boundaryLength: i32): void {
  fields.reset();
  form.reset();
  form.setBoundary(changetype<usize>(buffer), boundaryLength);
}

export function feedForm(at: i32, length: i32): void {
  form.feed(changetype<usize>(buffer) + <usize>at, length);
}

export function finishForm(): void {
  form.finish();
}

export function fieldFact(index: i32, fact: i32): i32 {
  const field = fields.field(index);
  if (field === null) return -1;
  switch (fact) {
    case 0:
      return field.seen;
    case 1:
      return field.isKnown;
    case 2:
      return field.isFile;
    case 3:
      return field.isTruncated;
    case 4:
      return field.differs;
    case 5:
      return <i32>field.size;
    case 6:
      return field.text.length;
    default:
      return <i32>field.text.ptr;
  }
}

/** The input is a content type. */
export function kindOf(length: i32): i32 {
  return mediaKind(view(length));
}

/** The input is a content type; the boundary goes to the log. */
export function boundaryOf(length: i32, room: i32): i32 {
  return mediaBoundary(view(length), changetype<usize>(seen), room);
}

/** The input is a path segment; what it means goes to the log. */
export function decoded(length: i32, room: i32): i32 {
  return percentDecode(changetype<usize>(buffer), length, changetype<usize>(seen), room);
}

function view(length: i32): Bytes {
  const bytes = changetype<Bytes>(changetype<usize>(scratch));
  bytes.ptr = changetype<usize>(buffer);
  bytes.length = length;
  return bytes;
}
