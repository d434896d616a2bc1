// Content types and `accept` lists as they come through a proxy.
import { Bytes } from "../bytes/bytes";
import { areSame } from "../bytes/same";
import { COMMA, SEMICOLON } from "../parse/ascii";
import { MediaKind, mediaKind } from "../parse/media-type";

/** Content types that came lately: each has one place, where the newest stays. */
const PLACES: usize = 8;
const PLACE_BYTES: usize = 48;
const LENGTH: usize = 0;
const KIND: usize = 4;
const TEXT: usize = 8;
const MOST_BYTES: i32 = <i32>(PLACE_BYTES - TEXT);
const places = memory.data(384, 8); // PLACES * PLACE_BYTES

/** The format that a content type names. Of two headers that a proxy has joined with a comma, the first counts. */
export function contentKind(contentType: Bytes): MediaKind {
  const length = contentType.length;
  if (length == 0) return MediaKind.None;
  if (length > MOST_BYTES) return readKind(contentType);
  const last = load<u8>(contentType.ptr + <usize>(length - 1));
  const place = places + (<usize>(length ^ last) % PLACES) * PLACE_BYTES;
  if (load<i32>(place, LENGTH) == length && areSame(place + TEXT, contentType.ptr, length))
    return load<i32>(place, KIND);
  const kind = readKind(contentType);
  store<i32>(place, length, LENGTH);
  store<i32>(place, kind, KIND);
  memory.copy(place + TEXT, contentType.ptr, length);
  return kind;
}

function readKind(contentType: Bytes): MediaKind {
  for (let i = 0; i < contentType.length; i++) {
    const byte = contentType.at(i);
    if (byte == SEMICOLON) break;
    if (byte == COMMA) return mediaKind(contentType.slice(0, i).trim());
  }
  return mediaKind(contentType);
}

/** Whether an `accept` list names a format. */
export function accepts(accept: Bytes, kind: MediaKind): bool {
  let from = 0;
  while (from < accept.length) {
    const comma = accept.indexOfByte(COMMA, from);
    const end = comma < 0 ? accept.length : comma;
    if (mediaKind(accept.slice(from, end).trim()) == kind) return true;
    from = end + 1;
  }
  return false;
}
