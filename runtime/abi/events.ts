// What the host can tell a module. The exports call it; the dispatcher in runtime/stream answers.
import { arenaReset } from "../bytes/arena";

/** One method per callback of ABI 0.2.1. Context ids are the host's; sizes are bytes, counts are header pairs. */
export abstract class Events {
  abstract contextCreate(contextId: u32, parentId: u32): void;
  abstract vmStart(rootId: u32, configurationSize: i32): bool;
  abstract configure(rootId: u32, configurationSize: i32): bool;
  abstract done(contextId: u32): bool;
  abstract log(contextId: u32): void;
  abstract delete(contextId: u32): void;
  abstract tick(rootId: u32): void;
  abstract queueReady(rootId: u32, token: u32): void;
  abstract requestHeaders(contextId: u32, count: i32, endOfStream: bool): i32;
  abstract requestBody(contextId: u32, size: i32, endOfStream: bool): i32;
  abstract requestTrailers(contextId: u32, count: i32): i32;
  abstract requestMetadata(contextId: u32, count: i32): i32;
  abstract responseHeaders(contextId: u32, count: i32, endOfStream: bool): i32;
  abstract responseBody(contextId: u32, size: i32, endOfStream: bool): i32;
  abstract responseTrailers(contextId: u32, count: i32): i32;
  abstract responseMetadata(contextId: u32, count: i32): i32;
  abstract newConnection(contextId: u32): i32;
  abstract downstreamData(contextId: u32, size: i32, endOfStream: bool): i32;
  abstract upstreamData(contextId: u32, size: i32, endOfStream: bool): i32;
  abstract downstreamClose(contextId: u32, peer: i32): void;
  abstract upstreamClose(contextId: u32, peer: i32): void;
  abstract httpCallResponse(rootId: u32, token: u32, headers: i32, bodySize: i32, trailers: i32): void;
  abstract grpcInitialMetadata(rootId: u32, token: u32, headers: i32): void;
  abstract grpcReceive(rootId: u32, token: u32, size: i32): void;
  abstract grpcTrailingMetadata(rootId: u32, token: u32, trailers: i32): void;
  abstract grpcClose(rootId: u32, token: u32, status: i32): void;
  abstract foreignFunction(rootId: u32, functionId: u32, argumentsSize: i32): void;
}

let handler: Events | null = null;
let depth: i32 = 0;
let collect: bool = false;
let outermost: u64 = 1;

/** Names who answers. Called once, while the module starts. */
export function handleEvents(events: Events): void {
  handler = events;
}

/** Enters a callback; null while the module has no handler (then the callback answers "continue"). */
export function enter(): Events | null {
  depth++;
  return handler;
}

/**
 * Asks for a garbage collection once the callback is over, when no managed object is on the stack. The only time that
 * anything is collected: a configuration came or a root went. Requests allocate nothing that would need it.
 */
export function collectAfterwards(): void {
  collect = true;
}

/**
 * A number that is another one in each outermost callback, 0 outside: what was asked of the host in one need not be asked
 * again.
 */
export function callbackNumber(): u64 {
  return depth > 0 ? outermost : 0;
}

/** Leaves a callback. Only the outermost one resets the arena: a host call may call back into the module. */
export function leave(): void {
  if (--depth > 0) return;
  outermost++;
  arenaReset();
  if (collect) {
    collect = false;
    __collect();
  }
}
