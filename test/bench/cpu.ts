// CPU time of Envoy per request, for each job, in interleaved rounds.
import type { Job } from "./jobs.ts";
import { load } from "./load.ts";
import { differences, spread } from "./numbers.ts";
import type { Figure } from "./results.ts";
import { cpuMicros, startRig } from "./rig.ts";

const warmUp = 1000;

/** Runs all jobs in each round, in turn, so that what the machine does besides falls on all of them. */
export async function measureCpu(
  jobs: readonly Job[],
  upstreamPort: number,
  rounds: number,
  requests: number,
): Promise<Figure[]> {
  const envoy = await startRig(jobs, upstreamPort);
  const perRequest = new Map<string, number[]>(jobs.map((job) => [job.name, []]));
  const sizeOf = (job: Job, all: number) => Math.max(50, Math.round(all * job.share));
  for (const job of jobs) await load(envoy.port(job.name), job.requests, sizeOf(job, warmUp));
  for (let round = 0; round < rounds; round++) {
    process.stderr.write(`\rround ${round + 1} of ${rounds} `);
    for (const job of jobs) {
      const count = sizeOf(job, requests);
      const before = cpuMicros(envoy.pid);
      await load(envoy.port(job.name), job.requests, count);
      perRequest.get(job.name)?.push((cpuMicros(envoy.pid) - before) / count);
    }
  }
  process.stderr.write("\r");
  const wrong = [...(await envoy.counters("lua\\.errors$|json_to_metadata.*\\.(invalid_json_body|no_body)$"))];
  await envoy.stop();
  const faults = wrong.filter(([, count]) => count > 0).map(([name, count]) => `${name} ${count}`);
  if (faults.length > 0) throw new Error(`what is compared with did not do its job: ${faults.join(", ")}`);
  return jobs.map(({ name, over }) => {
    const own = perRequest.get(name) ?? [];
    const figure: Figure = { name, micros: spread(own) };
    const base = over === undefined ? undefined : perRequest.get(over);
    if (over !== undefined && base !== undefined) {
      Object.assign(figure, { over, overMicros: spread(differences(own, base)) });
    }
    return figure;
  });
}
