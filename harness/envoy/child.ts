// Starts Envoy as a child that never outlives this process.
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, openSync, closeSync, rmSync } from "node:fs";
import { basename } from "node:path";
import type { EnvoyBinary } from "./binary.ts";

const running = new Map<ChildProcess, { envoy: EnvoyBinary; folder: string }>();
let watchesExit = false;

/**
 * Starts Envoy with `args`, its output in `logPath`; `folder` is where all its files are, removed with it. It dies with
 * this process: at exit, on SIGINT and SIGTERM, and on Linux by the kernel even when this process is killed. Of this
 * process's environment a container gets what `environment` names.
 */
export function startChild(
  envoy: EnvoyBinary,
  args: string[],
  folder: string,
  logPath: string,
  environment: readonly string[] = [],
): ChildProcess {
  const [command, ...all] = commandLine(envoy, args, folder, environment);
  const log = openSync(logPath, "a");
  const child = spawn(command as string, all, { stdio: ["ignore", log, log], cwd: folder });
  closeSync(log);
  child.unref();
  running.set(child, { envoy, folder });
  child.once("exit", () => running.delete(child));
  watchExit();
  return child;
}

/** Ends it at once, with no regard to what it does. */
export function killNow(child: ChildProcess, envoy: EnvoyBinary, folder: string): void {
  // What runs in a container outlives the command that started it.
  if (envoy.kind === "docker") spawnSync("docker", ["rm", "--force", basename(folder)], { stdio: "ignore" });
  child.kill("SIGKILL");
}

/** The process id of Envoy itself: of a container its first process, as this machine numbers it. */
export function pidOf(child: ChildProcess, envoy: EnvoyBinary, folder: string): number {
  if (envoy.kind === "binary") return child.pid ?? 0;
  const format = ["--format", "{{.State.Pid}}", basename(folder)];
  return Number(execFileSync("docker", ["inspect", ...format], { encoding: "utf8" }));
}

function commandLine(envoy: EnvoyBinary, args: string[], folder: string, environment: readonly string[]): string[] {
  if (envoy.kind === "docker") {
    const user = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
    const mount = ["--volume", `${folder}:${folder}`, "--workdir", folder, "--user", user];
    const name = ["--name", basename(folder)];
    return [
      "docker",
      "run",
      "--rm",
      ...name,
      "--network",
      "host",
      ...mount,
      ...environment.flatMap((variable) => ["--env", variable]),
      "--entrypoint",
      "envoy",
      envoy.image,
      ...args,
    ];
  }
  const setpriv = "/usr/bin/setpriv";
  if (process.platform === "linux" && existsSync(setpriv)) {
    return [setpriv, "--pdeathsig", "KILL", envoy.path, ...args];
  }
  return [envoy.path, ...args];
}

function watchExit(): void {
  if (watchesExit) return;
  watchesExit = true;
  process.on("exit", endAll);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    const onSignal = () => {
      endAll();
      process.off(signal, onSignal);
      // Others may listen to the signal too; where nobody does, it does what it always did.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    };
    process.on(signal, onSignal);
  }
}

function endAll(): void {
  for (const [child, { envoy, folder }] of running) {
    killNow(child, envoy, folder);
    rmSync(folder, { recursive: true, force: true });
  }
  running.clear();
}
