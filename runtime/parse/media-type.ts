// Which parser a content type asks for.
import { Bytes } from "../bytes/bytes";
import { bareLength, isText, readParameter } from "./parameters";

/** Formats that the parsers of this folder read, and a few that must be told apart. */
export const enum MediaKind {
  /** No content type. */
  None,
  /** application/json, text/json, application/*+json */
  Json,
  /** text/event-stream */
  EventStream,
  /** application/x-ndjson and its other names */
  Ndjson,
  /** multipart/form-data */
  Form,
  /** application/vnd.amazon.eventstream */
  AmazonEventStream,
  /** application/grpc and its forms */
  Grpc,
  Other,
}

const JSON_TYPES: StaticArray<Bytes> = [Bytes.constant("application/json"), Bytes.constant("text/json")];
const NDJSON_TYPES: StaticArray<Bytes> = [
  Bytes.constant("application/x-ndjson"),
  Bytes.constant("application/ndjson"),
  Bytes.constant("application/jsonl"),
  Bytes.constant("application/x-jsonl"),
  Bytes.constant("application/jsonlines"),
  Bytes.constant("application/x-jsonlines"),
];
const SSE_TYPE: Bytes = Bytes.constant("text/event-stream");
const FORM_TYPE: Bytes = Bytes.constant("multipart/form-data");
const AMAZON_TYPE: Bytes = Bytes.constant("application/vnd.amazon.eventstream");
const GRPC_TYPE: Bytes = Bytes.constant("application/grpc");
const APPLICATION: Bytes = Bytes.constant("application/");
const JSON_SUFFIX: Bytes = Bytes.constant("+json");
const BOUNDARY: Bytes = Bytes.constant("boundary");

/** The format that a `content-type` value names; parameters and case do not matter. */
export function mediaKind(contentType: Bytes): MediaKind {
  const ptr = contentType.ptr;
  const length = bareLength(ptr, contentType.length);
  if (length == 0) return MediaKind.None;
  if (isOneOf(ptr, length, JSON_TYPES)) return MediaKind.Json;
  if (isText(ptr, length, SSE_TYPE)) return MediaKind.EventStream;
  if (isText(ptr, length, FORM_TYPE)) return MediaKind.Form;
  if (isOneOf(ptr, length, NDJSON_TYPES)) return MediaKind.Ndjson;
  if (isText(ptr, length, AMAZON_TYPE)) return MediaKind.AmazonEventStream;
  if (length >= GRPC_TYPE.length && isText(ptr, GRPC_TYPE.length, GRPC_TYPE)) return MediaKind.Grpc;
  const suffix = length - JSON_SUFFIX.length;
  const isApplication = length >= APPLICATION.length && isText(ptr, APPLICATION.length, APPLICATION);
  if (isApplication && suffix > 0 && isText(ptr + <usize>suffix, JSON_SUFFIX.length, JSON_SUFFIX))
    return MediaKind.Json;
  return MediaKind.Other;
}

/** Writes the `boundary` parameter to `out`, at most `capacity` bytes; answers its length, -1 when there is none. */
export function mediaBoundary(contentType: Bytes, out: usize, capacity: i32): i32 {
  return readParameter(contentType.ptr, contentType.length, BOUNDARY, out, capacity);
}

function isOneOf(ptr: usize, length: i32, texts: StaticArray<Bytes>): bool {
  for (let i = 0; i < texts.length; i++) if (isText(ptr, length, unchecked(texts[i]))) return true;
  return false;
}
