// How long an event of a stream is on its way, and whether any waits for the next one. Upstream and client share a clock.
import { readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Gateway } from "../../harness/host/gateway.ts";
import type { HeaderList } from "../../harness/scenario/scenario.ts";
import { pair, plugin, prices, suiteConfig } from "./chains.ts";
import { spread } from "./numbers.ts";
import type { EventLag } from "./results.ts";
import { startRig } from "./rig.ts";

const chains = [
  { name: "no filter", chain: [] },
  { name: "cost-accounting, native flag", chain: [plugin("cost-accounting", prices)] },
  { name: "cost-accounting, pair", chain: pair("cost-accounting", prices) },
  { name: "suite, native flag", chain: [plugin("suite", suiteConfig)] },
  { name: "suite, pair", chain: pair("suite", suiteConfig) },
];
const gapMs = 8;
const eventOf = (at: number): string =>
  `data: ${JSON.stringify({ model: "gpt-4o", choices: [{ index: 0, delta: { content: `word ${at} ` } }] })}\n\n`;

/** Sends `events` events, `gapMs` apart, through each chain. */
export async function measureEvents(events: number): Promise<EventLag[]> {
  const written: number[] = [];
  const upstream = createServer((incoming, response) => {
    incoming.resume();
    response.writeHead(200, { "content-type": "text/event-stream" });
    void (async () => {
      for (let at = 0; at < events; at++) {
        written.push(performance.now());
        response.write(eventOf(at));
        await sleep(gapMs);
      }
      response.end();
    })();
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const envoy = await startRig(chains, (upstream.address() as AddressInfo).port);
  const found: EventLag[] = [];
  for (const { name, chain } of chains) {
    await read(envoy.port(name));
    written.length = 0;
    const arrived = await read(envoy.port(name));
    const lags = arrived.slice(0, events).map((at, event) => at - (written[event] ?? Number.NaN));
    const late = arrived.slice(0, events).filter((at, event) => at >= (written[event + 1] ?? Number.POSITIVE_INFINITY));
    found.push({ name, ms: spread(lags), late: late.length, events, held: heldBack(chain, events) });
  }
  await envoy.stop();
  upstream.closeAllConnections();
  upstream.close();
  return found;
}

/** In the in-process host, whose clock stands while a callback runs: how many events leave later than they came. */
export function heldBack(chain: (typeof chains)[number]["chain"], events: number): number {
  const pieces = Array.from({ length: events }, (_, at) => eventOf(at));
  const headers: HeaderList = [["content-type", "text/event-stream"]];
  const chunks = pieces.map((piece, at) => ({ bytes: piece.length, afterMs: at === 0 ? 0 : gapMs }));
  const gateway = new Gateway({
    ...{ chain, routes: [{ cluster: "up" }], loadModule: (path) => readFileSync(path) },
    clusters: [
      { name: "up", upstream: { kind: "answer", headers, framing: "chunked", body: pieces.join(""), chunks } },
    ],
  });
  const run = gateway.send({
    ...{ protocol: "h1", method: "POST", path: "/v1/chat/completions", patienceMs: 2 * events * gapMs + 5000 },
    ...{ headers: [["content-type", "application/json"]], body: '{"model":"gpt-4o","stream":true,"messages":[]}' },
  });
  const arrived: { at: number; bytes: number }[] = [];
  const onData = run.onData.bind(run);
  run.onData = (data, end) => {
    arrived.push({ at: gateway.clock.now, bytes: data.length });
    onData(data, end);
  };
  gateway.clock.runUntil(() => run.isDone, 2 * events * gapMs + 10_000);
  const begun = arrived[0]?.at ?? 0;
  let [due, held] = [0, 0];
  for (const [at, piece] of pieces.entries()) {
    due += piece.length;
    const came = arrived.filter((one) => one.at <= begun + at * gapMs).reduce((sum, { bytes }) => sum + bytes, 0);
    if (came < due) held++;
  }
  return held;
}

/** Calls and answers when each event had come whole. */
function read(port: number): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({ model: "gpt-4o", stream: true, messages: [] });
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const call = request({
      ...{ host: "127.0.0.1", port, method: "POST", path: "/v1/chat/completions", headers, agent: false },
    });
    const arrived: number[] = [];
    let text = "";
    call.once("error", reject);
    call.once("response", (answer) => {
      answer.setEncoding("utf8");
      answer.on("data", (piece: string) => {
        text += piece;
        const whole = text.split("\n\n").length - 1;
        while (arrived.length < whole) arrived.push(performance.now());
      });
      answer.once("end", () => resolve(arrived));
    });
    call.end(body);
  });
}
