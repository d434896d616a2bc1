// A local Envoy in front of the user's own upstreams, that takes a changed sluice.yaml without dropping a request.
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { EnvoyConfig } from "../../envoy/config.ts";
import { startEnvoy, type Envoy, type UpdateResult } from "../../envoy/process.ts";
import { planModules } from "../../deploy/plan.ts";
import { envoyCluster, SYSTEM_CERTIFICATES } from "../../deploy/render/envoy-cluster.ts";
import { envoyListener, LISTENER } from "../../deploy/render/envoy-listener.ts";
import { labelsOf } from "../../deploy/render/head.ts";
import { HarnessError } from "../../error.ts";
import type { Installation } from "../../sluice-yaml/filters.ts";
import type { Address, SluiceConfig } from "../../sluice-yaml/model.ts";

/** How long requests that a change found at work may go on. */
const DRAIN_SECONDS = 600;

/** Where systems keep the certificates that they trust. */
const CERTIFICATES = [
  SYSTEM_CERTIFICATES,
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/cert.pem",
  "/etc/ssl/ca-bundle.pem",
];

/** A running gateway. */
export class LocalGateway {
  readonly #from: Installation;
  readonly #folder = mkdtempSync(join(tmpdir(), "sluice-run-"));
  #envoy: Envoy | undefined;

  constructor(from: Installation) {
    this.#from = from;
  }

  /** Starts Envoy. Throws `environment-missing`, `port-taken`, and what starting Envoy throws. */
  async start(config: SluiceConfig, progress: (line: string) => void): Promise<void> {
    checkEnvironment(config);
    await checkPort(config.listen, "listen");
    await checkPort({ ...config.admin, host: "127.0.0.1" }, "admin");
    this.#envoy = await startEnvoy(this.#configuration(config), {
      concurrency: config.workers ?? availableParallelism(),
      drainSeconds: DRAIN_SECONDS,
      drainStrategy: "immediate",
      adminPort: config.admin.port,
      metricLabels: labelsOf(config),
      allowFaults: true,
      progress,
    });
  }

  /** Changes it. What Envoy refuses leaves it as it was. */
  async update(config: SluiceConfig): Promise<UpdateResult> {
    checkEnvironment(config);
    return this.#running().update(this.#configuration(config));
  }

  /** Where it takes requests. */
  get port(): number {
    return this.#running().port(LISTENER);
  }

  get adminPort(): number {
    return this.#running().adminPort;
  }

  get version(): string {
    return this.#running().version;
  }

  /** How Envoy ended, if it ended by itself. */
  get crashed(): { code: number | null; signal: NodeJS.Signals | null } | undefined {
    return this.#envoy?.crashed;
  }

  /** The access log's file. */
  logPath(config: SluiceConfig): string {
    return config.accessLog === undefined ? join(this.#folder, "access.jsonl") : resolve(config.accessLog);
  }

  /** What Envoy and the modules said since byte `at`. */
  async said(at: number): Promise<{ lines: string[]; end: number }> {
    const envoy = this.#running();
    const end = await envoy.logEnd();
    const lines = await envoy.logLines(at);
    return { lines: lines.filter(({ level }) => level !== "info").map(({ text }) => text), end };
  }

  async stop(): Promise<void> {
    await this.#envoy?.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #running(): Envoy {
    if (this.#envoy === undefined) throw new HarnessError("the gateway is not running", "not-running");
    return this.#envoy;
  }

  #configuration(config: SluiceConfig): EnvoyConfig {
    const plan = planModules(config, this.#from);
    const caFile = CERTIFICATES.find((path) => existsSync(path)) ?? SYSTEM_CERTIFICATES;
    const logPath = this.logPath(config);
    const options = { modulePath: this.#copyOf, logPath };
    const listener = envoyListener({ ...config, accessLog: logPath }, plan, options);
    return {
      listeners: [{ name: LISTENER, raw: listener }],
      clusters: config.upstreams.map((upstream) => ({ name: upstream.name, raw: envoyCluster(upstream, caFile) })),
    };
  }

  /** Under its hash, so that a module built anew is another file to Envoy. */
  #copyOf = (module: string): string => {
    const bytes = readFileSync(module);
    const path = join(this.#folder, `${createHash("sha256").update(bytes).digest("hex").slice(0, 32)}.wasm`);
    if (!existsSync(path)) writeFileSync(path, bytes);
    return path;
  };
}

/** Credentials that nobody has set would reach the provider as an empty header. */
function checkEnvironment(config: SluiceConfig): void {
  const missing = config.upstreams.flatMap(({ name, credentials }) =>
    credentials !== undefined && !process.env[credentials.env] ? [`${credentials.env} (upstream ${name})`] : [],
  );
  if (missing.length === 0) return;
  throw new HarnessError(
    `not set in the environment: ${missing.join(", ")}. Export it, then start again`,
    "environment-missing",
  );
}

/** Envoy would share a port with another Envoy, and each would get half of the requests. */
async function checkPort({ host, port }: Address, what: string): Promise<void> {
  if (port === 0) return;
  const server = createServer();
  const error = await new Promise<NodeJS.ErrnoException | undefined>((done) => {
    server.once("error", done).listen({ host, port, exclusive: true }, () => done(undefined));
  });
  if (error === undefined) await new Promise((done) => server.close(done));
  else if (error.code === "EADDRINUSE") {
    throw new HarnessError(
      `${host}:${port} (${what}) is taken: stop who has it, or choose another in sluice.yaml`,
      "port-taken",
      { cause: error },
    );
  }
}
