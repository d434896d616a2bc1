// What calls under way wait to be told by Envoy's rate limit service, by the call's slot.
import { Bytes } from "../bytes/bytes";
import { grpcCancel, NO_CALL } from "../host/calls";
import { callService } from "../rls/service";
import { AiCall } from "./call";

/** What became of the question about a call. */
export const enum Asked {
  /** Nothing was asked. */
  Nothing,
  /** The answer has not come. */
  Pending,
  /** It is there. */
  Answered,
  /** It did not come, or is none. */
  Failed,
}

/** The questions of one configuration. */
@final
export class Questions {
  // The token of what was asked, 0 when nothing is under way.
  private tokens: StaticArray<u32> = new StaticArray<u32>(0);
  private calls: StaticArray<AiCall | null> = new StaticArray<AiCall | null>(0);

  /** Room for calls with slots below `slots`. */
  grow(slots: i32): void {
    const tokens = new StaticArray<u32>(slots);
    const calls = new StaticArray<AiCall | null>(slots);
    for (let i = 0; i < this.tokens.length; i++) {
      tokens[i] = this.tokens[i];
      calls[i] = this.calls[i];
    }
    this.tokens = tokens;
    this.calls = calls;
  }

  /** Asks about a call. False when it cannot be asked. */
  ask(call: AiCall, cluster: Bytes, request: Bytes, timeoutMs: u32): bool {
    const token = callService(call.plugin.id, call.request.reader, cluster, request, timeoutMs);
    if (token == NO_CALL) return false;
    this.tokens[call.slot] = token;
    this.calls[call.slot] = call;
    return true;
  }

  /** The call is over, or gone. */
  forget(slot: i32): void {
    if (slot >= this.tokens.length || this.tokens[slot] == 0) return;
    grpcCancel(this.tokens[slot]);
    this.tokens[slot] = 0;
    this.calls[slot] = null;
  }

  /** The slot of the call that a token asked about; -1 when it is none of these. */
  slotOf(token: u32): i32 {
    for (let i = 0, k = this.tokens.length; i < k; i++) if (this.tokens[i] == token) return token == 0 ? -1 : i;
    return -1;
  }

  /** The question about a call is settled: the call goes on. */
  resume(slot: i32): void {
    const call = this.calls[slot];
    this.tokens[slot] = 0;
    this.calls[slot] = null;
    if (call) call.resume();
  }
}
