// Tables for people: columns as wide as they need, numbers to the right.
import type { Terminal } from "./terminal.ts";

/** One cell. */
export type Cell = string | number;

/** Lays rows out under a heading. */
export function table(heading: readonly string[], rows: readonly (readonly Cell[])[], terminal: Terminal): string {
  const isNumber = heading.map((_, at) => rows.some((row) => typeof row[at] === "number"));
  const [first = "", ...rest] = columns([heading, ...rows.map((row) => row.map(cellText))], isNumber);
  return [terminal.paint(first, "dim"), ...rest].join("\n");
}

/** Lines of texts, which may have colours, in columns as wide as they need; to the right where `toRight` says so. */
export function columns(lines: readonly (readonly string[])[], toRight: readonly boolean[] = []): string[] {
  const widths = (lines[0] ?? []).map((_, at) => Math.max(...lines.map((line) => length(line[at] ?? ""))));
  return lines.map((line) =>
    line
      .map((cell, at) => {
        const space = " ".repeat(Math.max(0, (widths[at] ?? 0) - length(cell)));
        return toRight[at] === true ? space + cell : cell + space;
      })
      .join("  ")
      .trimEnd(),
  );
}

/** A number as people read it: `12,345`, `0.0123`. */
export function cellText(cell: Cell): string {
  if (typeof cell === "string") return cell;
  if (Number.isInteger(cell)) return cell.toLocaleString("en-US");
  return cell.toLocaleString("en-US", { maximumSignificantDigits: 4 });
}

function length(text: string): number {
  return [...text.replaceAll(/\u001b\[\d+m/g, "")].length;
}
