// What runs where the compiler itself put a check that failed (an index out of range, no memory left), in debug builds.
//
// A release build has no such function (`--use abort=`): the check is a bare trap, and neither its text nor an import of
// `env.abort`, which no Proxy-Wasm host offers, is left in the module. `make build-debug` takes this one instead, so that
// the reason stands in the host's log above the trap's stack.

import { proxy_log } from "./imports";

const LEVEL_CRITICAL: usize = 5;
const CAPACITY: i32 = 512;
const line = memory.data(512);

/**
 * Logs `message` and its place at level critical, then traps. Called by compiler-inserted checks only; allocates nothing,
 * because having no memory may be the reason. Text beyond ASCII shows as `?`.
 */
export function abort(message: string | null, fileName: string | null, lineNumber: u32, columnNumber: u32): void {
  let length = appendText(0, message);
  length = appendText(length, " at ");
  length = appendText(length, fileName);
  length = appendText(length, ":");
  length = appendNumber(length, lineNumber);
  length = appendText(length, ":");
  length = appendNumber(length, columnNumber);
  proxy_log(LEVEL_CRITICAL, line, length);
  unreachable();
}

function appendByte(at: i32, byte: u32): i32 {
  if (at >= CAPACITY) return at;
  store<u8>(line + at, byte);
  return at + 1;
}

function appendText(at: i32, text: string | null): i32 {
  if (text === null) return at;
  const end = text.length;
  for (let i = 0; i < end; i++) {
    const unit = load<u16>(changetype<usize>(text) + ((<usize>i) << 1));
    at = appendByte(at, unit < 0x80 ? unit : 0x3f);
  }
  return at;
}

function appendNumber(at: i32, value: u32): i32 {
  if (value >= 10) at = appendNumber(at, value / 10);
  return appendByte(at, 0x30 + (value % 10));
}
