// YAML (or JSON) text whose values know the line and column they were written at.
import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Document,
  type Node,
} from "yaml";
import { formatPath, type Fault } from "./fault.ts";

/** Keys and indexes from the top of a document. */
export type Path = readonly (string | number)[];

/** One document of a file. */
export class SourceDocument {
  readonly file: string;
  /** The document as plain data. */
  readonly value: unknown;
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;

  constructor(file: string, document: Document.Parsed, lines: LineCounter) {
    this.file = file;
    this.#document = document;
    this.#lines = lines;
    this.value = document.toJS({ maxAliasCount: 1000 }) as unknown;
  }

  /** Where the value at `path` stands, or the nearest that there is above it. `key`: its key instead. */
  locate(path: Path, at: "value" | "key" = "value"): { line: number; column: number } {
    let node: unknown = this.#document.contents;
    let found: Node | null = this.#document.contents;
    for (const [depth, segment] of path.entries()) {
      if (isAlias(node)) node = node.resolve(this.#document);
      const wantsKey = at === "key" && depth === path.length - 1;
      if (isMap(node)) {
        const pair = node.items.find((item) => isPair(item) && keyText(item.key) === String(segment));
        if (pair === undefined) break;
        const next = wantsKey ? pair.key : (pair.value ?? pair.key);
        // An empty value has no place of its own.
        found = (hasRange(next) ? next : pair.key) as Node;
        node = pair.value;
      } else if (isSeq(node)) {
        const item = node.items[Number(segment)];
        if (item === undefined) break;
        node = item;
        if (hasRange(item)) found = item as Node;
      } else break;
    }
    const { line, col } = this.#lines.linePos(found?.range?.[0] ?? this.#document.range[0]);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  /** A finding at `path`. */
  fault(path: Path, message: string, more: Partial<Fault> & { at?: "value" | "key" } = {}): Fault {
    const { at, ...rest } = more;
    return {
      severity: "error",
      file: this.file,
      ...this.locate(path, at),
      path: formatPath(path),
      message,
      ...rest,
    };
  }
}

/** The documents of `text`, empty ones left out, and what is wrong with it as YAML. */
export function parseSource(file: string, text: string): { documents: SourceDocument[]; faults: Fault[] } {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  const documents: SourceDocument[] = [];
  const faults: Fault[] = [];
  for (const document of Array.isArray(parsed) ? parsed : []) {
    for (const error of document.errors) {
      const { line, col } = lines.linePos(error.pos[0]);
      faults.push({
        severity: "error",
        file,
        line,
        column: col,
        path: "",
        message: `not YAML: ${error.message}`,
        ...cureOf(error.code),
      });
    }
    if (document.errors.length > 0 || document.contents === null) continue;
    try {
      documents.push(new SourceDocument(file, document, lines));
    } catch (error) {
      faults.push({
        severity: "error",
        file,
        line: 1,
        column: 1,
        path: "",
        message: `not YAML: ${(error as Error).message}`,
      });
    }
  }
  return { documents, faults };
}

function cureOf(code: string): { cure?: string } {
  if (code === "TAB_AS_INDENT") return { cure: "indent with spaces" };
  if (code === "DUPLICATE_KEY") return { cure: "keep one of the two" };
  return {};
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}

function hasRange(node: unknown): boolean {
  return typeof node === "object" && node !== null && Array.isArray((node as Node).range);
}
