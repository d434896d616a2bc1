// Follows a growing file, line by line.
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** Reads what was added to a file since it was last asked. A file that is not there yet is empty. */
export class Tail {
  readonly #path: string;
  #at: number;
  #rest = "";

  /** `from` is the first byte of interest; default: from the file's end as it is now. */
  constructor(path: string, from?: number) {
    this.#path = path;
    this.#at = from ?? sizeOf(path);
  }

  /** Whole lines that came. */
  read(): string[] {
    let file: number;
    try {
      file = openSync(this.#path, "r");
    } catch {
      return [];
    }
    try {
      const { size } = fstatSync(file);
      // Cut or begun anew.
      if (size < this.#at) [this.#at, this.#rest] = [0, ""];
      const bytes = Buffer.alloc(size - this.#at);
      this.#at += readSync(file, bytes, 0, bytes.length, this.#at);
      const lines = (this.#rest + bytes.toString("utf8")).split("\n");
      this.#rest = lines.pop() ?? "";
      return lines;
    } finally {
      closeSync(file);
    }
  }
}

function sizeOf(path: string): number {
  try {
    const file = openSync(path, "r");
    const { size } = fstatSync(file);
    closeSync(file);
    return size;
  } catch {
    return 0;
  }
}
