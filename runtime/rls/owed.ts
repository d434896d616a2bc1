// What finished calls cost and the rate limit service does not know yet: summed for each bucket, sent together, and kept
// until the service has it.
import { ByteBuffer } from "../bytes/buffer";
import { NO_CALL } from "../host/calls";
import { GlobalConfig } from "./config";
import { callService } from "./service";
import { beginRequest } from "./request";

/** Buckets that something is owed to at a time, in each worker. */
const PLACES: i32 = 256;
/** Descriptors of one request. */
const MOST_AT_ONCE: i32 = 32;
/** Nobody waits for what calls cost to be counted. */
const TIMEOUT_MS: u32 = 1000;
/** The service counts in 32 bits. */
const MOST_HITS: i64 = 0xffffffff;
// One for the module: a configuration that goes would not end its memory.
const message = new ByteBuffer(1024, 65536);

/** Whose buckets they are. */
export abstract class BucketWriter {
  /** Writes the descriptor of a bucket. */
  /** `rule` and `limit` are as `Owed.add` was told. */
  abstract write(out: ByteBuffer, rule: i32, limit: i32, high: u64, low: u64, hits: u64): void;

  /** So much will never be sent: nobody is left to do it. */
  abandon(rule: i32, limit: i32, high: u64, low: u64, parts: i64): void {}
}

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

/** The debts of one configuration. */
@final
export class Owed {
  private readonly debts: Debt[] = [];

  constructor(private readonly writer: BucketWriter) {
    for (let i = 0; i < PLACES; i++) this.debts.push(new Debt());
  }

  /**
   * Adds what a call cost. Which bucket it is, two numbers of the owner and a hash say. False when there is no room to
   * remember it.
   */
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

  /** What is owed to a bucket, by this worker: what was sent counts until the service has it. */
  of(rule: i32, limit: i32, high: u64, low: u64): i64 {
    for (let i = 0; i < PLACES; i++) {
      const debt = this.debts[i];
      if (debt.low != low || debt.high != high || debt.rule != rule || debt.limit != limit) continue;
      if (debt.parts != 0 || debt.sent != 0)
        return debt.sent > i64.MAX_VALUE - debt.parts ? i64.MAX_VALUE : debt.parts + debt.sent;
    }
    return 0;
  }

  /** Sends what is owed and not under way, in the name of `root`. `context`: the effective one, before and after. */
  send(root: u32, context: u32, config: GlobalConfig): void {
    let count = 0;
    beginRequest(message, config.domain.bytes);
    for (let i = 0; i < PLACES && count < MOST_AT_ONCE; i++) {
      const debt = this.debts[i];
      if (debt.parts == 0 || debt.token != 0) continue;
      debt.sent = min(debt.parts, MOST_HITS);
      this.writer.write(message, debt.rule, debt.limit, debt.high, debt.low, <u64>debt.sent);
      count++;
    }
    if (count == 0) return;
    const token = callService(root, context, config.cluster.bytes, message.view(), TIMEOUT_MS);
    for (let i = 0; i < PLACES; i++) {
      const debt = this.debts[i];
      if (debt.sent == 0 || debt.token != 0) continue;
      if (token == NO_CALL) debt.sent = 0;
      else debt.parts -= debt.sent;
      debt.token = token;
    }
  }

  /** Tells the writer what was never sent. What is under way is taken to arrive. */
  abandon(): void {
    for (let i = 0; i < PLACES; i++) {
      const debt = this.debts[i];
      if (debt.parts != 0) this.writer.abandon(debt.rule, debt.limit, debt.high, debt.low, debt.parts);
      debt.parts = 0;
    }
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
