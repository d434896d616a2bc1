// What a bench found: the JSON in .cache/bench.
import type { Spread } from "./numbers.ts";

/** All that one run measured; parts that were not asked for are absent. */
export interface Results {
  version: string;
  envoy: string;
  at: string;
  machine: Machine;
  rounds: number;
  requests: number;
  /** Why there are no Rust filters to compare with; absent where there are. */
  withoutRust?: string;
  figures: Figure[];
  modules: ModuleSize[];
  memory?: Memory;
  workers?: Workers[];
  start?: { noFilter: Spread; suite: Spread };
  events?: EventLag[];
  latency?: Latency[];
  hostCalls?: HostCalls[];
  kinds?: KindCost[];
}

export interface Machine {
  cpu: string;
  cores: number;
  node: string;
  /** Load over one minute before and after: above 1 somebody else was at work. */
  load: [before: number, after: number];
}

/** CPU of one job: microseconds of Envoy per request, and over its base round by round. */
export interface Figure {
  name: string;
  micros: Spread;
  over?: string;
  overMicros?: Spread;
}

export interface ModuleSize {
  name: string;
  bytes: number;
}

export interface Memory {
  /** Resident bytes after the start and a few requests, by number of workers. */
  noFilter: Record<string, number>;
  suite: Record<string, number>;
  /** Linear memory of the suite's VM: early, and after so many requests. */
  linear: { requests: number; early: number; late: number };
}

/** CPU per request of the same job with one worker and with two. */
export interface Workers {
  name: string;
  one: Spread;
  two: Spread;
}

/** Milliseconds from the upstream's write of an event to the client's read. */
export interface EventLag {
  name: string;
  ms: Spread;
  /** Events that came only after the next one had been written: a busy machine does that too. */
  late: number;
  /** Events that left later than they came in the in-process host, where nothing else takes time. */
  held: number;
  events: number;
}

/** Milliseconds of short HTTP/2 calls, one after the other. */
export interface Latency {
  name: string;
  ms: Spread;
}

/** Host calls per request in the in-process host. */
export interface HostCalls {
  job: string;
  total: number;
  byName: Record<string, number>;
}

/** CPU of all of a request's host calls of one kind, microseconds. */
export interface KindCost {
  job: string;
  name: string;
  calls: number;
  micros: number;
}
