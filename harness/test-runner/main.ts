// `make test`: runs the parts of the tests in order, prints a table, and as its last line the sum of all counts.
//
//   node --import tsx harness/test-runner/main.ts [--file SUBSTRING] [--name PATTERN] [PART...]
//
// Exits with 1 when a test failed, when a part ran none, and where CI=true also when one was skipped that
// allowed-skips.txt does not name. SLUICE_TEST_SUMMARY=FILE takes the last line instead of the terminal.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { HarnessError } from "../error.ts";
import { formatCounts, sumCounts, type Counts } from "./counts.ts";
import { findParts, type Part } from "./parts.ts";
import { runPart, stopAll } from "./run-part.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

interface Result {
  name: string;
  counts: Counts;
  seconds: number;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { file: { type: "string", default: "" }, name: { type: "string", default: "" } },
    allowPositionals: true,
  });
  const results: Result[] = [];
  for (const part of selectParts(positionals, values.file)) {
    console.log(`\n── ${part.name} ──`);
    const startMs = performance.now();
    const counts = await runPart(part, ROOT, values.name);
    if (counts.passed + counts.failed.length + counts.skipped.length === 0) {
      console.log(`✖ ${part.name}: no test ran`);
      counts.failed.push("no test ran");
    }
    results.push({ name: part.name, counts, seconds: (performance.now() - startMs) / 1000 });
  }
  printTable(results);
  const forbidden = forbiddenSkips(results.flatMap(({ counts }) => counts.skipped));
  for (const skip of forbidden) console.log(`✖ skipped, which CI does not allow: ${skip}`);
  const sum = sumCounts(results.map(({ counts }) => counts));
  writeLastLine(formatCounts(sum));
  process.exitCode = sum.failed.length > 0 || sum.passed === 0 || forbidden.length > 0 ? 1 : 0;
}

function selectParts(names: string[], fileSubstring: string): Part[] {
  const all = findParts(ROOT);
  const unknown = names.find((name) => !all.some((part) => part.name === name));
  if (unknown !== undefined) {
    const known = all.map(({ name }) => name).join(", ");
    throw new HarnessError(`There is no part "${unknown}" with tests in it; there are: ${known}`, "usage");
  }
  const parts = names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
  if (fileSubstring === "") return parts;
  const matching = parts
    .map((part) => ({ ...part, files: part.files.filter((file) => file.includes(fileSubstring)) }))
    .filter((part) => part.files.length > 0);
  if (matching.length > 0) return matching;
  throw new HarnessError(`No test file of ${parts.map(({ name }) => name).join(", ")} has "${fileSubstring}"`, "usage");
}

function printTable(results: Result[]): void {
  const width = Math.max(...results.map(({ name }) => name.length), 4);
  console.log(`\n${"part".padEnd(width)}  passed  failed  skipped      time`);
  for (const { name, counts, seconds } of results) {
    const numbers = [counts.passed, counts.failed.length, counts.skipped.length];
    const [passed = "", failed = "", skipped = ""] = numbers.map(String);
    const time = `${seconds.toFixed(1)} s`.padStart(8);
    console.log(`${name.padEnd(width)}  ${passed.padStart(6)}  ${failed.padStart(6)}  ${skipped.padStart(7)}  ${time}`);
  }
  const skips = results.flatMap(({ counts }) => counts.skipped);
  if (skips.length > 0) console.log(`\nskipped:\n${skips.map((skip) => `  ${skip}`).join("\n")}`);
  const failures = results.flatMap(({ name, counts }) => counts.failed.map((failure) => `${name}: ${failure}`));
  if (failures.length > 0) console.log(`\nfailed:\n${failures.map((failure) => `  ${failure}`).join("\n")}`);
  console.log();
}

function forbiddenSkips(skips: string[]): string[] {
  if (process.env.CI !== "true") return [];
  const lines = readFileSync(new URL("./allowed-skips.txt", import.meta.url), "utf8").split("\n");
  const allowed = lines.map((line) => line.replace(/#.*/, "").trim()).filter((line) => line !== "");
  return skips.filter((skip) => !allowed.some((text) => skip.includes(text)));
}

function writeLastLine(line: string): void {
  const file = process.env.SLUICE_TEST_SUMMARY;
  if (file === undefined || file === "") console.log(line);
  else writeFileSync(file, `${line}\n`);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    stopAll(signal);
    process.exit(130);
  });
}

try {
  await main();
} catch (error) {
  if (!(error instanceof HarnessError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
