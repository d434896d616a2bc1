// The live view: tables of what passes, what is throttled, tokens, money, verdicts.
import { table } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import type { Snapshot } from "./snapshot.ts";

/** Rows of a table at most: the busiest. */
const MOST_ROWS = 15;

/** The view of a moment; with the one before it also how much a second. */
export function statsView(now: Snapshot, before: Snapshot | undefined, terminal: Terminal): string {
  const seconds = before === undefined ? 0 : (now.atMs - before.atMs) / 1000;
  const rate = (value: number, earlier: number | undefined) =>
    seconds > 0 ? Math.round(((value - (earlier ?? 0)) / seconds) * 10) / 10 : "";
  const sections: string[] = [];
  const section = (title: string, heading: string[], rows: (string | number)[][]): void => {
    if (rows.length === 0) return;
    const shown = rows.slice(0, MOST_ROWS);
    const rest = rows.length > shown.length ? `\n… and ${rows.length - shown.length} more` : "";
    sections.push(`${terminal.paint(title, "bold")}\n${table(heading, shown, terminal)}${rest}`);
  };
  if (now.isConfigInvalid) {
    sections.push(
      terminal.paint("A plugin's configuration is wrong: it passes everything through. Its log says why.", "red"),
    );
  }
  const models = Object.entries(now.models).sort(([, a], [, b]) => b.calls - a.calls);
  section(
    "Models",
    ["model", "calls", "/s", "failed", "refused", "input tokens", "output tokens", "cost"],
    models.map(([model, row]) => [
      model,
      row.calls,
      rate(row.calls, before?.models[model]?.calls),
      row.failed,
      row.refused,
      row.inputTokens,
      row.outputTokens,
      row.cost,
    ]),
  );
  section(
    "Limits",
    ["rule", "allowed", "/s", "throttled", "/s", "would throttle"],
    Object.entries(now.rules).map(([rule, row]) => [
      rule,
      row.allowed,
      rate(row.allowed, before?.rules[rule]?.allowed),
      row.throttled,
      rate(row.throttled, before?.rules[rule]?.throttled),
      row.wouldThrottle,
    ]),
  );
  section(
    "Variants",
    [
      ...["split and variant", "calls", "/s", "failed", "failed %", "ms to first token"],
      ...["input tokens", "output tokens", "cost per call"],
    ],
    Object.entries(now.variants).map(([name, row]) => [
      name,
      row.calls,
      rate(row.calls, before?.variants[name]?.calls),
      row.failed,
      (100 * row.failed) / row.calls,
      row.firstTokenMs ?? "",
      row.inputTokens ?? "",
      row.outputTokens ?? "",
      row.costPerCall ?? "",
    ]),
  );
  section("Cost", ["currency", "sum"], Object.entries(now.cost));
  section(
    "Budgets",
    ["budget", "left"],
    Object.entries(now.budgets).sort(([, a], [, b]) => a - b),
  );
  section("Retries", ["what", "count"], Object.entries(now.retries));
  section(
    "Errors",
    ["kind", "count"],
    Object.entries(now.errors).filter(([, count]) => count > 0),
  );
  return sections.length === 0 ? "No AI call yet." : sections.join("\n\n");
}
