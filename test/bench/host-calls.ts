// Host calls per request, counted in the in-process host: what a filter asks of Envoy.
import { readFileSync } from "node:fs";
import { Gateway, type GatewayOptions } from "../../harness/host/gateway.ts";
import type { FilterSpec, RequestSpec, UpstreamSpec } from "../../harness/scenario/scenario.ts";
import type { Job } from "./jobs.ts";
import { answers } from "./requests.ts";
import type { HostCalls } from "./results.ts";

/** Requests after which a module asks the same each time. */
export const warmUp = 300;
const counted = 200;

/** Counts for every job that has plugins and nothing else in its chain. */
export function countHostCalls(jobs: readonly Job[]): HostCalls[] {
  return jobs.flatMap(({ name, chain, requests }) => {
    const plugins = chain.filter((one) => one.kind === "plugin");
    if (plugins.length === 0 || plugins.length < chain.length) return [];
    return [count(name, plugins, requests)];
  });
}

function count(job: string, chain: FilterSpec[], requests: Buffer[]): HostCalls {
  const { gateway, send } = sender(chain, requests);
  send(0, warmUp);
  const before = { ...gateway.hostCalls };
  send(warmUp, warmUp + counted);
  const byName = Object.entries(gateway.hostCalls)
    .map(([name, value]): [string, number] => [name.replace("proxy_", ""), (value - (before[name] ?? 0)) / counted])
    .filter(([, value]) => value > 0)
    .sort(([, a], [, b]) => b - a);
  return { job, total: byName.reduce((sum, [, value]) => sum + value, 0), byName: Object.fromEntries(byName) };
}

/** An in-process gateway with this chain, and what sends it requests of the list, in turn, from one number to another. */
export function sender(chain: FilterSpec[], requests: Buffer[], more: Partial<GatewayOptions> = {}) {
  const calls = requests.map(callOf);
  const gateway = new Gateway({
    ...{ chain, routes: [{ cluster: "up" }], loadModule: (path) => readFileSync(path) },
    clusters: [{ name: "up", ...(calls[0] && { upstream: calls[0].upstream }) }],
    ...more,
  });
  const send = (from: number, to: number) => {
    for (let at = from; at < to; at++) gateway.request((calls[at % calls.length] as (typeof calls)[number]).request);
  };
  return { gateway, send };
}

/** A request of the bench as the in-process host takes it, and its answer. */
export function callOf(bytes: Buffer): { request: RequestSpec; upstream: UpstreamSpec } {
  const text = bytes.toString("utf8");
  const end = text.indexOf("\r\n\r\n");
  const [first = "", ...lines] = text.slice(0, end).split("\r\n");
  const [method = "", path = ""] = first.split(" ");
  const headers = lines
    .map((line): [string, string] => [
      line.slice(0, line.indexOf(":")).toLowerCase(),
      line.slice(line.indexOf(":") + 2),
    ])
    .filter(([name]) => name !== "host" && name !== "content-length");
  const body = text.slice(end + 4);
  const { type, pieces } = answers[headers.find(([name]) => name === "x-answer")?.[1] ?? "json-1k"] ?? {
    ...{ type: "", pieces: [] },
  };
  return {
    request: { protocol: "h1", method, path, headers, ...(body !== "" && { body }) },
    upstream: {
      ...{ kind: "answer", headers: [["content-type", type]], body: pieces.join("") },
      ...(pieces.length > 1 && {
        framing: "chunked",
        chunks: pieces.map((one) => ({ bytes: Buffer.byteLength(one) })),
      }),
    },
  };
}
