// The upstreams of a scenario: servers on loopback that answer as its data says and keep what they saw.
import { bytesOf, piecesOf } from "../../scenario/bytes.ts";
import type { UpstreamSeen } from "../../scenario/result.ts";
import {
  requestIndexHeader,
  type AnswerSpec,
  type ClusterSpec,
  type GrpcAnswerSpec,
  type Scenario,
  type UpstreamSpec,
} from "../../scenario/scenario.ts";
import { listen, type WireServer } from "../../providers/listen.ts";
import { headerOf, type WireReply, type WireRequest } from "../../providers/wire.ts";
import { deadPort } from "../config.ts";

/** All upstreams of one scenario. */
export class ScenarioUpstreams {
  readonly #scenario: Scenario;
  readonly #servers = new Map<string, WireServer>();
  readonly #seen: { index: number; seen: UpstreamSeen; request: WireRequest; settled: boolean }[] = [];
  readonly #turns = new Map<string, number>();

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
  }

  async start(): Promise<void> {
    for (const cluster of this.#scenario.clusters) {
      if (!cluster.refused) this.#servers.set(cluster.name, await listen((request) => this.#serve(cluster, request)));
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server.close()));
  }

  /** The port of a cluster; one on which nothing listens where it is to be refused. */
  port(cluster: ClusterSpec): number {
    return this.#servers.get(cluster.name)?.port ?? deadPort;
  }

  /** What the upstreams saw of a request, one entry per attempt. */
  seen(index: number): UpstreamSeen[] {
    return this.#seen
      .filter((one) => one.index === index)
      .map(({ seen, request, settled }) => (settled ? seen : { ...seen, body: request.soFar() }));
  }

  async #serve(cluster: ClusterSpec, request: WireRequest): Promise<WireReply> {
    const index = headerOf(request.headers, requestIndexHeader);
    if (index === undefined) return this.#serveCallout(cluster, request);
    const seen: UpstreamSeen = {
      cluster: cluster.name,
      method: request.method,
      path: request.path,
      authority: request.authority,
      headers: request.headers.filter(([name]) => name !== requestIndexHeader),
      body: new Uint8Array(0),
      trailers: [],
      complete: false,
    };
    const entry = { index: Number(index), seen, request, settled: false };
    const attempt = this.seen(entry.index).length;
    this.#seen.push(entry);
    void request.body.then(({ bytes, trailers, complete }) => {
      Object.assign(seen, { body: bytes, trailers, complete });
      entry.settled = true;
    });
    const own = this.#scenario.requests[entry.index]?.upstream;
    const spec = own === undefined ? this.#next(cluster.name, cluster.upstream) : pick(own, attempt);
    return reply(spec ?? { kind: "answer" }, request);
  }

  /** A call that a plugin makes itself. */
  async #serveCallout(cluster: ClusterSpec, request: WireRequest): Promise<WireReply> {
    const answers = cluster.grpc?.filter(({ service, method }) => request.path === `/${service}/${method}`) ?? [];
    const answer = this.#next(`${cluster.name} ${request.path}`, answers);
    if (answer !== undefined) return grpcReply(answer, request);
    return reply(this.#next(cluster.name, cluster.upstream) ?? { kind: "answer" }, request);
  }

  #next<T>(name: string, list: T | T[] | undefined): T | undefined {
    const turn = this.#turns.get(name) ?? 0;
    this.#turns.set(name, turn + 1);
    return pick(list, turn);
  }
}

function pick<T>(list: T | T[] | undefined, turn: number): T | undefined {
  return Array.isArray(list) ? list[Math.min(turn, list.length - 1)] : list;
}

async function reply(spec: UpstreamSpec, request: WireRequest): Promise<WireReply> {
  const isEarly = spec.kind !== "hang" && spec.after === "headers";
  if (!isEarly && !(await request.body).complete) return { kind: "hang" };
  return spec.kind === "answer" ? answer(spec, request) : { kind: spec.kind };
}

function answer(spec: AnswerSpec, request: WireRequest): WireReply {
  const status = spec.status ?? 200;
  const hasNoBody = request.method === "HEAD" || status === 204 || status === 304;
  const isEcho = typeof spec.body === "object" && "echo" in spec.body;
  const body = isEcho ? request.soFar() : bytesOf(spec.body as Exclude<AnswerSpec["body"], { echo: true }>);
  const framing = spec.framing ?? (spec.trailers === undefined ? "content-length" : "chunked");
  const pieces = hasNoBody ? [] : piecesOf(body, spec.chunks);
  return {
    kind: "answer",
    status,
    headers: spec.headers ?? [],
    pieces: pieces.slice(0, spec.cutAfterChunks),
    framing,
    cut: spec.cutAfterChunks !== undefined,
    ...(framing === "content-length" && !hasNoBody && { contentLength: body.length }),
    ...(spec.trailers && { trailers: spec.trailers }),
    ...(spec.delayMs && { delayMs: spec.delayMs }),
  };
}

async function grpcReply(spec: GrpcAnswerSpec, request: WireRequest): Promise<WireReply> {
  await request.body;
  const pieces = [];
  if (spec.message !== undefined) {
    const message = bytesOf(spec.message);
    const framed = new Uint8Array(5 + message.length);
    new DataView(framed.buffer).setUint32(1, message.length);
    framed.set(message, 5);
    pieces.push({ bytes: framed, afterMs: 0 });
  }
  return {
    kind: "answer",
    status: 200,
    headers: [["content-type", "application/grpc"]],
    pieces,
    trailers: [
      ["grpc-status", String(spec.status ?? 0)],
      ["grpc-message", spec.statusMessage ?? ""],
    ],
    ...(spec.delayMs && { delayMs: spec.delayMs }),
  };
}
