// Content types and `accept` lists as they come through a proxy.
import { Bytes } from "../bytes/bytes";
import { COMMA, SEMICOLON } from "../parse/ascii";
import { MediaKind, mediaKind } from "../parse/media-type";

/** The format that a content type names. Of two headers that a proxy has joined with a comma, the first counts. */
export function contentKind(contentType: Bytes): MediaKind {
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
