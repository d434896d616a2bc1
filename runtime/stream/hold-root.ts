// A root whose streams may hold headers: its role, its partner in the pair, its pools, its clock.
import { HeaderMap, Status } from "../abi/enums";
import { Bytes } from "../bytes/bytes";
import { nowNanos } from "../host/clock";
import { setEffectiveContext } from "../host/context";
import { headerBytes } from "../host/headers";
import { getPropertyI64, propertyPath } from "../host/properties";
import { NO_QUEUE } from "../host/queue";
import { setTickPeriod } from "../host/timer";
import { Call } from "./call";
import { RootContext, StreamContext } from "./context";
import { rootAt, rootCount, rootsVersion } from "./dispatch";
import { Cause, Half } from "./half";
import { claimQueue, disclaimQueue, heldAt, heldCount, isQueueClaimed, needsTick, releaseDecided } from "./held";
import { publishHeldBytes } from "./spool";
import { InnerSide, OuterSide, Side, SingleSide } from "./side";

/** What this instance does on a stream. */
export const enum Role {
  /** One instance: holds by the native flag. */
  Single,
  /** First of a pair in the chain: reads the request, holds the response. */
  Outer,
  /** Second of a pair: holds the request, reads the response. */
  Inner,
}

/** Whether the plugin has `allow_on_headers_stop_iteration`. */
export const enum NativeFlag {
  Unknown,
  Works,
  Missing,
}

const IDLE_TICK_MS: u32 = 1000;
const PROBE_TICK_MS: u32 = 5;
/** How long a request waits while it is not known whether the flag is there and nothing of its body came. */
const DOUBT_NANOS: u64 = 5_000_000_000;
/** From here on the tick says when a wait began: reading the clock for each costs more than that second is worth. */
const LONG_NANOS: u64 = 10_000_000_000;
const REQUEST_SIZE = propertyPath("request.total_size");

export abstract class HoldRoot extends RootContext {
  role: Role = Role.Single;
  flag: NativeFlag = NativeFlag.Unknown;
  /** Which configuration this is; the two of a pair hold together only when it is the same. */
  configHash: u64 = 0;
  /** The stream property by which an outer announces itself: one name per module and instance. */
  pairPath: Bytes = Bytes.absent();
  maxHeldNanos: u64 = 30_000_000_000;
  private readonly sides: Side[] = [];
  private readonly calls: Call[] = [];
  private tickMs: u32 = 0;
  private partnerVersion: i32 = -1;
  private hasPartner: bool = false;
  /** Whether an inner ever shared a call of this outer: the chain has one. */
  wasJoined: bool = false;

  /** Makes a call; `slot` is its place in the pool. */
  abstract newCall(slot: i32): Call;
  /** The name of the VM's queue, used when this root is the first that needs it. Unique to the VM. */
  abstract queueName(): Bytes;
  /** The second of a pair met a stream whose first is not its partner. */
  abstract onPairMismatch(): void;
  /** Headers were held, but Envoy delivers no body: said once. */
  abstract onMissingFlag(): void;

  private madeCalls: i32 = 0;
  private isDeleted: bool = false;

  newStream(): StreamContext {
    if (this.sides.length > 0) return this.sides.pop();
    if (this.role == Role.Outer) return new OuterSide(this);
    return this.role == Role.Inner ? new InnerSide(this) : new SingleSide(this);
  }

  /** Takes a side back. */
  putSide(side: Side): void {
    this.sides.push(side);
  }

  /** A call for a new stream. */
  takeCall(): Call {
    return this.calls.length > 0 ? this.calls.pop() : this.newCall(this.madeCalls++);
  }

  /** Takes a call back. */
  putCall(call: Call): void {
    call.reset();
    if (this.isDeleted) call.free();
    else this.calls.push(call);
  }

  /** Whether the other one of the pair, with the same configuration, lives in this VM. */
  get isPaired(): bool {
    if (this.partnerVersion != rootsVersion()) {
      this.partnerVersion = rootsVersion();
      this.hasPartner = this.findPartner();
    }
    return this.hasPartner;
  }

  /** A direction of `side` begins to wait. */
  onHold(half: Half, side: Side): void {
    half.rootId = this.id;
    half.heldSinceNanos = this.maxHeldNanos < LONG_NANOS ? nowNanos() : 0;
    const isSingle = this.role == Role.Single;
    if ((!isSingle || half.mayComeLate) && !isQueueClaimed()) {
      if (setEffectiveContext(this.id) == Status.Ok) claimQueue(this.id, this.queueName());
      setEffectiveContext(side.id);
    }
    if (!isSingle || this.flag != NativeFlag.Unknown) return;
    half.bytesBeforeBody = headerBytes(HeaderMap.RequestHeaders);
    this.setTick(PROBE_TICK_MS);
  }

  /** Makes sure that what was decided without a queue is let go soon. Called at the end of a callback that decides. */
  wake(): void {
    if (needsTick()) this.setTick(1);
  }

  onTick(): void {
    releaseDecided(NO_QUEUE);
    if (heldCount() > 0) this.lookAtHeld();
    publishHeldBytes();
    if (this.tickMs != IDLE_TICK_MS) this.setTick(this.isProbing() ? PROBE_TICK_MS : IDLE_TICK_MS);
  }

  onQueueReady(token: u32): void {
    releaseDecided(token);
  }

  onDelete(): void {
    this.isDeleted = true;
    while (this.calls.length > 0) this.calls.pop().free();
    disclaimQueue(this.id);
    if (needsTick()) wakeAnotherThan(this);
  }

  /** Starts the slow tick that bounds how long anything is held. Called once configured; the first comes at once. */
  startTick(): void {
    this.setTick(1);
  }

  /** Lets the next tick come within so many milliseconds. The effective context is `context` before and after. */
  tickWithin(ms: u32, context: u32): void {
    if (this.tickMs <= ms) return;
    this.setTick(ms);
    setEffectiveContext(context);
  }

  private setTick(periodMs: u32): void {
    if (this.tickMs == periodMs) return;
    setEffectiveContext(this.id);
    if (setTickPeriod(periodMs) == Status.Ok) this.tickMs = periodMs;
  }

  private isProbing(): bool {
    if (this.role != Role.Single || this.flag != NativeFlag.Unknown) return false;
    for (let i = 0; i < heldCount(); i++) {
      const half = heldAt(i);
      if (half.rootId == this.id && half.bytesBeforeBody >= 0) return true;
    }
    return false;
  }

  private lookAtHeld(): void {
    const now = nowNanos();
    for (let i = heldCount() - 1; i >= 0; i--) {
      if (i >= heldCount()) continue;
      const half = heldAt(i);
      if (half.rootId != this.id) continue;
      if (half.heldSinceNanos == 0) half.heldSinceNanos = now;
      if (half.bytesBeforeBody >= 0 && this.lacksFlag(half)) half.expire(Cause.NoFlag);
      else if (now > half.heldSinceNanos + this.patienceFor(half)) half.expire(Cause.Time);
    }
  }

  /** A body of no bytes looks like a slow client for ever where the flag is missing: not as long as one that is slow. */
  private patienceFor(half: Half): u64 {
    const isDoubtful = half.bytesBeforeBody >= 0 && !half.sawBody && this.flag == NativeFlag.Unknown;
    return isDoubtful ? min(this.maxHeldNanos, DOUBT_NANOS) : this.maxHeldNanos;
  }

  /** A missing flag looks like a slow client; but bytes that Envoy has and does not deliver tell it apart. */
  private lacksFlag(half: Half): bool {
    if (half.sawBody || this.flag == NativeFlag.Works) return false;
    if (this.flag == NativeFlag.Missing) return true;
    if (setEffectiveContext(half.reader) != Status.Ok) return false;
    if (getPropertyI64(REQUEST_SIZE, 0) <= half.bytesBeforeBody) return false;
    this.flag = NativeFlag.Missing;
    this.onMissingFlag();
    return true;
  }

  private findPartner(): bool {
    const wanted = this.role == Role.Outer ? Role.Inner : Role.Outer;
    for (let i = 0; i < rootCount(); i++) {
      const other = rootAt(i);
      if (!(other instanceof HoldRoot)) continue;
      const root = <HoldRoot>other;
      if (root.role == wanted && root.configHash == this.configHash && root.pairPath.equals(this.pairPath)) return true;
    }
    return false;
  }
}

/** The queue's root is gone while something is to be let go: another root's tick does it. */
function wakeAnotherThan(gone: HoldRoot): void {
  for (let i = 0; i < rootCount(); i++) {
    const other = rootAt(i);
    if (other != gone && other instanceof HoldRoot) (<HoldRoot>other).wake();
  }
}
