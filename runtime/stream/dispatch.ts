// Brings each callback to the root or stream it is for. A number that nobody knows is answered with "continue".
import { BodyStatus, BufferType, HeadersStatus } from "../abi/enums";
import { collectAfterwards, Events, handleEvents } from "../abi/events";
import { Bytes } from "../bytes/bytes";
import { getBuffer } from "../host/body";
import { RootContext, StreamContext } from "./context";
import { ContextTable } from "./context-table";

const streams: ContextTable = new ContextTable();
const roots: RootContext[] = [];
let version: i32 = 0;
let newRoot: (() => RootContext) | null = null;

/** Starts the module: `factory` makes a root for each plugin that uses it. Call it once, at the top of index.ts. */
export function startModule(factory: () => RootContext): void {
  newRoot = factory;
  handleEvents(new Dispatcher());
}

/** The stream context of an id of this VM, or null once it is gone. */
export function findStream(id: u32): StreamContext | null {
  return streams.get(id);
}

/** Number of live roots of this VM; `rootAt` gives each. */
export function rootCount(): i32 {
  return roots.length;
}

/** A live root by place, 0 to `rootCount` - 1. */
export function rootAt(index: i32): RootContext {
  return roots[index];
}

/** Grows whenever a root comes, is configured or goes: what was found by walking the roots may be kept until then. */
export function rootsVersion(): i32 {
  return version;
}

/** The plugin's configuration, within `onConfigure`. */
export function pluginConfiguration(size: i32): Bytes {
  return getBuffer(BufferType.PluginConfiguration, 0, size);
}

function findRoot(id: u32): RootContext | null {
  for (let i = 0; i < roots.length; i++) if (unchecked(roots[i]).id == id) return unchecked(roots[i]);
  return null;
}

class Dispatcher extends Events {
  contextCreate(contextId: u32, parentId: u32): void {
    if (parentId) {
      const parent = findRoot(parentId);
      if (!parent) return;
      const stream = parent.newStream();
      stream.id = contextId;
      streams.set(contextId, stream);
      return;
    }
    const make = newRoot;
    if (!make) return;
    const root = make();
    root.id = contextId;
    roots.push(root);
    version++;
  }

  vmStart(rootId: u32, configurationSize: i32): bool {
    const root = findRoot(rootId);
    return root ? root.onStart(configurationSize) : true;
  }

  configure(rootId: u32, configurationSize: i32): bool {
    const root = findRoot(rootId);
    collectAfterwards();
    const good = root ? root.onConfigure(configurationSize) : true;
    version++;
    return good;
  }

  done(contextId: u32): bool {
    const stream = streams.get(contextId);
    if (stream) return stream.onDone();
    const root = findRoot(contextId);
    return root ? root.onDone() : true;
  }

  log(contextId: u32): void {
    const stream = streams.get(contextId);
    if (stream) stream.onLog();
  }

  delete(contextId: u32): void {
    const stream = streams.get(contextId);
    if (stream) {
      streams.delete(contextId);
      stream.onDelete();
      return;
    }
    const root = findRoot(contextId);
    if (!root) return;
    root.onDelete();
    roots.splice(roots.indexOf(root), 1);
    version++;
    collectAfterwards();
  }

  tick(rootId: u32): void {
    const root = findRoot(rootId);
    if (root) root.onTick();
  }

  queueReady(rootId: u32, token: u32): void {
    const root = findRoot(rootId);
    if (root) root.onQueueReady(token);
  }

  requestHeaders(contextId: u32, count: i32, endOfStream: bool): i32 {
    const stream = streams.get(contextId);
    return stream ? stream.onRequestHeaders(count, endOfStream) : HeadersStatus.Continue;
  }

  requestBody(contextId: u32, size: i32, endOfStream: bool): i32 {
    const stream = streams.get(contextId);
    return stream ? stream.onRequestBody(size, endOfStream) : BodyStatus.Continue;
  }

  requestTrailers(contextId: u32, count: i32): i32 {
    const stream = streams.get(contextId);
    return stream ? stream.onRequestTrailers(count) : HeadersStatus.Continue;
  }

  requestMetadata(contextId: u32, count: i32): i32 {
    const stream = streams.get(contextId);
    return stream ? stream.onRequestMetadata(count) : HeadersStatus.Continue;
  }

  responseHeaders(contextId: u32, count: i32, endOfStream: bool): i32 {
    const stream = streams.get(contextId);
    return stream ? stream.onResponseHeaders(count, endOfStream) : HeadersStatus.Continue;
  }

  responseBody(contextId: u32, size: i32, endOfStream: bool): i32 {
    const stream = streams.get(contextId);
    return stream ? stream.onResponseBody(size, endOfStream) : BodyStatus.Continue;
  }

  responseTrailers(contextId: u32, count: i32): i32 {
    const stream = streams.get(contextId);
    return stream ? stream.onResponseTrailers(count) : HeadersStatus.Continue;
  }

  responseMetadata(contextId: u32, count: i32): i32 {
    const stream = streams.get(contextId);
    return stream ? stream.onResponseMetadata(count) : HeadersStatus.Continue;
  }

  newConnection(contextId: u32): i32 {
    const stream = streams.get(contextId);
    return stream ? stream.onNewConnection() : 0;
  }

  downstreamData(contextId: u32, size: i32, endOfStream: bool): i32 {
    const stream = streams.get(contextId);
    return stream ? stream.onDownstreamData(size, endOfStream) : 0;
  }

  upstreamData(contextId: u32, size: i32, endOfStream: bool): i32 {
    const stream = streams.get(contextId);
    return stream ? stream.onUpstreamData(size, endOfStream) : 0;
  }

  downstreamClose(contextId: u32, peer: i32): void {
    const stream = streams.get(contextId);
    if (stream) stream.onDownstreamClose(peer);
  }

  upstreamClose(contextId: u32, peer: i32): void {
    const stream = streams.get(contextId);
    if (stream) stream.onUpstreamClose(peer);
  }

  httpCallResponse(rootId: u32, token: u32, headers: i32, bodySize: i32, trailers: i32): void {
    const root = findRoot(rootId);
    if (root) root.onHttpCallResponse(token, headers, bodySize, trailers);
  }

  grpcInitialMetadata(rootId: u32, token: u32, headers: i32): void {
    const root = findRoot(rootId);
    if (root) root.onGrpcInitialMetadata(token, headers);
  }

  grpcReceive(rootId: u32, token: u32, size: i32): void {
    const root = findRoot(rootId);
    if (root) root.onGrpcReceive(token, size);
  }

  grpcTrailingMetadata(rootId: u32, token: u32, trailers: i32): void {
    const root = findRoot(rootId);
    if (root) root.onGrpcTrailingMetadata(token, trailers);
  }

  grpcClose(rootId: u32, token: u32, status: i32): void {
    const root = findRoot(rootId);
    if (root) root.onGrpcClose(token, status);
  }

  foreignFunction(rootId: u32, functionId: u32, argumentsSize: i32): void {
    const root = findRoot(rootId);
    if (root) root.onForeignFunction(functionId, argumentsSize);
  }
}
