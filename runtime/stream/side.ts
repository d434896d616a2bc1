// One instance of a filter on one stream, by its role. The work is the call's; a side only knows who reads and who holds.
import { BodyStatus, HeadersStatus } from "../abi/enums";
import { Bytes } from "../bytes/bytes";
import { getProperty, setProperty } from "../host/properties";
import { Call, Start } from "./call";
import { StreamContext } from "./context";
import { findStream } from "./dispatch";
import { Phase } from "./half";
import { HoldRoot, NativeFlag } from "./hold-root";

const ANNOUNCEMENT_BYTES = 12;
const announcement: Bytes = Bytes.constant("............");
const PASSED = Bytes.constant("passed");

export abstract class Side extends StreamContext {
  call: Call | null = null;

  constructor(readonly root: HoldRoot) {
    super();
  }

  onLog(): void {
    const call = this.call;
    if (call && call.outer == this) call.onLog();
  }

  onDelete(): void {
    const call = this.call;
    this.call = null;
    if (call) {
      leaveHalves(call, this.id);
      if (call.outer == this) call.outer = null;
      else call.inner = null;
      if (!call.outer && !call.inner) call.owner.putCall(call);
    }
    this.root.putSide(this);
  }

  /** Begins a call as its first instance. */
  protected open(): Call {
    const call = this.root.takeCall();
    call.outer = this;
    this.call = call;
    return call;
  }
}

/** One instance alone: reads and holds by itself. */
export class SingleSide extends Side {
  onRequestHeaders(count: i32, endOfStream: bool): HeadersStatus {
    const call = this.open();
    const half = call.request;
    const start = call.onRequestHeaders(endOfStream, !endOfStream && this.root.flag != NativeFlag.Missing);
    if (start == Start.Ignore) return HeadersStatus.Continue;
    if (start == Start.Hold) {
      this.root.onHold(half, this);
      half.hold(this.id, this.id);
      return HeadersStatus.StopIteration;
    }
    if (!half.decideNow(this.id)) return HeadersStatus.StopIteration;
    half.editHeaders();
    half.read(this.id);
    return HeadersStatus.Continue;
  }

  onRequestBody(size: i32, endOfStream: bool): BodyStatus {
    const call = this.call;
    if (!call) return BodyStatus.Continue;
    const half = call.request;
    if (half.phase == Phase.Held && this.root.flag == NativeFlag.Unknown) this.root.flag = NativeFlag.Works;
    return half.onBody(size, endOfStream);
  }

  onRequestTrailers(count: i32): HeadersStatus {
    const call = this.call;
    return call ? call.request.onTrailers() : HeadersStatus.Continue;
  }

  onResponseHeaders(count: i32, endOfStream: bool): HeadersStatus {
    const call = this.call;
    if (!call) return HeadersStatus.Continue;
    const half = call.response;
    call.sawResponse = true;
    const start = call.onResponseHeaders(endOfStream, !endOfStream && this.root.flag == NativeFlag.Works);
    if (start == Start.Ignore) return HeadersStatus.Continue;
    if (start == Start.Hold) {
      this.root.onHold(half, this);
      half.hold(this.id, this.id);
      return HeadersStatus.StopIteration;
    }
    if (!half.decideNow(this.id)) return HeadersStatus.StopIteration;
    half.editHeaders();
    half.read(this.id);
    return HeadersStatus.Continue;
  }

  onResponseBody(size: i32, endOfStream: bool): BodyStatus {
    const call = this.call;
    return call ? call.response.onBody(size, endOfStream) : BodyStatus.Continue;
  }

  onResponseTrailers(count: i32): HeadersStatus {
    const call = this.call;
    return call ? call.response.onTrailers() : HeadersStatus.Continue;
  }
}

/** First of a pair in the chain: reads the request, holds the response. */
export class OuterSide extends Side {
  onRequestHeaders(count: i32, endOfStream: bool): HeadersStatus {
    const call = this.open();
    const half = call.request;
    const paired = this.root.isPaired;
    const start = call.onRequestHeaders(endOfStream, paired && !endOfStream);
    if (start == Start.Ignore) return HeadersStatus.Continue;
    if (paired) this.announce();
    if (start == Start.Hold) {
      this.root.onHold(half, this);
      half.hold(this.id, 0);
      return HeadersStatus.Continue;
    }
    if (!half.decideNow(this.id)) return HeadersStatus.StopIteration;
    half.editHeaders();
    half.read(this.id);
    return HeadersStatus.Continue;
  }

  onRequestBody(size: i32, endOfStream: bool): BodyStatus {
    const call = this.call;
    if (!call) return BodyStatus.Continue;
    const half = call.request;
    if (half.phase == Phase.Held && !half.holder && getProperty(this.root.pairPath).equals(PASSED)) {
      return half.abandon(size, endOfStream);
    }
    const status = half.onBody(size, endOfStream);
    this.root.wake();
    return status;
  }

  onRequestTrailers(count: i32): HeadersStatus {
    const call = this.call;
    if (!call) return HeadersStatus.Continue;
    const status = call.request.onTrailers();
    this.root.wake();
    return status;
  }

  onResponseHeaders(count: i32, endOfStream: bool): HeadersStatus {
    const call = this.call;
    if (!call) return HeadersStatus.Continue;
    const half = call.response;
    if (call.sawResponse) return half.onHolderHeaders(this.id);
    // No inner, or an answer that did not come through it: from a filter between the two, or from Envoy itself.
    call.sawResponse = true;
    if (call.onResponseHeaders(endOfStream, false) == Start.Ignore) return HeadersStatus.Continue;
    if (!half.decideNow(this.id)) return HeadersStatus.StopIteration;
    half.editHeaders();
    half.read(this.id);
    return HeadersStatus.Continue;
  }

  onResponseBody(size: i32, endOfStream: bool): BodyStatus {
    const call = this.call;
    if (!call) return BodyStatus.Continue;
    const half = call.response;
    return half.reader == this.id ? half.onBody(size, endOfStream) : half.onHolderBody();
  }

  onResponseTrailers(count: i32): HeadersStatus {
    const call = this.call;
    return call && call.response.reader == this.id ? call.response.onTrailers() : HeadersStatus.Continue;
  }

  /** Tells the inner of this very stream who shares its call. */
  private announce(): void {
    store<u32>(announcement.ptr, this.id);
    store<u64>(announcement.ptr, this.root.configHash, 4);
    setProperty(this.root.pairPath, announcement);
  }
}

/** Second of a pair: holds the request, reads the response. Does nothing on a stream without its outer. */
export class InnerSide extends Side {
  onRequestHeaders(count: i32, endOfStream: bool): HeadersStatus {
    const call = this.join();
    if (!call) return HeadersStatus.Continue;
    return call.request.onHolderHeaders(this.id);
  }

  onRequestBody(size: i32, endOfStream: bool): BodyStatus {
    const call = this.call;
    return call ? call.request.onHolderBody() : BodyStatus.Continue;
  }

  onResponseHeaders(count: i32, endOfStream: bool): HeadersStatus {
    const call = this.call;
    if (!call) return HeadersStatus.Continue;
    const half = call.response;
    call.sawResponse = true;
    const start = call.onResponseHeaders(endOfStream, !endOfStream && call.outer != null);
    if (start == Start.Ignore) return HeadersStatus.Continue;
    if (start == Start.Hold) {
      this.root.onHold(half, this);
      half.hold(this.id, 0);
      return HeadersStatus.Continue;
    }
    return half.prepare(this.id) ? HeadersStatus.Continue : HeadersStatus.StopIteration;
  }

  onResponseBody(size: i32, endOfStream: bool): BodyStatus {
    const call = this.call;
    if (!call || call.response.reader != this.id) return BodyStatus.Continue;
    const status = call.response.onBody(size, endOfStream);
    this.root.wake();
    return status;
  }

  onResponseTrailers(count: i32): HeadersStatus {
    const call = this.call;
    if (!call || call.response.reader != this.id) return HeadersStatus.Continue;
    const status = call.response.onTrailers();
    this.root.wake();
    return status;
  }

  /** Finds the outer of this stream and shares its call; null, and counted, when it is not our partner. */
  private join(): Call | null {
    const root = this.root;
    const value = getProperty(root.pairPath);
    if (!value.isPresent) {
      if (!root.isPaired) root.onPairMismatch();
      return null;
    }
    if (value.length == ANNOUNCEMENT_BYTES && load<u64>(value.ptr, 4) == root.configHash) {
      const partner = findStream(load<u32>(value.ptr));
      if (partner instanceof OuterSide) {
        const call = (<OuterSide>partner).call;
        if (call && !call.inner) {
          call.inner = this;
          this.call = call;
          return call;
        }
      }
    }
    setProperty(root.pairPath, PASSED);
    root.onPairMismatch();
    return null;
  }
}

/** An instance that goes takes its directions with it: nothing waits for a context that is gone. */
function leaveHalves(call: Call, id: u32): void {
  if (call.request.reader == id || call.request.holder == id) call.request.reset();
  if (call.response.reader == id || call.response.holder == id) call.response.reset();
}
