// What a VM needs of the process around it. gateway.ts implements it.
import type { Clock } from "./clock.ts";
import type { Context } from "./context.ts";
import type { HeaderMap } from "./headers.ts";
import type { MetricRegistry } from "./metrics.ts";
import type { NodeInfo } from "./properties.ts";
import type { SharedData } from "./shared-data.ts";
import type { SharedQueues } from "./shared-queue.ts";
import type { Vm } from "./vm.ts";

/** An HTTP call that a plugin makes. */
export interface HttpCallout {
  cluster: string;
  headers: HeaderMap;
  body: Uint8Array;
  trailers: HeaderMap;
  timeoutMs: number;
}

/** A unary gRPC call that a plugin makes. */
export interface GrpcCallout {
  cluster: string;
  service: string;
  method: string;
  metadata: HeaderMap;
  message: Uint8Array;
  timeoutMs: number;
}

/** The answer to an HTTP call; null: the connection broke or the time ran out. */
export interface HttpCalloutAnswer {
  delayMs: number;
  response: { headers: HeaderMap; body: Uint8Array; trailers: HeaderMap | null } | null;
}

/** The answer to a gRPC call: a message, or a status other than 0. */
export interface GrpcCalloutAnswer {
  delayMs: number;
  message?: Uint8Array;
  status: number;
  statusMessage: string;
}

/** Sees every callback of a VM and every host call within it, in order. */
export interface Tracer {
  /** `args` as they were passed: the first of a stream's callback is the id of its context. */
  callback(name: string, args: readonly number[], vm: Vm): void;
  hostCall(name: string, args: readonly (number | bigint)[], vm: Vm): void;
  answered(name: string, answer: number): void;
}

/** The process: what all workers share. */
export interface Process {
  readonly tracer: Tracer | undefined;
  readonly clock: Clock;
  readonly sharedData: SharedData;
  readonly queues: SharedQueues;
  readonly metrics: MetricRegistry;
  readonly node: NodeInfo;
  /** Envoy's log level of Wasm, as `proxy_get_log_level` tells it. */
  readonly logLevel: number;
  log(vm: Vm, context: Context, level: number, text: string): void;
  /** A VM died, or was used as Envoy has no defined answer to. */
  trapped(message: string): void;
  /** Called before each host call: a number is answered instead of making it. */
  beforeHostCall(name: string, vm: Vm): number | undefined;
  /** Undefined: no such cluster. */
  httpCall(call: HttpCallout): HttpCalloutAnswer | undefined;
  grpcCall(call: GrpcCallout): GrpcCalloutAnswer | undefined;
  fillRandom(bytes: Uint8Array): void;
}

/** One event loop: a worker (0 and up) or the main thread (-1), with its VMs. */
export interface Thread {
  readonly process: Process;
  readonly index: number;
  /** By VM key; a VM that died is taken out, so that a new one can take its place. */
  readonly vms: Map<string, Vm>;
}
