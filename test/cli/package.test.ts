// The npm package: what is in it, that it runs from a clean folder, that its runtime builds a filter of somebody else.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { buildCli } from "../../harness/build/cli.ts";
import { sbomOf } from "../../harness/build/sbom.ts";
import { Gateway } from "../../harness/host/gateway.ts";
import { installation } from "../../harness/sluice-yaml/filters.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const NAME = "sluice-proxy-wasm";
/** Of the packed file and of what is in it, in bytes. */
const MOST_PACKED = 3 << 20;
const MOST_UNPACKED = 10 << 20;

const folder = mkdtempSync(join(tmpdir(), "sluice-package-"));
const project = join(folder, "project");
const installed = join(project, "node_modules", NAME);
let bundled: string[] = [];
let tarball = "";

before(async () => {
  bundled = await buildCli(ROOT);
  execFileSync("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "ignore"],
  });
  tarball = join(folder, readdirSync(folder).find((name) => name.endsWith(".tgz")) ?? "");
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", tarball, "-C", installed, "--strip-components=1"]);
});
after(() => rmSync(folder, { recursive: true, force: true }));

function files(at: string): string[] {
  return readdirSync(at, { recursive: true, encoding: "utf8", withFileTypes: false }).filter((name) =>
    statSync(join(at, name)).isFile(),
  );
}

/** The installed command, in a folder of its own. */
function run(...args: string[]) {
  const env = { PATH: process.env["PATH"], HOME: folder, NO_COLOR: "1" };
  return spawnSync(process.execPath, [join(installed, "dist", "sluice.js"), ...args], {
    cwd: project,
    env,
    encoding: "utf8",
  });
}

test("it holds the command, the modules, their schemas and sources, and nothing else", () => {
  const there = files(installed);
  for (const wanted of [
    "package.json",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "dist/sluice.js",
    "dist/demo.js",
    "dist/sluice.schema.json",
    "runtime/stream/dispatch.ts",
    "runtime/config/shared.schema.json",
  ]) {
    assert.ok(there.includes(wanted), wanted);
  }
  for (const { name } of installation().filters) {
    for (const file of ["index.ts", "config.schema.json", "wasmplugin.yaml"])
      assert.ok(there.includes(`filters/${name}/${file}`), `${name}/${file}`);
  }
  const tops = new Set(there.map((path) => path.split("/")[0]));
  assert.deepEqual([...tops].sort(), [
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "build",
    "dist",
    "filters",
    "package.json",
    "runtime",
  ]);
  const odd = there.filter((path) => /\.test\.ts$|\.spec\.ts$|tsconfig|\.map$|\.env|\.log$|empty\.wasm$/.test(path));
  assert.deepEqual(odd, []);
});

test("it is small", () => {
  assert.ok(statSync(tarball).size < MOST_PACKED, `${statSync(tarball).size}`);
  const unpacked = files(installed).reduce((sum, path) => sum + statSync(join(installed, path)).size, 0);
  assert.ok(unpacked < MOST_UNPACKED, `${unpacked}`);
});

test("nothing in it names the machine that it was made on", () => {
  for (const path of files(installed).filter((name) => /\.(js|json|ts|md|yaml)$/.test(name))) {
    assert.ok(!readFileSync(join(installed, path), "utf8").includes(ROOT.replace(/\/$/, "")), path);
  }
});

test("the command runs from a clean folder, without its sources and without any other package", () => {
  const made = run("init");
  assert.equal(made.status, 0, made.stderr);
  assert.match(
    readFileSync(join(project, "sluice.yaml"), "utf8"),
    /^# yaml-language-server: \$schema=node_modules\/sluice-proxy-wasm\/dist\/sluice\.schema\.json\n/,
  );
  const judged = run("validate", "--strict");
  assert.equal(judged.status, 0, judged.stdout + judged.stderr);
  writeFileSync(
    join(project, "bad.yaml"),
    "upstreams: {a: {provider: openai}}\nfilters:\n  modelTag: {tier: [{when: {cel: x}, value: 5}]}\n",
  );
  const bad = run("validate", "bad.yaml");
  assert.deepEqual(
    [bad.status, /bad\.yaml:3:\d+: error: filters\.modelTag\.tier\[0\]\.value/.test(bad.stdout)],
    [1, true],
    bad.stdout,
  );
  writeFileSync(
    join(project, "mesh.yaml"),
    "upstreams: {a: {provider: openai}}\nfilters: {modelTag: {}}\ndeploy: {registry: r.example/sluice}\n",
  );
  const rendered = run("render", "istio", "-c", "mesh.yaml");
  assert.match(rendered.stdout, /url: oci:\/\/r\.example\/sluice\/[a-z-]+@sha256:[0-9a-f]{64}/);
  writeFileSync(join(project, "trace.jsonl"), '{"body":{"model":"gpt-4o","messages":[]},"response":{"body":{}}}\n');
  const replayed = run("replay", "trace.jsonl", "-c", "mesh.yaml", "--json");
  assert.match(replayed.stdout, /"decision":"passed"/, replayed.stderr);
});

test("the schema for editors is valid JSON Schema of all filters", () => {
  const schema = JSON.parse(readFileSync(join(installed, "dist", "sluice.schema.json"), "utf8")) as {
    properties: { filters: { properties: object } };
  };
  for (const { key } of installation().filters)
    assert.ok(Object.hasOwn(schema.properties.filters.properties, key), key);
});

test("a filter outside this repository is built on the packed runtime, and runs", () => {
  for (const name of ["assemblyscript", "binaryen", "long", "@solo-io/proxy-runtime"]) {
    const from = join(ROOT, "node_modules", name);
    const to = join(project, "node_modules", name);
    mkdirSync(join(to, ".."), { recursive: true });
    if (existsSync(from)) symlinkSync(from, to);
  }
  const filter = readFileSync(join(installed, "filters", "empty", "index.ts"), "utf8")
    .replaceAll("../../runtime/", `${NAME}/runtime/`)
    .replace("return HeadersStatus.Continue;", "setRequestHeader(HEADER, VALUE);\n    return HeadersStatus.Continue;")
    .replace(
      "class EmptyRoot",
      'const HEADER = Bytes.constant("x-outside");\nconst VALUE = Bytes.constant("yes");\n\nclass EmptyRoot',
    );
  const imports = `import { Bytes } from "${NAME}/runtime/bytes/bytes";\nimport { setHeader } from "${NAME}/runtime/host/headers";\nimport { HeaderMap } from "${NAME}/runtime/abi/enums";\n`;
  writeFileSync(
    join(project, "filter.ts"),
    `${imports}${filter}\nfunction setRequestHeader(name: Bytes, value: Bytes): void {\n  setHeader(HeaderMap.RequestHeaders, name, value);\n}\n`,
  );
  const compiled = spawnSync(
    process.execPath,
    [
      "node_modules/assemblyscript/bin/asc.js",
      "filter.ts",
      "-o",
      "filter.wasm",
      "--runtime",
      "minimal",
      "--enable",
      "simd",
      "--enable",
      "bulk-memory",
      "--use",
      "abort=",
      "-O1",
    ],
    { cwd: project, encoding: "utf8" },
  );
  assert.equal(compiled.status, 0, compiled.stderr);
  const gateway = new Gateway({
    chain: [{ kind: "plugin", name: "outside", module: "filter.wasm" }],
    routes: [{ cluster: "upstream" }],
    clusters: [{ name: "upstream" }],
    loadModule: () => readFileSync(join(project, "filter.wasm")),
  });
  const { upstream } = gateway.request({ protocol: "h1", method: "GET", path: "/" });
  assert.deepEqual(
    upstream[0]?.headers.find(([name]) => name === "x-outside"),
    ["x-outside", "yes"],
  );
  assert.deepEqual(gateway.traps, []);
});

test("a release's bill of materials names every module and package, with hashes and licences", () => {
  const { filters } = installation();
  const modules = filters.flatMap(({ module }) => module ?? []);
  const sbom = sbomOf(ROOT, modules, bundled) as {
    components: { name: string; hashes?: unknown[]; licenses?: unknown[] }[];
  };
  const names = sbom.components.map(({ name }) => name);
  for (const name of ["ajv", "yaml", "citty", "assemblyscript", "model-tag.wasm"])
    assert.ok(names.includes(name), name);
  for (const { name, hashes, licenses } of sbom.components)
    assert.ok(hashes?.length === 1 && licenses?.length === 1, name);
});
