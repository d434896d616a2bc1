// Each filter's wasmplugin.yaml is what its example.yaml becomes today, and can be applied.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { refreshSamples } from "../../harness/deploy/samples.ts";
import { validateFiles } from "../../harness/deploy/validate.ts";
import { formatFault } from "../../harness/sluice-yaml/fault.ts";
import { installation } from "../../harness/sluice-yaml/filters.ts";

const from = installation();

test("every sample is up to date (else: node --import tsx harness/deploy/samples.ts)", () => {
  assert.deepEqual(refreshSamples(from, { write: false }), []);
});

for (const { name } of [...from.filters, ...(from.suite === undefined ? [] : [from.suite])]) {
  test(`the sample of ${name} is without a finding`, () => {
    const file = join("filters", name, "wasmplugin.yaml");
    const text = readFileSync(join(from.root, file), "utf8");
    assert.deepEqual(validateFiles([{ file, text }], from).map(formatFault), []);
  });
}
