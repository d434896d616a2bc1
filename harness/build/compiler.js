// The child process that compiles one module: compiler.js ROOT FILTER TARGET OUTPUT. Prints, as JSON, the hash of every
// file that the compiler asked for. Messages of the compiler go to stderr.
//
// Plain JavaScript: under tsx each start would rewrite the compiler's own 14 MB, which takes 10 s.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { main } from "assemblyscript/asc";
import LeanVisits from "./lean-visits.js";
import ModestMemory from "./modest-memory.js";
import { packData, Unpacking } from "./packed-data.js";
import StaticText from "./static-text.js";
import ZeroFields from "./zero-fields.js";

const [root = "", filter = "", target = "", output = ""] = process.argv.slice(2);

/** The function that compiler-inserted checks call in debug builds; asconfig.json names it. */
const DEBUG_ABORT = "runtime/abi/abort.ts";

/** @type {Record<string, string | null>} By path from the root; null where there was no file. */
const inputs = {};
const sources = [`filters/${filter}/index.ts`, ...(target === "debug" ? [DEBUG_ABORT] : [])];
const options = ["--config", "asconfig.json", "--target", target, "--outFile", `${filter}.wasm`, "--baseDir", root];

const isPacked = target !== "debug";
const { error } = await main([...sources, ...options], {
  transforms: [StaticText, ModestMemory, ZeroFields, LeanVisits, ...(isPacked ? [Unpacking] : [])],
  stdout: process.stderr,
  stderr: process.stderr,
  readFile(path, baseDir) {
    const text = ifThere(() => readFileSync(resolve(baseDir, path), "utf8"));
    inputs[path] = text === null ? null : createHash("sha256").update(text).digest("hex");
    return text;
  },
  writeFile(_path, contents) {
    writeFileSync(output, isPacked ? packData(contents, Unpacking.heapBase) : contents);
  },
  listFiles(path, baseDir) {
    const names = ifThere(() => readdirSync(resolve(baseDir, path)));
    return names?.filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts")) ?? null;
  },
});

if (error !== null) process.exitCode = 1;
else console.log(JSON.stringify(inputs));

/**
 * What `read` gives, or null where it throws.
 * @template T
 * @param {() => T} read
 */
function ifThere(read) {
  try {
    return read();
  } catch {
    return null;
  }
}
