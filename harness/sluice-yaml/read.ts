// Reads sluice.yaml: text to the model, with everything that is wrong or doubtful in it.
import { durationNanos } from "../schema/decimal.ts";
import type { Fault } from "./fault.ts";
import { sortFaults } from "./fault.ts";
import type { Installation } from "./filters.ts";
import type { Address, Deploy, JsonObject, Route, RouteMatch, SluiceConfig, TargetRef, Upstream } from "./model.ts";
import { providerNamed } from "./providers.ts";
import { checkRules } from "./rules.ts";
import { parseSource, type SourceDocument } from "./source.ts";
import { sluiceSchema } from "./schema.ts";
import { compileJudge, type Judge } from "./judge.ts";

/** What came of reading: the model where there is no error. */
export interface ReadResult {
  config: SluiceConfig | undefined;
  document: SourceDocument | undefined;
  faults: Fault[];
}

const judges = new WeakMap<object, Judge>();

/** Reads the text of a file. `file` is its name in findings. */
export function readSluiceYaml(file: string, text: string, from: Installation): ReadResult {
  const { documents, faults } = parseSource(file, text);
  const [document, second] = documents;
  if (document === undefined) {
    if (faults.length === 0) faults.push(wholeFile(file, "the file is empty", "sluice init writes one to start from"));
    return { config: undefined, document, faults };
  }
  if (second !== undefined) faults.push(second.fault([], "a second document: there is one in a sluice.yaml"));
  return { ...readDocument(document, from, faults), document };
}

/** The same of a document that is parsed already. */
export function readDocument(
  document: SourceDocument,
  from: Installation,
  before: Fault[] = [],
): { config: SluiceConfig | undefined; faults: Fault[] } {
  let judge = judges.get(from);
  if (judge === undefined) judges.set(from, (judge = compileJudge(sluiceSchema(from))));
  const faults = [...before, ...judge(document)];
  if (faults.some(({ severity }) => severity === "error")) return { config: undefined, faults: sortFaults(faults) };
  const raw = document.value as RawConfig;
  faults.push(...checkRules(document, raw, from));
  if (faults.some(({ severity }) => severity === "error")) return { config: undefined, faults: sortFaults(faults) };
  return { config: toConfig(raw), faults: sortFaults(faults) };
}

/** The file as the schema has let it through. */
export interface RawConfig {
  listen?: string;
  admin?: string;
  workers?: number;
  accessLog?: string;
  upstreams: Record<string, RawUpstream>;
  routes?: RawRoute[];
  filters?: JsonObject;
  deploy?: Partial<Omit<Deploy, "telemetry">> & { istioVersion?: string; telemetry?: Partial<Deploy["telemetry"]> };
}

/** One upstream of it. */
export interface RawUpstream {
  provider?: string;
  url?: string;
  credentials?: { env: string; header?: string; prefix?: string };
  protocol?: "http" | "grpc";
  caFile?: string;
  limits?: Upstream["limits"];
  service?: { host: string; port?: number; labels?: Record<string, string> };
}

/** One route of it. */
export interface RawRoute {
  name?: string;
  match?: RouteMatch;
  to: { upstream: string; weight?: number }[];
  timeout?: string;
  retries?: "none" | "safe";
}

function toConfig(raw: RawConfig): SluiceConfig {
  const upstreams = Object.entries(raw.upstreams).map(([name, upstream]) => toUpstream(name, upstream));
  const routes = raw.routes ?? [
    { to: [{ upstream: upstreams.find(({ protocol }) => protocol === "http")?.name ?? "" }] },
  ];
  return {
    listen: toAddress(raw.listen ?? "127.0.0.1:8080"),
    admin: toAddress(raw.admin ?? "127.0.0.1:9901"),
    ...(raw.workers !== undefined && { workers: raw.workers }),
    ...(raw.accessLog !== undefined && { accessLog: raw.accessLog }),
    upstreams,
    routes: routes.map(toRoute),
    filters: raw.filters ?? {},
    deploy: toDeploy(raw.deploy ?? {}),
  };
}

function toUpstream(name: string, raw: RawUpstream): Upstream {
  const provider = providerNamed(raw.provider);
  const url = new URL(raw.url ?? provider.url ?? "http://invalid");
  const isTls = url.protocol === "https:";
  const host = url.hostname;
  const port = url.port === "" ? (isTls ? 443 : 80) : Number(url.port);
  const { credentials } = raw;
  const header = (credentials?.header ?? provider.header ?? "authorization").toLowerCase();
  return {
    name,
    ...(raw.provider !== undefined && { provider: raw.provider }),
    url: url.origin,
    isTls,
    host,
    port,
    ...(credentials !== undefined && {
      credentials: {
        env: credentials.env,
        header,
        prefix: credentials.prefix ?? (header === "authorization" ? "Bearer " : ""),
      },
    }),
    protocol: raw.protocol ?? "http",
    ...(raw.caFile !== undefined && { caFile: raw.caFile }),
    limits: raw.limits ?? {},
    service:
      raw.service === undefined
        ? { host, port, isTls }
        : {
            host: raw.service.host,
            port: raw.service.port ?? 80,
            isTls: false,
            ...(raw.service.labels && { labels: raw.service.labels }),
          },
  };
}

function toRoute(raw: RawRoute): Route {
  return {
    ...(raw.name !== undefined && { name: raw.name }),
    match: raw.match ?? {},
    to: raw.to.map(({ upstream, weight }) => ({ upstream, weight: weight ?? 1 })),
    timeoutMs: Number((durationNanos(raw.timeout ?? "600s") ?? 0n) / 1_000_000n),
    retries: raw.retries ?? "none",
  };
}

function toDeploy(raw: NonNullable<RawConfig["deploy"]>): Deploy {
  const { istioVersion = "1.28", telemetry, targetRefs, workload, ...rest } = raw;
  const canReload = Number(istioVersion.split(".")[1]) >= 28;
  return {
    name: "sluice",
    labels: {},
    digests: {},
    holding: "pair",
    isWaypoint: false,
    priority: 1000,
    failStrategy: canReload ? "FAIL_RELOAD" : "FAIL_OPEN",
    imagePullPolicy: "IfNotPresent",
    hosts: ["*"],
    routing: "VirtualService",
    prometheus: "http://prometheus.istio-system:9090",
    ...rest,
    ...(workload !== undefined && { workload: { ...workload, kind: workload.kind ?? "Deployment" } }),
    ...(targetRefs !== undefined && { targetRefs: targetRefs.map(withGroup) }),
    telemetry: { tracing: true, metrics: false, ...telemetry },
  };
}

function withGroup(target: TargetRef): TargetRef {
  const groups: Record<string, string> = { Service: "", ServiceEntry: "networking.istio.io" };
  return { group: groups[target.kind] ?? "gateway.networking.k8s.io", ...target };
}

/** `host:port` in its parts. */
export function toAddress(text: string): Address {
  const at = text.lastIndexOf(":");
  return { host: text.slice(0, at).replace(/^\[|\]$/g, ""), port: Number(text.slice(at + 1)) };
}

function wholeFile(file: string, message: string, cure: string): Fault {
  return { severity: "error", file, line: 1, column: 1, path: "", message, cure };
}
