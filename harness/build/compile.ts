// Compiles one filter with AssemblyScript's compiler and says which files the result was made from.

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HarnessError } from "../error.ts";
import type { Target } from "./targets.ts";

const COMPILER = fileURLToPath(new URL("./compiler.js", import.meta.url));

/** A compiled module and what it depends on. */
export interface Compiled {
  wasm: Uint8Array<ArrayBuffer>;
  /** SHA-256 of every file that the compiler asked for, by path from the root; null where there was none. */
  inputs: Record<string, string | null>;
}

/**
 * Compiles `filters/<filter>/index.ts` below `root` as asconfig.json's `target` says. The same sources give the same
 * bytes wherever `root` is. Throws with the compiler's own messages when it refuses. Takes seconds, in a child process.
 */
export async function compileFilter(root: string, filter: string, target: Target): Promise<Compiled> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-build-"));
  try {
    const output = join(folder, "module.wasm");
    const child = await run([COMPILER, root, filter, target, output], root);
    if (child.code !== 0) {
      throw new HarnessError(`${filter} does not compile (${target}):\n${child.stderr.trim()}`, "build-failed");
    }
    const inputs = JSON.parse(child.stdout) as Compiled["inputs"];
    return { wasm: await readFile(output), inputs };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(args: string[], cwd: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}
