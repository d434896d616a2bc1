// What is to be reached, row by row, and what a run reached.
import { floorName } from "./floor.ts";
import type { Figure, Results } from "./results.ts";
import { noise } from "./numbers.ts";

/** One demand: at most `target`. */
export interface Goal {
  job: string;
  demand: string;
  target: number;
  unit: "×" | "µs" | "KiB" | "MiB" | "ms" | "events";
  /** What counts: ratios are of the CPU time over no filter. */
  reached: (results: Results) => number | undefined;
  /** What the same host calls reach without any work of the module (floor.ts). */
  floor?: (results: Results) => number | undefined;
  /** Ratios only: of all CPU time of the process, the request's own included. */
  ofTotal?: (results: Results) => number | undefined;
}

/** A goal with its figures. */
export interface Verdict {
  job: string;
  demand: string;
  target: number;
  unit: Goal["unit"];
  reached?: number;
  floor?: number;
  ofTotal?: number;
  /** Undefined: not measured. */
  met?: boolean;
}

/** Judges a run. */
export function judge(results: Results): Verdict[] {
  return goals.map(({ job, demand, target, unit, reached, floor, ofTotal }) => {
    const value = reached(results);
    const least = floor?.(results);
    const total = ofTotal?.(results);
    const verdict: Verdict = { job, demand, target, unit };
    if (value !== undefined && Number.isFinite(value)) Object.assign(verdict, { reached: value, met: value <= target });
    if (least !== undefined && Number.isFinite(least)) verdict.floor = least;
    if (total !== undefined && Number.isFinite(total)) verdict.ofTotal = total;
    return verdict;
  });
}

const figure = (results: Results, name: string): Figure | undefined => results.figures.find((one) => one.name === name);

/** The ratio of two jobs' medians: what each costs over its base. */
export function overRatio(results: Results, name: string, to: string): number | undefined {
  const [a, b] = [figure(results, name)?.overMicros, figure(results, to)?.overMicros];
  // A job that costs less than the noise has no ratio.
  if (a === undefined || b === undefined || b.median <= noise(b) / 2 || b.median <= 0) return undefined;
  return a.median / b.median;
}

/** The same of the whole CPU time. */
export function totalRatio(results: Results, name: string, to: string): number | undefined {
  const [a, b] = [figure(results, name)?.micros, figure(results, to)?.micros];
  return a === undefined || b === undefined ? undefined : a.median / b.median;
}

/** Jobs of `group`: what `name` costs against each of the others. */
function ratios(job: string, group: string, name: string, against: [what: string, demand: string, target: number][]) {
  return against.map(([what, demand, target]): Goal => {
    const [a, b] = [`${group}: ${name}`, `${group}: ${what}`];
    return {
      ...{ job, demand: `× ${demand}`, target, unit: "×" },
      reached: (results) => overRatio(results, a, b),
      floor: (results) => overRatio(results, floorName(a), b),
      ofTotal: (results) => totalRatio(results, a, b),
    };
  });
}

/** Events of the streamed answer that are sent (the last two are usage and end). */
export const eventsPerAnswer = 202;

const keys = "GET by 100 keys";
const small = "chat 1 KiB";
const large = "chat 64 KiB, model last";
const stream = "answer of 200 events";
const mib = 2 ** 20;

const limits: [module: string, kib: number][] = [
  ["rate-limit", 48],
  ["model-tag", 32],
  ["retry-guard", 32],
  ["cost-accounting", 48],
  ["suite", 96],
];

export const goals: readonly Goal[] = [
  ...ratios("rate-limit, 100 keys by header, GET", keys, "rate-limit", [
    ["Rust rate_limit", "Rust", 0.7],
    ["empty like rate-limit", "an empty filter with the same callbacks", 2.2],
  ]),
  ...ratios("rate-limit with lease", keys, "rate-limit, lease", [["Rust rate_limit", "Rust", 0.6]]),
  ...ratios("model-tag, 1 KiB, native flag", small, "model-tag, native flag", [
    ["Rust model_tag", "Rust + serde_json", 0.65],
    ["native json_to_metadata, request and answer", "native json_to_metadata", 0.65],
    ["Lua model tag", "Lua", 0.75],
  ]),
  ...ratios("model-tag, 64 KiB, model last", large, "model-tag, native flag", [
    ["Rust model_tag_fast", "Rust (SIMD)", 0.6],
    ["native json_to_metadata, request and answer", "native json_to_metadata", 0.05],
  ]),
  ...ratios("model-tag as pair, 1 KiB", small, "model-tag, pair", [
    ["model-tag, native flag", "the single instance", 1.4],
  ]),
  ...ratios("cost-accounting, 1 KiB JSON answer", small, "cost-accounting, native flag", [
    ["Rust cost_accounting", "Rust", 0.7],
    ["Lua usage", "Lua", 0.85],
    ["native json_to_metadata, usage", "native json_to_metadata", 0.85],
  ]),
  ...ratios("cost-accounting, SSE", stream, "cost-accounting, native flag", [
    ["Rust cost_accounting", "Rust, per event", 0.75],
  ]),
  {
    ...{ job: "cost-accounting, SSE", demand: "over an empty filter with a body callback, per event" },
    ...{ target: 1.2, unit: "µs" },
    reached: (results) => perEvent(results, `${stream}: cost-accounting, native flag`),
    floor: (results) => perEvent(results, floorName(`${stream}: cost-accounting, native flag`)),
  },
  ...ratios("retry-guard, safe mode", small, "retry-guard, safe", [
    ["empty like retry-guard", "an empty filter with the same callbacks", 2.0],
  ]),
  ...ratios("suite, 1 KiB chat, JSON answer", small, "suite", [
    ["four single modules", "the four single modules in a chain", 0.6],
    ["four Rust filters", "four Rust filters", 0.5],
  ]),
  ...limits.map(([module, kib]): Goal => ({
    ...{ job: `module ${module}`, demand: "size", target: kib, unit: "KiB" },
    reached: (results) => {
      const bytes = results.modules.find((one) => one.name === `${module}.wasm`)?.bytes;
      return bytes === undefined ? undefined : bytes / 1024;
    },
  })),
  {
    ...{ job: "memory", demand: "Envoy with the suite over no filter, at start", target: 20, unit: "MiB" },
    reached: ({ memory }) => memory && overNone(memory, 1) / mib,
  },
  {
    ...{ job: "memory", demand: "for each further worker", target: 3, unit: "MiB" },
    reached: ({ memory }) => memory && (overNone(memory, 4) - overNone(memory, 1)) / 3 / mib,
  },
  {
    ...{ job: "memory", demand: "linear memory of a VM", target: 1, unit: "MiB" },
    reached: ({ memory }) => memory && memory.linear.late / mib,
  },
  {
    ...{ job: "memory", demand: "growth of linear memory over many requests", target: 0, unit: "MiB" },
    reached: ({ memory }) => memory && (memory.linear.late - memory.linear.early) / mib,
  },
  ...["rate-limit, hot key", "suite"].map((name): Goal => ({
    ...{ job: "1 → 2 workers", demand: `CPU per request: ${name}`, target: 1.1, unit: "×" },
    reached: ({ workers }) => {
      const own = workers?.find((one) => one.name === name);
      return own && own.two.median / own.one.median;
    },
  })),
  {
    ...{ job: "time to first byte of a stream", demand: "events that leave later than they came", target: 0 },
    unit: "events",
    reached: ({ events }) => events && Math.max(...events.map((one) => one.held)),
  },
  {
    ...{ job: "latency of a short HTTP/2 call", demand: "added by the pair", target: 0.4, unit: "ms" },
    reached: ({ latency }) => {
      const of = (name: string) => latency?.find((one) => one.name === name)?.ms.median ?? Number.NaN;
      return latency && of("model-tag, pair") - of("no filter");
    },
  },
];

/** Microseconds of an event over an empty filter. */
function perEvent(results: Results, name: string): number | undefined {
  const own = figure(results, name)?.overMicros;
  const empty = figure(results, `${stream}: empty like cost-accounting`)?.overMicros;
  return own && empty && (own.median - empty.median) / eventsPerAnswer;
}

function overNone({ suite, noFilter }: NonNullable<Results["memory"]>, workers: number): number {
  return (suite[workers] ?? Number.NaN) - (noFilter[workers] ?? Number.NaN);
}
