// What changed from one run to another, beyond the noise of their rounds.
import { noise, type Spread } from "./numbers.ts";
import type { Results } from "./results.ts";

/** One figure in both runs. */
export interface Change {
  name: string;
  before: number;
  after: number;
  /** What a change must exceed to count. */
  noise: number;
  verdict: "same" | "better" | "worse";
}

/** Spreads of both runs by name, for each kind: all are better when they are smaller. */
export function changes(before: Results, after: Results): Change[] {
  const old = new Map(spreads(before));
  return spreads(after).flatMap(([name, now]) => {
    const then = old.get(name);
    return then === undefined ? [] : [change(name, then, now)];
  });
}

/** A figure has changed when its medians are further apart than the middle half of either run's rounds. */
export function change(name: string, then: Spread, now: Spread): Change {
  const allowed = Math.max(noise(then), noise(now));
  const by = now.median - then.median;
  const verdict = Math.abs(by) <= allowed ? "same" : by < 0 ? "better" : "worse";
  return { name, before: then.median, after: now.median, noise: allowed, verdict };
}

/** Names that only one of the two has. */
export function onlyIn(one: Results, other: Results): string[] {
  const has = new Set(spreads(other).map(([name]) => name));
  return spreads(one)
    .map(([name]) => name)
    .filter((name) => !has.has(name));
}

function spreads(results: Results): [name: string, of: Spread][] {
  const exact = (value: number): Spread => ({ median: value, min: value, max: value, low: value, high: value });
  return [
    ...results.figures.map((one): [string, Spread] => [`${one.name} (µs)`, one.overMicros ?? one.micros]),
    ...results.modules.map((one): [string, Spread] => [`${one.name} (KiB)`, exact(one.bytes / 1024)]),
    ...(results.latency ?? []).map((one): [string, Spread] => [`latency: ${one.name} (ms)`, one.ms]),
    ...(results.events ?? []).map((one): [string, Spread] => [`an event's way: ${one.name} (ms)`, one.ms]),
    ...(results.workers ?? []).map((one): [string, Spread] => [`two workers: ${one.name} (µs)`, one.two]),
    ...(results.start ? [["start with the suite (ms)", results.start.suite] as [string, Spread]] : []),
  ];
}
