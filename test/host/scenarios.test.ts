// Every scenario in the in-process host.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { runInHost } from "../../harness/host/run-scenario.ts";
import { checkResult } from "../../harness/scenario/check.ts";
import { scenarios } from "../scenarios/all.ts";

const modules = new Map<string, Uint8Array>();

/** A module of build/, read once. */
function loadModule(path: string): Uint8Array {
  let bytes = modules.get(path);
  if (bytes === undefined) modules.set(path, (bytes = readFileSync(path)));
  return bytes;
}

for (const scenario of scenarios) {
  if (scenario.only?.host === "envoy") continue;
  test(scenario.name, () => {
    assert.deepEqual(checkResult(scenario, runInHost(scenario, loadModule)), []);
  });
}
