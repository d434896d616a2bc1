// The ABI layer against the real host: Envoy offers every call that is declared, and takes every callback.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { call } from "../../harness/envoy/client.ts";
import { startEnvoy } from "../../harness/envoy/process.ts";
import { defaultEnvoyVersion, oldestEnvoyVersion } from "../../harness/envoy/version.ts";
import { compileFixture } from "./fixtures/compile.ts";

let everything: Awaited<ReturnType<typeof compileFixture>>;

before(async () => {
  everything = await compileFixture("everything");
});

after(() => everything?.remove());

test("the fixture has every host call and every callback of ABI 0.2.1", async () => {
  const module = await WebAssembly.compile(await readFile(everything.path));
  const imports = WebAssembly.Module.imports(module).filter((one) => one.module === "env");
  const exports = WebAssembly.Module.exports(module).filter((one) => one.name.startsWith("proxy_on_"));
  assert.equal(imports.length, 39);
  assert.equal(exports.length, 28);
});

for (const version of [defaultEnvoyVersion, oldestEnvoyVersion]) {
  describe(`Envoy ${version}`, () => {
    test("loads a module with all of them, and survives that all are called", async () => {
      const envoy = await startEnvoy(
        {
          listeners: [
            {
              name: "main",
              chain: [{ kind: "plugin", name: "everything", module: everything.path }],
              routes: [{ respond: { status: 200, body: "still here" } }],
            },
          ],
          clusters: [],
        },
        { version },
      );
      for (const headers of [{}, { "x-everything": "1" }, {}] as Record<string, string>[]) {
        const answer = await call(envoy.port("main"), "h1", { path: "/", headers });
        assert.deepEqual([answer.status, answer.text()], [200, "still here"]);
      }
      await envoy.stop();
    });
  });
}
