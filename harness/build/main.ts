// `make build`: compiles the filters and prints how large they became.
//
//   node --import tsx harness/build/main.ts [--target release|debug|scalar] [FILTER...]

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { HarnessError } from "../error.ts";
import { buildFilters, removeOrphans, type Built } from "./build.ts";
import { listFilters, requireFilter } from "./filters.ts";
import { TARGETS, targetFolder, type Target } from "./targets.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { target: { type: "string", default: "release" } },
    allowPositionals: true,
  });
  const target = TARGETS.find((name) => name === values.target);
  if (target === undefined) {
    throw new HarnessError(`--target takes one of ${TARGETS.join(", ")}, not "${values.target}"`, "usage");
  }
  for (const name of positionals) requireFilter(ROOT, name);
  const filters = positionals.length > 0 ? positionals : listFilters(ROOT);
  const built = await buildFilters(ROOT, filters, target, ({ filter, seconds = 0 }) => {
    console.log(`compiled ${filter} in ${seconds.toFixed(1)} s`);
  });
  if (positionals.length === 0) removeOrphans(ROOT, target);
  console.log(sizeTable(built, target));
}

function sizeTable(built: Built[], target: Target): string {
  const folder = targetFolder("", target);
  const rows = built.map(({ filter, bytes, seconds }) => [
    `${folder}/${filter}.wasm`,
    String(bytes),
    (bytes / 1024).toFixed(1),
    seconds === undefined ? "unchanged" : "built",
  ]);
  const table = [["module", "bytes", "KiB", ""], ...rows];
  const width = (column: number): number => Math.max(...table.map((row) => row[column]?.length ?? 0));
  const [name, bytes, kib] = [width(0), width(1), width(2)];
  return table
    .map(([a = "", b = "", c = "", d = ""]) =>
      `${a.padEnd(name)}  ${b.padStart(bytes)}  ${c.padStart(kib)}  ${d}`.trimEnd(),
    )
    .join("\n");
}

try {
  await main();
} catch (error) {
  if (!(error instanceof HarnessError)) throw error;
  console.error(error.message);
  process.exitCode = error.code === "usage" || error.code === "filter-unknown" ? 2 : 1;
}
