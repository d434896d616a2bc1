// One direction of a stream through its filters, with Envoy's rules for stopping, buffering and going on.
//
// The order of the steps below is the point: what a filter does from inside a callback (continue another filter, answer
// locally) meets the half-done iteration of the frame that is on its way, and what comes of that must be what Envoy makes.
import { BodyBuffer } from "./body-buffer.ts";
import type { Filter } from "./filter.ts";
import type { FilterManager } from "./filter-manager.ts";
import type { HeaderMap } from "./headers.ts";
import { DataStatus, HeadersStatus, TrailersStatus } from "./status.ts";

const Iteration = { Continue: 0, StopSingle: 1, StopAllBuffer: 2, StopAllWatermark: 3 } as const;

/** What of a filter is running: bits of `FilterManager.callState`. */
export const CallState = { DecodingMask: 0x0f, EncodingMask: 0xf0, EndOfStream: 0x200 } as const;

/** One filter's place in one direction. */
export class Entry {
  readonly pass: Pass;
  readonly filter: Filter;
  readonly index: number;
  iteration: number = Iteration.Continue;
  headersContinued = false;
  /** The filter has seen the end of the stream. */
  endStream = false;
  fromCurrent = false;

  constructor(pass: Pass, filter: Filter, index: number) {
    this.pass = pass;
    this.filter = filter;
    this.index = index;
  }

  get manager(): FilterManager {
    return this.pass.manager;
  }

  get stoppedAll(): boolean {
    return this.iteration === Iteration.StopAllBuffer || this.iteration === Iteration.StopAllWatermark;
  }

  get canIterate(): boolean {
    return this.iteration === Iteration.Continue;
  }

  /** Goes on behind this filter (or with it, where it stopped all frames). */
  continueIteration(): void {
    this.pass.continueFrom(this);
  }
}

/** One direction. Subclasses say what differs: where frames go in the end, and when nothing goes any more. */
export abstract class Pass {
  readonly manager: FilterManager;
  readonly entries: Entry[] = [];
  headers: HeaderMap | null = null;
  trailers: HeaderMap | null = null;
  /** The direction's one shared buffer. It stays, empty, once it was made. */
  buffered: BodyBuffer | null = null;
  /** Over the limit: make the sender wait (true) or fail the stream (false). */
  streaming = true;
  /** A local reply or a reset ended this direction from inside a callback. */
  aborted = false;

  protected abstract readonly headersBit: number;
  protected abstract readonly dataBit: number;
  protected abstract readonly trailersBit: number;

  constructor(manager: FilterManager) {
    this.manager = manager;
  }

  /** The sender's last frame has come. */
  abstract get complete(): boolean;
  protected abstract get canContinue(): boolean;
  /** The terminal filter is in the list (requests) or frames leave behind the list (responses). */
  protected abstract readonly lastIsTerminal: boolean;
  protected abstract callHeaders(filter: Filter, headers: HeaderMap, end: boolean): number;
  protected abstract callData(filter: Filter, data: BodyBuffer, end: boolean): number;
  protected abstract callTrailers(filter: Filter, trailers: HeaderMap): number;
  protected abstract finishHeaders(headers: HeaderMap, end: boolean): boolean;
  protected abstract finishData(data: BodyBuffer, end: boolean): void;
  protected abstract finishTrailers(trailers: HeaderMap): void;
  protected abstract onTooLarge(): void;
  protected abstract onHigh(): void;
  protected abstract onLow(): void;
  /** A frame comes from outside; false: it is dropped. */
  protected abstract enter(end: boolean): void;
  protected abstract get isClosed(): boolean;

  add(filter: Filter): Entry {
    const entry = new Entry(this, filter, this.entries.length);
    this.entries.push(entry);
    return entry;
  }

  runHeaders(from: Entry | null, headers: HeaderMap, end: boolean): void {
    const manager = this.manager;
    if (from === null) this.enter(end);
    let continueData: Entry | null = null;
    for (let i = from === null ? 0 : from.index + 1; i < this.entries.length; i++) {
      const entry = this.entries[i] as Entry;
      const isLast = this.lastIsTerminal && i === this.entries.length - 1;
      entry.endStream = end && continueData === null;
      manager.callState |= this.headersBit | (entry.endStream ? CallState.EndOfStream : 0);
      let status = this.callHeaders(entry.filter, headers, entry.endStream);
      manager.callState &= ~(this.headersBit | (entry.endStream ? CallState.EndOfStream : 0));
      if (this.aborted) {
        manager.executePreparedReply();
        status = HeadersStatus.StopIteration;
      }
      const goesOn = this.#afterHeaders(entry, status);
      if (this.lastIsTerminal && manager.localComplete && !isLast) {
        this.#maybeContinue(continueData);
        return;
      }
      if (!goesOn && !isLast) {
        if (this.lastIsTerminal || !entry.endStream) this.#maybeContinue(continueData);
        return;
      }
      // A filter has added a body to a request or response without one.
      if (end && this.buffered !== null && continueData === null) continueData = entry;
    }
    if (!this.finishHeaders(headers, end && continueData === null)) return;
    if (this.lastIsTerminal || !(end && continueData === null)) this.#maybeContinue(continueData);
  }

  runData(from: Entry | null, data: BodyBuffer, end: boolean, fromNext = false): void {
    const manager = this.manager;
    if (this.isClosed) return;
    if (from === null) this.enter(end);
    let trailersAdded: Entry | null = null;
    const hadTrailers = this.trailers !== null;
    for (let i = this.#start(from, fromNext); i < this.entries.length; i++) {
      const entry = this.entries[i] as Entry;
      if (entry.stoppedAll) {
        this.streaming = entry.iteration === Iteration.StopAllWatermark;
        this.bufferData(data);
        return;
      }
      if (entry.endStream) return;
      const bits = this.dataBit | (end ? CallState.EndOfStream : 0);
      manager.callState |= bits;
      entry.endStream = end && this.trailers === null;
      let status = this.callData(entry.filter, data, entry.endStream);
      manager.callState &= ~bits;
      if (this.aborted) {
        manager.executePreparedReply();
        if (this.lastIsTerminal) return;
        status = DataStatus.StopIterationNoBuffer;
      }
      if (!hadTrailers && this.trailers !== null && trailersAdded === null) {
        if (this.lastIsTerminal) end = false;
        trailersAdded = entry;
      }
      if (!this.#afterData(entry, status, data)) {
        if (!this.lastIsTerminal) return;
        if (i !== this.entries.length - 1) break;
      }
    }
    this.finishData(data, end && trailersAdded === null);
    if (trailersAdded !== null && this.trailers !== null) this.runTrailers(trailersAdded, this.trailers);
  }

  runTrailers(from: Entry | null, trailers: HeaderMap): void {
    const manager = this.manager;
    if (this.isClosed) return;
    if (from === null) this.enter(true);
    for (let i = this.#start(from, false); i < this.entries.length; i++) {
      const entry = this.entries[i] as Entry;
      if (entry.stoppedAll) return;
      manager.callState |= this.trailersBit;
      let status = this.callTrailers(entry.filter, trailers);
      entry.endStream = true;
      manager.callState &= ~this.trailersBit;
      if (this.aborted) {
        manager.executePreparedReply();
        status = TrailersStatus.StopIteration;
      }
      if (!this.#afterTrailers(entry, status)) return;
    }
    this.finishTrailers(trailers);
  }

  continueFrom(entry: Entry): void {
    if (!this.canContinue) return;
    if (this.headers === null) {
      this.manager.misuse(`${entry.filter.name} continues a direction whose headers have not come: Envoy would crash`);
      return;
    }
    if (entry.stoppedAll) entry.fromCurrent = true;
    entry.iteration = Iteration.Continue;
    if (!entry.headersContinued) {
      entry.headersContinued = true;
      this.runHeaders(entry, this.headers, this.complete && this.buffered === null && this.trailers === null);
    }
    const hadTrailers = this.trailers !== null;
    if (this.buffered !== null) this.runData(entry, this.buffered, this.complete && !hadTrailers);
    if (hadTrailers && this.trailers !== null) this.runTrailers(entry, this.trailers);
    entry.fromCurrent = false;
  }

  /** Data that a filter adds itself: buffered, or sent on at once from a trailers callback. */
  addData(entry: Entry, data: BodyBuffer, streaming: boolean): void {
    const state = this.manager.callState;
    if (
      state === 0 ||
      (state & (this.headersBit | this.dataBit)) !== 0 ||
      ((state & this.trailersBit) !== 0 && !entry.canIterate)
    ) {
      this.streaming = streaming;
      this.bufferData(data);
    } else if ((state & this.trailersBit) !== 0) {
      this.runData(entry, data, false, true);
    }
  }

  bufferData(data: BodyBuffer): void {
    if (this.buffered === data) return;
    this.buffered ??= this.#createBuffer();
    this.buffered.move(data);
  }

  #createBuffer(): BodyBuffer {
    return new BodyBuffer({
      limit: this.manager.bufferLimit,
      onHigh: () => (this.streaming ? this.onHigh() : this.onTooLarge()),
      onLow: () => this.onLow(),
    });
  }

  #start(from: Entry | null, fromNext: boolean): number {
    if (from === null) return 0;
    return from.fromCurrent && !fromNext ? from.index : from.index + 1;
  }

  #maybeContinue(entry: Entry | null): void {
    if (entry === null) return;
    entry.iteration = Iteration.StopSingle;
    this.continueFrom(entry);
  }

  #afterHeaders(entry: Entry, status: number): boolean {
    if (status === HeadersStatus.StopIteration) entry.iteration = Iteration.StopSingle;
    else if (status === HeadersStatus.StopAllIterationAndBuffer) entry.iteration = Iteration.StopAllBuffer;
    else if (status === HeadersStatus.StopAllIterationAndWatermark) entry.iteration = Iteration.StopAllWatermark;
    else {
      entry.headersContinued = true;
      return true;
    }
    return false;
  }

  #afterData(entry: Entry, status: number, data: BodyBuffer): boolean {
    if (status === DataStatus.Continue) {
      if (entry.iteration !== Iteration.StopSingle) return true;
      this.bufferData(data);
      this.continueFrom(entry);
      return false;
    }
    entry.iteration = Iteration.StopSingle;
    if (status === DataStatus.StopIterationAndBuffer || status === DataStatus.StopIterationAndWatermark) {
      this.streaming = status === DataStatus.StopIterationAndWatermark;
      this.bufferData(data);
    } else if (this.complete && this.trailers === null && this.buffered === null && !this.manager.destroyed) {
      this.buffered = this.#createBuffer();
    }
    return false;
  }

  #afterTrailers(entry: Entry, status: number): boolean {
    if (status === TrailersStatus.Continue) {
      if (entry.iteration !== Iteration.StopSingle) return true;
      this.continueFrom(entry);
      return false;
    }
    if (entry.canIterate) entry.iteration = Iteration.StopSingle;
    return false;
  }
}
