// Finds the schemas of all filters and brings their bundles and their READMEs' tables up to date.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { format } from "prettier";
import { bundleSchema } from "./bundle.ts";
import { composeSuite, SUITE } from "./suite.ts";
import type { Schema } from "./schema.ts";
import { renderTables, replaceTables } from "./table.ts";

/** The shared fields' schema, below the repository's root. */
export const SHARED_SCHEMA = "runtime/config/shared.schema.json";

/** Names of the folders of `filters/` that have a schema. */
export function listSchemas(root: string): string[] {
  const folders = readdirSync(join(root, "filters")).sort();
  return folders.filter((name) => existsSync(join(root, "filters", name, "config.schema.json")));
}

/** A filter's schema, bundled as it should be whatever the file's state. The suite's is made of all the others. */
export function readSchema(root: string, filter: string): Schema {
  const shared = readJson(join(root, SHARED_SCHEMA));
  if (filter !== SUITE) return bundleSchema(readJson(schemaFile(root, filter)), shared);
  const names = listSchemas(root).filter((name) => name !== SUITE);
  const schemas = names.map((name) => readJson(schemaFile(root, name)));
  return bundleSchema(composeSuite(schemas, shared), shared);
}

function schemaFile(root: string, filter: string): string {
  return join(root, "filters", filter, "config.schema.json");
}

/** Answers the files that were not up to date, and writes them anew when told to. */
export async function refreshSchemas(root: string, options: { write: boolean }): Promise<string[]> {
  const stale: string[] = [];
  const refresh = (file: string, text: string, isFresh: boolean): void => {
    if (isFresh) return;
    stale.push(relative(root, file));
    if (options.write) writeFileSync(file, text);
  };
  const shared = readJson(join(root, SHARED_SCHEMA));
  for (const filter of listSchemas(root)) {
    const folder = join(root, "filters", filter);
    const schema = readSchema(root, filter);
    const schemaFile = join(folder, "config.schema.json");
    const isFresh = JSON.stringify(readJson(schemaFile)) === JSON.stringify(schema); // the format is the formatter's
    refresh(schemaFile, await format(JSON.stringify(schema), { parser: "json", printWidth: 120 }), isFresh);

    const readmeFile = join(folder, "README.md");
    if (!existsSync(readmeFile)) continue;
    const readme = readFileSync(readmeFile, "utf8");
    const replaced = replaceTables(readme, renderTables(schema, shared));
    if (replaced === undefined) continue;
    refresh(readmeFile, replaced, replaced === readme);
  }
  return stale;
}

function readJson(file: string): Schema {
  return JSON.parse(readFileSync(file, "utf8")) as Schema;
}
