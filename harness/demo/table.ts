// Tables for people: columns as wide as they need, colours on a terminal that wants them.

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
  const widths = heading.map((name, at) => Math.max(name.length, ...rows.map((row) => visible(row[at] ?? ""))));
  const line = (row: string[]) =>
    row
      .map((cell, at) => cell + " ".repeat((widths[at] ?? 0) - visible(cell)))
      .join("  ")
      .trimEnd();
  return [bold(line(heading)), ...rows.map(line)].map((text) => `  ${text}`).join("\n");
}

function visible(text: string): number {
  return [...text.replace(/\u001b\[\d+m/g, "")].length;
}
