// A run as text for the terminal.
import { bold, mark, table } from "../../harness/demo/table.ts";
import type { Results } from "./results.ts";
import { tablesOf } from "./tables.ts";

export function report(results: Results): string {
  const { machine, rounds, requests } = results;
  const head =
    `\nEnvoy ${results.envoy}, ${machine.cores} × ${machine.cpu}, load ${machine.load.map((one) => one.toFixed(1)).join(" → ")}; ` +
    `medians of ${rounds} rounds of ${requests} requests; CPU: one worker, ± is half of what the middle half of the rounds spans`;
  const tables = tablesOf(results).map(({ title, heading, rows }) => {
    const shown = rows.map((row) => row.map((cell) => (cell === "yes" || cell === "no" ? mark(cell === "yes") : cell)));
    return `\n${bold(title)}\n\n${table(heading, shown)}`;
  });
  const rust = results.withoutRust === undefined ? [] : [`\nRust is left out: ${results.withoutRust}`];
  return [head, ...tables, ...rust].join("\n");
}
