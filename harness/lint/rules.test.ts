// The lint rules of this repository refuse what they are there to refuse, and nothing else.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ESLint } from "eslint";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const eslint = new ESLint({ cwd: ROOT });

/** What the linter says of `text` as if it stood in `path`. */
async function lint(path: string, text: string): Promise<string[]> {
  const [result] = await eslint.lintText(text, { filePath: path });
  return (result?.messages ?? []).map(({ ruleId, message }) => `${ruleId ?? ""}: ${message}`);
}

const DOWN = [
  ["filters/model-tag/index.ts", "../../runtime/ai/model"],
  ["filters/suite/index.ts", "../model-tag/index"],
  ["runtime/ai/model.ts", "../parse/json"],
  ["runtime/stream/dispatch.ts", "../host/body"],
  ["runtime/parse/json.ts", "../bytes/bytes"],
  ["runtime/abi/exports/log.ts", "../../bytes/arena"],
  ["runtime/ai/plugin.ts", "../telemetry/errors"],
  ["runtime/index.ts", "./stream/dispatch"],
  ["test/unit/parse/json.spec.ts", "../../../runtime/parse/json"],
  ["test/fuzz/json.as.ts", "../../runtime/parse/json"],
] as const;

const UP = [
  ["runtime/bytes/bytes.ts", "../parse/json"],
  ["runtime/abi/exports/log.ts", "../../stream/dispatch"],
  ["runtime/host/body.ts", "../stream/dispatch"],
  ["runtime/stream/dispatch.ts", "../ai/model"],
  ["runtime/parse/json.ts", "../index"],
  ["runtime/ai/model.ts", "../../filters/model-tag/config"],
  ["filters/model-tag/index.ts", "../rate-limit/bucket"],
  ["harness/error.ts", "../runtime/abi/enums.ts"],
  ["harness/error.ts", "../filters/empty/index.ts"],
] as const;

for (const [file, target] of DOWN) {
  test(`${file} may import ${target}`, async () => {
    assert.deepEqual(await lint(file, `export * from "${target}";\n`), []);
  });
}

for (const [file, target] of UP) {
  test(`${file} must not import ${target}`, async () => {
    const messages = await lint(file, `export * from "${target}";\n`);
    assert.equal(messages.length, 1, messages.join("\n"));
    assert.match(messages[0] ?? "", /^sluice\/one-way-imports: .* must not import /);
  });
}

const TRAPS = [
  "export function f(): void { throw new Error(); }",
  "export function f(a: i32): void { assert(a > 0); }",
  "export function f(): void { unreachable(); }",
  "export function f(a: string | null): i32 { return a!.length; }",
];

for (const text of TRAPS) {
  test(`code of a module must not trap: ${text}`, async () => {
    for (const path of ["runtime/host/body.ts", "filters/model-tag/index.ts"]) {
      assert.match((await lint(path, `${text}\n`)).join("\n"), /^no-restricted-syntax: /);
    }
    assert.doesNotMatch((await lint("test/unit/a.spec.ts", `${text}\n`)).join("\n"), /no-restricted-syntax/);
  });
}

test("host calls are declared in runtime/abi only", async () => {
  const text = '// @external in a comment\n@external("env", "f")\nexport declare function f(): void;\n';
  assert.deepEqual(await lint("runtime/abi/imports.ts", text), []);
  const [message] = await lint("runtime/host/body.ts", text);
  assert.match(message ?? "", /^sluice\/external-in-abi: /);
});
