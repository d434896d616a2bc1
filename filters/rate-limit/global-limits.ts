// Asks Envoy's rate limit service whether calls may go on, and tells it what they cost.
import { AiCall } from "../../runtime/ai/call";
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { Bytes } from "../../runtime/bytes/bytes";
import { GlobalConfig } from "../../runtime/rls/config";
import { Owed } from "../../runtime/rls/owed";
import { Asked, Questions } from "../../runtime/ai/questions";
import { beginRequest } from "../../runtime/rls/request";
import { ResponseReader } from "../../runtime/rls/response";
import { Buckets } from "./buckets";
import { CallMemory } from "./call-memory";
import { Grant, GrantState } from "./grant";
import { NEVER } from "./meter";
import { addDescriptor, RuleBuckets } from "./rls-request";
import { Rule } from "./rule";
import { countsUsage } from "./unit";

const message = new ByteBuffer(1024, 65536);
const reader = new ResponseReader();

/** The limits of one configuration that the service keeps. */
@final
export class GlobalLimits {
  private readonly owed: Owed;
  private readonly questions: Questions = new Questions();

  constructor(
    private readonly config: GlobalConfig,
    private readonly rules: Rule[],
    private readonly memory: CallMemory,
    private readonly buckets: Buckets,
  ) {
    this.owed = new Owed(new RuleBuckets(rules));
  }

  /** Whether a rule's limit is kept by the service. */
  keeps(rule: Rule): bool {
    return this.config.isUsed && rule.isGlobal;
  }

  grow(slots: i32): void {
    this.questions.grow(slots);
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
    if (!this.questions.ask(call, this.config.cluster.bytes, message.view(), this.config.timeoutMs)) return false;
    this.memory.note(slot).asked = Asked.Pending;
    return true;
  }

  /** The call is over, or gone. */
  forget(slot: i32): void {
    this.questions.forget(slot);
  }

  /** An answer. False when it is not to one of our questions. */
  onReceive(token: u32, answer: Bytes): bool {
    const slot = this.questions.slotOf(token);
    if (slot < 0) return this.owed.end(token, true);
    this.take(slot, answer);
    this.questions.resume(slot);
    return true;
  }

  /** No answer. False when it is not one of our questions. */
  onClose(token: u32): bool {
    const slot = this.questions.slotOf(token);
    if (slot < 0) return this.owed.end(token, false);
    this.memory.note(slot).asked = Asked.Failed;
    this.questions.resume(slot);
    return true;
  }

  /** Tells the service, now or later, what a call cost. False when it cannot even be remembered. */
  charge(index: i32, grant: Grant, parts: i64): bool {
    return parts <= 0 || this.owed.add(index, grant.limit, grant.askedHigh, grant.askedLow, parts);
  }

  /** Sends what is owed. `context`: the effective one, before and after. */
  sendOwed(root: u32, context: u32): void {
    this.owed.send(root, context, this.config);
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
