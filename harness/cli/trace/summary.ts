// Sums of a replay: how many calls of each model passed, used and cost what.
import { formatAmount, parseAmount } from "../log/money.ts";
import type { Decision } from "./replay.ts";

/** Sums of one model, or of all. */
export interface Sums {
  calls: number;
  passed: number;
  throttled: number;
  refused: number;
  failed: number;
  wouldThrottle: number;
  inputTokens: number;
  outputTokens: number;
  /** In 1e-12 of the currency. */
  cost: bigint;
}

/** Collects decisions. */
export class Summary {
  readonly models = new Map<string, Sums>();
  readonly total: Sums = newSums();
  /** Refusals by rule or reason. */
  readonly reasons = new Map<string, number>();
  currency = "";

  add({ decision, reason, state }: Decision): void {
    const name = state["model"] ?? "(no AI call)";
    let model = this.models.get(name);
    if (model === undefined) this.models.set(name, (model = newSums()));
    for (const sums of [model, this.total]) {
      sums.calls++;
      sums[decision]++;
      if (state["ratelimit"] === "would-throttle") sums.wouldThrottle++;
      sums.inputTokens += Number(state["input_tokens"] ?? 0);
      sums.outputTokens += Number(state["output_tokens"] ?? 0);
      sums.cost += parseAmount(state["cost"] ?? "0") ?? 0n;
    }
    this.currency = state["currency"] ?? this.currency;
    const why = state["ratelimit"] === "throttled" ? `rule ${state["ratelimit_rule"] ?? "?"}` : reason;
    if (why !== undefined && decision !== "passed") this.reasons.set(why, (this.reasons.get(why) ?? 0) + 1);
  }

  /** As plain data. */
  toJson(): unknown {
    const plain = ({ cost, ...sums }: Sums) => ({ ...sums, cost: formatAmount(cost) });
    return {
      total: plain(this.total),
      models: Object.fromEntries([...this.models].map(([name, sums]) => [name, plain(sums)])),
      reasons: Object.fromEntries(this.reasons),
      currency: this.currency,
    };
  }
}

function newSums(): Sums {
  return {
    calls: 0,
    passed: 0,
    throttled: 0,
    refused: 0,
    failed: 0,
    wouldThrottle: 0,
    inputTokens: 0,
    outputTokens: 0,
    cost: 0n,
  };
}
