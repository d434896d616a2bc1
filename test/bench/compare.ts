// `make bench-compare OLD=a.json NEW=b.json`: which medians changed by more than the noise of both runs.
import { readdirSync, readFileSync } from "node:fs";
import { table } from "../../harness/demo/table.ts";
import { show, type Spread } from "./numbers.ts";

interface Run {
  figures: { name: string; micros: Spread; overMicros?: Spread }[];
  modules: { name: string; bytes: number }[];
}

const folder = ".cache/bench";
const latest = readdirSync(folder)
  .filter((name) => name.endsWith(".json"))
  .sort()
  .slice(-2);
const oldPath = process.env["OLD"] ?? `${folder}/${latest[0] ?? ""}`;
const newPath = process.env["NEW"] ?? `${folder}/${latest[1] ?? ""}`;
const read = (path: string) => JSON.parse(readFileSync(path, "utf8")) as Run;
const [before, after] = [read(oldPath), read(newPath)];

const rows = after.figures.flatMap((now) => {
  const then = before.figures.find((one) => one.name === now.name);
  if (then === undefined) return [];
  const a = then.overMicros ?? then.micros;
  const b = now.overMicros ?? now.micros;
  const noise = Math.max(a.max - a.min, b.max - b.min) / 2;
  const change = b.median - a.median;
  const verdict = Math.abs(change) <= noise ? "within the noise" : change < 0 ? "faster" : "slower";
  return [[now.name, show(a.median), show(b.median), show(change), show(noise), verdict]];
});
console.log(`${oldPath}\n${newPath}\n`);
console.log(table(["job (µs over its base)", "old", "new", "change", "noise", ""], rows));
const sizes = after.modules.map((now) => {
  const then = before.modules.find((one) => one.name === now.name);
  return [now.name, String(then?.bytes ?? "—"), String(now.bytes)];
});
console.log(`\n${table(["module, bytes", "old", "new"], sizes)}`);
