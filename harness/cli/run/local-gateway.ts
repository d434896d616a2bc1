// A local Envoy in front of the user's own upstreams, that takes a changed sluice.yaml without dropping a request.
import { existsSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { modulePaths, planModules } from "../../deploy/plan.ts";
import { envoyCluster, SYSTEM_CERTIFICATES } from "../../deploy/render/envoy-cluster.ts";
import { envoyListener, LISTENER } from "../../deploy/render/envoy-listener.ts";
import { labelsOf } from "../../deploy/render/head.ts";
import { findEnvoy, type EnvoyBinary } from "../../envoy/binary.ts";
import type { EnvoyConfig } from "../../envoy/config.ts";
import { startEnvoy, type Envoy, type UpdateResult } from "../../envoy/process.ts";
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
  readonly #envoy: Envoy;
  readonly #isContainer: boolean;
  #config: SluiceConfig;

  private constructor(from: Installation, envoy: Envoy, config: SluiceConfig) {
    this.#from = from;
    this.#envoy = envoy;
    this.#isContainer = envoy.binary.kind === "docker";
    this.#config = config;
  }

  /** Starts Envoy. Throws `environment-missing`, `port-taken`, and what starting Envoy throws. */
  static async start(
    config: SluiceConfig,
    from: Installation,
    progress: (line: string) => void,
    found?: EnvoyBinary,
  ): Promise<LocalGateway> {
    checkEnvironment(config);
    await checkPort(config.listen, "listen");
    await checkPort({ ...config.admin, host: "127.0.0.1" }, "admin");
    const binary = found ?? (await findEnvoy({ progress }));
    const envoy = await startEnvoy(configurationOf(config, from, binary.kind === "docker"), {
      envoy: binary,
      concurrency: config.workers ?? availableParallelism(),
      drainSeconds: DRAIN_SECONDS,
      drainStrategy: "immediate",
      adminPort: config.admin.port,
      metricLabels: labelsOf(config),
      environment: config.upstreams.flatMap(({ credentials }) => credentials?.env ?? []),
      allowFaults: true,
      progress,
    });
    return new LocalGateway(from, envoy, config);
  }

  /** Changes it. What Envoy refuses leaves it as it was. */
  async update(config: SluiceConfig): Promise<UpdateResult> {
    checkEnvironment(config);
    const result = await this.#envoy.update(configurationOf(config, this.#from, this.#isContainer));
    if (result.accepted) this.#config = config;
    return result;
  }

  /** Where it takes requests. */
  get port(): number {
    return this.#envoy.port(LISTENER);
  }

  get adminPort(): number {
    return this.#envoy.adminPort;
  }

  get version(): string {
    return this.#envoy.version;
  }

  /** How Envoy ended, if it ended by itself. */
  get crashed(): { code: number | null; signal: NodeJS.Signals | null } | undefined {
    return this.#envoy.crashed;
  }

  /** The file that Envoy writes the access log to. */
  get logPath(): string {
    return logPathOf(this.#config, this.#isContainer) ?? this.#envoy.accessLogPath(LISTENER);
  }

  /** The user's own file of it, where Envoy cannot write there itself. */
  get copyPath(): string | undefined {
    return this.#isContainer && this.#config.accessLog !== undefined ? resolve(this.#config.accessLog) : undefined;
  }

  /** Changes when a module does. */
  modulesStamp(): string {
    const paths = modulePaths(planModules(this.#config, this.#from));
    return paths.map((path) => `${path} ${statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0}`).join("\n");
  }

  /** What Envoy and the modules said since byte `at`. */
  async said(at: number): Promise<{ lines: string[]; end: number }> {
    const end = await this.#envoy.logEnd();
    const lines = await this.#envoy.logLines(at);
    return { lines: lines.filter(({ level }) => level !== "info").map(({ text }) => text), end };
  }

  async stop(): Promise<void> {
    await this.#envoy.kill();
  }
}

function configurationOf(config: SluiceConfig, from: Installation, isContainer: boolean): EnvoyConfig {
  const plan = planModules(config, from);
  // A container has certificates of its own.
  const caFile = (isContainer ? undefined : CERTIFICATES.find((path) => existsSync(path))) ?? SYSTEM_CERTIFICATES;
  const own = logPathOf(config, isContainer);
  return {
    listeners: [
      {
        name: LISTENER,
        raw: ({ modulePath, logPath }) =>
          envoyListener({ ...config, accessLog: own ?? logPath }, plan, { modulePath, logPath }),
      },
    ],
    clusters: config.upstreams.map((upstream) => ({ name: upstream.name, raw: envoyCluster(upstream, caFile) })),
  };
}

/** The user's file, where Envoy itself can write to it. */
function logPathOf(config: SluiceConfig, isContainer: boolean): string | undefined {
  return config.accessLog === undefined || isContainer ? undefined : resolve(config.accessLog);
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
