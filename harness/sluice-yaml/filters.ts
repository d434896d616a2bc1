// Which filters this installation has: their modules and schemas, found by folder. There is no list to keep.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { HarnessError } from "../error.ts";
import type { Schema } from "../schema/schema.ts";

/** The module that holds all filters. */
export const SUITE = "suite";

/** One filter (or the suite). */
export interface InstalledFilter {
  /** Its folder and its module: `model-tag`. */
  name: string;
  /** Its member in sluice.yaml and in the suite's configuration: `modelTag`. */
  key: string;
  /** The compiled module; undefined where it is not built. */
  module: string | undefined;
  schema: Schema;
}

/** An installation: a checkout, or the npm package. */
export interface Installation {
  root: string;
  version: string;
  /** By name, in their order; without the suite. */
  filters: InstalledFilter[];
  /** The module of all filters, where there is one. */
  suite: InstalledFilter | undefined;
  /** The schema of the fields that all modules share. */
  shared: Schema;
}

let found: Installation | undefined;

/** The installation that this code is part of; read once. */
export function installation(): Installation {
  found ??= readInstallation(packageRoot());
  return found;
}

/** Reads an installation. Filters that have no schema (examples) are left out. */
export function readInstallation(root: string): Installation {
  const folders = readdirSync(join(root, "filters")).sort();
  const all = folders
    .filter((name) => existsSync(join(root, "filters", name, "config.schema.json")))
    .map((name) => {
      const module = join(root, "build", `${name}.wasm`);
      return {
        name,
        key: camelCase(name),
        module: existsSync(module) ? module : undefined,
        schema: readJson(join(root, "filters", name, "config.schema.json")),
      };
    });
  return {
    root,
    version: String((readJson(join(root, "package.json")) as { version?: unknown }).version),
    filters: all.filter(({ name }) => name !== SUITE),
    suite: all.find(({ name }) => name === SUITE),
    shared: readJson(join(root, "runtime", "config", "shared.schema.json")),
  };
}

/** The top of the checkout or package that holds this file. */
export function packageRoot(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json")) && existsSync(join(folder, "filters"))) return folder;
    if (folder === dirname(folder)) {
      throw new HarnessError("the package is not whole: it has no filters; install it again", "package-broken");
    }
  }
}

/** The module's path. Throws, saying what to do, where it is not built. */
export function requireModule(filter: InstalledFilter): string {
  if (filter.module !== undefined) return filter.module;
  throw new HarnessError(
    `build/${filter.name}.wasm is not there: run make build/${filter.name}.wasm`,
    "module-missing",
  );
}

/** `modelTag` for `model-tag`. */
export function camelCase(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function readJson(path: string): Schema {
  return JSON.parse(readFileSync(path, "utf8")) as Schema;
}
