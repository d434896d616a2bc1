// A run's figures as Markdown.
import type { Results } from "./results.ts";
import { tablesOf } from "./tables.ts";

const begin = "<!-- bench:begin -->";
const end = "<!-- bench:end -->";

/** The text between the marks. */
export function section(results: Results): string {
  const { machine, rounds, requests } = results;
  const head =
    `Envoy ${results.envoy}, ${machine.cores} × ${machine.cpu}, Node.js ${machine.node}, ${results.at.slice(0, 10)}; ` +
    `${rounds} rounds of ${requests} requests. Load of the machine before and after: ` +
    `${machine.load.map((one) => one.toFixed(1)).join(" and ")}.`;
  const rust = results.withoutRust === undefined ? [] : ["Rust is left out: there was no rustc for Wasm."];
  const tables = tablesOf(results).map(({ title, heading, rows }) => {
    const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
    return [`### ${title}`, [line(heading), line(heading.map(() => "---")), ...rows.map(line)].join("\n")].join("\n\n");
  });
  return [head, ...rust, ...tables].join("\n\n");
}

/** `page` with `text` between its marks. Throws when it has none. */
export function replaceSection(page: string, text: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the page has no ${begin} … ${end}`);
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`;
}
