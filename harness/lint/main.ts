// `make lint` and `make fmt`: format (prettier), rules (eslint) and types (tsc), side by side, with caches in .cache/.
//
//   node --import tsx harness/lint/main.ts [--fix]

import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Counts } from "../test-runner/counts.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** One check: a tool of node_modules and its arguments. */
interface Check {
  name: string;
  advice: string;
  args: string[];
}

const color = (flag: string): string[] => (process.stdout.isTTY ? [flag] : []);
const FORMAT = ["node_modules/prettier/bin/prettier.cjs", ".", "--cache", "--cache-location", ".cache/prettier"];
const RULES = ["node_modules/eslint/bin/eslint.js", ".", "--cache", "--cache-location", ".cache/eslint"];
const TYPES = [
  "node_modules/typescript/bin/tsc",
  "--incremental",
  "--tsBuildInfoFile",
  ".cache/tsc.json",
  ...color("--pretty"),
];

const CHECKS: readonly Check[] = [
  { name: "types", advice: "", args: TYPES },
  { name: "rules", advice: "", args: [...RULES, ...color("--color"), "--max-warnings", "0"] },
  { name: "format", advice: "`make fmt` formats these files", args: [...FORMAT, "--check", "--log-level", "warn"] },
];
const FIXES: readonly Check[] = [
  { name: "rules", advice: "", args: [...RULES, ...color("--color"), "--fix"] },
  { name: "format", advice: "", args: [...FORMAT, "--write", "--log-level", "warn"] },
];

const { values } = parseArgs({ options: { fix: { type: "boolean", default: false } } });
const counts: Counts = { passed: 0, failed: [], skipped: [] };
if (values.fix) {
  for (const check of FIXES) await runCheck(check);
} else {
  await Promise.all(CHECKS.map(runCheck));
}
// The test runner counts each check as a test.
if (process.env.SLUICE_COUNTS) writeFileSync(process.env.SLUICE_COUNTS, JSON.stringify(counts));
process.exitCode = counts.failed.length > 0 ? 1 : 0;

async function runCheck({ name, advice, args }: Check): Promise<void> {
  const startMs = performance.now();
  const { code, output } = await run(args);
  const time = `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
  if (code === 0) counts.passed++;
  else counts.failed.push(name);
  console.log(`${code === 0 ? "✔" : "✖"} ${name} (${time})`);
  if (code !== 0) console.log([output.trimEnd(), advice].filter(Boolean).join("\n"));
}

function run(args: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    }
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}
