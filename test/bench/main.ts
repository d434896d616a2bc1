// `make bench`: what the filters cost in a real Envoy, beside an empty filter, Rust, Lua and Envoy's own filters.
//
//   ROUNDS=15 REQUESTS=4000 ONLY='chat 1 KiB' MEASURES=cpu,latency node --import tsx test/bench/main.ts
//
// Prints tables and writes .cache/bench/<time>.json. Figures are of this machine; compare ratios of one run.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { findEnvoy } from "../../harness/envoy/binary.ts";
import { measureCpu } from "./cpu.ts";
import { measureEvents } from "./events.ts";
import { countHostCalls } from "./host-calls.ts";
import { jobs, liked } from "./jobs.ts";
import { measureKinds } from "./kinds.ts";
import { measureLatency } from "./latency.ts";
import { withFloors } from "./floor.ts";
import { emptyLike } from "./like.ts";
import { measureMemory } from "./memory.ts";
import { buildPeers } from "./peers.ts";
import { report } from "./report.ts";
import type { ModuleSize, Results } from "./results.ts";
import { measureStart } from "./start.ts";
import { startUpstream } from "./upstream.ts";
import { measureWorkers } from "./workers.ts";

const measures = ["cpu", "hostcalls", "kinds", "latency", "events", "start", "workers", "memory"];
/** The job with the most kinds of host calls of a single filter. */
const kindsOf = "chat 1 KiB: cost-accounting, native flag";
const number = (name: string, otherwise: number) => Number(process.env[name] || otherwise);
const rounds = number("ROUNDS", 15);
const requests = number("REQUESTS", 4000);
const only = (process.env["ONLY"] ?? "").split(",");
const asked = process.env["MEASURES"] ? process.env["MEASURES"].split(",") : measures;
const unknown = asked.filter((name) => !measures.includes(name));
if (unknown.length > 0) {
  console.error(`There is no measure "${unknown.join(", ")}"; there are: ${measures.join(", ")}`);
  process.exit(2);
}

const say = (line: string) => process.stderr.write(`${line}\n`);
const envoy = await findEnvoy({ progress: say });
const peers = buildPeers();
if (peers.without !== undefined) say(`Rust is left out: ${peers.without}`);
const likes = new Map<string, string>();
for (const filter of liked) likes.set(filter, await emptyLike(filter));

const sizes = (prefix: string, paths: string[]): ModuleSize[] =>
  paths.map((path) => ({ name: prefix + path.slice(path.lastIndexOf("/") + 1), bytes: statSync(path).size }));
const built = readdirSync("build").filter((name) => name.endsWith(".wasm"));
const results: Results = {
  version: (JSON.parse(readFileSync("package.json", "utf8")) as { version: string }).version,
  envoy: envoy.version,
  at: new Date().toISOString(),
  machine: { cpu: cpus()[0]?.model ?? "", cores: cpus().length, node: process.version, load: [loadavg()[0] ?? 0, 0] },
  ...{ rounds, requests },
  ...(peers.without !== undefined && { withoutRust: peers.without }),
  figures: [],
  modules: [
    ...sizes(
      "",
      built.map((name) => `build/${name}`),
    ),
    ...sizes("Rust ", [...peers.modules.values()]),
  ],
};

const all = await withFloors(jobs(peers, likes));
const isNamed = (name: string) => only.some((part) => name.includes(part));
const wanted = all.filter(
  (job) => isNamed(job.name) || all.some((other) => other.over === job.name && isNamed(other.name)),
);
const upstream = await startUpstream();
for (const measure of measures.filter((name) => asked.includes(name))) {
  say(`measuring: ${measure}`);
  if (measure === "cpu") results.figures = await measureCpu(wanted, upstream.port, rounds, requests);
  if (measure === "hostcalls") results.hostCalls = countHostCalls(wanted);
  if (measure === "kinds") {
    for (const job of wanted.filter(({ name }) => name === kindsOf)) {
      const base = all.find(({ name }) => name === job.over);
      if (base) results.kinds = await measureKinds(job, base, upstream.port, rounds, requests);
    }
  }
  if (measure === "latency") results.latency = await measureLatency(upstream.port, rounds * 100);
  if (measure === "events") results.events = await measureEvents(rounds * 20);
  if (measure === "start") results.start = await measureStart(upstream.port, rounds);
  if (measure === "workers") results.workers = await measureWorkers(upstream.port, rounds, requests);
  if (measure === "memory") results.memory = await measureMemory(upstream.port, number("MEMORY_REQUESTS", 1_000_000));
}
upstream.stop();
results.machine.load[1] = loadavg()[0] ?? 0;

console.log(report(results));
const folder = ".cache/bench";
mkdirSync(folder, { recursive: true });
const path = `${folder}/${results.at.replaceAll(/[:.]/g, "-")}.json`;
writeFileSync(path, JSON.stringify(results, null, 2));
console.log(`\n${path}`);
