// What a body is, by its content type.
import { Bytes, isSpace } from "../bytes/bytes";
import { COMMA, SEMICOLON } from "../parse/ascii";

/** The formats that are read. */
export const enum BodyFormat {
  /** Not read. */
  None,
  Json,
  Multipart,
  Sse,
  Ndjson,
  /** AWS event stream. */
  EventStream,
}

const JSON = Bytes.constant("application/json");
const TEXT_JSON = Bytes.constant("text/json");
const APPLICATION = Bytes.constant("application/");
const PLUS_JSON = Bytes.constant("+json");
const MULTIPART = Bytes.constant("multipart/form-data");
const SSE = Bytes.constant("text/event-stream");
const NDJSON = Bytes.constant("application/x-ndjson");
const NDJSON_NEW = Bytes.constant("application/ndjson");
const JSON_LINES = Bytes.constant("application/jsonl");
const JSON_LINES_X = Bytes.constant("application/x-jsonlines");
const EVENT_STREAM = Bytes.constant("application/vnd.amazon.eventstream");

/** The format that a content type names; parameters and the case of letters do not matter. */
export function bodyFormatOf(contentType: Bytes): BodyFormat {
  const type = mediaType(contentType);
  if (type.isEmpty) return BodyFormat.None;
  if (type.equalsIgnoreCase(JSON)) return BodyFormat.Json;
  if (type.equalsIgnoreCase(SSE)) return BodyFormat.Sse;
  if (type.equalsIgnoreCase(MULTIPART)) return BodyFormat.Multipart;
  if (type.equalsIgnoreCase(EVENT_STREAM)) return BodyFormat.EventStream;
  if (type.equalsIgnoreCase(NDJSON) || type.equalsIgnoreCase(NDJSON_NEW)) return BodyFormat.Ndjson;
  if (type.equalsIgnoreCase(JSON_LINES) || type.equalsIgnoreCase(JSON_LINES_X)) return BodyFormat.Ndjson;
  if (type.equalsIgnoreCase(TEXT_JSON)) return BodyFormat.Json;
  const tail = type.length - PLUS_JSON.length;
  if (tail <= APPLICATION.length || !type.slice(tail).equalsIgnoreCase(PLUS_JSON)) return BodyFormat.None;
  return type.slice(0, APPLICATION.length).equalsIgnoreCase(APPLICATION) ? BodyFormat.Json : BodyFormat.None;
}

/** The type without its parameters. Of several, joined by a proxy, the first. */
function mediaType(contentType: Bytes): Bytes {
  let end = 0;
  while (end < contentType.length) {
    const byte = contentType.at(end);
    if (byte == SEMICOLON || byte == COMMA) break;
    end++;
  }
  while (end > 0 && isSpace(contentType.at(end - 1))) end--;
  return contentType.slice(0, end).trim();
}

/** Whether a list of media types (`accept`) names this one. */
export function acceptNames(accept: Bytes, type: BodyFormat): bool {
  let from = 0;
  while (from < accept.length) {
    const comma = accept.indexOfByte(COMMA, from);
    const end = comma < 0 ? accept.length : comma;
    if (bodyFormatOf(accept.slice(from, end)) == type) return true;
    from = end + 1;
  }
  return false;
}
