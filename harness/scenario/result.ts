// What came of a scenario: the same shape from the in-process host and from the real Envoy.
import type { HeaderList, Outcome } from "./scenario.ts";

/** What an upstream saw of one attempt. */
export interface UpstreamSeen {
  cluster: string;
  method: string;
  path: string;
  authority: string;
  /** Without pseudo headers and without the scenario's own header. */
  headers: HeaderList;
  body: Uint8Array;
  trailers: HeaderList;
  /** The request came to its end here. */
  complete: boolean;
}

/** What came of one request. */
export interface RequestResult {
  outcome: Outcome;
  /** 0: no answer. */
  status: number;
  headers: HeaderList;
  body: Uint8Array;
  trailers: HeaderList;
  /** One entry per attempt, in order. */
  upstream: UpstreamSeen[];
  /** As the access log saw it, without the prefix `wasm.`; absent ones are not here. */
  filterState: Record<string, string>;
  responseCodeDetails: string;
  responseFlags: string;
  /** From the first byte sent to the last byte received, as the scenario's clock saw it. */
  durationMs: number;
}

/** A line that a plugin logged. */
export interface LogLine {
  level: "trace" | "debug" | "info" | "warn" | "error" | "critical";
  text: string;
}

/** What came of the whole. */
export interface ScenarioResult {
  host: "envoy" | "in-process";
  requests: RequestResult[];
  /** Change over the scenario by name as the plugin defined it (a gauge: last value; a histogram: number of samples). */
  metrics: Record<string, number>;
  log: LogLine[];
  /** One line per VM death. */
  traps: string[];
  /** By index of `updates`: whether the new configuration was refused. */
  refusedUpdates: boolean[];
  /** In-process only: shared data as text, by key. */
  sharedData?: Record<string, string>;
}
