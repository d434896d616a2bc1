// Whole answers under idempotency keys, in shared data: a fixed number of places, each taken until its answer expires.
//
// `sluice/INSTANCE/replay/v1/index` says which key has which place: version and number of places (u32 each), then of each
// place the key (16 bytes) and when it expires (ms). `.../NNN` holds an answer: key (16), caller (32), hash of the
// request's body (16), expiry (8), status, lengths of content type and body (u32 each), 4 spare bytes, and both texts.
import { Bytes } from "../../runtime/bytes/bytes";
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { SHA256_SIZE } from "../../runtime/bytes/sha256";
import { Text } from "../../runtime/config/text";
import { getShared, setShared } from "../../runtime/host/shared-data";
import { Change, changeShared, Outcome } from "../../runtime/state/cas";
import { callerHash, CallState } from "./call-state";
import { nowMs } from "./ledger";

const VERSION: u32 = 1;
const INDEX_HEADER: i32 = 8;
const PLACE_BYTES: i32 = 24;
const MOST_PLACES: i32 = 256;
/** Places in a row that one key may have: it is looked for in these only. */
const WAYS: i32 = 8;

const CALLER_AT: usize = 16;
const BODY_AT: usize = 48;
const EXPIRY_AT: usize = 64;
const STATUS_AT: usize = 72;
const TYPE_LENGTH_AT: usize = 76;
const BODY_LENGTH_AT: usize = 80;
const TEXTS_AT: i32 = 88;
/** Overwrites whatever is there. */
const ANY_VERSION: u32 = 0;

/** Takes a place in the index for a key. */
class Placing extends Change {
  places: i32 = 0;
  high: u64 = 0;
  low: u64 = 0;
  nowMs: i64 = 0;
  expiresMs: i64 = 0;
  /** The place that was taken, -1 when all are in use. */
  place: i32 = -1;
  private readonly fresh: ByteBuffer = new ByteBuffer(INDEX_HEADER + MOST_PLACES * PLACE_BYTES);

  apply(found: Bytes): Bytes {
    const index = isIndex(found, this.places) ? found : this.empty();
    this.place = -1;
    for (let i = 0; i < WAYS && i < this.places; i++) {
      const place = placeOf(this.low, i, this.places);
      const at = index.ptr + <usize>(INDEX_HEADER + place * PLACE_BYTES);
      const isOwn = load<u64>(at) == this.high && load<u64>(at, 8) == this.low;
      if (isOwn || (this.place < 0 && load<i64>(at, 16) <= this.nowMs)) this.place = place;
      if (isOwn) break;
    }
    if (this.place < 0) return Bytes.absent();
    const at = index.ptr + <usize>(INDEX_HEADER + this.place * PLACE_BYTES);
    store<u64>(at, this.high);
    store<u64>(at, this.low, 8);
    store<i64>(at, this.expiresMs, 16);
    return index;
  }

  private empty(): Bytes {
    const out = this.fresh.clear();
    for (let i = 0; i < INDEX_HEADER + this.places * PLACE_BYTES; i++) out.byte(0);
    store<u32>(out.ptr, VERSION);
    store<u32>(out.ptr, <u32>this.places, 4);
    return out.view();
  }
}

const placing = new Placing();

/** An answer that was found. Views are valid until the callback returns. */
@final
export class StoredAnswer {
  status: u32 = 0;
  contentType: Bytes = Bytes.absent();
  body: Bytes = Bytes.absent();
}

/** Of one configuration. */
export class ReplayStore {
  /** What the last `find` found. */
  readonly answer: StoredAnswer = new StoredAnswer();
  private readonly places: i32;
  private readonly indexKey: Text;
  private readonly placeKey: Text;
  private readonly value: ByteBuffer;

  constructor(
    instance: string,
    private readonly windowMs: i64,
    private readonly mostBytes: i32,
    totalBytes: i32,
  ) {
    this.places = min(max(totalBytes / max(mostBytes, 1), 1), MOST_PLACES);
    this.indexKey = new Text("sluice/" + instance + "/replay/v1/index");
    this.placeKey = new Text("sluice/" + instance + "/replay/v1/000");
    this.value = new ByteBuffer(1024, mostBytes + TEXTS_AT + 256);
  }

  /** Ends its memory. The configuration goes; the answers stay. */
  free(): void {
    this.value.free();
  }

  /** Keeps an answer. `Full`: all places that this key may have hold answers that are still good. */
  put(state: CallState, status: i32, contentType: Bytes, body: Bytes): Outcome {
    if (body.length > this.mostBytes || contentType.length > 255) return Outcome.Kept;
    placing.places = this.places;
    placing.high = state.idHigh;
    placing.low = state.idLow;
    placing.nowMs = nowMs();
    placing.expiresMs = placing.nowMs + this.windowMs;
    const placed = changeShared(this.indexKey.bytes, placing);
    if (placed == Outcome.Kept) return Outcome.Full;
    if (placed != Outcome.Written) return placed;
    const value = this.value.clear();
    for (let i = 0; i < TEXTS_AT; i++) value.byte(0);
    const at = value.ptr;
    store<u64>(at, state.idHigh);
    store<u64>(at, state.idLow, 8);
    memory.copy(at + CALLER_AT, callerHash(state), SHA256_SIZE);
    store<u64>(at, state.bodyHigh, BODY_AT);
    store<u64>(at, state.bodyLow, BODY_AT + 8);
    store<i64>(at, placing.expiresMs, EXPIRY_AT);
    store<u32>(at, <u32>status, STATUS_AT);
    store<u32>(at, <u32>contentType.length, TYPE_LENGTH_AT);
    store<u32>(at, <u32>body.length, BODY_LENGTH_AT);
    value.add(contentType).add(body);
    if (value.isTruncated) return Outcome.Kept;
    setShared(this.keyOf(placing.place), value.view(), ANY_VERSION);
    return Outcome.Written;
  }

  /** Finds the answer to a repeat: of the same key, caller and body, and not expired. Its parts are in `answer`. */
  find(state: CallState): bool {
    const index = getShared(this.indexKey.bytes);
    if (!isIndex(index, this.places)) return false;
    const now = nowMs();
    for (let i = 0; i < WAYS && i < this.places; i++) {
      const place = placeOf(state.idLow, i, this.places);
      const at = index.ptr + <usize>(INDEX_HEADER + place * PLACE_BYTES);
      if (load<u64>(at) != state.idHigh || load<u64>(at, 8) != state.idLow) continue;
      return load<i64>(at, 16) > now && this.read(getShared(this.keyOf(place)), state, now);
    }
    return false;
  }

  private read(value: Bytes, state: CallState, now: i64): bool {
    if (value.length < TEXTS_AT) return false;
    const at = value.ptr;
    if (load<u64>(at) != state.idHigh || load<u64>(at, 8) != state.idLow) return false;
    if (memory.compare(at + CALLER_AT, callerHash(state), SHA256_SIZE) != 0) return false;
    if (load<u64>(at, BODY_AT) != state.bodyHigh || load<u64>(at, BODY_AT + 8) != state.bodyLow) return false;
    const expires = load<i64>(at, EXPIRY_AT);
    // A clock that was set back must not make an answer live longer than it may.
    if (expires <= now || expires - now > this.windowMs) return false;
    const typeLength = load<u32>(at, TYPE_LENGTH_AT);
    const bodyLength = load<u32>(at, BODY_LENGTH_AT);
    if (<u64>typeLength + <u64>bodyLength + <u64>TEXTS_AT != <u64>value.length) return false;
    const answer = this.answer;
    answer.status = load<u32>(at, STATUS_AT);
    answer.contentType = value.slice(TEXTS_AT, TEXTS_AT + <i32>typeLength);
    answer.body = value.slice(TEXTS_AT + <i32>typeLength);
    return true;
  }

  private keyOf(place: i32): Bytes {
    const key = this.placeKey.bytes;
    let rest = place;
    for (let i = key.length - 1; i >= key.length - 3; i--) {
      store<u8>(key.ptr + <usize>i, <u8>(0x30 + (rest % 10)));
      rest /= 10;
    }
    return key;
  }
}

function isIndex(index: Bytes, places: i32): bool {
  if (index.length != INDEX_HEADER + places * PLACE_BYTES) return false;
  return load<u32>(index.ptr) == VERSION && load<u32>(index.ptr, 4) == <u32>places;
}

function placeOf(low: u64, way: i32, places: i32): i32 {
  return <i32>((low + <u64>way) % <u64>max(places, 1));
}
