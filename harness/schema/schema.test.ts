import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { bundleSchema } from "./bundle.ts";
import { durationNanos, scaleDecimal } from "./decimal.ts";
import { readSchema, refreshSchemas, SHARED_SCHEMA } from "./refresh.ts";
import type { Schema } from "./schema.ts";
import { renderTables, replaceTables } from "./table.ts";
import { compileSchema } from "./validator.ts";
import { compareVerdicts } from "./verdicts.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SHARED = JSON.parse(readFileSync(new URL(`../../${SHARED_SCHEMA}`, import.meta.url), "utf8")) as Schema;

const FILTER: Schema = {
  $id: "sample",
  type: "object",
  description: "A sample.",
  properties: {
    wait: { description: "How long a|b.", $ref: "#/$defs/duration", default: "5s" },
    rules: { description: "Rules.", type: "array", items: { $ref: "#/$defs/rule" } },
  },
  $defs: { rule: { type: "object", required: ["match"], properties: { match: { $ref: "#/$defs/match" } } } },
};

describe("a bundled schema", () => {
  const bundled = bundleSchema(FILTER, SHARED);

  it("has the shared fields and every definition that is used, and no other", () => {
    assert.ok(bundled.properties?.["consumers"]);
    assert.ok(bundled.$defs?.["rule"] && bundled.$defs["match"] && bundled.$defs["glob"] && bundled.$defs["consumer"]);
    assert.equal(bundled.$defs["money"], undefined);
    assert.equal(bundled.additionalProperties, false);
  });

  it("stays the same when it is bundled again", () => {
    assert.equal(JSON.stringify(bundleSchema(bundled, SHARED)), JSON.stringify(bundled));
  });

  it("takes over what was changed in the shared fields", () => {
    const changed = structuredClone(SHARED);
    (changed.$defs?.["glob"] as Schema).description = "changed";
    assert.equal(bundleSchema(bundled, changed).$defs?.["glob"]?.description, "changed");
  });
});

describe("the files of the filters", () => {
  it("are up to date (else run harness/schema/main.ts)", async () => {
    assert.deepEqual(await refreshSchemas(ROOT, { write: false }), []);
  });

  it("describe every field", () => {
    const undescribed: string[] = [];
    const visit = (node: Schema, path: string): void => {
      for (const [name, property] of Object.entries(node.properties ?? {})) {
        if (property.description === undefined && property.$ref === undefined) undescribed.push(`${path}.${name}`);
        visit(property, `${path}.${name}`);
        visit(property.items ?? {}, `${path}.${name}[]`);
      }
    };
    const schema = readSchema(ROOT, "model-tag");
    visit(schema, "");
    for (const [name, definition] of Object.entries(schema.$defs ?? {})) visit(definition, name);
    assert.deepEqual(undescribed, []);
  });
});

describe("the tables of a README", () => {
  const tables = renderTables(bundleSchema(FILTER, SHARED), SHARED);

  it("have a row for each field, with type, default and meaning", () => {
    assert.match(tables, /^\| `wait` \| duration \| `"5s"` \| How long a\\\|b\. \|$/m);
    assert.match(tables, /^\| `rules\[\]\.match` \| match \| required \|/m);
    assert.match(tables, /^\| `pair` \| `outer`, `inner` \| {2}\|/m);
  });

  it("explain each kind of object once", () => {
    assert.equal(tables.match(/^### A match$/gm)?.length, 1);
    assert.match(tables, /^\| `when\.jwt` \| map \|/m);
  });

  it("are put between the markers, and only there", () => {
    const readme = "# x\n\n<!-- config:begin -->\nold\n<!-- config:end -->\nend\n";
    const replaced = replaceTables(readme, "NEW") ?? "";
    assert.ok(replaced.startsWith("# x\n\n<!-- config:begin -->\n"));
    assert.ok(replaced.includes("\nNEW\n") && !replaced.includes("old"));
    assert.ok(replaced.endsWith("<!-- config:end -->\nend\n"));
    assert.equal(replaceTables(replaced, "NEW"), replaced);
    assert.equal(replaceTables("# no markers", "NEW"), undefined);
  });
});

describe("the validator", () => {
  const faultsOf = compileSchema(readSchema(ROOT, "model-tag"));
  const faults = (value: unknown): string[] => faultsOf(value).map(({ path, message }) => `${path}: ${message}`);
  const variants = (...percents: number[]) => percents.map((percent, i) => ({ name: `v${i}`, percent }));

  it("accepts an empty configuration", () => {
    assert.deepEqual(faults({}), []);
  });

  it("names the place and every fault", () => {
    assert.deepEqual(faults({ pair: "both", split: [{ name: "a", variants: [{ name: "x" }] }], tagall: true }), [
      ': unknown field "tagall"',
      "split[0].variants[0]: must have required property 'percent'",
      'pair: expected one of ["outer","inner"]',
    ]);
  });

  it("knows the bounds of durations", () => {
    assert.deepEqual(faults({ maxHeldTime: "10m" }), []);
    assert.deepEqual(faults({ maxHeldTime: "11m" }), ["maxHeldTime: the duration is out of bounds"]);
  });

  it("adds up shares exactly", () => {
    assert.deepEqual(faults({ split: [{ name: "a", variants: variants(33.3, 33.3, 33.4) }] }), []);
    assert.deepEqual(faults({ split: [{ name: "a", variants: variants(50, 50.0001) }] }), [
      "split[0].variants: the numbers add up to too much",
    ]);
  });

  it("wants distinct names, headers, and a rollback of a variant that there is", () => {
    const split = { name: "a", variants: variants(1, 2) };
    assert.deepEqual(faults({ split: [split, split] }), ["split: two entries have the same name"]);
    assert.deepEqual(faults({ headers: { model: "x-ai-tier" } }), ["headers: two members have the same value"]);
    assert.deepEqual(faults({ split: [{ ...split, rollback: { variant: "v9", errorRate: "0.1" } }] }), [
      "split[0]: the name is not in the list",
    ]);
  });
});

describe("comparing verdicts", () => {
  const schema: Schema = {
    type: "object",
    additionalProperties: false,
    properties: { size: { type: "integer", minimum: 0, maximum: 100 }, on: { type: "boolean" } },
  };

  it("finds a module that takes what the schema refuses, and one that refuses what it takes", () => {
    const lax = compareVerdicts(schema, (json) => (json.includes("unknownField") ? "unknown" : ""));
    assert.ok(lax.disagreements.some(({ path, json }) => path === "size" && json.includes("101")));
    const strict = compareVerdicts(schema, () => "no");
    assert.ok(strict.disagreements.some(({ json }) => json === "{}"));
  });

  it("finds nothing where both are one", () => {
    const judge = compileSchema(schema);
    const same = compareVerdicts(schema, (json) => (judge(JSON.parse(json)).length > 0 ? "no" : ""));
    assert.deepEqual(same.disagreements, []);
    assert.ok(same.judged > 50);
  });
});

describe("exact numbers", () => {
  it("round half up in magnitude", () => {
    assert.deepEqual(scaleDecimal("0.0005", 3), { value: 1n, isRounded: true });
    assert.deepEqual(scaleDecimal("-0.0004", 3), { value: 0n, isRounded: true });
    assert.deepEqual(scaleDecimal("1e+06", 0), { value: 1000000n, isRounded: false });
    assert.equal(scaleDecimal("1.", 0), undefined);
  });

  it("know durations", () => {
    assert.equal(durationNanos("5m"), 300_000_000_000n);
    assert.equal(durationNanos("05m"), undefined);
    assert.equal(durationNanos("5 m"), undefined);
  });
});
