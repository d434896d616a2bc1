// Tables of the demo and the bench, with colours on a terminal that wants them.
import { columns } from "../cli/table.ts";

const useColour = process.stdout.isTTY === true && process.env["NO_COLOR"] === undefined;

/** A mark for a row: what was expected came, or not. */
export function mark(good: boolean): string {
  return paint(good ? "✔" : "✘", good ? 32 : 31);
}

export function bold(text: string): string {
  return paint(text, 1);
}

export function dim(text: string): string {
  return paint(text, 2);
}

function paint(text: string, code: number): string {
  return useColour ? `\u001b[${code}m${text}\u001b[0m` : text;
}

/** Lays rows out under a heading. */
export function table(heading: string[], rows: string[][]): string {
  const [first = "", ...rest] = columns([heading, ...rows]);
  return [bold(first), ...rest].map((text) => `  ${text}`).join("\n");
}
