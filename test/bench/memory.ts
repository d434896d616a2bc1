// What the suite takes of memory: Envoy's resident bytes by workers, and its linear memory over many requests.
import { setTimeout as sleep } from "node:timers/promises";
import { plugin, suiteConfig } from "./chains.ts";
import { sender } from "./host-calls.ts";
import { load } from "./load.ts";
import { median } from "./numbers.ts";
import { chat } from "./requests.ts";
import type { Memory } from "./results.ts";
import { startRig } from "./rig.ts";

const workerCounts = [1, 2, 4];
const starts = 3;
const suite = plugin("suite", suiteConfig);

/** `linearRequests` go through the in-process host, whose VM has the same module and so the same linear memory. */
export async function measureMemory(upstreamPort: number, linearRequests: number): Promise<Memory> {
  const resident = async (chain: (typeof suite)[], workers: number): Promise<number> => {
    const seen: number[] = [];
    for (let at = 0; at < starts; at++) {
      const envoy = await startRig([{ name: "memory", chain }], upstreamPort, workers);
      await load(envoy.port("memory"), chat(1024), 100, 32);
      await sleep(300);
      seen.push((await envoy.memoryBytes()).resident);
      await envoy.stop();
    }
    return median(seen);
  };
  const memory: Memory = { noFilter: {}, suite: {}, linear: linearMemory(linearRequests) };
  for (const workers of workerCounts) {
    memory.noFilter[workers] = await resident([], workers);
    memory.suite[workers] = await resident([suite], workers);
  }
  return memory;
}

function linearMemory(requests: number): Memory["linear"] {
  const { gateway, send } = sender([suite], chat(1024), { maxLogLines: 10 });
  const now = () => Math.max(...gateway.vms().map((vm) => vm.memory.size));
  send(0, 1000);
  const early = now();
  send(1000, requests);
  return { requests, early, late: now() };
}
