// `make new NAME=x`: starts a filter as a copy of the smallest one.
//
//   node --import tsx harness/setup/new-filter.ts NAME

import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { HarnessError } from "../error.ts";

const SMALLEST = "empty";
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/** Copies `filters/empty` below `root` to `filters/<name>`, under its new name throughout. Returns the new folder. */
export function createFilter(root: string, name: string): string {
  if (!NAME.test(name)) {
    throw new HarnessError(
      `A filter's name is its folder, module and metric prefix: small letters, digits and single hyphens, such as ` +
        `token-budget; got "${name}". Try: make new NAME=token-budget`,
      "filter-name",
    );
  }
  const folder = join(root, "filters", name);
  if (existsSync(folder)) throw new HarnessError(`filters/${name} is there already`, "filter-exists");
  cpSync(join(root, "filters", SMALLEST), folder, { recursive: true });
  for (const file of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const path = join(file.parentPath, file.name);
    writeFileSync(path, rename(readFileSync(path, "utf8"), name));
  }
  return folder;
}

/** Replaces the name where it stands as a name (quoted, in a path, a heading, a class), not the word of a sentence. */
function rename(text: string, name: string): string {
  const pascal = name.replace(/(?:^|-)(.)/g, (_match, first: string) => first.toUpperCase());
  return text
    .replaceAll(new RegExp(`(["'\`/])${SMALLEST}(?=["'\`/.])`, "g"), `$1${name}`)
    .replaceAll(new RegExp(`^# ${SMALLEST}$`, "gm"), `# ${name}`)
    .replaceAll(/\bEmpty(?=[A-Z])/g, pascal);
}

function main(): void {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const name = process.argv[2] ?? "";
  createFilter(root, name);
  console.log(`filters/${name} is a copy of filters/${SMALLEST}. Next:
  edit  filters/${name}/index.ts
  make  build/${name}.wasm`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    main();
  } catch (error) {
    if (!(error instanceof HarnessError)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}
