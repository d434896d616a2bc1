// What the guard remembers of a call while it runs: one plain record per slot, without anything managed.
import { Bytes } from "../../runtime/bytes/bytes";
import { SHA256_SIZE } from "../../runtime/bytes/sha256";
import { SIPHASH_STATE_SIZE } from "../../runtime/bytes/siphash";
import { IdKind } from "./evidence";
import { Failure } from "./failure";
import { Original, REQUEST_ID_BYTES } from "./ledger-entry";
import { Billing, Reason, Verdict } from "./verdict";

/** The record of one call. Zeros are a new one, but for `capture`. */
@unmanaged
export class CallState {
  /** Keys of the call's entries in the ledger: by id, and by body. */
  idHigh: u64;
  idLow: u64;
  bodyHigh: u64;
  bodyLow: u64;
  /** Key of its route (`safe` only). */
  routeHigh: u64;
  routeLow: u64;
  /** When it came, nanoseconds. */
  startNanos: u64;
  attempts: i64;
  flags: i64;
  /** What the call that this one repeats cost. */
  originalCostNano: i64;
  /** Fallback rules that may apply. */
  fallbacks: u32;
  status: i32;
  /** Place of the answer's bytes in the pool that captures them, -1 without one. */
  capture: i32;
  idKind: IdKind;
  original: Original;
  failure: Failure;
  billing: Billing;
  verdict: Verdict;
  reason: Reason;
  isGuarded: bool;
  isIdempotent: bool;
  /** Its repeats are to be known. */
  isTracked: bool;
  /** The caller has an identity that no other has. */
  isKnownConsumer: bool;
  /** The request says that it is a repeat. */
  isClaimed: bool;
  /** It is a repeat: it says so, or its id came before. */
  isRepeat: bool;
  isHashing: bool;
  hasBodyHash: bool;
  /** The headers waited for the hash. */
  isHashAwaited: bool;
  hasIdEntry: bool;
  hasBodyEntry: bool;
  isOtherBody: bool;
  /** What a repeat finds was counted. */
  isCounted: bool;
  /** Answered by this filter before it was sent. */
  isBlocked: bool;
  isReplayed: bool;
  isFallback: bool;
  /** Safe retries were asked for. */
  isRetryAsked: bool;
  hasRoute: bool;
  /** The answer's head was seen. */
  isAnswered: bool;
  isEventStream: bool;
  /** The provider has its own say on retries. */
  hasShouldRetry: bool;
  isVetoed: bool;
  hasForgedMarks: bool;
  ownIdLength: u8;
  originalIdLength: u8;
}

const SHA_AT: usize = (offsetof<CallState>() + 7) & ~(<usize>7);
const SIP_AT: usize = SHA_AT + SHA256_SIZE;
const OWN_ID_AT: usize = SIP_AT + SIPHASH_STATE_SIZE;
const ORIGINAL_ID_AT: usize = OWN_ID_AT + 40;
const STATE_BYTES: usize = ORIGINAL_ID_AT + 40;

/** The records of all slots. */
export class CallStates {
  private base: usize = 0;
  private count: i32 = 0;

  /** Makes room for so many. */
  grow(count: i32): void {
    if (count <= this.count) return;
    const bigger = heap.alloc(<usize>count * STATE_BYTES);
    memory.fill(bigger, 0, <usize>count * STATE_BYTES);
    if (this.base) {
      memory.copy(bigger, this.base, <usize>this.count * STATE_BYTES);
      heap.free(this.base);
    }
    this.base = bigger;
    for (let i = this.count; i < count; i++) changetype<CallState>(bigger + <usize>i * STATE_BYTES).capture = -1;
    this.count = count;
  }

  /** The record of a slot below what was grown to. */
  @inline at(slot: i32): CallState {
    return changetype<CallState>(this.base + <usize>slot * STATE_BYTES);
  }

  /** Whether there is a record for a slot: not any more once the configuration is gone. */
  has(slot: i32): bool {
    return <u32>slot < <u32>this.count;
  }

  /** Makes a record new. */
  reset(slot: i32): void {
    const state = this.at(slot);
    memory.fill(changetype<usize>(state), 0, STATE_BYTES);
    state.capture = -1;
  }

  /** Ends the memory. */
  free(): void {
    if (this.base) heap.free(this.base);
    this.base = 0;
    this.count = 0;
  }
}

/** Where the hash of the caller stands, 32 bytes. */
export function callerHash(state: CallState): usize {
  return changetype<usize>(state) + SHA_AT;
}

/** Where the body's hash is made. */
export function bodySip(state: CallState): usize {
  return changetype<usize>(state) + SIP_AT;
}

/** Keeps the request's own id, cut to what an entry keeps. */
export function keepRequestId(state: CallState, id: Bytes): void {
  const length = min(id.length, REQUEST_ID_BYTES);
  state.ownIdLength = <u8>length;
  memory.copy(changetype<usize>(state) + OWN_ID_AT, id.ptr, <usize>length);
}

/** The request's own id. */
export function requestId(state: CallState): Bytes {
  return Bytes.view(changetype<usize>(state) + OWN_ID_AT, state.ownIdLength);
}

/** Keeps the id of the request that this one repeats. */
export function keepOriginalId(state: CallState, id: Bytes): void {
  const length = min(id.length, REQUEST_ID_BYTES);
  state.originalIdLength = <u8>length;
  memory.copy(changetype<usize>(state) + ORIGINAL_ID_AT, id.ptr, <usize>length);
}

/** The id of the request that this one repeats; empty when it is not known. */
export function originalId(state: CallState): Bytes {
  return Bytes.view(changetype<usize>(state) + ORIGINAL_ID_AT, state.originalIdLength);
}
