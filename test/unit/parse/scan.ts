// Scans texts in all the ways in which they may be cut.
import { JsonScanner, JsonState } from "../../../runtime/parse/json";
import { PathTable } from "../../../runtime/parse/paths";

/** A scanner for these paths, captured. */
export function scannerFor(paths: Array<string>): JsonScanner {
  const table = new PathTable();
  for (let i = 0; i < paths.length; i++) table.add(paths[i]);
  return new JsonScanner(table);
}

/** Scans a text in one piece. */
export function scan(scanner: JsonScanner, text: string): JsonScanner {
  return scanInPieces(scanner, String.UTF8.encode(text), i32.MAX_VALUE);
}

/** Scans bytes in pieces of this size. */
export function scanInPieces(scanner: JsonScanner, bytes: ArrayBuffer, size: i32): JsonScanner {
  scanner.reset();
  for (let at = 0; at < bytes.byteLength; at += min(size, bytes.byteLength - at)) {
    scanner.feed(changetype<usize>(bytes) + at, min(size, bytes.byteLength - at));
  }
  scanner.finish();
  return scanner;
}

/** The state of a text without wanted paths. */
export function stateOf(text: string): JsonState {
  return scan(new JsonScanner(new PathTable()), text).state;
}

/** The captured text at path 0 when the document has this text; "(none)" when it has none. */
export function textOf(path: string, text: string): string {
  const scanner = scan(scannerFor([path]), text);
  const value = scanner.value(0);
  return value.text.isPresent ? value.text.toText() : "(none)";
}

/** All that a scanner knows, as a text. */
export function summary(scanner: JsonScanner, paths: i32): string {
  let out = `${scanner.state} ${scanner.fault}@${scanner.faultOffset} ${scanner.rootOpen}-${scanner.rootClose}`;
  out += ` ${scanner.textBytes} ${scanner.mediaItems} ${scanner.mediaBytes} ${scanner.known}`;
  for (let i = 0; i < paths; i++) {
    const value = scanner.value(i);
    out += ` [${value.type} ${value.text.toText()} ${value.integer} ${value.isInteger} ${value.seen} ${value.differs}`;
    out += ` ${value.start}-${value.end} ${value.isEmpty} ${value.strings} ${value.bytes} ${value.isTruncated}]`;
  }
  return out;
}

/** The first way of cutting the text in two, or into single bytes, whose answer differs; "" when there is none. */
export function differingCut(scanner: JsonScanner, paths: i32, text: string): string {
  const bytes = String.UTF8.encode(text);
  const ptr = changetype<usize>(bytes);
  const whole = summary(scanInPieces(scanner, bytes, i32.MAX_VALUE), paths);
  for (let cut = 0; cut <= bytes.byteLength; cut++) {
    scanner.reset();
    scanner.feed(ptr, cut);
    scanner.feed(ptr + <usize>cut, bytes.byteLength - cut);
    scanner.finish();
    if (summary(scanner, paths) != whole) return `at ${cut}: ${summary(scanner, paths)} instead of ${whole}`;
  }
  const single = summary(scanInPieces(scanner, bytes, 1), paths);
  return single == whole ? "" : `byte by byte: ${single} instead of ${whole}`;
}
