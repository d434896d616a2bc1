// One filter's say in a call. A module is one part or several; all see the same call and the same exchange.
import { ByteBuffer } from "../bytes/buffer";
import { Bytes } from "../bytes/bytes";
import { Cause } from "../stream/half";
import { AiCall } from "./call";
import { BytesWish, RequestFact, ResponseFact } from "./facts";
import { ClassifyRules } from "./rules";

/**
 * Made at configure time, once per root. The callbacks come in the order of their declaration, for AI calls only (and for
 * every request where `wantsEveryRequest`). State per call lives in arrays of the part's own, indexed by `call.slot`.
 */
export abstract class Part {
  /** The root's context, for calls in its name; known from `onOpen` on. */
  root: u32 = 0;

  /** `name` is the filter's: its folder, its module, its metrics' label. */
  constructor(readonly name: string) {}

  /** Whether requests that are no AI call are of interest, too. */
  get wantsEveryRequest(): bool {
    return false;
  }

  /** Whether the part reads `responseHead` of answers to such requests, too. */
  get readsEveryAnswer(): bool {
    return this.wantsEveryRequest;
  }

  /** Whether headers ever wait for the part's sake, by its configuration. */
  get mayHold(): bool {
    return true;
  }

  /** Private paths that the part's configuration teaches; null without any. */
  get classifyRules(): ClassifyRules | null {
    return null;
  }

  /** Request headers that the part writes, in lower case: copies that clients send are removed from every request. */
  ownHeaders(): Bytes[] {
    return [];
  }

  /** The configuration, of which `configHash` is the mark, is good and in use from now on: make shared state ready. */
  onOpen(configHash: u64): void {}

  /** Room for the state of calls with slots below `slots`. */
  grow(slots: i32): void {}

  /** The request's headers are there (`requestHead`, `call.facts`), its body is not. */
  onRequestHeaders(call: AiCall): void {}

  /** What the part must know before the request's headers go on: they wait for it. */
  requestFacts(call: AiCall): RequestFact {
    return RequestFact.None;
  }

  /** What the part wants to know though the headers need not wait for it. */
  requestInterest(call: AiCall): RequestFact {
    return RequestFact.None;
  }

  /** Whether the part wants the request body's bytes as they are, and whether the headers wait until all have come. */
  requestBytes(call: AiCall): BytesWish {
    return BytesWish.None;
  }

  /** The next bytes of the request body. For all parts, once one wished for them. */
  onRequestBytes(call: AiCall, ptr: usize, length: i32): void {}

  /** The request's body is over; comes before `decideRequest` where that waited for it. Not for a body that is cut. */
  onRequestEnd(call: AiCall): void {}

  /** Decides, once, with all that will be known. False answers the call: `call.reply` says how. */
  decideRequest(call: AiCall, cause: Cause): bool {
    return true;
  }

  /** Whether `decideRequest` asked somebody outside whose answer must come before the call goes on (`call.resume`). */
  isAwaiting(call: AiCall): bool {
    return false;
  }

  /** What became of that: false answers the call, as in `decideRequest`. */
  confirmRequest(call: AiCall): bool {
    return true;
  }

  /** A gRPC call of this plugin was answered; false when it is not one of this part's. */
  onGrpcReceive(token: u32, message: Bytes): bool {
    return false;
  }

  /** A gRPC call of this plugin failed, with gRPC's status; false when it is not one of this part's. */
  onGrpcClose(token: u32, status: i32): bool {
    return false;
  }

  /** About every second, on the root context. */
  onTick(): void {}

  /** The configuration goes: end what lives outside the heap. */
  onDelete(): void {}

  /** Ends the memory that no collection frees. Also for a part that never opened, because its configuration is wrong. */
  free(): void {}

  /** Writes request headers (HeaderMap.RequestHeaders of the effective context). */
  editRequestHeaders(call: AiCall): void {}

  /** The answer's headers are there (`responseHead`). */
  onResponseHeaders(call: AiCall): void {}

  /** What the part must know before the answer's headers go on. */
  responseFacts(call: AiCall): ResponseFact {
    return ResponseFact.None;
  }

  /** What the part wants to know of the answer though the headers need not wait for it. */
  responseInterest(call: AiCall): ResponseFact {
    return ResponseFact.None;
  }

  /** Whether the part wants the bytes of the answer as they pass. */
  responseBytes(call: AiCall): BytesWish {
    return BytesWish.None;
  }

  /** The next bytes of the answer. For all parts, once one wished for them. */
  onResponseBytes(call: AiCall, ptr: usize, length: i32): void {}

  /** Whether the part writes the answer anew as it passes. Of several parts the first that does. */
  rewritesResponse(call: AiCall): bool {
    return false;
  }

  /**
   * Takes the next bytes of such an answer and appends what goes on; what it keeps back comes with later ones. False,
   * with nothing appended, when they go on as they came.
   */
  rewriteResponse(call: AiCall, ptr: usize, length: i32, out: ByteBuffer): bool {
    return false;
  }

  /** The answer is over (or cannot be written anew any more): appends what was kept back. */
  endRewrite(call: AiCall, out: ByteBuffer): void {}

  /** The answer's body came to its end. */
  onResponseEnd(call: AiCall): void {}

  /** Decides, once, before the answer's headers go on. False answers the call from here: `call.reply` says how. */
  decideResponse(call: AiCall): bool {
    return true;
  }

  /** Writes response headers. */
  editResponseHeaders(call: AiCall): void {}

  /** The call is over: facts go to filter state and metrics. Comes for aborted calls, too. */
  onLog(call: AiCall): void {}

  /** Forgets the state of a slot. */
  reset(slot: i32): void {}
}
