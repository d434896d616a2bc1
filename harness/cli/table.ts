// Tables for people: columns as wide as they need, numbers to the right.
import type { Terminal } from "./terminal.ts";

/** One cell. */
export type Cell = string | number;

/** Lays rows out under a heading. */
export function table(heading: readonly string[], rows: readonly (readonly Cell[])[], terminal: Terminal): string {
  const texts = rows.map((row) => row.map(cellText));
  const widths = heading.map((name, at) => Math.max(length(name), ...texts.map((row) => length(row[at] ?? ""))));
  const isNumber = heading.map((_, at) => rows.some((row) => typeof row[at] === "number"));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => {
        const space = " ".repeat(Math.max(0, (widths[at] ?? 0) - length(cell)));
        return isNumber[at] ? space + cell : cell + space;
      })
      .join("  ")
      .trimEnd();
  return [terminal.paint(line(heading), "dim"), ...texts.map(line)].join("\n");
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
