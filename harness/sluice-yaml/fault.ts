// What is wrong with a file, where, and what to do about it; and how that is told.

/** One finding. */
export interface Fault {
  /** `error`: the file cannot be used. `warning`: it can, but someone should look. */
  severity: "error" | "warning";
  file: string;
  /** From 1. */
  line: number;
  /** From 1. */
  column: number;
  /** The place in the document: `routes[0].to[1].upstream`; empty for the whole. */
  path: string;
  /** What was found and what was expected. */
  message: string;
  /** What to do. */
  cure?: string;
  /** Which rule found it, for programs. */
  rule?: string;
}

/** `file:line:column: error: path: message`, the cure in a line of its own. */
export function formatFault(fault: Fault): string {
  const place = `${fault.file}:${fault.line}:${fault.column}`;
  const path = fault.path === "" ? "" : `${fault.path}: `;
  const cure = fault.cure === undefined ? "" : `\n    ${fault.cure}`;
  return `${place}: ${fault.severity}: ${path}${fault.message}${cure}`;
}

/** By file, then by place; equal ones once. */
export function sortFaults(faults: readonly Fault[]): Fault[] {
  const files = [...new Set(faults.map(({ file }) => file))];
  const sorted = [...faults].sort(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
  const seen = new Set<string>();
  return sorted.filter((fault) => {
    const text = formatFault(fault);
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}

/** `rules[2].limit` for a list of keys and indexes. */
export function formatPath(segments: readonly (string | number)[]): string {
  return segments
    .map((segment) => (typeof segment === "number" ? `[${segment}]` : `.${segment}`))
    .join("")
    .replace(/^\./, "");
}
