// The gateway: one process with a main thread and workers, its chain of plugins, its routes, its upstreams.
import { HarnessError } from "../error.ts";
import { BufferFilter, MetadataFilter, PauseFilter } from "./built-in-filters.ts";
import { answerCallout, grpcRefused } from "./callout-answer.ts";
import { ClientRun } from "./client.ts";
import { Clock } from "./clock.ts";
import type { Context } from "./context.ts";
import type { Filter } from "./filter.ts";
import type { HeaderMap } from "./headers.ts";
import { MetricRegistry } from "./metrics.ts";
import type {
  GrpcCallout,
  GrpcCalloutAnswer,
  HttpCallout,
  HttpCalloutAnswer,
  Process,
  Thread,
  Tracer,
} from "./process.ts";
import { Plugins, PluginSlot, type PluginChange } from "./plugins.ts";
import type { NodeInfo } from "./properties.ts";
import { SharedData } from "./shared-data.ts";
import { SharedQueues } from "./shared-queue.ts";
import { logLevels } from "./status.ts";
import { DownstreamStream, type StreamGateway } from "./stream.ts";
import { UpstreamServer, type UpstreamSink } from "./upstream-server.ts";
import type { Vm } from "./vm.ts";
import { bytesOf } from "../scenario/bytes.ts";
import type { LogLine } from "../scenario/result.ts";
import type {
  ClusterSpec,
  FilterSpec,
  GatewaySpec,
  PluginSpec,
  RequestSpec,
  RouteSpec,
  UpstreamSpec,
} from "../scenario/scenario.ts";

const defaultBufferLimit = 1024 * 1024;
const defaultReadSize = 65536;

/** Runs before a host call of this name is made. */
export type HostCallHook = (call: { name: string; worker: number; index: number | undefined }) => void;

/** What a gateway is made of. */
export interface GatewayOptions {
  chain: readonly FilterSpec[];
  routes: readonly RouteSpec[];
  clusters: readonly ClusterSpec[];
  gateway?: GatewaySpec;
  /** The bytes of a module by the path in the chain. */
  loadModule: (path: string) => Uint8Array;
  /** Answers plugins' HTTP calls; default: what the cluster's `upstream` says. Undefined: no such cluster. */
  onHttpCall?: (call: HttpCallout) => HttpCalloutAnswer | undefined;
  /** Answers plugins' gRPC calls; default: what the cluster's `grpc` says. Undefined: no such cluster. */
  onGrpcCall?: (call: GrpcCallout) => GrpcCalloutAnswer | undefined;
  /**
   * Asked at each host call: a number is answered instead of making the call. `count` is the number of this call by name
   * since the start, from 1.
   */
  faults?: (name: string, count: number) => number | undefined;
  /** Sees all callbacks and host calls. */
  tracer?: Tracer;
  /** Bytes that the gateway reads at once over HTTP/1; default 65,536. */
  readSize?: number;
  /** Wall clock at the start, milliseconds since 1970. */
  epochMs?: number;
  /** Log level that `proxy_get_log_level` tells; default 2 (info). All lines are captured whatever it is. */
  logLevel?: number;
  /** Lines of log that are kept; default 10,000, the newest. */
  maxLogLines?: number;
}

/** One gateway. Synchronous: time passes only by `advance`, `settle`, `run`. */
export class Gateway implements Process, StreamGateway {
  readonly clock: Clock;
  readonly sharedData = new SharedData();
  readonly queues = new SharedQueues();
  readonly metrics = new MetricRegistry();
  readonly node: NodeInfo;
  readonly logLevel: number;
  readonly tracer: Tracer | undefined;
  readonly bufferLimit: number;
  readonly routes: readonly RouteSpec[];
  readonly upgrades: readonly string[];
  readonly workers: readonly Thread[];
  readonly mainThread: Thread;
  /** Every death of a VM, and every use that Envoy has no defined answer to. Tests want it empty. */
  readonly traps: string[] = [];
  /** What plugins logged, the newest lines. */
  readonly logLines: LogLine[] = [];
  /** Host calls by name since the start. */
  readonly hostCalls: Record<string, number> = {};
  /** Requests sent since the start. */
  requestCount = 0;
  readonly #options: GatewayOptions;
  readonly #plugins: Plugins;
  readonly #chain: (FilterSpec | PluginSlot)[];
  readonly #hooks = new Map<string, HostCallHook[]>();
  readonly #runs = new Map<number, ClientRun>();
  readonly #turns = new Map<string, number>();
  readonly #upstreamSlots = new Map<ClusterSpec, PluginSlot[]>();

  /** Loads and configures everything. A module that Envoy refuses throws HarnessError `module-refused`. */
  constructor(options: GatewayOptions) {
    const { gateway = {} } = options;
    this.#options = options;
    this.tracer = options.tracer;
    this.clock = new Clock(options.epochMs);
    this.logLevel = options.logLevel ?? 2;
    this.bufferLimit = gateway.bufferLimit ?? defaultBufferLimit;
    this.routes = options.routes;
    this.upgrades = gateway.upgrades ?? [];
    this.node = { id: "gateway", cluster: "gateway", metadata: {}, ...gateway.node };
    this.mainThread = { process: this, index: -1, vms: new Map() };
    this.workers = Array.from({ length: gateway.workers ?? 1 }, (_, index) => ({
      process: this,
      index,
      vms: new Map(),
    }));
    this.#plugins = new Plugins(this.clock, [...this.workers, this.mainThread], options.loadModule);
    this.#chain = inOrder(options.chain).map((spec) => (spec.kind === "plugin" ? this.#plugins.deploy(spec) : spec));
    for (const cluster of options.clusters) {
      this.#upstreamSlots.set(
        cluster,
        (cluster.filters ?? []).map((spec) => this.#plugins.deploy(spec)),
      );
    }
  }

  // Requests.

  /** Starts a request; it goes on as time does. */
  send(spec: RequestSpec): ClientRun {
    const index = this.requestCount++;
    const worker = spec.worker ?? 0;
    const run = new ClientRun(spec, {
      clock: this.clock,
      worker,
      index,
      readSize: this.#options.readSize ?? defaultReadSize,
      useRemoteAddress: this.#options.gateway?.useRemoteAddress ?? false,
      open: (opened) => new DownstreamStream(this, worker, index, spec.protocol === "h2", opened),
      onDone: () => this.#runs.delete(index),
    });
    this.#runs.set(index, run);
    return run;
  }

  /** Sends a request and lets time pass until it has ended. */
  request(spec: RequestSpec): NonNullable<ClientRun["result"]> {
    const run = this.send(spec);
    this.clock.runUntil(() => run.isDone);
    if (run.result === undefined) throw new HarnessError("the request never ended", "request-endless");
    return run.result;
  }

  /** Lets time pass until all requests have ended. */
  run(): void {
    this.clock.runUntil(() => this.#runs.size === 0);
  }

  /** Lets `ms` pass. */
  advance(ms: number): void {
    this.clock.advance(ms);
  }

  /** Runs all that is due now. From a hook: what other workers have due. */
  settle(): void {
    this.clock.settle();
  }

  /** Streams that are open now. */
  get openRequests(): number {
    return this.#runs.size;
  }

  // Configuration.

  /**
   * Changes a plugin's configuration live. False: the plugin refused it, and the old one goes on. Each worker takes it over as
   * its next event; the old root context ends when its last stream is gone.
   */
  update(name: string, change: PluginChange): boolean {
    return this.#plugins.update(this.#slot(name), change);
  }

  /** Takes a plugin out of the chain. `update` puts it back, as on a fresh gateway. */
  remove(name: string): void {
    this.#plugins.remove(this.#slot(name));
  }

  /** Whether each worker serves some configuration of the plugin. */
  isConfigured(name: string): boolean {
    return this.workers.every(({ index }) => this.#plugins.isServing(this.#slot(name), index));
  }

  /** All VMs at work: of the workers, or with the main thread's. */
  vms(withMain = false): Vm[] {
    return [...(withMain ? [this.mainThread] : []), ...this.workers].flatMap((thread) => [...thread.vms.values()]);
  }

  // For tests.

  /** Runs `hook` before each host call of this name (`*`: of any). Answers how to take it away. */
  onHostCall(name: string, hook: HostCallHook): () => void {
    const hooks = this.#hooks.get(name) ?? [];
    hooks.push(hook);
    this.#hooks.set(name, hooks);
    return () => hooks.splice(hooks.indexOf(hook), 1);
  }

  /** Metrics by name: value, or number of samples of a histogram. */
  metricValues(): Record<string, number> {
    return Object.fromEntries([...this.metrics.snapshot()].map(([name, value]) => [name, Number(value)]));
  }

  // Process.

  log(vm: Vm, context: Context, level: number, text: string): void {
    this.logLines.push({ level: logLevels[level] ?? "critical", text });
    const max = this.#options.maxLogLines ?? 10_000;
    if (this.logLines.length > 2 * max) this.logLines.splice(0, this.logLines.length - max);
  }

  trapped(message: string): void {
    this.traps.push(message);
  }

  beforeHostCall(name: string, vm: Vm): number | undefined {
    const count = (this.hostCalls[name] ?? 0) + 1;
    this.hostCalls[name] = count;
    const manager = vm.acting.manager;
    if (manager !== undefined) {
      const { calls } = manager.info.hostCalls;
      calls[name] = (calls[name] ?? 0) + 1;
    }
    if (this.#hooks.size > 0) {
      const index = manager instanceof DownstreamStream ? manager.index : undefined;
      for (const key of [name, "*"]) {
        for (const hook of [...(this.#hooks.get(key) ?? [])]) hook({ name, worker: vm.thread.index, index });
      }
    }
    return this.#options.faults?.(name, count);
  }

  httpCall(call: HttpCallout): HttpCalloutAnswer | undefined {
    if (this.#options.onHttpCall !== undefined) return this.#options.onHttpCall(call);
    const cluster = this.findCluster(call.cluster);
    if (cluster === undefined) return undefined;
    return answerCallout(cluster.refused === true ? null : this.#nextUpstream(cluster), call);
  }

  grpcCall(call: GrpcCallout): GrpcCalloutAnswer | undefined {
    if (this.#options.onGrpcCall !== undefined) return this.#options.onGrpcCall(call);
    const cluster = this.findCluster(call.cluster);
    if (cluster === undefined) return undefined;
    if (cluster.refused === true) return grpcRefused;
    const answers = (cluster.grpc ?? []).filter(
      ({ service, method }) => service === call.service && method === call.method,
    );
    const answer = answers[Math.min(this.#turn(`${cluster.name} ${call.service} ${call.method}`), answers.length - 1)];
    if (answer === undefined) return { delayMs: 0, status: 12, statusMessage: "" };
    return {
      delayMs: answer.delayMs ?? 0,
      message: answer.message === undefined ? undefined : bytesOf(answer.message),
      status: answer.status ?? 0,
      statusMessage: answer.statusMessage ?? "",
    };
  }

  fillRandom(bytes: Uint8Array): void {
    // Not random, so that runs repeat; but never the same twice.
    for (let i = 0; i < bytes.length; i++) {
      this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0;
      bytes[i] = this.#seed >>> 24;
    }
  }

  #seed = 12345;

  // StreamGateway.

  createFilters(stream: DownstreamStream): Filter[] {
    const filters: Filter[] = [];
    for (const place of this.#chain) {
      if (place instanceof PluginSlot) {
        const filter = this.#plugins.createFilter(place, this.#thread(stream.worker));
        if (filter !== undefined) filters.push(filter);
      } else if (place.kind === "pause") {
        filters.push(new PauseFilter(place.name, this.clock, stream.worker, place.ms));
      } else if (place.kind === "buffer") {
        filters.push(new BufferFilter(place.name, place.maxRequestBytes));
      } else if (place.kind === "metadata") {
        filters.push(new MetadataFilter(place.name, place.values));
      }
    }
    return filters;
  }

  upstreamFilters(stream: DownstreamStream, cluster: ClusterSpec): Filter[] {
    const slots = this.#upstreamSlots.get(cluster) ?? [];
    return slots
      .map((slot) => this.#plugins.createFilter(slot, this.#thread(stream.worker)))
      .filter((filter) => filter !== undefined);
  }

  findCluster(name: string): ClusterSpec | undefined {
    return this.#options.clusters.find((cluster) => cluster.name === name);
  }

  openUpstream(stream: DownstreamStream, cluster: ClusterSpec, headers: HeaderMap, sink: UpstreamSink): UpstreamServer {
    const run = this.#runs.get(stream.index);
    const own = run?.spec.upstream;
    const list = own === undefined ? undefined : Array.isArray(own) ? own : [own];
    const spec =
      list === undefined ? this.#nextUpstream(cluster) : list[Math.min(run?.upstream.length ?? 0, list.length - 1)];
    const server = new UpstreamServer(
      spec ?? { kind: "answer" },
      { name: cluster.name, isHttp2: cluster.protocol === "h2" },
      this.clock,
      stream.worker,
      this.#options.readSize ?? defaultReadSize,
      headers,
      sink,
    );
    run?.upstream.push(server.seen);
    return server;
  }

  // Inside.

  #thread(worker: number): Thread {
    const thread = this.workers[worker];
    if (thread === undefined) throw new HarnessError(`there is no worker ${worker}`, "worker-unknown");
    return thread;
  }

  #slot(name: string): PluginSlot {
    for (const place of [...this.#chain, ...[...this.#upstreamSlots.values()].flat()]) {
      if (place instanceof PluginSlot && place.spec.name === name) return place;
    }
    throw new HarnessError(`there is no plugin ${name} in the chain`, "plugin-unknown");
  }

  #turn(key: string): number {
    const turn = this.#turns.get(key) ?? 0;
    this.#turns.set(key, turn + 1);
    return turn;
  }

  #nextUpstream(cluster: ClusterSpec): UpstreamSpec {
    const list =
      cluster.upstream === undefined ? [] : Array.isArray(cluster.upstream) ? cluster.upstream : [cluster.upstream];
    return list[Math.min(this.#turn(cluster.name), list.length - 1)] ?? { kind: "answer" };
  }
}

/** Filters in the order of the chain: plugins change places among themselves, higher priority first. */
export function inOrder(chain: readonly FilterSpec[]): FilterSpec[] {
  const plugins = chain.filter((spec) => spec.kind === "plugin");
  plugins.sort((a, b) => (b.priority ?? 0) - (a.priority ?? 0));
  return chain.map((spec) => (spec.kind === "plugin" ? (plugins.shift() as PluginSpec) : spec));
}
