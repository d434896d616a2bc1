// Reads the files that people name.
import { readFileSync, statSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { HarnessError } from "../error.ts";

/** The text of a file; `-` is standard input. Throws `file-unreadable` with what to do. */
export function readText(path: string): string {
  try {
    return readFileSync(path === "-" ? 0 : path, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why =
      code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a folder" : (cause as Error).message;
    throw new HarnessError(`${path}: ${why}`, "file-unreadable", { cause });
  }
}

/** Files as named; of a folder every YAML file in it. */
export function expandFiles(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    if (path === "-" || !(statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false)) return [path];
    return readdirSync(path, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.ya?ml$/.test(name))
      .sort()
      .map((name) => join(path, name));
  });
}
