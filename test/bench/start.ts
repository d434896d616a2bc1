// From a changed configuration to the first answer through the new filter, in a running Envoy.
import { plugin, suiteConfig } from "./chains.ts";
import { load } from "./load.ts";
import { spread, type Spread } from "./numbers.ts";
import { chat } from "./requests.ts";
import { cluster, listener, startRig, type Chain } from "./rig.ts";

/** Milliseconds without and with the suite. Each time it is a VM of its own, as for a configuration seen first. */
export async function measureStart(upstreamPort: number, times: number): Promise<{ noFilter: Spread; suite: Spread }> {
  const found = { noFilter: [] as number[], suite: [] as number[] };
  for (const which of ["noFilter", "suite"] as const) {
    const first: Chain = { name: "first", chain: [] };
    const envoy = await startRig([first], upstreamPort);
    for (let at = 0; at < times; at++) {
      const chain = which === "suite" ? [{ ...plugin("suite", suiteConfig), vmId: `start-${at}` }] : [];
      const next: Chain = { name: `next-${at}`, chain };
      const begun = performance.now();
      await envoy.update({ listeners: [first, next].map(listener), clusters: [cluster(upstreamPort)] });
      await load(envoy.port(next.name), chat(1024), 1, 1);
      found[which].push(performance.now() - begun);
    }
    await envoy.stop();
  }
  return { noFilter: spread(found.noFilter), suite: spread(found.suite) };
}
