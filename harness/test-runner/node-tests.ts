// The process that runs one part's node:test files: node-tests.ts COUNTS_FILE NAME_PATTERN FILE...
// Prints a line per file and all of what failed; writes the counts as JSON.
//
// Files whose tests run real processes against the clock (Envoy, registries, docker) get a second try, alone, when a test
// failed on a busy machine; the output says so. Everything else has to pass at once.

import { writeFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { run } from "node:test";
import type { TestEvent } from "node:test/reporters";
import { inspect } from "node:util";
import type { Counts } from "./counts.ts";

const AT_ONCE = 2;
const NOT_SELECTED = "test name does not match pattern";

/** What came out of one file. */
interface FileCounts {
  path: string;
  passed: number;
  failed: number;
  skipped: number;
  milliseconds: number;
}

const [countsFile = "", namePattern = "", ...files] = process.argv.slice(2);
const SECOND_TRY = /^test\/(envoy|deploy|cli)\//;
let counts: Counts = { passed: 0, failed: [], skipped: [] };
let failedFiles = new Set<string>();
let current: FileCounts | undefined;
let parents: string[] = [];

await runFiles(files, AT_ONCE);
const again = [...failedFiles];
if (again.length > 0 && again.every((path) => SECOND_TRY.test(path))) {
  console.log(`↻ once more, alone: ${again.join(", ")}`);
  const first = counts;
  counts = { passed: 0, failed: [], skipped: [] };
  failedFiles = new Set();
  await runFiles(
    files.filter((file) => again.includes(relative(process.cwd(), resolve(file)))),
    1,
  );
  const stillFailed = counts.failed;
  if (stillFailed.length === 0) console.log(`↻ passed at the second try: ${again.join(", ")}`);
  // What passed in those files at the first try is counted already; what failed then counts as it came out now.
  counts = {
    passed: first.passed + first.failed.length - stillFailed.length,
    failed: stillFailed,
    skipped: first.skipped,
  };
}
writeFileSync(countsFile, JSON.stringify(counts));

async function runFiles(paths: string[], concurrency: number): Promise<void> {
  const testNamePatterns = namePattern === "" ? {} : { testNamePatterns: [new RegExp(namePattern)] };
  current = undefined;
  parents = [];
  for await (const event of run({ files: paths, concurrency, ...testNamePatterns }) as AsyncIterable<TestEvent>) {
    if (event.type === "test:start") parents = [...parents.slice(0, event.data.nesting), event.data.name];
    else if (event.type === "test:stdout" || event.type === "test:stderr") process.stdout.write(event.data.message);
    else if (event.type === "test:pass" || event.type === "test:fail") take(event);
  }
  printSummary();
}

function take(event: Extract<TestEvent, { type: "test:pass" | "test:fail" }>): void {
  const { data } = event;
  const path = relative(process.cwd(), data.file ?? data.name);
  if (current?.path !== path) {
    printSummary();
    current = { path, passed: 0, failed: 0, skipped: 0, milliseconds: 0 };
  }
  if (data.nesting === 0) current.milliseconds += data.details.duration_ms;
  const name = [...parents.slice(0, data.nesting), data.name].join(" › ");
  if (data.skip !== undefined || data.todo !== undefined) {
    // With a name pattern, Node reports every other test as skipped.
    if (namePattern !== "" && data.skip === NOT_SELECTED) return;
    const reason = typeof data.skip === "string" ? ` (${data.skip})` : "";
    counts.skipped.push(`${path}: ${name}${reason}`);
    current.skipped++;
  } else if (event.type === "test:fail") {
    const { error } = event.data.details;
    // What holds tests that failed is not a failure of its own.
    if (codeOf(error) === "subtestsFailed") return;
    counts.failed.push(`${path}: ${name}`);
    current.failed++;
    console.log(`✖ ${path}: ${name}\n${describe(error).replace(/^/gm, "    ")}`);
  } else if (data.details.type !== "suite" && !isFileItself(data.name, data.file)) {
    counts.passed++;
    current.passed++;
  }
}

/** Node reports a file without tests, or one that could not be loaded, as a test of the file's name. */
function isFileItself(name: string, file: string | undefined): boolean {
  return file === undefined || name === file || files.includes(name);
}

function printSummary(): void {
  if (current === undefined) return;
  const { path, passed, skipped, milliseconds } = current;
  if (passed + current.failed + skipped === 0) {
    if (namePattern !== "") return;
    counts.failed.push(`${path}: holds no test`);
    current.failed++;
    console.log(`✖ ${path}: holds no test`);
  }
  const { failed } = current;
  if (failed > 0) failedFiles.add(path);
  const parts = [failed > 0 ? `${failed} failed` : "", `${passed} passed`, skipped > 0 ? `${skipped} skipped` : ""];
  const time = milliseconds < 1000 ? `${milliseconds.toFixed(0)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
  console.log(`${failed > 0 ? "✖" : "✔"} ${path} ${parts.filter(Boolean).join(", ")} (${time})`);
  // After each file: what was counted stands even when the part is ended for taking too long.
  writeFileSync(countsFile, JSON.stringify(counts));
}

function codeOf(error: unknown): unknown {
  return (error as { failureType?: unknown } | undefined)?.failureType;
}

/** Node wraps what a test threw; the reason is below. */
function describe(error: unknown): string {
  const cause = (error as { cause?: unknown } | undefined)?.cause ?? error;
  const text = typeof cause === "string" ? cause : inspect(cause, { depth: 6, colors: process.stdout.isTTY });
  return text.replace(/^ +at .*[( ]node:[^{\n]*\n/gm, "");
}
