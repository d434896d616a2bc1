// The real rate limit service and a real Redis on free ports of loopback, to be stopped, paused and brought back.
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const service = join(root, ".cache/ratelimit/service_cmd");
const redis = ["/usr/bin/redis-server", "/usr/local/bin/redis-server", "/opt/homebrew/bin/redis-server"].find(
  existsSync,
);

/** Why there can be none here; undefined when there can. */
export const missing: string | undefined =
  redis !== undefined && existsSync(service) ? undefined : "redis-server or ratelimit is not here: make setup-e2e";

/** A port on which nothing listens now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits until something listens on a port. */
async function listening(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (isOpen) return;
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`);
    await sleep(50);
  }
  throw new Error(`${child.spawnfile} does not listen`);
}

async function ended(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => child.once("exit", resolve));
}

/** Both processes. */
export class RateLimitService {
  readonly port: number;
  readonly #redisPort: number;
  readonly #others: [number, number];
  readonly #folder = mkdtempSync(join(tmpdir(), "sluice-ratelimit-"));
  readonly #keeps: boolean;
  #redis: ChildProcess | undefined;
  #service: ChildProcess | undefined;

  private constructor(ports: number[], keeps: boolean) {
    this.#keeps = keeps;
    const [port = 0, redisPort = 0, http = 0, debug = 0] = ports;
    this.port = port;
    this.#redisPort = redisPort;
    this.#others = [http, debug];
  }

  /** Starts both with this configuration (YAML, one text for each domain). `keeps`: Redis has all on disk before it answers. */
  static async start(config: string | Iterable<string>, { keeps = false } = {}): Promise<RateLimitService> {
    const made = new RateLimitService(await Promise.all([freePort(), freePort(), freePort(), freePort()]), keeps);
    const folder = join(made.#folder, "ratelimit/config");
    mkdirSync(folder, { recursive: true });
    const texts = typeof config === "string" ? [config] : [...config];
    for (const [index, text] of texts.entries()) writeFileSync(join(folder, `sluice-${index}.yaml`), text);
    await made.startRedis();
    await made.startService();
    return made;
  }

  async startRedis(): Promise<void> {
    const options = ["--port", String(this.#redisPort), "--bind", "127.0.0.1", "--save", ""];
    const persistence = this.#keeps ? ["--appendonly", "yes", "--appendfsync", "always"] : ["--appendonly", "no"];
    const args = [...options, ...persistence, "--dir", this.#folder];
    this.#redis = spawn(redis ?? "redis-server", args, { stdio: "ignore" });
    await listening(this.#redisPort, this.#redis);
  }

  async startService(): Promise<void> {
    const [http, debug] = this.#others;
    const env = {
      PATH: process.env["PATH"] ?? "",
      REDIS_SOCKET_TYPE: "tcp",
      REDIS_URL: `127.0.0.1:${this.#redisPort}`,
      REDIS_TIMEOUT: "200ms",
      RUNTIME_ROOT: this.#folder,
      RUNTIME_SUBDIRECTORY: "ratelimit",
      RUNTIME_WATCH_ROOT: "false",
      USE_STATSD: "false",
      // A refused call takes nothing: not from its own limit, nor from the others that it was asked about with.
      STOP_CACHE_KEY_INCREMENT_WHEN_OVERLIMIT: "true",
      PORT: String(http),
      GRPC_PORT: String(this.port),
      DEBUG_PORT: String(debug),
      HOST: "127.0.0.1",
      GRPC_HOST: "127.0.0.1",
      DEBUG_HOST: "127.0.0.1",
    };
    this.#service = spawn(service, [], { env, stdio: "ignore" });
    await listening(this.port, this.#service);
  }

  async stopRedis(): Promise<void> {
    this.#redis?.kill("SIGKILL");
    await ended(this.#redis);
  }

  async stopService(): Promise<void> {
    this.#service?.kill("SIGCONT");
    this.#service?.kill("SIGKILL");
    await ended(this.#service);
  }

  /** Lets the service answer nothing, or go on. */
  pause(): void {
    this.#service?.kill("SIGSTOP");
  }
  resume(): void {
    this.#service?.kill("SIGCONT");
  }

  async stop(): Promise<void> {
    await this.stopService();
    await this.stopRedis();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
