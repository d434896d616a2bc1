// What the filter knows of the calls that are under way, by the call's slot: nothing is allocated per request.
import { Asked } from "../../runtime/ai/questions";
import { Bytes } from "../../runtime/bytes/bytes";

/** No budget. */
export const NO_BUDGET: i32 = -1;

const NAME_BYTES: i32 = 64;
const HOST_BYTES: i32 = 128;
const ATTRIBUTION_BYTES: i32 = 256;

/** One call. Times are nanoseconds since 1970. */
@unmanaged
export class CallNote {
  startNanos: u64;
  /** When the first piece of a stream's content came; 0: none did. */
  firstNanos: u64;
  /** What it cost, in 1e-12 of the currency; -1: it has no price. */
  cost: i64;
  /** Labels of the caller, and of all else that it is attributed to. */
  consumer: i32;
  attribution: i32;
  nameLength: i32;
  hostLength: i32;
  attributionLength: i32;
  /** Bits of the budgets that may be about it. */
  budgets: u32;
  /** Bits of those that the rate limit service is asked about, and what became of that. */
  asks: u32;
  asked: Asked;
  /** The budget that refused it, the one that speaks loudest of those that warned, and how loud. */
  refusedBy: i32;
  toldBy: i32;
  told: i32;
  /** How loud the request's header is: 0, a warning, or beyond. Budgets that watch have no say in it. */
  mark: i32;
  /** What its stream was asked for: IncludeUsage + 1, 0: nothing. */
  askedUsage: u8;
  isSettled: bool;
  /** Whether what the service said was decided upon. */
  isConfirmed: bool;
}

/** The memory of all calls of one configuration. */
@final
export class CallMemory {
  private memory: StaticArray<u8> = new StaticArray<u8>(0);

  /** Room for calls with slots below `slots`. */
  grow(slots: i32): void {
    const bigger = new StaticArray<u8>(slots * strideBytes());
    memory.copy(changetype<usize>(bigger), changetype<usize>(this.memory), this.memory.length);
    this.memory = bigger;
  }

  /** The note of a call. Its names are below. */
  @inline note(slot: i32): CallNote {
    return changetype<CallNote>(changetype<usize>(this.memory) + <usize>slot * <usize>strideBytes());
  }

  /** Forgets a call. */
  clear(slot: i32): void {
    const note = this.note(slot);
    memory.fill(changetype<usize>(note), 0, offsetof<CallNote>());
    note.cost = -1;
    note.refusedBy = NO_BUDGET;
    note.toldBy = NO_BUDGET;
  }

  /** The name of a caller who has no label yet; a longer one is not kept. */
  keepName(slot: i32, name: Bytes): void {
    this.note(slot).nameLength = keep(this.at(slot, 0), NAME_BYTES, name);
  }

  name(slot: i32): Bytes {
    return Bytes.view(this.at(slot, 0), this.note(slot).nameLength);
  }

  /** The host that the caller named. */
  keepHost(slot: i32, host: Bytes): void {
    this.note(slot).hostLength = keep(this.at(slot, NAME_BYTES), HOST_BYTES, host);
  }

  host(slot: i32): Bytes {
    return Bytes.view(this.at(slot, NAME_BYTES), this.note(slot).hostLength);
  }

  /** The labels of a call, as metrics' names have them. */
  keepAttribution(slot: i32, labels: Bytes): void {
    this.note(slot).attributionLength = keep(this.at(slot, NAME_BYTES + HOST_BYTES), ATTRIBUTION_BYTES, labels);
  }

  attribution(slot: i32): Bytes {
    return Bytes.view(this.at(slot, NAME_BYTES + HOST_BYTES), this.note(slot).attributionLength);
  }

  private at(slot: i32, offset: i32): usize {
    return changetype<usize>(this.note(slot)) + offsetof<CallNote>() + <usize>offset;
  }
}

function keep(at: usize, room: i32, text: Bytes): i32 {
  if (text.length > room) return 0;
  memory.copy(at, text.ptr, text.length);
  return text.length;
}


@inline function strideBytes(): i32 {
  return (<i32>offsetof<CallNote>() + NAME_BYTES + HOST_BYTES + ATTRIBUTION_BYTES + 7) & ~7;
}
