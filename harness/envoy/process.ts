// Starts a real Envoy, changes its configuration while it runs, reads what it knows, stops it.
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { HarnessError } from "../error.ts";
import { parseAccessLogLine, type AccessLogEntry } from "./access-log.ts";
import { adminCall, adminText, listenerPorts, plainStats } from "./admin.ts";
import { findEnvoy, type EnvoyBinary } from "./binary.ts";
import type { BootstrapConfig } from "./bootstrap.ts";
import { killNow, pidOf, startChild } from "./child.ts";
import { ConfigFiles } from "./config-files.ts";
import type { EnvoyConfig } from "./config.ts";
import {
  LogFile,
  logFormat,
  logLines,
  pluginLines,
  refusalReasons,
  trapLines,
  type EnvoyLogLine,
  type PluginLogLine,
} from "./log.ts";
import { Stats } from "./stats.ts";
import { cpuMillis, memoryBytes } from "./usage.ts";

/** What is fixed for the life of the process. */
export interface EnvoyOptions extends BootstrapConfig {
  /** Found already; default `findEnvoy({version})`. */
  envoy?: EnvoyBinary;
  version?: string;
  /** Workers; default 1. */
  concurrency?: number;
  /** Default `warning`, plugins `info`. */
  logLevel?: string;
  pluginLogLevel?: string;
  /** Default 15,000. */
  readyTimeoutMs?: number;
  /** How long old filter chains live on after a change; default 1. */
  drainSeconds?: number;
  /** Default gradual. Immediate: after a change connections are asked at once to go over to the new filter chains. */
  drainStrategy?: "gradual" | "immediate";
  /** Variables of this process's environment that Envoy's configuration reads. */
  environment?: readonly string[];
  /** Where modules with relative paths are; default the working folder. */
  root?: string;
  /** Default false: `stop` throws `wasm-trap` if a VM died and `envoy-crashed` if Envoy did. */
  allowFaults?: boolean;
  /** Default false: a first configuration that Envoy refuses makes `startEnvoy` throw `envoy-config-refused`. */
  allowRefused?: boolean;
  progress?: (line: string) => void;
}

/** What became of a changed configuration. */
export interface UpdateResult {
  accepted: boolean;
  /** Why not: Envoy's words and the plugins'. */
  reasons: string[];
}

const pollMs = 5;

/** Starts Envoy and waits until it serves. Throws `envoy-not-ready` or `envoy-config-refused` with the end of its log. */
export async function startEnvoy(config: EnvoyConfig, options: EnvoyOptions = {}): Promise<Envoy> {
  const find = {
    ...(options.version && { version: options.version }),
    ...(options.progress && { progress: options.progress }),
  };
  const binary = options.envoy ?? (await findEnvoy(find));
  const envoy = new Envoy(binary, options);
  try {
    await envoy.start(config);
    return envoy;
  } catch (error) {
    await envoy.kill();
    throw error;
  }
}

/** A running Envoy. */
export class Envoy {
  readonly binary: EnvoyBinary;
  /** All its files: configuration, modules, logs. Removed when it stops. */
  readonly folder: string;
  readonly #options: EnvoyOptions;
  readonly #log: LogFile;
  readonly #files: ConfigFiles;
  #child: ChildProcess | undefined;
  #ended: Promise<void> | undefined;
  #stopping = false;
  #adminPort = 0;
  #ports = new Map<string, number>();
  #clusters: EnvoyConfig["clusters"] = [];

  constructor(binary: EnvoyBinary, options: EnvoyOptions) {
    this.binary = binary;
    this.#options = options;
    this.folder = mkdtempSync(join(tmpdir(), "sluice-envoy-"));
    this.#log = new LogFile(join(this.folder, "envoy.log"));
    this.#files = new ConfigFiles(this.folder, options.root ?? process.cwd());
  }

  get version(): string {
    return this.binary.version;
  }

  get adminPort(): number {
    return this.#adminPort;
  }

  get pid(): number {
    return this.#child === undefined ? 0 : pidOf(this.#child, this.binary, this.folder);
  }

  /** How it ended, if it ended without being stopped. */
  get crashed(): { code: number | null; signal: NodeJS.Signals | null } | undefined {
    const child = this.#child;
    if (child === undefined || this.#stopping || (child.exitCode === null && child.signalCode === null))
      return undefined;
    return { code: child.exitCode, signal: child.signalCode };
  }

  /** The port of a listener. Throws `no-such-listener`. */
  port(name: string): number {
    const port = this.#ports.get(name);
    if (port === undefined || port === 0) {
      throw new HarnessError(
        `Envoy has no listener "${name}"; it has: ${[...this.#ports.keys()].join(", ")}`,
        "no-such-listener",
      );
    }
    return port;
  }

  /** Called by `startEnvoy`. */
  async start(config: EnvoyConfig): Promise<void> {
    this.#files.writeClusters(config.clusters);
    this.#files.writeListeners(config.listeners);
    this.#files.writeBootstrap(this.#options);
    this.#clusters = config.clusters;
    const child = startChild(this.binary, this.#arguments(), this.folder, this.#log.path, this.#options.environment);
    this.#child = child;
    let failed: Error | undefined;
    this.#ended = new Promise((resolve) => {
      child.once("exit", () => resolve());
      child.once("error", (error) => {
        failed = error;
        resolve();
      });
    });
    await this.#untilReady(() => failed);
    this.#ports = await listenerPorts(this.#adminPort);
    if (this.#options.allowRefused) return;
    const missing = config.listeners.filter((one) => !this.#ports.get(one.name)).map((one) => one.name);
    const refused = await this.#refused();
    if (missing.length > 0 || refused > 0) {
      const reasons = refusalReasons(await this.logLines());
      throw new HarnessError(
        `Envoy ${this.version} refused its configuration${missing.length > 0 ? ` (listeners ${missing.join(", ")})` : ""}:\n` +
          (reasons.length > 0 ? reasons.join("\n") : await this.#logEnd()),
        "envoy-config-refused",
      );
    }
  }

  /**
   * Changes listeners and clusters while it runs. Waits until Envoy has taken or refused them; of a refused set Envoy
   * keeps the old form of the listeners that were wrong and takes the others.
   */
  async update(config: EnvoyConfig): Promise<UpdateResult> {
    const before = await this.logEnd();
    // A cluster must be there before a route names it and until no route does.
    const kept = this.#clusters.filter((old) => !config.clusters.some((one) => one.name === old.name));
    const steps: [counter: string, write: () => void][] = [];
    if (JSON.stringify(this.#clusters) !== JSON.stringify(config.clusters)) {
      steps.push(["cluster_manager.cds", () => this.#files.writeClusters([...config.clusters, ...kept])]);
    }
    steps.push(["listener_manager.lds", () => this.#files.writeListeners(config.listeners)]);
    if (kept.length > 0) steps.push(["cluster_manager.cds", () => this.#files.writeClusters(config.clusters)]);
    let accepted = true;
    for (const [counter, write] of steps) accepted = (await this.#push(counter, write)) && accepted;
    this.#clusters = config.clusters;
    this.#ports = await listenerPorts(this.#adminPort);
    if (accepted) return { accepted, reasons: [] };
    return { accepted, reasons: refusalReasons(logLines((await this.#log.read(before)).text)) };
  }

  /** All stats in Prometheus' form, as a map that can be asked. */
  async stats(): Promise<Stats> {
    // A read merges what workers hold of histograms, but answers before that is done: the second one has it.
    await adminText(this.#adminPort, "/stats?filter=^none$");
    await sleep(20);
    return new Stats(await adminText(this.#adminPort, "/stats/prometheus"));
  }

  /** Plain counters and gauges by full name, those that match the regular expression. */
  async counters(filter: string): Promise<Map<string, number>> {
    return plainStats(this.#adminPort, filter);
  }

  /** A call of the admin interface; the text of its 200 answer. */
  async admin(path: string, method: "GET" | "POST" = "GET"): Promise<string> {
    return adminText(this.#adminPort, path, method);
  }

  /** Envoy's log from byte `at` on. */
  async log(at = 0): Promise<string> {
    return (await this.#log.read(at)).text;
  }

  /** Where the log ends now: to be given to `log` and its kin later. */
  async logEnd(): Promise<number> {
    return (await this.#log.read()).end;
  }

  async logLines(at = 0): Promise<EnvoyLogLine[]> {
    return logLines(await this.log(at));
  }

  /** What the plugins logged. */
  async pluginLog(at = 0): Promise<PluginLogLine[]> {
    return pluginLines(await this.logLines(at));
  }

  /** One line per VM that died. */
  async traps(at = 0): Promise<string[]> {
    return trapLines(await this.logLines(at));
  }

  /** The file of a listener's access log. */
  accessLogPath(listenerName: string): string {
    return this.#files.accessLogPath(listenerName);
  }

  /** The access log of a listener: waits until it has `count` lines, at most `timeoutMs`. Lines come some 10 ms late. */
  async accessLog(listenerName: string, count = 0, timeoutMs = 3_000): Promise<AccessLogEntry[]> {
    const path = this.#files.accessLogPath(listenerName);
    const until = Date.now() + timeoutMs;
    for (;;) {
      const text = await readFile(path, "utf8").catch(() => "");
      const lines = text.split("\n").slice(0, -1);
      if (lines.length >= count || Date.now() > until) return lines.map(parseAccessLogLine);
      await sleep(pollMs);
    }
  }

  /** The first entry that `is` wanted. Throws `no-log-entry` when none comes in time. */
  async accessLogEntry(
    listenerName: string,
    is: (entry: AccessLogEntry) => boolean,
    timeoutMs = 3_000,
  ): Promise<AccessLogEntry> {
    const until = Date.now() + timeoutMs;
    for (;;) {
      const entries = await this.accessLog(listenerName);
      const found = entries.find(is);
      if (found !== undefined) return found;
      if (Date.now() > until) {
        throw new HarnessError(
          `none of ${entries.length} access log entries of ${listenerName} is the one`,
          "no-log-entry",
        );
      }
      await sleep(pollMs);
    }
  }

  /** CPU time used so far (user and system), in milliseconds. */
  async cpuMillis(): Promise<number> {
    return cpuMillis(this.pid);
  }

  async memoryBytes(): Promise<{ resident: number; peak: number }> {
    return memoryBytes(this.pid);
  }

  /** Ends it: SIGTERM, SIGKILL after 5 s. Throws `envoy-crashed` or `wasm-trap` unless `allowFaults`. */
  async stop(): Promise<void> {
    const crashed = this.crashed;
    const traps = await this.traps();
    const end = crashed !== undefined || traps.length > 0 ? await this.#logEnd() : "";
    await this.kill();
    if (this.#options.allowFaults) return;
    if (crashed !== undefined) {
      throw new HarnessError(
        `Envoy ended by itself (${crashed.signal ?? `exit code ${crashed.code}`}):\n${end}`,
        "envoy-crashed",
      );
    }
    if (traps.length > 0) throw new HarnessError(`${traps.length} Wasm VMs died:\n${traps.join("\n")}`, "wasm-trap");
  }

  /** Ends it without a word about faults. Can be called again. */
  async kill(): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (child !== undefined && child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      const late = setTimeout(() => killNow(child, this.binary, this.folder), 5_000);
      await this.#ended;
      clearTimeout(late);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  #arguments(): string[] {
    const { logLevel = "warning", pluginLogLevel = "info", concurrency = 1, drainSeconds = 1 } = this.#options;
    const args = ["--config-path", this.#files.bootstrapPath, "--admin-address-path", this.#files.adminPath];
    args.push("--disable-hot-restart", "--concurrency", String(concurrency), "--drain-time-s", String(drainSeconds));
    args.push("--drain-strategy", this.#options.drainStrategy ?? "gradual");
    args.push("--log-level", logLevel, "--component-log-level", `wasm:${pluginLogLevel}`);
    args.push("--log-format", logFormat, "--log-format-escaped", "--file-flush-interval-msec", "10");
    return args;
  }

  /** Writes a file that Envoy watches and waits until it has taken (true) or refused it. */
  async #push(counter: string, write: () => void): Promise<boolean> {
    const filter = `^${counter.replaceAll(".", "\\.")}\\.update_(success|rejected)$`;
    const before = await this.counters(filter);
    write();
    const until = Date.now() + (this.#options.readyTimeoutMs ?? 15_000);
    const grew = (now: Map<string, number>, what: string) =>
      (now.get(`${counter}.update_${what}`) ?? 0) > (before.get(`${counter}.update_${what}`) ?? 0);
    for (;;) {
      const now = await this.counters(filter);
      if (grew(now, "rejected")) return false;
      if (grew(now, "success")) return true;
      if (Date.now() > until) {
        throw new HarnessError(
          `Envoy took no change (${counter}) in time:\n${await this.#logEnd()}`,
          "envoy-not-ready",
        );
      }
      await sleep(pollMs);
    }
  }

  async #refused(): Promise<number> {
    const found = await this.counters("^(listener_manager\\.lds|cluster_manager\\.cds)\\.update_rejected$");
    return [...found.values()].reduce((sum, one) => sum + one, 0);
  }

  async #untilReady(failed: () => Error | undefined): Promise<void> {
    const until = Date.now() + (this.#options.readyTimeoutMs ?? 15_000);
    for (;;) {
      const gone = failed() ?? this.crashed;
      if (gone !== undefined) {
        const how = gone instanceof Error ? gone.message : `exit code ${gone.code}, signal ${gone.signal}`;
        throw new HarnessError(
          `Envoy ${this.version} ended at once (${how}):\n${await this.#logEnd()}`,
          "envoy-not-ready",
        );
      }
      const address = await readFile(this.#files.adminPath, "utf8").catch(() => "");
      const port = Number(/:(\d+)\s*$/.exec(address)?.[1] ?? 0);
      if (port !== 0) {
        this.#adminPort = port;
        const answer = await adminCall(port, "/ready", { timeoutMs: 1_000 }).catch(() => undefined);
        if (answer?.status === 200) return;
      }
      if (Date.now() > until) {
        throw new HarnessError(
          `Envoy ${this.version} was not ready in time:\n${await this.#logEnd()}`,
          "envoy-not-ready",
        );
      }
      await sleep(pollMs);
    }
  }

  async #logEnd(): Promise<string> {
    return (await this.log()).trimEnd().split("\n").slice(-40).join("\n");
  }
}
