// The test runner counts what ran, and lets nothing go unseen: no file, no crash, no hang, no process left behind.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { formatCounts } from "./counts.ts";
import { findParts, type Part } from "./parts.ts";
import { runPart } from "./run-part.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-runner-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Writes `body` as a test file below `folder`. */
function write(path: string, body = ""): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `import { test } from "node:test";\n${body}\n`);
  return file;
}

function part(files: string[], timeoutMinutes = 1): Part {
  return { name: "made-up", kind: "node", files, timeoutMinutes };
}

test("parts are found by folder: lint, unit, harness and host first, then by name", () => {
  for (const path of [
    "test/zoo/a.test.ts",
    "test/host/deep/b.test.ts",
    "test/unit/json/c.spec.ts",
    "harness/d.test.ts",
  ]) {
    write(path);
  }
  const parts = findParts(folder).map(({ name, kind, files }) => [name, kind, files.length]);
  assert.deepEqual(parts, [
    ["lint", "lint", 0],
    ["unit", "as-pect", 1],
    ["harness", "node", 1],
    ["host", "node", 1],
    ["zoo", "node", 1],
  ]);
});

for (const path of ["runtime/a.test.ts", "test/a.test.ts", "test/unit/a.test.ts"]) {
  test(`a test that no part would run is an error: ${path}`, () => {
    write(path);
    assert.throws(() => findParts(folder), { code: "test-misplaced" });
  });
}

test("passed, failed and skipped tests are counted, suites are not", async () => {
  const file = write(
    "a.test.ts",
    `test("passes", () => {});
     test("holds two", async (t) => { await t.test("one", () => {}); await t.test("two", () => { throw 0; }); });
     test("is skipped", { skip: "no registry" }, () => {});`,
  );
  const counts = await runPart(part([file]), ROOT, "", "ignore");
  assert.equal(formatCounts(counts), "2 passed, 1 failed, 1 skipped");
  assert.match(counts.failed[0] ?? "", /a\.test\.ts: holds two › two$/);
  assert.match(counts.skipped[0] ?? "", /is skipped \(no registry\)$/);
});

test("a file that crashes, one that cannot be loaded and one without tests are failures", async () => {
  const crashes = write("crash.test.ts", 'test("ends the process", () => process.exit(3));');
  const broken = write("broken.test.ts", 'import "./nowhere.ts";');
  const empty = write("empty.test.ts");
  const counts = await runPart(part([broken, crashes, empty]), ROOT, "", "ignore");
  assert.equal(formatCounts(counts), "0 passed, 3 failed, 0 skipped");
});

test("a part that hangs is ended after its bound, with what it started", async () => {
  const pidFile = join(folder, "pid");
  const file = write(
    "hangs.test.ts",
    `import { spawn } from "node:child_process";
     import { writeFileSync } from "node:fs";
     test("waits for ever", async () => {
       writeFileSync(${JSON.stringify(pidFile)}, String(spawn("sleep", ["300"]).pid));
       await new Promise((resolve) => setTimeout(resolve, 300_000));
     });`,
  );
  const counts = await runPart(part([file], 0.1), ROOT, "", "ignore");
  assert.equal(formatCounts(counts), "0 passed, 1 failed, 0 skipped");
  await sleep(100);
  // Gone, or a zombie that nobody has asked for.
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", readFileSync(pidFile, "utf8")], { encoding: "utf8" });
  assert.match(stdout.trim(), /^(Z.*)?$/);
});

test("a name selects tests, and the others are not counted as skipped", async () => {
  const file = write("a.test.ts", 'test("wanted", () => {}); test("other", () => { throw 0; });');
  assert.equal(formatCounts(await runPart(part([file]), ROOT, "wanted", "ignore")), "1 passed, 0 failed, 0 skipped");
});
