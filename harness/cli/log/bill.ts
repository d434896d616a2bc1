// Who owes what: sums over the calls of a log, exactly.
import type { LogEntry } from "./entry.ts";
import { parseAmount } from "./money.ts";
import type { Period } from "./period.ts";

/** One line of the bill. Amounts in 1e-12 of the currency. */
export interface BillRow {
  /** Values of the dimensions, in their order. */
  keys: string[];
  currency: string;
  calls: number;
  inputTokens: bigint;
  cachedInputTokens: bigint;
  outputTokens: bigint;
  cost: bigint;
  /** The part of `cost` that rests on estimated usage. */
  estimated: bigint;
  /** Calls whose model had no price, or whose use is billed elsewhere. */
  unpriced: number;
}

/** The bill, and what was left out of it. */
export interface Bill {
  rows: BillRow[];
  total: BillRow[];
  /** Lines of a call that another line has already told of. */
  duplicates: number;
  /** Ids that more than one call had. */
  reusedIds: number;
  outside: number;
  /** Lines whose time or cost cannot be read. */
  unreadable: LogEntry[];
}

/** Sums up. `by` are names of filter state (`team`, `model`), `cluster` or `route`. */
export function billOf(entries: readonly LogEntry[], by: readonly string[], period: Period | undefined): Bill {
  const bill: Bill = { rows: [], total: [], duplicates: 0, reusedIds: 0, outside: 0, unreadable: [] };
  const rows = new Map<string, BillRow>();
  const totals = new Map<string, BillRow>();
  const seen = new Map<string, number>();
  for (const entry of entries) {
    const { state } = entry;
    // No AI call.
    if (state["model"] === undefined && state["cost"] === undefined && state["usage_status"] === undefined) continue;
    const cost = state["cost"] === undefined ? 0n : parseAmount(state["cost"]);
    if (cost === undefined || (period !== undefined && Number.isNaN(entry.startMs))) {
      bill.unreadable.push(entry);
      continue;
    }
    if (period !== undefined && (entry.startMs < period.startMs || entry.startMs >= period.endMs)) {
      bill.outside++;
      continue;
    }
    if (entry.requestId !== undefined) {
      const before = seen.get(entry.requestId);
      if (before !== undefined) {
        bill.duplicates++;
        if (before !== entry.startMs) bill.reusedIds++;
        continue;
      }
      seen.set(entry.requestId, entry.startMs);
    }
    const keys = by.map((name) => valueOf(entry, name));
    const currency = state["currency"] ?? "";
    add(rowOf(rows, keys, currency), entry, cost);
    add(rowOf(totals, [], currency), entry, cost);
  }
  bill.rows = [...rows.values()].sort(
    (a, b) => compare(b.cost, a.cost) || (a.keys.join("\0") < b.keys.join("\0") ? -1 : 1),
  );
  bill.total = [...totals.values()];
  return bill;
}

function valueOf(entry: LogEntry, name: string): string {
  if (name === "cluster" || name === "route") return entry[name] ?? "";
  const { state } = entry;
  // The model that answered is the one that is priced.
  return (name === "model" ? (state["response_model"] ?? state["model"]) : state[name]) ?? "";
}

function rowOf(rows: Map<string, BillRow>, keys: string[], currency: string): BillRow {
  const id = JSON.stringify([keys, currency]);
  let row = rows.get(id);
  if (row === undefined) {
    row = {
      keys,
      currency,
      calls: 0,
      inputTokens: 0n,
      cachedInputTokens: 0n,
      outputTokens: 0n,
      cost: 0n,
      estimated: 0n,
      unpriced: 0,
    };
    rows.set(id, row);
  }
  return row;
}

function add(row: BillRow, { state }: LogEntry, cost: bigint): void {
  const count = (name: string) => (/^\d+$/.test(state[name] ?? "") ? BigInt(state[name] ?? "0") : 0n);
  row.calls++;
  row.inputTokens += count("input_tokens");
  row.cachedInputTokens += count("cached_input_tokens");
  row.outputTokens += count("output_tokens");
  row.cost += cost;
  if (state["usage_status"] === "estimated") row.estimated += cost;
  const hasUsage = count("input_tokens") + count("output_tokens") > 0n;
  if (state["cost"] === undefined && hasUsage) row.unpriced++;
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
