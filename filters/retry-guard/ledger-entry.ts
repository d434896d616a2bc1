// What is remembered of a call, so that a repeat of it is known: one packed entry, its states and their changes.
//
//   0  when it was touched last, milliseconds since 1970
//   8  hash of the body, 16 bytes (zeros: not known)
//  24  calls that are one original each (u16), calls that run (u16), repeats (u16), best end (u8), reserved (u8)
//  32  what the call cost, 1e-9 of the currency
//  40  the original's request id: length (u8), 39 bytes
import { Bytes } from "../../runtime/bytes/bytes";

/** Bytes of an entry. */
export const ENTRY_BYTES: i32 = 80;
/** Longest request id that is kept; a UUID has 36. */
export const REQUEST_ID_BYTES: i32 = 39;

const BODY_HIGH: usize = 8;
const BODY_LOW: usize = 16;
const CALLS: usize = 24;
const RUNNING: usize = 26;
const REPEATS: usize = 28;
const ENDED: usize = 30;
const COST: usize = 32;
const REQUEST_ID: usize = 40;

/** How a call ended, as far as money goes: of several under one entry the greatest counts. */
export const enum End {
  /** It has not, or it was stopped here. */
  None,
  /** Never sent, or refused without being billed. */
  Free,
  /** The provider failed after it had the request. */
  Failed,
  /** The client left, or the answer broke off. */
  Unfinished,
  /** A whole good answer. */
  Completed,
}

/** What a repeat finds. */
export const enum Original {
  /** Nothing: the first call was not seen here, or too long ago. */
  Missing,
  /** Several calls had this body: which one is repeated cannot be told. */
  Ambiguous,
  Running,
  Completed,
  Unfinished,
  Failed,
  Free,
}

/** Whether an entry is too old to count. A clock that was set back or forward by more than the window ends it, too. */
export function isExpired(entry: usize, nowMs: i64, windowMs: i64): bool {
  const age = nowMs - load<i64>(entry);
  return age > windowMs || age < -windowMs;
}

/** What a repeat finds in an entry that is there and not expired. */
export function originalIn(entry: usize): Original {
  if (load<u16>(entry, CALLS) > 1) return Original.Ambiguous;
  if (load<u16>(entry, RUNNING) > 0) return Original.Running;
  switch (<i32>load<u8>(entry, ENDED)) {
    case End.Completed:
      return Original.Completed;
    case End.Unfinished:
      return Original.Unfinished;
    case End.Failed:
      return Original.Failed;
    case End.Free:
      return Original.Free;
    default:
      return Original.Missing;
  }
}

/** Makes an entry that of one call which begins. */
export function begin(entry: usize, nowMs: i64, requestId: usize, requestIdLength: i32): void {
  memory.fill(entry, 0, <usize>ENTRY_BYTES);
  store<i64>(entry, nowMs);
  store<u16>(entry, 1, CALLS);
  store<u16>(entry, 1, RUNNING);
  const length = min(max(requestIdLength, 0), REQUEST_ID_BYTES);
  store<u8>(entry, <u8>length, REQUEST_ID);
  memory.copy(entry + REQUEST_ID + 1, requestId, <usize>length);
}

/** One more call of this entry begins: a repeat of the original, or (`isRepeat` false) another call that is equal. */
export function join(entry: usize, nowMs: i64, isRepeat: bool): void {
  store<i64>(entry, max(nowMs, load<i64>(entry)));
  increase(entry + RUNNING);
  increase(entry + (isRepeat ? REPEATS : CALLS));
}

/** A call of this entry ends. */
export function finish(entry: usize, nowMs: i64, end: End, costNano: i64): void {
  store<i64>(entry, max(nowMs, load<i64>(entry)));
  const running = load<u16>(entry, RUNNING);
  if (running > 0) store<u16>(entry, running - 1, RUNNING);
  if (<u8>end <= load<u8>(entry, ENDED)) return;
  store<u8>(entry, <u8>end, ENDED);
  store<i64>(entry, costNano, COST);
}

/** Says which body the entry's call has. */
export function setBody(entry: usize, high: u64, low: u64): void {
  store<u64>(entry, high, BODY_HIGH);
  store<u64>(entry, low, BODY_LOW);
}

/** Whether the entry's call is known to have another body. */
export function hasOtherBody(entry: usize, high: u64, low: u64): bool {
  const knownHigh = load<u64>(entry, BODY_HIGH);
  const knownLow = load<u64>(entry, BODY_LOW);
  if (!(knownHigh | knownLow)) return false;
  return knownHigh != high || knownLow != low;
}

/** What the call cost, in 1e-9 of the currency; 0 when it is not known. */
export function costNanoOf(entry: usize): i64 {
  return load<i64>(entry, COST);
}

/** The original's request id; empty when it had none. */
export function requestIdOf(entry: usize): Bytes {
  const length = min(<i32>load<u8>(entry, REQUEST_ID), REQUEST_ID_BYTES);
  return Bytes.view(entry + REQUEST_ID + 1, length);
}

/** Which entry goes first when there is no room: the one that was touched longest ago, running ones last. */
export function evictionScore(entry: usize): i64 {
  const age = <i64>(MOST_MS - min(max<i64>(load<i64>(entry), 0), MOST_MS));
  return load<u16>(entry, RUNNING) > 0 ? age : age + MOST_MS;
}

/** Far beyond any clock, and small enough to be added to itself. */
const MOST_MS: i64 = 1 << 50;

function increase(at: usize): void {
  const value = load<u16>(at);
  if (value < u16.MAX_VALUE) store<u16>(at, value + 1);
}
