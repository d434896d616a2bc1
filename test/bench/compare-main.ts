// `make bench-compare OLD=a.json NEW=b.json`: what changed beyond the noise. Without names: the two newest of .cache/bench.
import { readdirSync, readFileSync } from "node:fs";
import { table } from "../../harness/demo/table.ts";
import { changes, onlyIn } from "./compare.ts";
import { show } from "./numbers.ts";
import type { Results } from "./results.ts";

const folder = ".cache/bench";
const [newest, second] = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .sort()
  .reverse()
  .map((name) => `${folder}/${name}`);
const oldPath = process.argv[2] || second;
const newPath = process.argv[3] || newest;
if (oldPath === undefined || newPath === undefined) {
  console.error("There is nothing to compare yet: run `make bench` twice, or say OLD=a.json NEW=b.json.");
  process.exit(2);
}

const read = (path: string) => JSON.parse(readFileSync(path, "utf8")) as Results;
const [before, after] = [read(oldPath), read(newPath)];
const all = changes(before, after);
const rows = all
  .filter((one) => one.verdict !== "same")
  .map((one) => [
    one.verdict,
    one.name,
    show(one.before),
    show(one.after),
    show(one.after - one.before),
    show(one.noise),
  ]);
console.log(`old: ${oldPath} (${before.rounds} rounds)\nnew: ${newPath} (${after.rounds} rounds)\n`);
if (rows.length > 0) console.log(`${table(["", "figure (CPU: over no filter)", "old", "new", "by", "noise"], rows)}\n`);
console.log(`${rows.length} of ${all.length} figures changed by more than the noise.`);
for (const [which, names] of [
  ["old", onlyIn(before, after)],
  ["new", onlyIn(after, before)],
] as const) {
  if (names.length > 0) console.log(`Only in the ${which} one: ${names.join(", ")}`);
}
