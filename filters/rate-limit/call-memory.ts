// What the filter knows of the calls that are under way, by the call's slot: nothing is allocated per request.
import { Bytes } from "../../runtime/bytes/bytes";
import { Asked } from "../../runtime/ai/questions";
import { Grant, GrantState } from "./grant";
import { Rule } from "./rule";

/** No rule. */
export const NO_RULE: i32 = -1;
/** Longest name of a caller that is kept: the hash of a credential. */
const NAME_BYTES: i32 = 32;
/** Longest host that prices can depend on. */
const HOST_BYTES: i32 = 128;

/** One call. */
@unmanaged
export class CallNote {
  /** Bits of the rules that may be about it. */
  matched: u64;
  /** Bits of the rules that the rate limit service is asked about, and what became of that. */
  asks: u64;
  /** How much text it is: `sizeOf`. */
  size: i64;
  /** Input and output tokens that were reserved, or would have been. */
  input: i64;
  cached: i64;
  output: i64;
  /** When it began, in nanoseconds since 1970, and what it cost in 1e-12 of the currency: where cost is counted. */
  startNanos: u64;
  spent: i64;
  /** The rule that refused it, and the first one that tagged it. */
  refusedBy: i32;
  taggedBy: i32;
  /** Label of the caller. */
  consumer: i32;
  /** Bits of header groups that stay the provider's. */
  kept: u32;
  asked: Asked;
  isDecided: bool;
  isEstimated: bool;
  /** `spent` is known. */
  isPriced: bool;
  nameLength: u8;
  hostLength: u8;
}

/** The memory of all calls of one configuration. */
@final
export class CallMemory {
  private memory: StaticArray<u8> = new StaticArray<u8>(0);
  private readonly bitOffsets: StaticArray<i32>;
  private readonly stride: i32;
  private readonly rules: i32;

  constructor(rules: Rule[]) {
    const bitOffsets = new StaticArray<i32>(rules.length);
    let size = noteBytes() + rules.length * <i32>offsetof<Grant>();
    for (let i = 0; i < rules.length; i++) {
      bitOffsets[i] = size;
      if (rules[i].key.needsModel) size += ((rules[i].overrides.length + 31) >> 5) << 2;
    }
    this.rules = rules.length;
    this.bitOffsets = bitOffsets;
    this.stride = (size + 7) & ~7;
  }

  /** Room for calls with slots below `slots`. */
  grow(slots: i32): void {
    const bigger = new StaticArray<u8>(slots * this.stride);
    memory.copy(changetype<usize>(bigger), changetype<usize>(this.memory), this.memory.length);
    this.memory = bigger;
  }


  @inline note(slot: i32): CallNote {
    return changetype<CallNote>(this.at(slot));
  }


  @inline grant(slot: i32, rule: i32): Grant {
    return changetype<Grant>(this.at(slot) + <usize>noteBytes() + <usize>rule * offsetof<Grant>());
  }

  /** Bits of the overrides that fit a call whatever its model. */
  bits(slot: i32, rule: i32): usize {
    return this.at(slot) + <usize>this.bitOffsets[rule];
  }

  /** Forgets a call. */
  clear(slot: i32): void {
    const note = this.note(slot);
    note.matched = 0;
    note.asks = 0;
    note.asked = Asked.Nothing;
    note.size = 0;
    note.input = 0;
    note.cached = 0;
    note.output = 0;
    note.startNanos = 0;
    note.spent = 0;
    note.isPriced = false;
    note.refusedBy = NO_RULE;
    note.taggedBy = NO_RULE;
    note.consumer = 0;
    note.kept = 0;
    note.isDecided = false;
    note.isEstimated = false;
    note.nameLength = 0;
    note.hostLength = 0;
    for (let i = 0; i < this.rules; i++) this.grant(slot, i).state = GrantState.None;
  }

  /** Keeps the name of a caller who has no label yet; one that is too long is not kept. */
  keepName(slot: i32, name: Bytes): void {
    if (name.length > NAME_BYTES) return;
    this.note(slot).nameLength = <u8>name.length;
    memory.copy(this.at(slot) + offsetof<CallNote>(), name.ptr, name.length);
  }

  /** Keeps the host that the caller named; one that is too long is not kept. */
  keepHost(slot: i32, host: Bytes): void {
    if (host.length > HOST_BYTES) return;
    this.note(slot).hostLength = <u8>host.length;
    memory.copy(this.at(slot) + offsetof<CallNote>() + <usize>NAME_BYTES, host.ptr, host.length);
  }

  /** The host that was kept; empty when there is none. */
  host(slot: i32): Bytes {
    return Bytes.view(this.at(slot) + offsetof<CallNote>() + <usize>NAME_BYTES, this.note(slot).hostLength);
  }

  /** The name that was kept; empty when there is none. */
  name(slot: i32): Bytes {
    return Bytes.view(this.at(slot) + offsetof<CallNote>(), this.note(slot).nameLength);
  }


  @inline private at(slot: i32): usize {
    return changetype<usize>(this.memory) + <usize>slot * <usize>this.stride;
  }
}

function noteBytes(): i32 {
  return (<i32>offsetof<CallNote>() + NAME_BYTES + HOST_BYTES + 7) & ~7;
}
