// Starts a real Envoy, changes its configuration while it runs, reads what it knows, stops it.
import type { ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { HarnessError } from "../error.ts";
import type { Json } from "../scenario/scenario.ts";
import { parseAccessLogLine, type AccessLogEntry } from "./access-log.ts";
import { adminCall, adminText, listenerPorts, plainStats } from "./admin.ts";
import { findEnvoy, type EnvoyBinary } from "./binary.ts";
import { bootstrap, discoveryResponse, type BootstrapConfig } from "./bootstrap.ts";
import { startChild } from "./child.ts";
import { cluster } from "./cluster.ts";
import type { EnvoyConfig } from "./config.ts";
import { listener } from "./listener.ts";
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
  #child: ChildProcess | undefined;
  #ended: Promise<void> | undefined;
  #stopping = false;
  #adminPort = 0;
  #ports = new Map<string, number>();
  #version = 0;
  #clusters: EnvoyConfig["clusters"] = [];

  constructor(binary: EnvoyBinary, options: EnvoyOptions) {
    this.binary = binary;
    this.#options = options;
    this.folder = mkdtempSync(join(tmpdir(), "sluice-envoy-"));
    this.#log = new LogFile(join(this.folder, "envoy.log"));
  }

  get version(): string {
    return this.binary.version;
  }

  get adminPort(): number {
    return this.#adminPort;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
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
    const at = (name: string) => join(this.folder, name);
    mkdirSync(at("modules"));
    mkdirSync(at("access"));
    this.#write("clusters.json", this.#discovery(config.clusters.map((one) => cluster(one, this.#modulePath))));
    this.#write("listeners.json", this.#discovery(this.#listeners(config)));
    this.#write("bootstrap.json", bootstrap(this.#options, at("listeners.json"), at("clusters.json")));
    this.#clusters = config.clusters;
    const level = this.#options.logLevel ?? "warning";
    const args = ["--config-path", at("bootstrap.json"), "--admin-address-path", at("admin"), "--disable-hot-restart"];
    args.push("--concurrency", String(this.#options.concurrency ?? 1), "--log-level", level);
    args.push("--component-log-level", `wasm:${this.#options.pluginLogLevel ?? "info"}`);
    args.push("--log-format", logFormat, "--log-format-escaped");
    args.push("--file-flush-interval-msec", "10", "--drain-time-s", String(this.#options.drainSeconds ?? 1));
    const child = startChild(this.binary, args, this.folder, this.#log.path);
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
    // A cluster must be there before a route names it and until no route does: those that nobody wants any more go with
    // the next change.
    const kept = this.#clusters.filter((old) => !config.clusters.some((one) => one.name === old.name));
    const clustersChanged = JSON.stringify(this.#clusters) !== JSON.stringify(config.clusters);
    let accepted = true;
    const push = async (file: string, counter: string, resources: Json[]) => {
      accepted = (await this.#push(file, counter, resources)) && accepted;
    };
    if (clustersChanged) {
      const resources = [...config.clusters, ...kept].map((one) => cluster(one, this.#modulePath));
      await push("clusters.json", "cluster_manager.cds", resources);
    }
    await push("listeners.json", "listener_manager.lds", this.#listeners(config));
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

  /** The access log of a listener: waits until it has `count` lines, at most `timeoutMs`. Lines come some 10 ms late. */
  async accessLog(listenerName: string, count = 0, timeoutMs = 3_000): Promise<AccessLogEntry[]> {
    const path = this.#accessLogPath(listenerName);
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
      const late = setTimeout(() => child.kill("SIGKILL"), 5_000);
      await this.#ended;
      clearTimeout(late);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  #listeners(config: EnvoyConfig): Json[] {
    return config.listeners.map((one) => listener(one, this.#modulePath, this.#accessLogPath(one.name)));
  }

  #accessLogPath(listenerName: string): string {
    return join(this.folder, "access", `${listenerName.replace(/[^\w.-]/g, "_")}.jsonl`);
  }

  /** Modules are copied under their hash, so that a module compiled anew is another file to Envoy. */
  #modulePath = (module: string): string => {
    const source = isAbsolute(module) ? module : join(this.#options.root ?? process.cwd(), module);
    let bytes: Buffer;
    try {
      bytes = readFileSync(source);
    } catch (cause) {
      throw new HarnessError(`the module ${source} cannot be read: build it first (make build)`, "module-missing", {
        cause,
      });
    }
    const path = join(this.folder, "modules", `${createHash("sha256").update(bytes).digest("hex").slice(0, 32)}.wasm`);
    if (!existsSync(path)) writeFileSync(path, bytes);
    return path;
  };

  #discovery(resources: Json[]): Json {
    this.#version += 1;
    return discoveryResponse(this.#version, resources);
  }

  /** A rename, because Envoy watches for files that are moved into place. */
  #write(file: string, content: Json): void {
    const path = join(this.folder, file);
    writeFileSync(`${path}.new`, JSON.stringify(content));
    renameSync(`${path}.new`, path);
  }

  async #push(file: string, counter: string, resources: Json[]): Promise<boolean> {
    const filter = `^${counter.replaceAll(".", "\\.")}\\.update_(success|rejected)$`;
    const before = await this.counters(filter);
    this.#write(file, this.#discovery(resources));
    const until = Date.now() + (this.#options.readyTimeoutMs ?? 15_000);
    const grew = (now: Map<string, number>, what: string) =>
      (now.get(`${counter}.update_${what}`) ?? 0) > (before.get(`${counter}.update_${what}`) ?? 0);
    for (;;) {
      const now = await this.counters(filter);
      if (grew(now, "rejected")) return false;
      if (grew(now, "success")) return true;
      if (Date.now() > until) {
        throw new HarnessError(`Envoy did not take ${file} in time:\n${await this.#logEnd()}`, "envoy-not-ready");
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
      const address = await readFile(join(this.folder, "admin"), "utf8").catch(() => "");
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
