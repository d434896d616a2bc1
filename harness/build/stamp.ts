// Remembers what a module was made from, so that a build does again only what changed.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Compiled } from "./compile.ts";
import { modulePath, type Target } from "./targets.ts";

/** What `build/.stamps/<target>/<filter>.json` holds: hashes, by path from the root; null where there was no file. */
interface Stamp {
  output: string;
  inputs: Record<string, string | null>;
}

/** Beside the sources, what else decides the bytes of a module. */
const TOOLS = [
  "node_modules/assemblyscript/package.json",
  "harness/build/compiler.js",
  "harness/build/lean-visits.js",
  "harness/build/modest-memory.js",
  "harness/build/packed-data.js",
  "harness/build/static-text.js",
  "harness/build/zero-fields.js",
];

/** Whether the module of `filter` is what its sources, as they are now, would give. Reads files; compiles nothing. */
export function isCurrent(root: string, filter: string, target: Target): boolean {
  const stamp = readStamp(stampPath(root, filter, target));
  if (stamp === undefined || hashFile(modulePath(root, filter, target)) !== stamp.output) return false;
  return Object.entries(stamp.inputs).every(([path, hash]) => hashFile(join(root, path)) === hash);
}

/** Writes the module and its stamp. Each file appears whole or not at all, also when two builds run at once. */
export function writeModule(root: string, filter: string, target: Target, compiled: Compiled): void {
  const tools: Stamp["inputs"] = {};
  for (const tool of TOOLS) tools[tool] = hashFile(join(root, tool));
  const stamp: Stamp = { output: hash(compiled.wasm), inputs: { ...tools, ...compiled.inputs } };
  writeWhole(modulePath(root, filter, target), compiled.wasm);
  writeWhole(stampPath(root, filter, target), JSON.stringify(stamp, null, 2));
}

function stampPath(root: string, filter: string, target: Target): string {
  return join(root, "build", ".stamps", target, `${filter}.json`);
}

function readStamp(path: string): Stamp | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Stamp;
  } catch {
    return undefined;
  }
}

function hashFile(path: string): string | null {
  try {
    return hash(readFileSync(path));
  } catch {
    return null;
  }
}

function hash(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("hex");
}

function writeWhole(path: string, data: Uint8Array | string): void {
  mkdirSync(dirname(path), { recursive: true });
  const unfinished = `${path}.${process.pid}.tmp`;
  writeFileSync(unfinished, data);
  renameSync(unfinished, path);
}
