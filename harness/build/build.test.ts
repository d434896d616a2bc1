// What the build promises: the same bytes from the same sources, nothing done twice, errors in words.

import assert from "node:assert/strict";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { buildFilters, removeOrphans } from "./build.ts";
import { compileFilter } from "./compile.ts";
import { listFilters, requireFilter } from "./filters.ts";
import { modulePath } from "./targets.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FILTERS = listFilters(ROOT);
/** A page of WebAssembly memory. */
const PAGE_BYTES = 65_536;
/** A module's pages after its start, before a configuration. */
const MAX_INITIAL_PAGES = 8;
/** What each module has come down to, and a little: what makes one grow beyond is worth a look. */
const MOST_KIB: Record<string, number> = {
  "cost-accounting": 158,
  empty: 6,
  "model-tag": 126,
  "rate-limit": 154,
  "retry-guard": 140,
  suite: 219,
};
let copy = "";

before(() => {
  copy = mkdtempSync(join(tmpdir(), "sluice-build-test-"));
  for (const path of ["runtime", "filters", "asconfig.json", "harness/build"]) {
    cpSync(join(ROOT, path), join(copy, path), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
});

after(() => rmSync(copy, { recursive: true, force: true }));

for (const filter of FILTERS) {
  test(`two builds of ${filter}, at two times and in two places, are byte-identical`, async () => {
    await buildFilters(ROOT, [filter], "release");
    const { wasm } = await compileFilter(copy, filter, "release");
    assert.ok(Buffer.from(wasm).equals(await readFile(modulePath(ROOT, filter, "release"))));
  });

  test(`${filter} is as small as it was`, async () => {
    const [built] = await buildFilters(ROOT, [filter], "release");
    const kib = (built?.bytes ?? 0) / 1024;
    assert.ok(kib <= (MOST_KIB[filter] ?? Infinity), `${filter} has ${kib.toFixed(1)} KiB`);
  });

  test(`${filter} imports host calls only, and its memory starts small`, async () => {
    await buildFilters(ROOT, [filter], "release");
    const module = await WebAssembly.compile(await readFile(modulePath(ROOT, filter, "release")));
    const stubs: Record<string, Record<string, () => number>> = {};
    for (const { module: from, name } of WebAssembly.Module.imports(module)) {
      assert.match(`${from}.${name}`, /^(env\.proxy_|wasi_snapshot_preview1\.environ_)/);
      (stubs[from] ??= {})[name] = () => 0;
    }
    const { exports } = await WebAssembly.instantiate(module, stubs);
    assert.ok(exports.memory instanceof WebAssembly.Memory);
    assert.ok(exports.memory.buffer.byteLength <= MAX_INITIAL_PAGES * PAGE_BYTES);
  });
}

test("the debug build keeps names and says through the host's log why it trapped", async () => {
  const { wasm } = await compileFilter(ROOT, "empty", "debug");
  const module = await WebAssembly.compile(wasm);
  assert.equal(WebAssembly.Module.customSections(module, "name").length, 1);
  assert.ok(WebAssembly.Module.imports(module).some(({ name }) => name === "proxy_log"));
  assert.ok(!WebAssembly.Module.imports(module).some(({ name }) => name === "abort"));
});

test("a second build compiles nothing, and one after a change compiles again", async () => {
  const compiled: string[] = [];
  const build = () => buildFilters(copy, ["empty"], "release", ({ filter }) => compiled.push(filter));
  await build();
  await build();
  assert.deepEqual(compiled, ["empty"]);
  appendFileSync(join(copy, "filters/empty/index.ts"), "// changed\n");
  await build();
  assert.deepEqual(compiled, ["empty", "empty"]);
  rmSync(modulePath(copy, "empty", "release"));
  const [built] = await build();
  assert.equal(compiled.length, 3);
  assert.ok(built !== undefined && built.bytes > 0);
});

test("a filter that does not compile is reported with its place, and the others are built", async () => {
  mkdirSync(join(copy, "filters/broken"), { recursive: true });
  writeFileSync(join(copy, "filters/broken/index.ts"), "export function f(): void { nowhere(); }\n");
  await assert.rejects(buildFilters(copy, ["broken", "empty"], "release"), {
    code: "build-failed",
    message: /Cannot find name 'nowhere'[^]*filters\/broken\/index\.ts\(1,29\)/,
  });
  assert.ok(existsSync(modulePath(copy, "empty", "release")));
  rmSync(join(copy, "filters/broken"), { recursive: true });
});

test("a module whose filter is gone is removed", () => {
  const orphan = modulePath(copy, "gone", "release");
  mkdirSync(join(copy, "build"), { recursive: true });
  writeFileSync(orphan, "");
  removeOrphans(copy, "release");
  assert.ok(!existsSync(orphan));
});

test("an unknown filter is refused with the names of those there are", () => {
  assert.throws(() => requireFilter(copy, "nope"), { code: "filter-unknown", message: /empty/ });
});
