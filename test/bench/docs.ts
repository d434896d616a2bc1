// `make bench-docs FILE=...`: writes a run's figures into docs/performance.md, between its marks.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Results } from "./results.ts";
import { replaceSection, section } from "./section.ts";

const folder = ".cache/bench";
const page = "docs/performance.md";
const newest = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .sort()
  .at(-1);
const path = process.argv[2] || (newest && `${folder}/${newest}`);
if (path === undefined) {
  console.error("There are no figures yet: run `make bench`, or say FILE=a.json.");
  process.exit(2);
}
const results = JSON.parse(readFileSync(path, "utf8")) as Results;
writeFileSync(page, replaceSection(readFileSync(page, "utf8"), section(results)));
console.log(`${page} has the figures of ${path}`);
