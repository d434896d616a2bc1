// An Envoy with a listener for each job, in front of the bench's upstream.
import { readdirSync, readFileSync } from "node:fs";
import type { ListenerConfig, RawFilter } from "../../harness/envoy/config.ts";
import { startEnvoy, type Envoy } from "../../harness/envoy/process.ts";
import type { FilterSpec } from "../../harness/scenario/scenario.ts";

/** A chain by the name of its listener. */
export interface Chain {
  name: string;
  chain: (FilterSpec | RawFilter)[];
}

export function listener({ name, chain }: Chain): ListenerConfig {
  return { name, chain, routes: [{ cluster: "upstream", timeoutMs: 0 }], accessLog: false };
}

export function cluster(upstreamPort: number) {
  return { name: "upstream", endpoints: [upstreamPort], limits: { connections: 10_000, pendingRequests: 10_000 } };
}

/** Starts Envoy with these chains. */
export function startRig(chains: readonly Chain[], upstreamPort: number, workers = 1): Promise<Envoy> {
  const config = { listeners: chains.map(listener), clusters: [cluster(upstreamPort)] };
  return startEnvoy(config, { concurrency: workers, readyTimeoutMs: 60_000 });
}

/** CPU time of all threads of a process, microseconds: finer than the clock ticks of utime and stime, and the same sum. */
export function cpuMicros(pid: number): number {
  let nanos = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    nanos += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  }
  return nanos / 1000;
}
