// Asks Envoy's rate limit service whether calls may go on, and tells it what they cost.
import { AiCall } from "../../runtime/ai/call";
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { Bytes } from "../../runtime/bytes/bytes";
import { grpcCall, grpcCancel, NO_CALL } from "../../runtime/host/calls";
import { setEffectiveContext } from "../../runtime/host/context";
import { Buckets } from "./buckets";
import { CallMemory } from "./call-memory";
import { GlobalConfig } from "./global-config";
import { Grant, GrantState } from "./grant";
import { NEVER } from "./meter";
import { Owed } from "./owed";
import { addDescriptor, beginRequest } from "./rls-request";
import { ResponseReader } from "./rls-response";
import { Rule } from "./rule";
import { countsUsage } from "./unit";

const SERVICE = Bytes.constant("envoy.service.ratelimit.v3.RateLimitService");
const METHOD = Bytes.constant("ShouldRateLimit");
/** Nobody waits for what calls cost to be counted. */
const CHARGE_TIMEOUT_MS: u32 = 1000;
const message = new ByteBuffer(1024, 65536);
const reader = new ResponseReader();

/** What became of the question about a call. */
export const enum Asked {
  /** Nothing was asked. */
  Nothing,
  /** The answer has not come. */
  Pending,
  /** It is in the grants. */
  Answered,
  /** It did not come, or is none. */
  Failed,
}


@final
export class GlobalLimits {
  private readonly owed: Owed;
  // By the call's slot: the token of what was asked, 0 when nothing is under way.
  private tokens: StaticArray<u32> = new StaticArray<u32>(0);
  private calls: StaticArray<AiCall | null> = new StaticArray<AiCall | null>(0);

  constructor(
    private readonly config: GlobalConfig,
    private readonly rules: Rule[],
    private readonly memory: CallMemory,
    private readonly buckets: Buckets,
  ) {
    this.owed = new Owed(rules);
  }

  /** Whether a rule's limit is kept by the service. */
  keeps(rule: Rule): bool {
    return this.config.isUsed && rule.isGlobal;
  }

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

  /** Asks about all rules whose grant says so. False when it cannot be asked. */
  ask(call: AiCall, asks: u64): bool {
    const slot = call.slot;
    beginRequest(message, this.config.domain.bytes);
    for (let rest = asks; rest != 0; rest &= rest - 1) {
      const index = <i32>ctz(rest);
      const rule = this.rules[index];
      const grant = this.memory.grant(slot, index);
      // Tokens are asked about without taking any: what the call costs is told when it is over.
      const hits: u64 = countsUsage(rule.unit) ? 0 : 1;
      addDescriptor(message, rule.globalName.bytes, grant.limit, grant.askedHigh, grant.askedLow, hits);
    }
    if (message.isTruncated) return false;
    const token = this.send(call, message.view(), this.config.timeoutMs);
    if (token == NO_CALL) return false;
    this.tokens[slot] = token;
    this.calls[slot] = call;
    this.memory.note(slot).asked = Asked.Pending;
    return true;
  }

  /** The call is over, or gone. */
  forget(slot: i32): void {
    if (slot >= this.tokens.length || this.tokens[slot] == 0) return;
    grpcCancel(this.tokens[slot]);
    this.tokens[slot] = 0;
    this.calls[slot] = null;
  }

  /** An answer. False when it is not to one of our questions. */
  onReceive(token: u32, answer: Bytes): bool {
    const slot = this.slotOf(token);
    if (slot < 0) return this.owed.end(token, true);
    this.take(slot, answer);
    this.resume(slot);
    return true;
  }

  /** No answer. False when it is not one of our questions. */
  onClose(token: u32): bool {
    const slot = this.slotOf(token);
    if (slot < 0) return this.owed.end(token, false);
    this.memory.note(slot).asked = Asked.Failed;
    this.resume(slot);
    return true;
  }

  /** Tells the service, now or later, what a call cost. False when it cannot even be remembered. */
  charge(index: i32, grant: Grant, parts: i64): bool {
    return parts <= 0 || this.owed.add(index, grant.limit, grant.askedHigh, grant.askedLow, parts);
  }

  /** Sends what is owed. `context`: the effective one, before and after. */
  sendOwed(root: u32, context: u32): void {
    const owed = this.owed.request(this.config.domain.bytes);
    if (!owed.isPresent) return;
    setEffectiveContext(root);
    const cluster = this.config.cluster.bytes;
    const token = grpcCall(cluster, SERVICE, METHOD, Bytes.empty(), owed, CHARGE_TIMEOUT_MS);
    if (token == NO_CALL) this.owed.notSent();
    else this.owed.sentWith(token);
    if (context != root) setEffectiveContext(context);
  }

  /** Answers come to the root: a call made in the name of a stream would end with it, and the answer be lost. */
  private send(call: AiCall, request: Bytes, timeoutMs: u32): u32 {
    setEffectiveContext(call.plugin.id);
    const token = grpcCall(this.config.cluster.bytes, SERVICE, METHOD, Bytes.empty(), request, timeoutMs);
    setEffectiveContext(call.request.reader);
    return token;
  }

  private slotOf(token: u32): i32 {
    for (let i = 0, k = this.tokens.length; i < k; i++) if (this.tokens[i] == token) return token == 0 ? -1 : i;
    return -1;
  }

  private resume(slot: i32): void {
    const call = this.calls[slot];
    this.tokens[slot] = 0;
    this.calls[slot] = null;
    if (call) call.resume();
  }

  /** Writes what the service says to the grants it was asked about. */
  private take(slot: i32, answer: Bytes): void {
    const note = this.memory.note(slot);
    reader.open(answer);
    for (let rest = note.asks; rest != 0; rest &= rest - 1) {
      if (!reader.next()) {
        note.asked = Asked.Failed;
        return;
      }
      const index = <i32>ctz(rest);
      this.write(index, this.memory.grant(slot, index));
    }
    note.asked = reader.isSound ? Asked.Answered : Asked.Failed;
  }

  private write(index: i32, grant: Grant): void {
    const status = reader.status;
    const rule = this.rules[index];
    const limit = this.buckets.limitOf(rule, grant);
    const parts = limit.meter.scale / limit.meter.part;
    grant.answer = status.isOver ? GrantState.Over : GrantState.Granted;
    grant.wait = status.isOver ? (status.hasLimit ? status.reset : NEVER) : 0;
    grant.capacity = limit.capacity;
    grant.window = limit.windowSeconds;
    if (!status.hasLimit) {
      if (!countsUsage(rule.unit)) grant.remaining = limit.capacity;
      return;
    }
    const remaining = status.isOver ? 0 : status.remaining / parts;
    // Where tokens are reserved here as well, the tighter of both counts.
    grant.remaining = grant.units > 0 ? min(grant.remaining, remaining) : remaining;
    grant.capacity = status.limit / parts;
    grant.full = status.reset;
    if (status.window > 0) grant.window = status.window;
  }
}
