// Builds filters: skips what is current, compiles the rest, two at a time.

import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { HarnessError } from "../error.ts";
import { compileFilter } from "./compile.ts";
import { listFilters } from "./filters.ts";
import { isCurrent, writeModule } from "./stamp.ts";
import { modulePath, targetFolder, type Target } from "./targets.ts";

const AT_ONCE = 2;

/** One module after a build. */
export interface Built {
  filter: string;
  bytes: number;
  /** How long the compiler took; undefined when the module was current. */
  seconds?: number;
}

/**
 * Builds `filters`, calling `onCompiled` as each is done. Every filter is tried; then throws one error with what the
 * compiler said of all that failed.
 */
export async function buildFilters(
  root: string,
  filters: readonly string[],
  target: Target,
  onCompiled?: (built: Built) => void,
): Promise<Built[]> {
  const built = new Map<string, Built>();
  const failures: string[] = [];
  const waiting = filters.filter((filter) => {
    if (!isCurrent(root, filter, target)) return true;
    built.set(filter, { filter, bytes: sizeOf(root, filter, target) });
    return false;
  });
  const compileNext = async (): Promise<void> => {
    for (let filter = waiting.shift(); filter !== undefined; filter = waiting.shift()) {
      const startMs = performance.now();
      try {
        writeModule(root, filter, target, await compileFilter(root, filter, target));
      } catch (error) {
        if (!(error instanceof HarnessError)) throw error;
        failures.push(error.message);
        continue;
      }
      const seconds = (performance.now() - startMs) / 1000;
      const result = { filter, bytes: sizeOf(root, filter, target), seconds };
      built.set(filter, result);
      onCompiled?.(result);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, compileNext));
  if (failures.length > 0) throw new HarnessError(failures.join("\n\n"), "build-failed");
  return filters.flatMap((filter) => built.get(filter) ?? []);
}

/** Removes modules whose filter is gone, so that nothing tests or ships them. */
export function removeOrphans(root: string, target: Target): void {
  const filters = listFilters(root);
  const folder = targetFolder(root, target);
  for (const name of readdirSync(folder)) {
    if (name.endsWith(".wasm") && !filters.includes(name.slice(0, -".wasm".length))) rmSync(join(folder, name));
  }
}

function sizeOf(root: string, filter: string, target: Target): number {
  return statSync(modulePath(root, filter, target)).size;
}
