// What finished calls cost and the rate limit service does not know yet: summed for each bucket, sent together, and kept
// until the service has it.
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { Bytes } from "../../runtime/bytes/bytes";
import { addDescriptor, beginRequest } from "./rls-request";
import { Rule } from "./rule";

/** Buckets that something is owed to at a time, in each worker. */
const PLACES: i32 = 256;
/** Descriptors of one request. */
const MOST_AT_ONCE: i32 = 32;
/** The service counts in 32 bits. */
const MOST_HITS: i64 = 0xffffffff;
// One for the module: a configuration that goes would not end its memory.
const message = new ByteBuffer(1024, 65536);

class Debt {
  rule: i32 = 0;
  limit: i32 = 0;
  high: u64 = 0;
  low: u64 = 0;
  /** To be sent, and sent but not confirmed with this token. */
  parts: i64 = 0;
  sent: i64 = 0;
  token: u32 = 0;
}


@final
export class Owed {
  private readonly debts: Debt[] = [];

  constructor(private readonly rules: Rule[]) {
    for (let i = 0; i < PLACES; i++) this.debts.push(new Debt());
  }

  /** Adds what a call cost. False when there is no room to remember it. */
  add(rule: i32, limit: i32, high: u64, low: u64, parts: i64): bool {
    let free: Debt | null = null;
    for (let i = 0; i < PLACES; i++) {
      const debt = this.debts[i];
      if (debt.parts == 0 && debt.sent == 0) {
        if (!free) free = debt;
      } else if (debt.low == low && debt.high == high && debt.rule == rule && debt.limit == limit) {
        debt.parts = parts > i64.MAX_VALUE - debt.parts ? i64.MAX_VALUE : debt.parts + parts;
        return true;
      }
    }
    if (!free) return false;
    free.rule = rule;
    free.limit = limit;
    free.high = high;
    free.low = low;
    free.parts = parts;
    return true;
  }

  /** A request with what is owed and not under way, absent when there is nothing. Follow it with `sentWith` or `notSent`. */
  request(domain: Bytes): Bytes {
    let count = 0;
    beginRequest(message, domain);
    for (let i = 0; i < PLACES && count < MOST_AT_ONCE; i++) {
      const debt = this.debts[i];
      if (debt.parts == 0 || debt.token != 0) continue;
      debt.sent = min(debt.parts, MOST_HITS);
      addDescriptor(message, this.rules[debt.rule].globalName.bytes, debt.limit, debt.high, debt.low, <u64>debt.sent);
      count++;
    }
    return count > 0 ? message.view() : Bytes.absent();
  }

  /** The request that was made last is under way. */
  sentWith(token: u32): void {
    for (let i = 0; i < PLACES; i++) {
      const debt = this.debts[i];
      if (debt.sent == 0 || debt.token != 0) continue;
      debt.token = token;
      debt.parts -= debt.sent;
    }
  }

  /** The request that was made last could not be sent. */
  notSent(): void {
    for (let i = 0; i < PLACES; i++) if (this.debts[i].token == 0) this.debts[i].sent = 0;
  }

  /** A request was answered, or failed: then it is owed again. False when it is not one of these. */
  end(token: u32, isTaken: bool): bool {
    let isOurs = false;
    for (let i = 0; i < PLACES; i++) {
      const debt = this.debts[i];
      if (debt.token != token || debt.sent == 0) continue;
      isOurs = true;
      if (!isTaken) debt.parts += debt.sent;
      debt.sent = 0;
      debt.token = 0;
    }
    return isOurs;
  }
}
