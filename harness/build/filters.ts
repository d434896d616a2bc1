// Which filters there are: every folder of filters/ with an index.ts. There is no list to keep.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { HarnessError } from "../error.ts";

/** The folders of `filters/` that are filters, in the order of their names. */
export function listFilters(root: string): string[] {
  const folder = join(root, "filters");
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, "index.ts")))
    .map((entry) => entry.name)
    .sort();
}

/** Throws, naming what there is, when `name` is no filter of this repository. */
export function requireFilter(root: string, name: string): void {
  const names = listFilters(root);
  if (names.includes(name)) return;
  throw new HarnessError(`There is no filter "${name}"; there are: ${names.join(", ")}`, "filter-unknown");
}
