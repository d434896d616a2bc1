// Compares two judges of configurations: a schema and the module that reads them.

import { mutationsOf } from "./mutations.ts";
import { samplesOf } from "./samples.ts";
import type { Schema } from "./schema.ts";
import { compileSchema } from "./validator.ts";

/** A configuration on which the judges differ. */
export interface Disagreement {
  path: string;
  json: string;
  schema: string;
  module: string;
}

/** What a comparison found. */
export interface Comparison {
  judged: number;
  disagreements: Disagreement[];
  /** For each changed place how many were accepted and refused by both. */
  byPath: Map<string, { accepted: number; refused: number }>;
}

/** The module's verdict: the text of its errors, empty when it accepts. */
export type ModuleVerdict = (json: string) => string;

/**
 * Judges the schema's samples and all variations of the fullest one by both. Thousands of verdicts, some seconds. `every`:
 * only each so-maniest of them, where the schema is made of others that were judged by themselves.
 */
export function compareVerdicts(schema: Schema, module: ModuleVerdict, every = 1): Comparison {
  const judge = compileSchema(schema);
  const comparison: Comparison = { judged: 0, disagreements: [], byPath: new Map() };
  let turn = 0;
  const compare = (path: string, value: unknown): void => {
    if (turn++ % every !== 0) return;
    const json = JSON.stringify(value);
    const schemaFaults = judge(JSON.parse(json)).map((fault) => `${fault.path}: ${fault.message}`);
    const moduleFaults = module(json);
    comparison.judged++;
    const counts = comparison.byPath.get(path) ?? { accepted: 0, refused: 0 };
    comparison.byPath.set(path, counts);
    if (schemaFaults.length === 0 && moduleFaults === "") counts.accepted++;
    else if (schemaFaults.length > 0 && moduleFaults !== "") counts.refused++;
    else comparison.disagreements.push({ path, json, schema: schemaFaults.join("; "), module: moduleFaults });
  };
  const samples = samplesOf(schema);
  for (const sample of samples) compare("", sample);
  for (const { path, value } of mutationsOf(samples.at(-1))) compare(path, value);
  return comparison;
}
