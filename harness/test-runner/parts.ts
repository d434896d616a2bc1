// Which parts the tests have: lint, the unit specs, the harness's own tests, and every other folder of test/.

import { globSync } from "tinyglobby";
import { HarnessError } from "../error.ts";

/** One part: what runs it, on which files, for how long at most. */
export interface Part {
  name: string;
  kind: "lint" | "as-pect" | "node";
  files: string[];
  timeoutMinutes: number;
}

/** Order of the parts: what fails fastest first. Other folders of test/ follow by name. */
const FIRST = ["lint", "unit", "harness", "host"];
const DEFAULT_TIMEOUT_MINUTES = 10;
const TIMEOUT_MINUTES: Record<string, number> = { deploy: 20, envoy: 40, fuzz: 15, host: 20, schema: 15 };
const IGNORED = ["**/node_modules/**", "build/**", ".cache/**"];

/** Every part that has files. Throws when a test file lies where no part would run it. */
export function findParts(root: string): Part[] {
  const files = globSync(["**/*.test.ts", "test/unit/**/*.spec.ts"], { cwd: root, ignore: IGNORED }).sort();
  const byPart = new Map<string, string[]>([["lint", []]]);
  for (const file of files) {
    const name = partOf(file);
    byPart.set(name, [...(byPart.get(name) ?? []), file]);
  }
  const names = [...byPart.keys()].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return names.map((name) => ({
    name,
    kind: name === "lint" ? "lint" : name === "unit" ? "as-pect" : "node",
    files: byPart.get(name) ?? [],
    timeoutMinutes: TIMEOUT_MINUTES[name] ?? DEFAULT_TIMEOUT_MINUTES,
  }));
}

function partOf(file: string): string {
  const [top, part, ...rest] = file.split("/");
  if (top === "harness") return "harness";
  const isSpec = file.endsWith(".spec.ts");
  if (top === "test" && part !== undefined && rest.length > 0 && (part === "unit") === isSpec) return part;
  throw new HarnessError(
    `${file} is in no part of the tests, so nothing would run it. Tests are test/<part>/*.test.ts, harness/**/*.test.ts ` +
      `or test/unit/**/*.spec.ts.`,
    "test-misplaced",
  );
}

function rank(name: string): number {
  const at = FIRST.indexOf(name);
  return at < 0 ? FIRST.length : at;
}
