// One direction of a stream whose headers may wait until its body was read.
// The reader sees the body first; the holder keeps the headers back. One instance is both, a pair splits the work.
import { BodyStatus, BufferType, HeaderMap, HeadersStatus, Status, StreamType } from "../abi/enums";
import { ByteBuffer } from "../bytes/buffer";
import { areSame } from "../bytes/same";
import { emptyBuffer, prependBuffer, readBufferInto, replaceBuffer } from "../host/body";
import { setEffectiveContext } from "../host/context";
import { continueStream } from "../host/reply";
import { Edits } from "./edits";
import { forgetHeld, rememberHeld, releaseSoon } from "./held";
import { MAX_READ_BYTES, Spool, spooledBytes } from "./spool";

/** Where a direction stands. */
export const enum Phase {
  /** Not begun, or nothing more to read. */
  Idle,
  /** Headers have left; the body is read as it passes. */
  Reading,
  /** Headers wait, or will wait once the holder is there; the body is read and kept. */
  Held,
  /** Decided before the holder was there: it edits its headers when it comes. */
  Ready,
  /** Decided, but somebody outside has to agree: `resolve` goes on. */
  Awaiting,
  /** Decided; a later event lets the holder go. */
  Releasing,
  /** A pair's holder was let go and puts the kept bytes back in its next body callback. */
  Flushing,
  /** Answered from here: nothing goes on. */
  Closed,
}

/** Why a held direction is decided. */
export const enum Cause {
  /** All that was wanted is known. */
  Known,
  /** The body is over. */
  End,
  /** The bounds of this stream are reached. */
  Limit,
  /** All streams of the VM together keep as much as is allowed. */
  Memory,
  /** It was held longer than allowed. */
  Time,
  /** Envoy does not deliver the body while headers wait: the plugin lacks `allow_on_headers_stop_iteration`. */
  NoFlag,
  /** The host could not give the body. */
  HostFault,
  /** The headers cannot wait: no partner, no flag, or nothing that a holder may wait for. */
  Unheld,
}

/** Up to here one instance leaves the body in Envoy's own buffer, where it can be written even when trailers follow. */
const NATIVE_BUFFER_BYTES: i32 = 16384;

const scratch: usize = memory.data(65536, 16);
/** What goes on instead of a piece of a body that is written anew. */
const rewritten: ByteBuffer = new ByteBuffer(1024);

export abstract class Half {
  phase: Phase = Phase.Idle;
  /** The root whose clock bounds the wait. */
  rootId: u32 = 0;
  /** Context ids; equal for one instance, holder 0 while the second of a pair is not there. */
  reader: u32 = 0;
  holder: u32 = 0;
  /** When it was first seen to wait (0: not yet), and the size of the request without its body (`-1`: not asked). */
  heldSinceNanos: u64 = 0;
  bytesBeforeBody: i64 = -1;
  /** Whether a body callback came while headers waited. */
  sawBody: bool = false;
  /**
   * Whether one instance may leave a short body in Envoy's buffer. Only where little comes at once (HTTP/2 frames): what
   * does not fit beside it would be answered 413.
   */
  mayStayInHost: bool = false;
  /**
   * Whether a filter closer to the sender may have kept the body back, so that the first body callback brings what came
   * so far and trailers may be there already. Headers that are let go within it take those trailers along, and the
   * filter that let the body go sends them a second time.
   */
  mayComeLate: bool = false;
  readonly edits: Edits = new Edits();
  /** By how many bytes the decision changes the body's length. */
  growth: i32 = 0;
  /** Whether the body goes on with the decision's changes. */
  isEdited: bool = false;
  /** The place in the list of all held directions of the VM. */
  heldIndex: i32 = -1;
  private readonly spool: Spool = new Spool();
  private drained: i32 = 0; // the first bytes of the spool, which Envoy's buffer has no longer
  private isBuffering: bool = false; // one instance: Envoy's buffer was told to keep the body
  private isOver: bool = false;
  private isOverdue: bool = false;

  constructor(
    readonly headers: HeaderMap,
    readonly body: BufferType,
    readonly type: StreamType,
  ) {}

  /** Most bytes kept for this direction. */
  abstract maxHeldBytes(): i32;
  /** Most bytes kept for all streams of the VM. */
  abstract maxHeldTotal(): i64;
  /** Takes the next bytes of the body. */
  abstract feed(ptr: usize, length: i32): void;
  /** The body is over. */
  abstract finish(): void;
  /** Whether the headers may go on. */
  abstract isKnown(): bool;
  /** Whether the rest of the body is of interest once the headers are gone. */
  abstract wantsMore(): bool;
  /** Makes the decision, once; false when the call is to be answered from here. `edits` may be filled. */
  abstract decide(cause: Cause): bool;
  /** Whether, after a decision to go on, somebody outside was asked who has not answered yet. `resolve` is called then. */
  abstract isAwaiting(): bool;
  /** What that answer was: false when the call is to be answered from here. */
  abstract confirm(): bool;
  /** Answers the call; the effective context is the reader. */
  abstract answer(): void;
  /** Answers because the body could not be kept whole; a cut body never passes. */
  abstract answerLost(): void;
  /** Writes the headers; the effective context is the holder. */
  abstract editHeaders(): void;

  /** Whether the body, whose headers have left, is written anew as it passes. */
  rewrites(): bool {
    return false;
  }

  /**
   * Takes the next bytes of such a body and appends what goes on to `out`; what it keeps back comes with later ones.
   * False, with nothing appended, when they go on as they came.
   */
  rewrite(ptr: usize, length: i32, out: ByteBuffer): bool {
    return false;
  }

  /** The body is over: appends what was kept back. Also where it goes on unchanged from here. */
  endRewrite(out: ByteBuffer): void {}

  /** Makes it new for the next stream. */
  reset(): void {
    this.letGo();
    this.phase = Phase.Idle;
    this.reader = 0;
    this.holder = 0;
    this.bytesBeforeBody = -1;
    this.sawBody = false;
    this.mayStayInHost = false;
    this.mayComeLate = false;
    this.isBuffering = false;
    this.isOver = false;
    this.isOverdue = false;
    this.growth = 0;
    this.isEdited = false;
  }

  /** Reads the body as it passes; the headers were edited already. */
  read(reader: u32): void {
    this.reader = reader;
    this.phase = this.wantsMore() ? Phase.Reading : Phase.Idle;
  }

  /** Begins to wait. One instance names itself as reader and holder; a pair's reader leaves the holder 0. */
  hold(reader: u32, holder: u32): void {
    this.reader = reader;
    this.holder = holder;
    this.phase = Phase.Held;
    rememberHeld(this);
  }

  /** Whether one instance is reader and holder. */
  get isSingle(): bool {
    return this.reader == this.holder;
  }

  /** Bytes kept now. */
  get keptBytes(): i32 {
    return this.spool.length;
  }

  /** Whether bytes that came are in the reader's memory only. */
  get hasDrained(): bool {
    return this.drained > 0;
  }

  /** Whether the second of a pair has to put the kept bytes back when it comes: nobody else can. */
  get needsFlush(): bool {
    return this.phase == Phase.Ready && this.drained > 0;
  }

  /** The reader's body callback. */
  onBody(size: i32, endOfStream: bool): BodyStatus {
    switch (this.phase) {
      case Phase.Reading:
      case Phase.Ready:
      case Phase.Flushing:
        this.pass(size, endOfStream);
        return BodyStatus.Continue;
      case Phase.Awaiting:
        this.pass(size, endOfStream);
        return this.isSingle ? BodyStatus.StopIterationAndWatermark : BodyStatus.Continue;
      case Phase.Releasing:
        this.pass(size, endOfStream);
        this.releaseSingle();
        return BodyStatus.Continue;
      case Phase.Held:
        return this.keep(size, endOfStream);
      case Phase.Closed:
        return BodyStatus.StopIterationNoBuffer;
      default:
        if (endOfStream) this.end();
        return BodyStatus.Continue;
    }
  }

  /**
   * The reader's trailers callback: the body is over, and the reader cannot write it any more. `isHolderSure` tells that
   * the second of a pair is there or will come.
   */
  onTrailers(isHolderSure: bool): HeadersStatus {
    if (this.phase == Phase.Closed) return HeadersStatus.StopIteration;
    this.end();
    if (this.phase == Phase.Releasing) this.releaseSingle();
    if (this.phase == Phase.Awaiting && this.isSingle) return HeadersStatus.StopIteration;
    if (this.phase != Phase.Held) return HeadersStatus.Continue;
    if (!this.settle(Cause.End)) return this.close(false);
    if (!this.isSingle) {
      this.drained = this.spool.length;
      if (!this.holder && this.drained > 0 && !isHolderSure) return this.close(true);
      if (this.awaitAnswer()) return HeadersStatus.Continue;
      this.phase = this.holder ? Phase.Releasing : Phase.Ready;
      if (this.holder) releaseSoon(this);
      return HeadersStatus.Continue;
    }
    if (this.drained > 0) return this.close(true);
    if (this.edits.count > 0) {
      emptyBuffer(this.body, this.spool.length);
      if (!this.spool.prependTo(this.body, this.spool.length, this.edits)) return this.close(true);
    }
    this.letGo();
    if (this.awaitAnswer()) return HeadersStatus.StopIteration;
    this.editHeaders();
    this.phase = Phase.Idle;
    return HeadersStatus.Continue;
  }

  /** The headers callback of a pair's holder. */
  onHolderHeaders(holder: u32): HeadersStatus {
    this.holder = holder;
    switch (this.phase) {
      case Phase.Held:
      case Phase.Awaiting:
      case Phase.Closed:
        return HeadersStatus.StopIteration;
      case Phase.Ready:
        if (this.drained > 0) {
          this.phase = Phase.Releasing;
          releaseSoon(this);
          return HeadersStatus.StopIteration;
        }
        this.editHeaders();
        this.continueReading();
        return HeadersStatus.Continue;
      default:
        return HeadersStatus.Continue;
    }
  }

  /** The body callback of a pair's holder: the place where bytes are written back when trailers ended the body. */
  onHolderBody(): BodyStatus {
    if (this.phase == Phase.Flushing) return this.flush();
    return this.phase == Phase.Closed ? BodyStatus.StopIterationNoBuffer : BodyStatus.Continue;
  }

  /** Lets the holder go from an event that is not its own: the queue or the tick. */
  release(): void {
    if (this.phase != Phase.Releasing) return;
    if (setEffectiveContext(this.holder) != Status.Ok) return this.reset();
    this.editHeaders();
    if (this.drained > 0) this.phase = Phase.Flushing;
    else this.continueReading();
    continueStream(this.type);
  }

  /** Goes on after the answer from outside, from whatever event brought it. */
  resolve(): void {
    if (this.phase != Phase.Awaiting) return;
    if (setEffectiveContext(this.reader) != Status.Ok) return this.reset();
    if (!this.confirm()) {
      this.close(false);
      return;
    }
    this.phase = this.holder ? Phase.Releasing : Phase.Ready;
    this.release();
  }

  /** Decides without a body callback: too long, or the flag is missing. */
  expire(cause: Cause): void {
    if (this.phase != Phase.Held) return;
    if (setEffectiveContext(this.reader) != Status.Ok) return this.reset();
    if (this.isSingle && this.sawBody) {
      this.isOverdue = true; // only a body callback can write the bytes back, or take them out of Envoy's buffer in order
      return;
    }
    if (!this.settle(cause)) {
      this.close(false);
      return;
    }
    if (this.awaitAnswer()) return;
    if (!this.holder) {
      this.phase = Phase.Ready;
      forgetHeld(this);
      return;
    }
    this.phase = Phase.Releasing;
    this.release();
  }

  /** Ends the wait because the second of the pair let the headers pass: what was kept goes on in front of this callback's. */
  abandon(size: i32, endOfStream: bool): BodyStatus {
    if (!this.settle(Cause.Unheld)) {
      this.close(false);
      return BodyStatus.StopIterationNoBuffer;
    }
    this.dropEdits();
    const front = this.drained;
    if (!this.putBack(size)) {
      this.close(true);
      return BodyStatus.StopIterationNoBuffer;
    }
    this.readFrom(front, front + size);
    if (endOfStream) this.end();
    this.continueReading();
    return BodyStatus.Continue;
  }

  /** Decides at once, without waiting for the body; false when the headers must not go on: answered, or not confirmed yet. */
  decideNow(reader: u32): bool {
    if (!this.decideAlone(reader)) return false;
    this.holder = reader;
    if (this.awaitAnswer()) return false;
    this.holder = 0;
    return true;
  }

  /** A pair's reader need not wait; the holder edits its headers when it comes. False when the call was answered. */
  prepare(reader: u32): bool {
    if (!this.decideAlone(reader)) return false;
    this.phase = Phase.Ready;
    return true;
  }

  private decideAlone(reader: u32): bool {
    this.reader = reader;
    if (this.settle(this.isKnown() ? Cause.Known : Cause.Unheld)) return true;
    this.close(false);
    return false;
  }

  /** Whether an answer from outside has to come first; the phase says so then. */
  private awaitAnswer(): bool {
    if (!this.isAwaiting()) return false;
    this.phase = Phase.Awaiting;
    forgetHeld(this);
    return true;
  }

  private pass(size: i32, endOfStream: bool): void {
    if (this.rewrites()) this.passRewritten(size, endOfStream);
    else this.readFrom(0, size);
    if (endOfStream) this.end();
    if (this.phase == Phase.Reading && !this.wantsMore()) this.phase = Phase.Idle;
  }

  /** Reads a piece of the body and puts what goes on in its place. */
  private passRewritten(size: i32, endOfStream: bool): void {
    rewritten.clear();
    let start = 0;
    let came = 0;
    while (start < size) {
      came = readBufferInto(this.body, start, min(size - start, MAX_READ_BYTES), scratch);
      if (came <= 0) break;
      this.feed(scratch, came);
      if (!this.rewrite(scratch, came, rewritten)) {
        if (came == size && !endOfStream) return;
        rewritten.raw(scratch, came);
      }
      start += came;
    }
    if (start < size) {
      // The host could not give all of it: what was kept back goes in front of it as it is.
      this.endRewrite(rewritten.clear());
      prependBuffer(this.body, rewritten.ptr, rewritten.length);
      return;
    }
    if (endOfStream) this.endRewrite(rewritten);
    // Many a piece goes on as it came after all: one that was read at once is still there to compare with.
    const isSame = came == size && rewritten.length == size;
    if (isSame && areSame(rewritten.ptr, scratch, size)) return;
    replaceBuffer(this.body, size, rewritten.view());
  }

  /** Reads Envoy's buffer from one place to another without keeping it. */
  private readFrom(start: i32, end: i32): void {
    while (start < end && this.wantsMore()) {
      const came = readBufferInto(this.body, start, min(end - start, MAX_READ_BYTES), scratch);
      if (came <= 0) return;
      this.feed(scratch, came);
      start += came;
    }
  }

  /** One instance need not wait for another event when its own callback comes first. */
  private releaseSingle(): void {
    if (!this.isSingle) return;
    this.editHeaders();
    this.continueReading();
  }

  private keep(size: i32, endOfStream: bool): BodyStatus {
    const mayBeLate = this.mayComeLate && !this.sawBody && !endOfStream;
    this.sawBody = true;
    let cause: i32 = -1;
    const known = this.spool.length - this.drained; // bytes of Envoy's buffer that were read before (native buffering)
    for (let at = known; at < size && cause < 0;) {
      // Up to the very byte of the limit, however the body was cut.
      const want = min(min(size - at, MAX_READ_BYTES), this.maxHeldBytes() - this.spool.length);
      if (want <= 0) {
        cause = Cause.Limit;
        break;
      }
      if (spooledBytes() + want > this.maxHeldTotal()) {
        cause = Cause.Memory;
        break;
      }
      const came = this.spool.read(this.body, at, want);
      if (came <= 0) {
        cause = Cause.HostFault;
        break;
      }
      this.feed(this.spool.lastPtr, came);
      at += came;
      if (this.isKnown()) cause = Cause.Known;
    }
    if (endOfStream && cause < 0) {
      this.end();
      cause = Cause.End;
    }
    if (this.isOverdue && cause < 0) cause = Cause.Time;
    if (cause >= 0) return this.goOn(<Cause>cause, size, endOfStream, mayBeLate);
    if (this.isSingle && this.drained == 0 && this.mayStayInHost && size <= NATIVE_BUFFER_BYTES) {
      this.isBuffering = true;
      return BodyStatus.StopIterationAndBuffer;
    }
    emptyBuffer(this.body, size);
    this.drained = this.spool.length;
    if (!this.isSingle) return BodyStatus.Continue;
    // After AndBuffer only Watermark tells Envoy that more than fits its buffer may come back.
    return this.isBuffering ? BodyStatus.StopIterationAndWatermark : BodyStatus.StopIterationNoBuffer;
  }

  /** The decision within the reader's body callback. */
  private goOn(cause: Cause, size: i32, endOfStream: bool, mayBeLate: bool): BodyStatus {
    if (!this.settle(cause)) {
      this.close(false);
      return BodyStatus.StopIterationNoBuffer;
    }
    let readAll = this.spool.length - this.drained == size;
    if (!readAll && cause == Cause.Known && this.edits.count > 0) readAll = this.keepRest(size);
    if (!readAll) this.dropEdits();
    if (!this.putBack(size)) {
      this.close(true);
      return BodyStatus.StopIterationNoBuffer;
    }
    if (!readAll) this.readFrom(this.spool.length, this.drained + size);
    if (endOfStream) this.end();
    this.letGoOfBytes();
    if (this.awaitAnswer()) return this.isSingle ? BodyStatus.StopIterationAndWatermark : BodyStatus.Continue;
    if (!this.holder) {
      this.phase = Phase.Ready;
      forgetHeld(this);
    } else if (mayBeLate || (endOfStream && !this.isSingle)) {
      // Letting go now would double trailers that are there already, and lose a pair's body where the stream ends here.
      this.phase = Phase.Releasing;
      releaseSoon(this);
      if (this.isSingle) return BodyStatus.StopIterationAndWatermark;
    } else if (this.isSingle) {
      this.editHeaders();
      this.continueReading();
    } else {
      const found = setEffectiveContext(this.holder) == Status.Ok;
      if (found) {
        this.editHeaders();
        continueStream(this.type);
      }
      setEffectiveContext(this.reader);
      this.continueReading();
    }
    return BodyStatus.Continue;
  }

  /** A body that is changed is written anew: what else this callback brought is needed, however much it is. */
  private keepRest(size: i32): bool {
    for (let at = this.spool.length - this.drained; at < size;) {
      const came = this.spool.read(this.body, at, min(size - at, MAX_READ_BYTES));
      if (came <= 0) return false;
      this.feed(this.spool.lastPtr, came);
      at += came;
    }
    return true;
  }

  /** Makes Envoy's buffer whole again: what was drained goes in front; with edits all is written anew. */
  private putBack(size: i32): bool {
    if (this.edits.count == 0) return this.spool.prependTo(this.body, this.drained, this.edits);
    emptyBuffer(this.body, size);
    return this.spool.prependTo(this.body, this.spool.length, this.edits);
  }

  private flush(): BodyStatus {
    const good = this.spool.prependTo(this.body, this.drained, this.edits);
    if (!good) {
      this.close(true);
      return BodyStatus.StopIterationNoBuffer;
    }
    this.continueReading();
    return BodyStatus.Continue;
  }

  private settle(cause: Cause): bool {
    const goesOn = this.decide(cause);
    this.growth = this.edits.growth;
    this.isEdited = this.edits.count > 0;
    return goesOn;
  }

  private dropEdits(): void {
    this.edits.clear();
    this.growth = 0;
    this.isEdited = false;
  }

  private end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.finish();
  }

  private continueReading(): void {
    this.letGo();
    this.phase = !this.isOver && this.wantsMore() ? Phase.Reading : Phase.Idle;
  }

  private close(isLost: bool): HeadersStatus {
    setEffectiveContext(this.reader);
    this.letGo();
    this.phase = Phase.Closed;
    if (isLost) this.answerLost();
    else this.answer();
    return HeadersStatus.StopIteration;
  }

  private letGo(): void {
    forgetHeld(this);
    this.letGoOfBytes();
  }

  private letGoOfBytes(): void {
    this.spool.clear();
    this.edits.clear();
    this.drained = 0;
  }
}
