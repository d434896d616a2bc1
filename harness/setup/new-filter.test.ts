// Starting a filter: the copy has its own name and builds.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { compileFilter } from "../build/compile.ts";
import { HarnessError } from "../error.ts";
import { createFilter } from "./new-filter.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
let copy = "";

before(() => {
  copy = mkdtempSync(join(tmpdir(), "sluice-new-"));
  for (const path of ["runtime", "filters/empty", "asconfig.json"]) {
    cpSync(join(ROOT, path), join(copy, path), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
});

after(() => rmSync(copy, { recursive: true, force: true }));

test("a new filter is a copy of the smallest and builds", async () => {
  const folder = createFilter(copy, "token-budget");
  assert.deepEqual(readdirSync(folder).sort(), readdirSync(join(copy, "filters/empty")).sort());
  const { wasm } = await compileFilter(copy, "token-budget", "release");
  assert.ok(WebAssembly.validate(wasm));
});

test("a new filter bears its own name where the smallest bears its own", () => {
  writeFileSync(join(copy, "filters/empty/README.md"), '# empty\n\nAn empty one: `empty`, "empty", build/empty.wasm\n');
  const folder = createFilter(copy, "my-own");
  const expected = '# my-own\n\nAn empty one: `my-own`, "my-own", build/my-own.wasm\n';
  assert.equal(readFileSync(join(folder, "README.md"), "utf8"), expected);
});

test("a filter that is there is not overwritten", () => {
  assert.throws(() => createFilter(copy, "empty"), { name: HarnessError.name, code: "filter-exists" });
});

for (const name of ["", "Upper", "two--hyphens", "../out", "a/b"]) {
  test(`"${name}" is refused as a filter's name`, () => {
    assert.throws(() => createFilter(copy, name), { name: HarnessError.name, code: "filter-name" });
  });
}
