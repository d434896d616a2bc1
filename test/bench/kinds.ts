// What each kind of host call takes in real traffic: a job's host calls alone, against the same without one kind.
import { measureCpu } from "./cpu.ts";
import { floorOf, trace } from "./floor.ts";
import type { Job } from "./jobs.ts";
import type { KindCost } from "./results.ts";

/** Measures every kind of host call that `job` makes; `base` is the job of the same requests without a filter. */
export async function measureKinds(
  job: Job,
  base: Job,
  upstreamPort: number,
  rounds: number,
  requests: number,
): Promise<KindCost[]> {
  const [own] = job.chain;
  if (own?.kind !== "plugin") return [];
  const traced = trace(job, own);
  const made = traced.callbacks.flatMap(({ calls }) => calls.map(({ name }) => name));
  const names = [...new Set(made)];
  const whole = await floorOf(job, traced);
  const jobs: Job[] = [base, whole];
  for (const name of names) jobs.push({ ...(await floorOf(job, traced, name)), over: whole.name });
  const figures = await measureCpu(jobs, upstreamPort, rounds, requests);
  return names.map((name, at) => {
    const saved = figures[at + 2]?.overMicros?.median ?? Number.NaN;
    const calls = made.filter((other) => other === name).length;
    return { job: job.name, name: name.replace("proxy_", ""), calls, micros: -saved };
  });
}
