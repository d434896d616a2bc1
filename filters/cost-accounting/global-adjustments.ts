// Corrections of budgets that all gateways share: the rate limit service says who makes each, so that it is made once.
import { ByteBuffer } from "../../runtime/bytes/buffer";
import { Bytes } from "../../runtime/bytes/bytes";
import { NO_CALL } from "../../runtime/host/calls";
import { addEntry, beginRequest, endDescriptor } from "../../runtime/rls/request";
import { ResponseReader } from "../../runtime/rls/response";
import { callService, SERVICE_AWAY } from "../../runtime/rls/service";
import { addErrorKind, reportError } from "../../runtime/telemetry/errors";
import { Adjustment } from "./adjustment";
import { CostConfig } from "./config";
import { GlobalBudgets } from "./global-budgets";
import { Ledgers } from "./ledgers";

const FILTER = "cost-accounting";
const TIMEOUT_MS: u32 = 1000;
const ADJUSTMENT = Bytes.constant("adjustment");
const message = new ByteBuffer(256);
const reader = new ResponseReader();

const UNCERTAIN = addErrorKind(
  "adjustment",
  "the rate limit service did not say whether a correction was made here or elsewhere: compare what the budget has left",
);

/** One question at a time: with several in a request, the service would not count them one by one. */
@final
export class GlobalAdjustments {
  private readonly waiting: Adjustment[] = [];
  private token: u32 = NO_CALL;
  /** Whether the first that waits was asked about, and no answer came. */
  private isUncertain: bool = false;

  constructor(
    private readonly config: CostConfig,
    private readonly ledgers: Ledgers,
    private readonly global: GlobalBudgets,
  ) {
    const all = config.adjustments;
    for (let i = all.length - 1; i >= 0; i--) {
      const index = all[i].budget;
      if (index >= 0 && index < config.budgets.length && config.budgets[index].isGlobal) this.waiting.push(all[i]);
    }
  }

  /** Asks about the next, on the root's context. Those of which this gateway knows that they were made are left out. */
  ask(root: u32): void {
    if (this.token != NO_CALL) return;
    while (this.waiting.length > 0 && this.ledgers.isMade(this.waiting[this.waiting.length - 1])) this.end();
    if (this.waiting.length == 0) return;
    const global = this.config.global;
    beginRequest(message, global.domain.bytes);
    addEntry(ADJUSTMENT, this.waiting[this.waiting.length - 1].id.bytes);
    endDescriptor(message, 1);
    this.token = callService(root, root, global.cluster.bytes, message.view(), TIMEOUT_MS);
  }

  /** An answer. False when it is not to our question. */
  onReceive(token: u32, answer: Bytes, root: u32, now: i64): bool {
    if (token == NO_CALL || token != this.token) return false;
    this.token = NO_CALL;
    if (this.waiting.length == 0) return true;
    const adjustment = this.waiting[this.waiting.length - 1];
    reader.open(answer);
    if (!reader.next() || !reader.status.hasLimit) {
      reportError(FILTER, SERVICE_AWAY, adjustment.id.bytes);
      return true;
    }
    if (!reader.status.isOver) this.make(adjustment, now);
    else if (this.isUncertain) reportError(FILTER, UNCERTAIN, adjustment.id.bytes);
    this.ledgers.noteMade(adjustment);
    this.end();
    this.ask(root);
    return true;
  }

  /** No answer; it is asked again with the next tick. False when it is not our question. */
  onClose(token: u32): bool {
    if (token == NO_CALL || token != this.token) return false;
    this.token = NO_CALL;
    this.isUncertain = true;
    if (this.waiting.length > 0) reportError(FILTER, SERVICE_AWAY, this.waiting[this.waiting.length - 1].id.bytes);
    return true;
  }

  private make(adjustment: Adjustment, now: i64): void {
    const index = adjustment.budget;
    const key = this.ledgers.keys[index];
    key.ofParts(adjustment.key);
    const high = key.high;
    const low = key.low;
    if (!this.ledgers.tell(index, high, low, adjustment.amount, now)) return;
    this.global.charge(index, high, low, this.ledgers.telling.units, now);
  }

  private end(): void {
    this.waiting.pop();
    this.isUncertain = false;
  }
}
