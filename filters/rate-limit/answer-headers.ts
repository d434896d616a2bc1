// Writes how a call stands with its limits to the headers of its answer, in the configured dialects.
import { HeaderMap } from "../../runtime/abi/enums";
import { ReplyHeaders } from "../../runtime/ai/reply";
import { ResponseHead } from "../../runtime/ai/response-head";
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { Bytes } from "../../runtime/bytes/bytes";
import { NO_NUMBER, parseU64 } from "../../runtime/bytes/numbers";
import { addHeader, setHeader } from "../../runtime/host/headers";
import { Buckets } from "./buckets";
import { CallMemory } from "./call-memory";
import {
  appendRateLimit,
  Dialect,
  ENVOY_RATE_LIMITED,
  GROUPS,
  HeaderGroup,
  isTighter,
  RATE_LIMIT,
  RATE_LIMIT_POLICY,
} from "./dialects";
import { Grant, GrantState } from "./grant";
import { Rule } from "./rule";
import { Unit } from "./unit";

const TRUE = Bytes.constant("true");
const COMMA = Bytes.constant(", ");
const text = new ByteBuffer(256, 4096);
const policies = new ByteBuffer(256, 4096);


@final
export class AnswerHeaders {
  constructor(
    private readonly rules: Rule[],
    private readonly memory: CallMemory,
    private readonly buckets: Buckets,
    /** Bits of Dialect. */
    private readonly dialects: i32,
  ) {}

  /** Whether a dialect is written that providers write, too. */
  get mayKeepProviders(): bool {
    for (let i = 0; i < GROUPS.length; i++) if (GROUPS[i].dialect & this.dialects) return true;
    return false;
  }

  /** Notes which groups of headers the provider sent itself, with less left than here: those stay. */
  noteProviders(slot: i32, head: ResponseHead): void {
    const note = this.memory.note(slot);
    for (let i = 0; i < GROUPS.length; i++) {
      const group = GROUPS[i];
      if (!(group.dialect & this.dialects)) continue;
      const theirs = head.find(group.remaining);
      if (!theirs.isPresent) continue;
      const index = this.tightest(slot, group);
      const left = parseU64(theirs);
      const isOurs = index >= 0 && left != NO_NUMBER && <u64>this.memory.grant(slot, index).remaining < left;
      if (!isOurs) note.kept |= 1 << i;
    }
  }

  /** Writes to the answer whose headers are at hand; to `reply`, where it is given, instead. */
  write(slot: i32, reply: ReplyHeaders | null): void {
    const kept = reply ? 0 : this.memory.note(slot).kept;
    if (this.dialects & Dialect.Ietf) this.writeIetf(slot, reply);
    for (let i = 0; i < GROUPS.length; i++) {
      const group = GROUPS[i];
      if (!(group.dialect & this.dialects) || (kept >> i) & 1) continue;
      const index = this.tightest(slot, group);
      if (index < 0) continue;
      const grant = this.memory.grant(slot, index);
      set(reply, group.limit, group.limitText(text, grant));
      set(reply, group.remaining, group.remainingText(text, grant));
      set(reply, group.reset, group.resetText(text, grant, grant.at));
    }
    if (reply && this.dialects & Dialect.Envoy) set(reply, ENVOY_RATE_LIMITED, TRUE);
  }

  private writeIetf(slot: i32, reply: ReplyHeaders | null): void {
    text.clear();
    policies.clear();
    for (let i = 0; i < this.rules.length; i++) {
      const grant = this.memory.grant(slot, i);
      if (!this.isTold(i, grant)) continue;
      const rule = this.rules[i];
      if (text.length > 0) {
        text.add(COMMA);
        policies.add(COMMA);
      }
      policies.add(this.buckets.limitOf(rule, grant).policy.bytes);
      appendRateLimit(text, rule.name.bytes, grant.remaining, grant.full, rule.unit != Unit.Concurrency);
    }
    if (text.length == 0 || text.isTruncated || policies.isTruncated) return;
    if (reply) {
      reply.add(RATE_LIMIT_POLICY, policies.view());
      reply.add(RATE_LIMIT, text.view());
    } else {
      // Lists: what the provider says of its own limits stays beside them.
      addHeader(HeaderMap.ResponseHeaders, RATE_LIMIT_POLICY, policies.view());
      addHeader(HeaderMap.ResponseHeaders, RATE_LIMIT, text.view());
    }
  }

  /** Of the rules that a group tells of the one that is nearest to its limit, -1 when there is none. */
  private tightest(slot: i32, group: HeaderGroup): i32 {
    let best = -1;
    for (let i = 0; i < this.rules.length; i++) {
      if (!group.tells(this.rules[i].unit)) continue;
      const grant = this.memory.grant(slot, i);
      if (!this.isTold(i, grant)) continue;
      if (best < 0 || isTighter(grant, this.memory.grant(slot, best))) best = i;
    }
    return best;
  }

  private isTold(index: i32, grant: Grant): bool {
    const state = grant.state;
    const isDecided = state == GrantState.Granted || state == GrantState.Over || state == GrantState.Tagged;
    return isDecided && !this.rules[index].isShadow;
  }
}

function set(reply: ReplyHeaders | null, name: Bytes, value: Bytes): void {
  if (reply) reply.add(name, value);
  else setHeader(HeaderMap.ResponseHeaders, name, value);
}
