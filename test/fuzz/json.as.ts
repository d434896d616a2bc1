// The JSON scanner as a module that a test drives: bytes in, every answer out as a number.
import { JsonScanner } from "../../runtime/parse/json";
import { PathMode, PathTable } from "../../runtime/parse/paths";

const CAPACITY: i32 = 4 << 20;
const buffer = new StaticArray<u8>(CAPACITY);
let table = new PathTable();
let scanner = new JsonScanner(table);

export function input(): usize {
  return changetype<usize>(buffer);
}

export function capacity(): i32 {
  return CAPACITY;
}

export function newTable(): void {
  table = new PathTable();
}

export function addPath(length: i32, mode: i32, maxBytes: i32): i32 {
  return table.add(String.UTF8.decodeUnsafe(changetype<usize>(buffer), length), <PathMode>mode, maxBytes);
}

export function build(): void {
  scanner = new JsonScanner(table);
}

export function reset(): void {
  scanner.reset();
}

export function feed(at: i32, length: i32): i32 {
  return scanner.feed(changetype<usize>(buffer) + <usize>at, length);
}

export function finish(): i32 {
  return scanner.finish();
}

export function known(): u64 {
  return scanner.known;
}

export function fact(index: i32): f64 {
  switch (index) {
    case 0:
      return scanner.state;
    case 1:
      return scanner.fault;
    case 2:
      return <f64>scanner.faultOffset;
    case 3:
      return scanner.rootType;
    case 4:
      return <f64>scanner.rootOpen;
    case 5:
      return <f64>scanner.rootClose;
    case 6:
      return scanner.isRootEmpty;
    case 7:
      return <f64>scanner.textBytes;
    case 8:
      return scanner.mediaItems;
    case 9:
      return <f64>scanner.mediaBytes;
    default:
      return <f64>scanner.fed;
  }
}

export function valueFact(path: i32, index: i32): f64 {
  const value = scanner.value(path);
  switch (index) {
    case 0:
      return value.type;
    case 1:
      return value.isTruncated;
    case 2:
      return value.isInteger;
    case 3:
      return value.overflows;
    case 4:
      return value.isNegative;
    case 5:
      return value.isEmpty;
    case 6:
      return value.differs;
    case 7:
      return value.seen;
    case 8:
      return <f64>value.size;
    case 9:
      return <f64>value.start;
    case 10:
      return <f64>value.end;
    case 11:
      return <f64>value.strings;
    case 12:
      return <f64>value.bytes;
    default:
      return value.text.length;
  }
}

export function valueInteger(path: i32): i64 {
  return scanner.value(path).integer;
}

export function valueText(path: i32): usize {
  return scanner.value(path).text.ptr;
}
