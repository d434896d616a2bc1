// sluice replay: what the filters would have done with the calls of a trace.
import { installation } from "../../sluice-yaml/filters.ts";
import { defineCommand, jsonOption, usageError } from "../command.ts";
import { loadConfig } from "../findings.ts";
import { formatAmount } from "../log/money.ts";
import { table } from "../table.ts";
import type { Terminal } from "../terminal.ts";
import { readTrace } from "../trace/read.ts";
import { replay as replayCalls } from "../trace/replay.ts";
import { Summary, type Sums } from "../trace/summary.ts";

const PROGRESS_CALLS = 1_000;

/** `sluice replay TRACE...` */
export const replay = defineCommand({
  name: "replay",
  summary: "Put a trace through the filters: a decision for each call, a summary, and what if",
  usage: "TRACE...",
  about:
    'TRACE is a HAR file; or JSON lines of {"time", "path", "headers", "body", "response": {"status", "headers", "body"}};\n' +
    "or an access log of ours, of whose lines calls of the same model and size are made. The real modules decide, in the\n" +
    "in-process host, at the trace's own times. Expressions in CEL are evaluated by Envoy only: they match nothing here.",
  examples: [
    ["sluice replay trace.jsonl", "the sluice.yaml here"],
    ["sluice replay access.log --with stricter.yaml", "what if: both configurations beside each other"],
    ["sluice replay trace.jsonl --json | jq 'select(.decision == \"throttled\")'", "a line for each call"],
  ],
  options: {
    config: { type: "string", alias: "c", description: "The configuration", valueHint: "FILE", default: "sluice.yaml" },
    with: { type: "string", description: "Another configuration, to compare", valueHint: "FILE" },
    calls: { type: "boolean", description: "A line for each call" },
    json: { ...jsonOption, description: "A JSON object for each call, then one with the summary" },
  },
  run({ options, files, terminal }) {
    if (files.length === 0) throw usageError("which trace? sluice replay TRACE...");
    const from = installation();
    const { calls, skipped } = readTrace(files);
    if (skipped > 0) terminal.say(`${skipped} lines are no calls`);
    const names = [options.config, ...(options.with === undefined ? [] : [options.with])];
    const summaries = names.map((name) => {
      const config = loadConfig(name, terminal);
      const summary = new Summary();
      const startMs = performance.now();
      const { said } = replayCalls(calls, config, from, (decision) => {
        summary.add(decision);
        if (options.json) terminal.print(JSON.stringify(names.length > 1 ? { config: name, ...decision } : decision));
        else if (options.calls) terminal.print(callText(decision, terminal));
        if (summary.total.calls % PROGRESS_CALLS === 0) {
          terminal.progress(`${name}: ${summary.total.calls} of ${calls.length} calls`);
        }
      });
      terminal.endProgress();
      for (const line of said.filter((one) => !one.includes("evaluates no CEL")))
        terminal.say(terminal.paint(line, "yellow"));
      const seconds = (performance.now() - startMs) / 1000;
      terminal.say(`${name}: ${summary.total.calls} calls in ${seconds.toFixed(1)} s`);
      return { name, summary };
    });
    if (options.json) {
      terminal.print(
        JSON.stringify({ summary: Object.fromEntries(summaries.map(({ name, summary }) => [name, summary.toJson()])) }),
      );
    } else {
      for (const { name, summary } of summaries) {
        terminal.print(`\n${terminal.paint(name, "bold")}\n${summaryTable(summary, terminal)}`);
      }
      const [before, after] = summaries;
      if (before !== undefined && after !== undefined)
        terminal.print(`\n${difference(before.summary, after.summary, terminal)}`);
    }
    return 0;
  },
});

function callText(decision: Parameters<Parameters<typeof replayCalls>[3]>[0], terminal: Terminal): string {
  const { state } = decision;
  const color = decision.decision === "passed" ? "green" : "red";
  return [
    decision.place,
    terminal.paint(decision.decision, color),
    String(decision.status),
    state["model"] ?? "—",
    `${state["input_tokens"] ?? 0}+${state["output_tokens"] ?? 0}`,
    state["cost"] === undefined ? "" : `${state["cost"]} ${state["currency"] ?? ""}`,
    decision.reason ?? "",
  ]
    .join("  ")
    .trimEnd();
}

function summaryTable(summary: Summary, terminal: Terminal): string {
  const row = (name: string, sums: Sums) => [
    name,
    sums.calls,
    sums.passed,
    sums.throttled,
    sums.wouldThrottle,
    sums.refused,
    sums.failed,
    sums.inputTokens,
    sums.outputTokens,
    formatAmount(sums.cost, 2),
  ];
  const heading = [
    "model",
    "calls",
    "passed",
    "throttled",
    "would throttle",
    "refused",
    "failed",
    "input tokens",
    "output tokens",
    `cost ${summary.currency}`.trim(),
  ];
  const models = [...summary.models].sort(([, a], [, b]) => b.calls - a.calls);
  const reasons = [...summary.reasons].sort(([, a], [, b]) => b - a).map(([reason, count]) => [reason, count]);
  const tables = [
    table(heading, [...models.map(([name, sums]) => row(name, sums)), row("total", summary.total)], terminal),
  ];
  if (reasons.length > 0) tables.push(table(["refused by", "calls"], reasons, terminal));
  return tables.join("\n\n");
}

function difference(before: Summary, after: Summary, terminal: Terminal): string {
  const rows = (
    ["passed", "throttled", "wouldThrottle", "refused", "failed", "inputTokens", "outputTokens"] as const
  ).map((name) => [name, before.total[name], after.total[name], after.total[name] - before.total[name]]);
  const cost = after.total.cost - before.total.cost;
  rows.push([
    "cost",
    formatAmount(before.total.cost, 2),
    formatAmount(after.total.cost, 2),
    formatAmount(cost, 2),
  ] as never);
  return `${terminal.paint("Difference", "bold")}\n${table(["", "first", "second", "difference"], rows, terminal)}`;
}
