// Runs one part in child processes, each in its own process group, and collects its counts.

import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sumCounts, type Counts } from "./counts.ts";
import type { Part } from "./parts.ts";

const NODE_TESTS = fileURLToPath(new URL("./node-tests.ts", import.meta.url));
const LINT = fileURLToPath(new URL("../lint/main.ts", import.meta.url));
const SPECS_AT_ONCE = 2;
const GRACE_MS = 5_000;
const running = new Set<ChildProcess>();

/**
 * Runs `part`, those tests whose name matches `namePattern` when it is not empty. Its output goes to the terminal as it
 * comes, unless `output` is "ignore". A part that outlives its bound counts as a failure.
 */
export async function runPart(
  part: Part,
  root: string,
  namePattern: string,
  output: "inherit" | "ignore" = "inherit",
): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-test-"));
  try {
    const deadlineMs = Date.now() + part.timeoutMinutes * 60_000;
    const shards = commandsOf(part, namePattern, (index) => join(folder, `${index}.json`));
    return sumCounts(await Promise.all(shards.map((shard) => runShard(shard, root, deadlineMs, output))));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Ends what runs, with all that it started. */
export function stopAll(signal: NodeJS.Signals): void {
  for (const child of running) signalGroup(child, signal);
}

interface Shard {
  args: string[];
  countsFile: string;
  /** as-pect prints a banner of its own on stdout, and what is wanted on stderr. */
  isQuietOnStdout?: boolean;
}

function commandsOf(part: Part, namePattern: string, countsFileOf: (index: number) => string): Shard[] {
  const tsx = ["--import", import.meta.resolve("tsx")];
  const countsFile = countsFileOf(0);
  if (part.kind === "lint") return [{ args: [...tsx, LINT], countsFile }];
  if (part.kind === "node") {
    return [{ args: [...tsx, NODE_TESTS, countsFile, namePattern, ...part.files], countsFile }];
  }
  const asPect = ["--import", "./test/unit/as-pect.hook.js", "node_modules/@as-pect/cli/lib/test.js"];
  const config = ["-c", "test/unit/as-pect.config.js", "-a", "test/unit/as-pect.asconfig.json"];
  // Compiling takes the time, a second or two for each spec: deal the specs out to processes.
  return Array.from({ length: Math.min(SPECS_AT_ONCE, part.files.length) }, (_, index) => {
    const specs = part.files.filter((_file, at) => at % SPECS_AT_ONCE === index);
    return { args: [...asPect, ...config, ...specs], countsFile: countsFileOf(index), isQuietOnStdout: true };
  });
}

async function runShard(
  { args, countsFile, isQuietOnStdout = false }: Shard,
  root: string,
  deadlineMs: number,
  output: "inherit" | "ignore",
): Promise<Counts> {
  const child = spawn(process.execPath, args, {
    cwd: root,
    detached: true,
    stdio: ["ignore", isQuietOnStdout ? "ignore" : output, output === "inherit" ? process.stdout : output],
    // Without Node's mark of a test process: this runs in tests as well.
    env: { ...process.env, SLUICE_COUNTS: countsFile, NODE_TEST_CONTEXT: undefined },
  });
  running.add(child);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    signalGroup(child, "SIGTERM");
    setTimeout(() => signalGroup(child, "SIGKILL"), GRACE_MS).unref();
  }, deadlineMs - Date.now());
  const ended = await new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(code === 0 ? "" : `ended with ${signal ?? code}`));
  });
  clearTimeout(timer);
  running.delete(child);
  // Whatever a test left running ends here.
  signalGroup(child, "SIGKILL");
  const counts = readCounts(countsFile);
  if (timedOut || (ended !== "" && counts.failed.length === 0)) {
    const reason = timedOut ? "took longer than its bound and was ended" : ended;
    if (output === "inherit") console.log(`✖ ${reason}`);
    counts.failed.push(reason);
  }
  return counts;
}

function readCounts(path: string): Counts {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Counts;
  } catch {
    return { passed: 0, failed: [], skipped: [] };
  }
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group has ended.
  }
}
