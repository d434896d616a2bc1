// CPU per request with one worker and with two, all requests on one bucket among the jobs.
import { limit, plugin, suiteConfig } from "./chains.ts";
import { load } from "./load.ts";
import { spread } from "./numbers.ts";
import { chat, get } from "./requests.ts";
import type { Workers } from "./results.ts";
import { cpuMicros, startRig } from "./rig.ts";

const jobs = [
  { name: "no filter, GET", chain: [], requests: get },
  { name: "rate-limit, hot key", chain: [plugin("rate-limit", limit())], requests: get },
  { name: "no filter, chat 1 KiB", chain: [], requests: chat(1024) },
  { name: "suite", chain: [plugin("suite", suiteConfig)], requests: chat(1024) },
];
/** So many that both workers get some. */
const connections = 32;

export async function measureWorkers(upstreamPort: number, rounds: number, requests: number): Promise<Workers[]> {
  const one = await startRig(jobs, upstreamPort, 1);
  const two = await startRig(jobs, upstreamPort, 2);
  const figures = jobs.map(({ name }) => ({ name, one: [] as number[], two: [] as number[] }));
  // Round 0 warms up.
  for (let round = 0; round <= rounds; round++) {
    for (const [at, job] of jobs.entries()) {
      for (const [which, envoy] of [["one", one] as const, ["two", two] as const]) {
        const before = cpuMicros(envoy.pid);
        await load(envoy.port(job.name), job.requests, requests, connections);
        if (round > 0) figures[at]?.[which].push((cpuMicros(envoy.pid) - before) / requests);
      }
    }
  }
  await Promise.all([one.stop(), two.stop()]);
  return figures.map((figure) => ({ name: figure.name, one: spread(figure.one), two: spread(figure.two) }));
}
