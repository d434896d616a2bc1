// The calls of late, in shared data: found by their id or by caller and body, by whichever worker the repeat comes to.
import { Bytes } from "../../runtime/bytes/bytes";
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { SHA256_SIZE } from "../../runtime/bytes/sha256";
import { sipHash128 } from "../../runtime/bytes/siphash";
import { nowNanos } from "../../runtime/host/clock";
import { Outcome } from "../../runtime/state/cas";
import { openSecret, secretHigh, secretLow } from "../../runtime/state/secret";
import { SlotLayout } from "../../runtime/state/slots";
import { Eviction, SlotChange, Table } from "../../runtime/state/table";
import {
  begin,
  costNanoOf,
  End,
  ENTRY_BYTES,
  evictionScore,
  finish,
  hasOtherBody,
  isExpired,
  join,
  Original,
  originalIn,
  requestIdOf,
  setBody,
} from "./ledger-entry";

const LAYOUT = new SlotLayout(1, ENTRY_BYTES);
const ENTRY_NAME = "calls";

/** What stands for a body that is not known. */
const NO_BODY: u64 = 0;

const input: ByteBuffer = new ByteBuffer(512);
const digest: usize = memory.data(16, 8);

class Oldest extends Eviction {
  score(payload: usize): i64 {
    return evictionScore(payload);
  }
}

/** A call comes in. */
class Arrival extends SlotChange {
  nowMs: i64 = 0;
  windowMs: i64 = 0;
  /** It says that it is a repeat. */
  isRepeat: bool = false;
  /** Whoever has the same key is the same call: an id, not a body. */
  isId: bool = false;
  bodyHigh: u64 = NO_BODY;
  bodyLow: u64 = NO_BODY;
  requestId: Bytes = Bytes.empty();
  // What was found.
  original: Original = Original.Missing;
  isOtherBody: bool = false;
  costNano: i64 = 0;
  readonly originalId: ByteBuffer = new ByteBuffer(64, 64);

  apply(payload: usize, isFresh: bool): bool {
    this.original = Original.Missing;
    this.isOtherBody = false;
    this.costNano = 0;
    this.originalId.clear();
    if (isFresh || isExpired(payload, this.nowMs, this.windowMs)) {
      begin(payload, this.nowMs, this.requestId.ptr, this.requestId.length);
      setBody(payload, this.bodyHigh, this.bodyLow);
      return true;
    }
    const isRepeat = this.isRepeat || this.isId;
    if (isRepeat) this.find(payload);
    join(payload, this.nowMs, isRepeat);
    return true;
  }

  private find(payload: usize): void {
    this.original = originalIn(payload);
    this.costNano = costNanoOf(payload);
    this.isOtherBody = (this.bodyHigh | this.bodyLow) != 0 && hasOtherBody(payload, this.bodyHigh, this.bodyLow);
    this.originalId.add(requestIdOf(payload));
  }
}

/** A call ends. */
class Departure extends SlotChange {
  nowMs: i64 = 0;
  end: End = End.None;
  costNano: i64 = 0;

  apply(payload: usize, isFresh: bool): bool {
    if (isFresh) return false;
    finish(payload, this.nowMs, this.end, this.costNano);
    return true;
  }
}

const arrival = new Arrival();
const departure = new Departure();
const oldest = new Oldest();

/** The ledger of one configuration. Made at configure time; equal instances share it. */
export class Ledger {
  private readonly table: Table;

  constructor(
    instance: string,
    maxKeys: i32,
    private readonly windowMs: i64,
  ) {
    this.table = new Table(instance, ENTRY_NAME, LAYOUT, maxKeys, oldest);
  }

  /** Makes it ready. */
  open(): void {
    openSecret();
    this.table.open();
  }

  /**
   * Enters a call under a key. What `found*` say afterwards is of the entry that was there. `isId`: the key is an id that
   * only repeats share; else only a call that says so (`isRepeat`) is one.
   */
  enter(high: u64, low: u64, isId: bool, isRepeat: bool, bodyHigh: u64, bodyLow: u64, requestId: Bytes): Outcome {
    arrival.nowMs = nowMs();
    arrival.windowMs = this.windowMs;
    arrival.isId = isId;
    arrival.isRepeat = isRepeat;
    arrival.bodyHigh = bodyHigh;
    arrival.bodyLow = bodyLow;
    arrival.requestId = requestId;
    return this.table.change(high, low, arrival);
  }

  /** What the last `enter` found. */
  get foundOriginal(): Original {
    return arrival.original;
  }

  /** Whether the entry that it found is of another body. */
  get foundOtherBody(): bool {
    return arrival.isOtherBody;
  }

  /** What the entry's call cost, in 1e-9. */
  get foundCostNano(): i64 {
    return arrival.costNano;
  }

  /** The request id of the entry's first call. */
  get foundRequestId(): Bytes {
    return arrival.originalId.view();
  }

  /** Ends a call that was entered. */
  leave(high: u64, low: u64, end: End, costNano: i64): Outcome {
    departure.nowMs = nowMs();
    departure.end = end;
    departure.costNano = costNano;
    return this.table.change(high, low, departure);
  }
}

/** Kinds of keys: they never meet. */
export const enum KeyKind {
  Id,
  Body,
  Route,
  Model,
}

let keyHigh: u64 = 0;
let keyLow: u64 = 0;

/** Makes a key of a caller (32 bytes, or 0) and what tells the call; `lastKeyHigh` and `lastKeyLow` are the key. */
export function makeKey(kind: KeyKind, variety: u8, caller: usize, text: Bytes): void {
  input
    .clear()
    .byte(<u8>kind)
    .byte(variety);
  if (caller) input.raw(caller, SHA256_SIZE);
  input.add(text);
  sipHash128(secretHigh(), secretLow(), input.ptr, input.length, digest);
  keyHigh = load<u64>(digest);
  keyLow = load<u64>(digest, 8);
}

export function lastKeyHigh(): u64 {
  return keyHigh;
}

export function lastKeyLow(): u64 {
  return keyLow;
}

/** Milliseconds since 1970. */
export function nowMs(): i64 {
  return <i64>(nowNanos() / 1_000_000);
}
