// `make bench`: CPU time of a real Envoy (user and system) per request, for each job, in interleaved rounds.
//
//   ROUNDS=15 REQUESTS=4000 ONLY='model-tag' node --import tsx test/bench/main.ts
//
// Prints tables and writes .cache/bench/<time>.json. Figures are of this machine; compare ratios of one run.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { cpus } from "node:os";
import { table } from "../../harness/demo/table.ts";
import type { ListenerConfig } from "../../harness/envoy/config.ts";
import { startEnvoy } from "../../harness/envoy/process.ts";
import { compileFixture } from "../envoy/fixtures/compile.ts";
import { jobs, type Job } from "./jobs.ts";
import { load } from "./load.ts";
import { show, spread, type Spread } from "./numbers.ts";
import { answers } from "./requests.ts";

const rounds = Number(process.env["ROUNDS"] ?? 15);
const requests = Number(process.env["REQUESTS"] ?? 4000);
const only = process.env["ONLY"] ?? "";
const folder = ".cache/bench";

const upstream = createServer((request, response) => {
  request.resume();
  request.on("end", () => {
    const { type, pieces } = answers[String(request.headers["x-answer"] ?? "json-1k")] ?? { type: "", pieces: [] };
    const length = pieces.length === 1 ? { "content-length": Buffer.byteLength(pieces[0] ?? "") } : {};
    response.writeHead(200, { "content-type": type, ...length });
    for (const piece of pieces) response.write(piece);
    response.end();
  });
});
upstream.keepAliveTimeout = 600_000;
await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));

const callbacks = await compileFixture("callbacks");
const all = jobs(callbacks.path);
const wanted = all.filter(
  (job) => job.name.includes(only) || all.some((other) => other.over === job.name && other.name.includes(only)),
);
const listener = (job: Job): ListenerConfig => ({
  name: job.name,
  chain: job.chain,
  routes: [{ cluster: "upstream", timeoutMs: 0 }],
  accessLog: false,
});
const clusters = [{ name: "upstream", endpoints: [(upstream.address() as AddressInfo).port] }];
const envoy = await startEnvoy({ listeners: wanted.map(listener), clusters }, { concurrency: 1 });

const perRequest = new Map<string, number[]>(wanted.map((job) => [job.name, []]));
const isLarge = (job: Job) => /64 KiB|events/.test(job.name);
const sizeOf = (job: Job) => Math.max(200, Math.round(requests / (isLarge(job) ? 4 : 1)));
for (const job of wanted) await load(envoy.port(job.name), job.requests, 500); // warm: connections, V8's optimiser
for (let round = 0; round < rounds; round++) {
  process.stderr.write(`\rround ${round + 1} of ${rounds}`);
  for (const job of wanted) {
    const before = await envoy.cpuMillis();
    await load(envoy.port(job.name), job.requests, sizeOf(job));
    const used = (await envoy.cpuMillis()) - before;
    perRequest.get(job.name)?.push((used * 1000) / sizeOf(job));
  }
}
process.stderr.write("\n");
await envoy.stop();

/** Figures of one job: microseconds per request, and over its base round by round. */
interface Figure {
  name: string;
  micros: Spread;
  over?: string;
  overMicros?: Spread;
}

const figures: Figure[] = wanted.map((job) => {
  const own = perRequest.get(job.name) ?? [];
  const base = job.over === undefined ? undefined : perRequest.get(job.over);
  return {
    name: job.name,
    micros: spread(own),
    ...(job.over !== undefined && base !== undefined
      ? { over: job.over, overMicros: spread(own.map((value, at) => value - (base[at] ?? Number.NaN))) }
      : {}),
  };
});

const modules = readdirSync("build")
  .filter((name) => name.endsWith(".wasm"))
  .map((name) => ({ name, bytes: statSync(`build/${name}`).size }));

const memory: { name: string; residentMiB: number }[] = [];
for (const job of wanted.filter((one) => one.name.startsWith("chat 1 KiB"))) {
  const alone = await startEnvoy({ listeners: [listener(job)], clusters }, { concurrency: 1 });
  await load(alone.port(job.name), job.requests, 2000);
  memory.push({ name: job.name, residentMiB: (await alone.memoryBytes()).resident / 2 ** 20 });
  await alone.stop();
}
upstream.closeAllConnections();
upstream.close();
await callbacks.remove();

const cell = (one: Spread | undefined) =>
  one === undefined ? ["", ""] : [show(one.median), `${show(one.min)}…${show(one.max)}`];
console.log(
  `\nCPU µs of Envoy ${envoy.version} per request: median of ${rounds} rounds × ${requests} requests, one worker\n`,
);
console.log(
  table(
    ["job", "µs", "min…max", "over no filter", "min…max"],
    figures.map((one) => [one.name, ...cell(one.micros), ...cell(one.overMicros)]),
  ),
);
console.log(
  `\n${table(
    ["module", "KiB"],
    modules.map((one) => [one.name, (one.bytes / 1024).toFixed(1)]),
  )}`,
);
console.log(
  `\n${table(
    ["Envoy with", "resident MiB"],
    memory.map((one) => [one.name, show(one.residentMiB)]),
  )}`,
);

mkdirSync(folder, { recursive: true });
const path = `${folder}/${new Date().toISOString().replaceAll(/[:.]/g, "-")}.json`;
const version = (JSON.parse(readFileSync("package.json", "utf8")) as { version: string }).version;
const machine = { cpu: cpus()[0]?.model ?? "", cores: cpus().length, node: process.version };
writeFileSync(
  path,
  JSON.stringify({ version, envoy: envoy.version, machine, rounds, requests, figures, modules, memory }, null, 2),
);
console.log(`\n${path}`);
