// sluice bill: the finance table of an access log.
import { Stats } from "../../envoy/stats.ts";
import { defineCommand, jsonOption, usageError, type ExitCode } from "../command.ts";
import { billOf, type Bill, type BillRow } from "../log/bill.ts";
import { readLogs } from "../log/entry.ts";
import { formatAmount } from "../log/money.ts";
import { periodOf } from "../log/period.ts";
import { table } from "../table.ts";
import type { Terminal } from "../terminal.ts";

const COLUMNS = [
  "currency",
  "calls",
  "input_tokens",
  "cached_input_tokens",
  "output_tokens",
  "cost",
  "of_that_estimated",
  "unpriced_calls",
];

/** `sluice bill LOG...` */
export const bill = defineCommand({
  name: "bill",
  summary: "Sum up an access log into a bill: exact, each call once, estimates apart",
  usage: "LOG...",
  about:
    "LOG is an access log of JSON lines with our filter state, as sluice run writes it (accessLog: in sluice.yaml) or a mesh\n" +
    "whose format has %FILTER_STATE(wasm.sluice.NAME:PLAIN)%. A call that several lines tell of (by request id) counts once.\n" +
    "--by takes names of filter state: team, project, consumer, model, provider, tier, variant, price_id, a label of your own;\n" +
    "and cluster, route. Amounts are exact: the rows add up to the total, to the last digit.",
  examples: [
    ["sluice bill access.log --by team,model", "who used what"],
    [
      "sluice bill gateway-*.log --by team,project,model --month 2026-11 --time-zone +08:00 --csv > november.csv",
      "for finance",
    ],
    ["sluice bill access.log --compare 127.0.0.1:9901", "and whether the gateway counted the same"],
  ],
  options: {
    by: { type: "string", description: "Dimensions", valueHint: "NAMES", default: "team,model" },
    month: { type: "string", description: "Only this month (2026-11) or day (2026-11-21)", valueHint: "MONTH" },
    "time-zone": {
      type: "string",
      description: "In which the month begins and ends",
      valueHint: "OFFSET",
      default: "UTC",
    },
    csv: { type: "boolean", description: "Comma-separated values" },
    compare: {
      type: "string",
      description: "Compare the sum with the counters of Envoy's admin interface",
      valueHint: "HOST:PORT",
    },
    json: jsonOption,
  },
  async run({ options, files, terminal }) {
    if (files.length === 0) throw usageError("which log? sluice bill LOG...");
    const by = options.by
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== "");
    const period = options.month === undefined ? undefined : periodOf(options.month, options["time-zone"]);
    const { entries, skipped } = readLogs(files);
    const made = billOf(entries, by, period);
    if (options.json) terminal.print(JSON.stringify(toJson(made, by), null, 2));
    else if (options.csv) terminal.print(toCsv(made, by));
    else terminal.print(toTable(made, by, terminal));
    notes(made, skipped, terminal);
    return options.compare === undefined ? 0 : compare(made, options.compare, terminal);
  },
});

function cells(row: BillRow): string[] {
  return [
    row.currency,
    String(row.calls),
    String(row.inputTokens),
    String(row.cachedInputTokens),
    String(row.outputTokens),
    formatAmount(row.cost),
    formatAmount(row.estimated),
    String(row.unpriced),
  ];
}

function toCsv(made: Bill, by: readonly string[]): string {
  const lines = [[...by, ...COLUMNS], ...made.rows.map((row) => [...row.keys, ...cells(row)])];
  return lines.map((line) => line.map(csvCell).join(",")).join("\r\n");
}

/** A text that a spreadsheet would take for a formula is marked as text. */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?[\d.]+$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function toTable(made: Bill, by: readonly string[], terminal: Terminal): string {
  const show = (row: BillRow) => [
    row.currency,
    row.calls,
    Number(row.inputTokens),
    Number(row.outputTokens),
    formatAmount(row.cost, 2),
    formatAmount(row.estimated),
    row.unpriced,
  ];
  const heading = [...by, "currency", "calls", "input tokens", "output tokens", "cost", "estimated", "unpriced calls"];
  const rows = made.rows.map((row) => [...row.keys.map((key) => key || "—"), ...show(row)]);
  const total = made.total.map((row) => [...by.map((_, at) => (at === 0 ? "total" : "")), ...show(row)]);
  return table(heading, [...rows, ...total], terminal);
}

function toJson(made: Bill, by: readonly string[]): unknown {
  const row = (one: BillRow) => ({
    ...Object.fromEntries(by.map((name, at) => [name, one.keys[at] ?? ""])),
    currency: one.currency,
    calls: one.calls,
    inputTokens: Number(one.inputTokens),
    cachedInputTokens: Number(one.cachedInputTokens),
    outputTokens: Number(one.outputTokens),
    cost: formatAmount(one.cost),
    estimated: formatAmount(one.estimated),
    unpricedCalls: one.unpriced,
  });
  return { rows: made.rows.map(row), total: made.total.map(row), duplicates: made.duplicates, outside: made.outside };
}

function notes(made: Bill, skipped: number, terminal: Terminal): void {
  if (made.duplicates > 0) terminal.say(`${made.duplicates} lines told of a call again and were left out`);
  if (made.reusedIds > 0) {
    terminal.say(
      `warning: ${made.reusedIds} of them began at another time: callers reuse request ids, or two gateways logged one call`,
    );
  }
  if (made.outside > 0) terminal.say(`${made.outside} calls are outside the period`);
  if (skipped > 0) terminal.say(`${skipped} lines are no JSON objects`);
  for (const { file, line } of made.unreadable.slice(0, 5))
    terminal.say(`warning: ${file}:${line}: its time or cost cannot be read`);
}

async function compare(made: Bill, admin: string, terminal: Terminal): Promise<ExitCode> {
  const answer = await fetch(`http://${admin}/stats/prometheus?filter=^wasmcustom`, {
    signal: AbortSignal.timeout(10_000),
  });
  const stats = new Stats(await answer.text());
  let code: ExitCode = 0;
  for (const total of made.total.filter(({ currency }) => currency !== "")) {
    const counted = BigInt(Math.round(stats.sum("sluice_cost_nano", { currency: total.currency }))) * 1000n;
    const difference = total.cost - counted;
    // What is under a unit of the counter is carried, in each of its series.
    const series = BigInt(stats.labelValues("sluice_cost_nano", "model").length * 64 + 1) * 1000n;
    const isSame = (difference < 0n ? -difference : difference) <= series;
    if (!isSame) code = 1;
    terminal.say(
      `${total.currency}: log ${formatAmount(total.cost)}, counters ${formatAmount(counted)}: ` +
        (isSame
          ? "the same"
          : `they differ by ${formatAmount(difference)} (a log of another time, or of another gateway?)`),
    );
  }
  return code;
}
