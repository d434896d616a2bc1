// One instance of a filter on one stream, by its role. The work is the call's; a side only knows who reads and who holds.
import { BodyStatus, GrpcStatus, HeadersStatus } from "../abi/enums";
import { Bytes } from "../bytes/bytes";
import { nowNanos } from "../host/clock";
import { getProperty, propertyPath, setProperty } from "../host/properties";
import { sendLocalResponse } from "../host/reply";
import { Call, Start } from "./call";
import { StreamContext } from "./context";
import { findStream } from "./dispatch";
import { Half, Phase } from "./half";
import { HoldRoot, NativeFlag } from "./hold-root";

// What an outer says of itself in a property of the stream: context id, hash of the configuration, number of the VM,
// and whether the second of the pair must put the body back.
const CONFIG_AT: usize = 4;
const VM_AT: usize = 12;
const FLUSH_AT: usize = 20;
const ANNOUNCEMENT_BYTES = 21;
const announcement: Bytes = Bytes.constant(".....................");
const PASSED = Bytes.constant("passed");
const CODE_DETAILS = propertyPath("response.code_details");
const VIA_UPSTREAM = Bytes.constant("via_upstream");
const LOST_DETAILS = Bytes.constant("sluice_pair_changed");

/** Context ids repeat from VM to VM: when this one was first asked tells it from all others of its worker. */
let vmNumber: u64 = 0;

function thisVm(): u64 {
  if (vmNumber == 0) vmNumber = nowNanos() | 1;
  return vmNumber;
}

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
    this.learnFlag(half);
    const status = half.onBody(size, endOfStream);
    this.root.wake();
    return status;
  }

  onRequestTrailers(count: i32): HeadersStatus {
    const call = this.call;
    if (!call) return HeadersStatus.Continue;
    this.learnFlag(call.request);
    return call.request.onTrailers(true);
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
    if (!call) return BodyStatus.Continue;
    const status = call.response.onBody(size, endOfStream);
    this.root.wake();
    return status;
  }

  onResponseTrailers(count: i32): HeadersStatus {
    const call = this.call;
    return call ? call.response.onTrailers(true) : HeadersStatus.Continue;
  }

  /** Without the native flag neither body nor trailers come before the headers have gone. */
  private learnFlag(half: Half): void {
    if (half.phase == Phase.Held && this.root.flag == NativeFlag.Unknown) this.root.flag = NativeFlag.Works;
  }
}

/** First of a pair in the chain: reads the request, holds the response. */
export class OuterSide extends Side {
  private isAnnounced: bool = false;

  onRequestHeaders(count: i32, endOfStream: bool): HeadersStatus {
    const call = this.open();
    const half = call.request;
    const paired = this.root.isPaired;
    const start = call.onRequestHeaders(endOfStream, paired && !endOfStream);
    this.isAnnounced = paired && start != Start.Ignore;
    if (start == Start.Ignore) return HeadersStatus.Continue;
    if (paired) this.announce(false);
    else this.root.onPairMismatch();
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
    if (half.phase == Phase.Held && !half.holder && this.hasPassed) return half.abandon(size, endOfStream);
    const status = half.onBody(size, endOfStream);
    this.root.wake();
    return status;
  }

  onRequestTrailers(count: i32): HeadersStatus {
    const call = this.call;
    if (!call) return HeadersStatus.Continue;
    const half = call.request;
    const status = half.onTrailers(half.holder != 0 || (this.root.wasJoined && !this.hasPassed));
    if (half.needsFlush) this.announce(true);
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
    if (this.isAnnounced && !call.inner) this.reportMissingInner();
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
    return call && call.response.reader == this.id ? call.response.onTrailers(true) : HeadersStatus.Continue;
  }

  /** Tells the inner of this very stream who shares its call. */
  private announce(needsFlush: bool): void {
    store<u32>(announcement.ptr, this.id);
    store<u64>(announcement.ptr + CONFIG_AT, this.root.configHash);
    store<u64>(announcement.ptr + VM_AT, thisVm());
    store<u8>(announcement.ptr + FLUSH_AT, needsFlush ? 1 : 0);
    setProperty(this.root.pairPath, announcement);
  }

  /** The call went through to the upstream, and the inner that lives in this VM was not on its way: a wrong order. */
  private reportMissingInner(): void {
    if (getProperty(CODE_DETAILS).equals(VIA_UPSTREAM) && !this.hasPassed) this.root.onPairMismatch();
  }

  /** Whether the inner of this stream let the headers pass. */
  private get hasPassed(): bool {
    return getProperty(this.root.pairPath).equals(PASSED);
  }
}

/** Second of a pair: holds the request, reads the response. Does nothing on a stream without its outer. */
export class InnerSide extends Side {
  onRequestHeaders(count: i32, endOfStream: bool): HeadersStatus {
    const value = getProperty(this.root.pairPath);
    const call = this.join(value);
    if (!call) return this.isBodyElsewhere(value) ? this.refuse() : HeadersStatus.Continue;
    const status = call.request.onHolderHeaders(this.id);
    this.root.wake();
    return status;
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
    const status = call.response.onTrailers(true);
    this.root.wake();
    return status;
  }

  /** Finds the outer of this stream and shares its call; null, and counted, when it is not our partner. */
  private join(value: Bytes): Call | null {
    const root = this.root;
    if (!value.isPresent) {
      if (!root.isPaired) root.onPairMismatch();
      return null;
    }
    const call = this.announcedCall(value);
    const isPartner = call != null && load<u64>(value.ptr + CONFIG_AT) == root.configHash;
    if (!isPartner) {
      setProperty(root.pairPath, PASSED);
      root.onPairMismatch();
    }
    if (!call || call.inner) return null;
    // An outer of another configuration is no partner, but what it took out of the body may need an inner to come back.
    if (!isPartner && !call.request.hasDrained) return null;
    const owner = call.owner;
    owner.wasJoined = true;
    call.inner = this;
    this.call = call;
    return call;
  }

  /** The call of the outer that announced itself in this stream, if it lives in this VM. */
  private announcedCall(value: Bytes): Call | null {
    if (value.length != ANNOUNCEMENT_BYTES || load<u64>(value.ptr + VM_AT) != thisVm()) return null;
    const partner = findStream(load<u32>(value.ptr));
    return partner instanceof OuterSide ? (<OuterSide>partner).call : null;
  }

  /** Whether the outer keeps a body that this instance cannot put back: it lives in another VM. */
  private isBodyElsewhere(value: Bytes): bool {
    return value.length == ANNOUNCEMENT_BYTES && load<u8>(value.ptr + FLUSH_AT) != 0;
  }

  /** Never pass a cut body: two builds of the module met in one stream, and the client may try again. */
  private refuse(): HeadersStatus {
    sendLocalResponse(503, LOST_DETAILS, Bytes.empty(), Bytes.empty(), GrpcStatus.Unavailable);
    return HeadersStatus.StopIteration;
  }
}

/** An instance that goes takes its directions with it: nothing waits for a context that is gone. */
function leaveHalves(call: Call, id: u32): void {
  if (call.request.reader == id || call.request.holder == id) call.request.reset();
  if (call.response.reader == id || call.response.holder == id) call.response.reset();
}
