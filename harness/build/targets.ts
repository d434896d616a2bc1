// The ways to compile a filter. Their options are the targets of asconfig.json; here is only where each result goes.

import { join } from "node:path";

/** `release` is what ships, `debug` has names and logs why it trapped, `scalar` is release without SIMD, to compare. */
export const TARGETS = ["release", "debug", "scalar"] as const;

/** One of `TARGETS`. */
export type Target = (typeof TARGETS)[number];

/** Where the module of `filter` is written. */
export function modulePath(root: string, filter: string, target: Target): string {
  return join(targetFolder(root, target), `${filter}.wasm`);
}

/** Where the modules of `target` are written: `build/` for what ships, a folder below it for the others. */
export function targetFolder(root: string, target: Target): string {
  return target === "release" ? join(root, "build") : join(root, "build", target);
}
