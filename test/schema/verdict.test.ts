import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { listSchemas, readSchema } from "../../harness/schema/refresh.ts";
import { samplesOf } from "../../harness/schema/samples.ts";
import { compileSchema } from "../../harness/schema/validator.ts";
import { SUITE } from "../../harness/schema/suite.ts";
import { compareVerdicts, type ModuleVerdict } from "../../harness/schema/verdicts.ts";
import { loadModule } from "./module.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The exports of a `<filter>.as.ts`. */
interface Judge extends WebAssembly.Exports {
  memory: WebAssembly.Memory;
  allocate(size: number): number;
  configure(pointer: number, length: number): number;
  reportPointer(): number;
  reportLength(): number;
  collect(): void;
}

function verdictOf(judge: Judge): ModuleVerdict {
  return (json) => {
    const text = new TextEncoder().encode(json);
    const pointer = judge.allocate(text.length);
    new Uint8Array(judge.memory.buffer).set(text, pointer);
    const count = judge.configure(pointer, text.length);
    const report = new Uint8Array(judge.memory.buffer, judge.reportPointer(), judge.reportLength());
    const [errors = ""] = new TextDecoder().decode(report).split("\0");
    judge.collect();
    assert.equal(count > 0, errors !== "");
    return errors;
  };
}

for (const filter of listSchemas(ROOT)) {
  // The suite is made of the others: a thirtieth of its many variations shows that they are in their places.
  const every = filter === SUITE ? 30 : 1;
  describe(`the schema and the module of ${filter}`, () => {
    let judge: Judge;
    let module: ModuleVerdict;

    before(async () => {
      judge = (await loadModule(filter)) as Judge;
      module = verdictOf(judge);
    });

    it("accept an empty configuration", () => {
      assert.equal(module("{}"), "");
      assert.equal(module(""), "");
    });

    it("accept and refuse the same configurations", () => {
      const { judged, disagreements, byPath } = compareVerdicts(readSchema(ROOT, filter), module, every);
      assert.deepEqual(disagreements.slice(0, 10), [], `${disagreements.length} of ${judged} differ`);
      const isWhole = every === 1;
      for (const [path, { refused }] of byPath)
        assert.ok(refused > 0 || !isWhole, `nothing wrong was tried at ${path}`);
      assert.ok(judged > 1000);
    });

    it("accept every sample of the schema", () => {
      const schema = readSchema(ROOT, filter);
      const judgeBySchema = compileSchema(schema);
      for (const [index, sample] of samplesOf(schema).entries()) {
        if (index % every !== 0) continue;
        assert.deepEqual(judgeBySchema(sample), []);
        assert.equal(module(JSON.stringify(sample)), "");
      }
    });

    it("leave no memory behind, however many configurations come", () => {
      const fullest = JSON.stringify(samplesOf(readSchema(ROOT, filter)).at(-1));
      for (let i = 0; i < 20; i++) module(fullest);
      const settled = judge.memory.buffer.byteLength;
      for (let i = 0; i < 1000; i++) module(fullest);
      assert.equal(judge.memory.buffer.byteLength, settled);
    });
  });
}
