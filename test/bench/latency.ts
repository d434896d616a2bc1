// What a short HTTP/2 call takes, one call at a time on one connection: its body is one DATA frame that ends the stream.
import { connectH2 } from "../../harness/envoy/client-h2.ts";
import { pair, plugin, suiteConfig } from "./chains.ts";
import { median, spread } from "./numbers.ts";
import type { Latency } from "./results.ts";
import { startRig } from "./rig.ts";

const chains = [
  { name: "no filter", chain: [] },
  { name: "empty filter", chain: [plugin("empty")] },
  { name: "model-tag, native flag", chain: [plugin("model-tag")] },
  { name: "model-tag, pair", chain: pair("model-tag") },
  { name: "suite, pair", chain: pair("suite", suiteConfig) },
];
/** Calls of one chain in a row; the median of each such batch is one figure. */
const batch = 50;

export async function measureLatency(upstreamPort: number, calls: number): Promise<Latency[]> {
  const envoy = await startRig(chains, upstreamPort);
  const found = new Map<string, number[]>(chains.map(({ name }) => [name, []]));
  const connections = await Promise.all(chains.map(({ name }) => connectH2(envoy.port(name))));
  for (let done = 0; done < calls; done += batch) {
    for (const [at, { name }] of chains.entries()) {
      const session = connections[at]?.session;
      if (session === undefined) continue;
      const ms: number[] = [];
      for (let call = 0; call < batch; call++) {
        const begun = performance.now();
        await shortCall(session);
        ms.push(performance.now() - begun);
      }
      // The first batch warms up.
      if (done > 0) found.get(name)?.push(median(ms));
    }
  }
  for (const connection of connections) connection.destroy();
  await envoy.stop();
  return [...found].map(([name, ms]) => ({ name, ms: spread(ms) }));
}

function shortCall(session: Awaited<ReturnType<typeof connectH2>>["session"]): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ...{ ":method": "POST", ":path": "/v1/chat/completions", ":authority": "gateway.test", ":scheme": "http" },
      "content-type": "application/json",
    });
    let status = 0;
    stream.on("response", (headers) => {
      status = Number(headers[":status"]);
    });
    stream.on("data", () => undefined);
    stream.once("error", reject);
    stream.once("end", () => (status === 200 ? resolve() : reject(new Error(`status ${status}`))));
    stream.end('{"model":"gpt-4o"}');
  });
}
