// What a filter is made of: a root per configuration, a context per stream. Override only what the filter uses,
// and export (runtime/abi/exports) only those callbacks: each costs on every request.
import { BodyStatus, HeadersStatus, PeerType } from "../abi/enums";

/** One configuration of one plugin in this VM. Several live side by side: keep nothing in module globals. */
export abstract class RootContext {
  /** The host's number of this context. */
  id: u32 = 0;

  /** The VM starts; comes once per root, though the VM is the same. */
  onStart(configurationSize: i32): bool {
    return true;
  }

  /** The configuration of `size` bytes is there (`pluginConfiguration`). False refuses it. */
  onConfigure(size: i32): bool {
    return true;
  }

  /** A stream begins: hand out a pooled context. Called between the host's callbacks, so it may allocate. */
  abstract newStream(): StreamContext;

  onTick(): void {}
  onQueueReady(token: u32): void {}
  onHttpCallResponse(token: u32, headers: i32, bodySize: i32, trailers: i32): void {}
  onGrpcInitialMetadata(token: u32, headers: i32): void {}
  onGrpcReceive(token: u32, size: i32): void {}
  onGrpcTrailingMetadata(token: u32, trailers: i32): void {}
  onGrpcClose(token: u32, status: i32): void {}
  onForeignFunction(functionId: u32, argumentsSize: i32): void {}

  /** False keeps the root until `finishDone`. */
  onDone(): bool {
    return true;
  }

  /** The root is gone: let go of what lives outside the heap. The rest is collected. */
  onDelete(): void {}
}

/** One instance of the filter on one stream. */
export abstract class StreamContext {
  /** The host's number of this context. */
  id: u32 = 0;

  onRequestHeaders(count: i32, endOfStream: bool): HeadersStatus {
    return HeadersStatus.Continue;
  }
  onRequestBody(size: i32, endOfStream: bool): BodyStatus {
    return BodyStatus.Continue;
  }
  onRequestTrailers(count: i32): HeadersStatus {
    return HeadersStatus.Continue;
  }
  onRequestMetadata(count: i32): HeadersStatus {
    return HeadersStatus.Continue;
  }
  onResponseHeaders(count: i32, endOfStream: bool): HeadersStatus {
    return HeadersStatus.Continue;
  }
  onResponseBody(size: i32, endOfStream: bool): BodyStatus {
    return BodyStatus.Continue;
  }
  onResponseTrailers(count: i32): HeadersStatus {
    return HeadersStatus.Continue;
  }
  onResponseMetadata(count: i32): HeadersStatus {
    return HeadersStatus.Continue;
  }

  /** TCP: continue (0) or stop (1), as in all four callbacks of connections. */
  onNewConnection(): i32 {
    return 0;
  }
  onDownstreamData(size: i32, endOfStream: bool): i32 {
    return 0;
  }
  onUpstreamData(size: i32, endOfStream: bool): i32 {
    return 0;
  }
  onDownstreamClose(peer: PeerType): void {}
  onUpstreamClose(peer: PeerType): void {}

  /** The stream is over, finished or not; comes before `onDone`. Properties set here reach the access log. */
  onLog(): void {}

  /** False keeps the context until `finishDone`. */
  onDone(): bool {
    return true;
  }

  /** The context is gone: put it back into its pool. */
  onDelete(): void {}
}
