// Every scenario in a real Envoy, of the default version and of the oldest that is supported; both hosts must agree.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, describe, test } from "node:test";
import { EnvoyScenarios } from "../../harness/envoy/scenario/host.ts";
import { defaultEnvoyVersion, oldestEnvoyVersion } from "../../harness/envoy/version.ts";
import { runInHost } from "../../harness/host/run-scenario.ts";
import { checkResult } from "../../harness/scenario/check.ts";
import { compareResults } from "../../harness/scenario/compare.ts";
import { scenarios } from "../scenarios/all.ts";

for (const version of [defaultEnvoyVersion, oldestEnvoyVersion]) {
  describe(`Envoy ${version}`, { concurrency: 2 }, () => {
    const envoys = new EnvoyScenarios({ version, parallel: 2 });
    after(() => envoys.stop());
    for (const scenario of scenarios) {
      if (scenario.only?.host === "in-process") continue;
      test(scenario.name, async () => {
        const epochMs = Date.now();
        const result = await envoys.run(scenario);
        assert.deepEqual(checkResult(scenario, result), []);
        if (scenario.only === undefined) {
          // At the same time of the same day: months are not equally long.
          const inProcess = runInHost(scenario, (path) => readFileSync(path), { epochMs });
          assert.deepEqual(compareResults(inProcess, result), []);
        }
      });
    }
  });
}
