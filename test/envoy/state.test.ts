// Shared state and metrics in a real Envoy with several workers: no change is lost, whoever comes first.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { call, callOn, connectH2, type H2Connection } from "../../harness/envoy/client.ts";
import type { EnvoyConfig } from "../../harness/envoy/config.ts";
import { startEnvoy, type Envoy } from "../../harness/envoy/process.ts";
import { compileFixture } from "./fixtures/compile.ts";

const workers = 4;
const connections = 16;

let module: Awaited<ReturnType<typeof compileFixture>>;
let envoy: Envoy;
let clients: H2Connection[] = [];

function config(maxKeys: number): EnvoyConfig {
  const plugin = (name: string, bound: number) =>
    ({ kind: "plugin", name, module: module.path, configText: String(bound) }) as const;
  const routes = [{ respond: { status: 404, body: "" } }];
  return {
    listeners: [
      { name: "counter", chain: [plugin("counter", maxKeys)], routes },
      // A second root in the same VM: metric ids and state are shared.
      { name: "twin", chain: [plugin("twin", 999)], routes },
    ],
    clusters: [],
  };
}

before(async () => {
  module = await compileFixture("counter");
  envoy = await startEnvoy(config(1000), {
    concurrency: workers,
    metricLabels: ["key", "vm", "version", "config_hash"],
  });
  clients = await connect("counter");
});

after(async () => {
  for (const client of clients) client.destroy();
  await envoy?.stop();
  await module?.remove();
});

const connect = (listener: string) =>
  Promise.all(Array.from({ length: connections }, () => connectH2(envoy.port(listener))));

async function add(client: H2Connection, key: string, by: number): Promise<number> {
  const answer = await callOn(client, { headers: { "x-key": key, "x-add": String(by) } });
  assert.equal(answer.status, 200, answer.reason);
  return Number(answer.text());
}

async function sum(key: string): Promise<number> {
  const answer = await callOn(clients[0] as H2Connection, { headers: { "x-key": key } });
  return Number(answer.text());
}

/** Adds 1 to keys from every connection at once: `rounds` times each connection to each key. */
async function storm(keys: string[], rounds: number, from = clients): Promise<number[]> {
  const answers: Promise<number>[] = [];
  for (const key of keys) {
    for (let round = 0; round < rounds; round++) for (const client of from) answers.push(add(client, key, 1));
  }
  return Promise.all(answers);
}

describe("with four workers", () => {
  test("every one of thousands of additions to one key is there, each sum seen once", async () => {
    const seen = await storm(["hot"], 250);
    assert.equal(seen.length, 4000);
    assert.equal(new Set(seen).size, 4000);
    assert.equal(await sum("hot"), 4000);
  });

  test("the first write of a key loses none of those that come with it", async () => {
    const keys = Array.from({ length: 100 }, (_, i) => `fresh-${i}`);
    for (let i = 0; i < keys.length; i += 10) await storm(keys.slice(i, i + 10), 1);
    for (const key of keys) assert.equal(await sum(key), connections, key);
  });

  test("more than one of them took part", async () => {
    const stats = await envoy.stats();
    const vms = stats.labelValues("counter_served", "vm");
    assert.ok(vms.length >= 2, `VMs: ${vms.join(", ")}`);
  });

  test("metrics of all of them add up, in no more series than allowed", async () => {
    const stats = await envoy.stats();
    assert.equal(stats.sum("counter_adds"), 4000 + 100 * connections);
    assert.equal(stats.get("counter_adds", { key: "hot" }), 4000);
    const values = stats.labelValues("counter_adds", "key");
    assert.ok(values.includes("other") && values.length <= 60, `${values.length} series`);
  });

  test("two configurations of one VM use one metric and one table", async () => {
    const twins = await connect("twin");
    await storm(["hot"], 10, twins);
    for (const client of twins) client.destroy();
    assert.equal(await sum("hot"), 4000 + 10 * connections);
    assert.equal((await envoy.stats()).get("counter_adds", { key: "hot" }), 4000 + 10 * connections);
  });

  test("a changed configuration goes on with the state, under load", async () => {
    const started = await sum("hot");
    let sent = 0;
    let isDone = false;
    const load = (async () => {
      while (!isDone) {
        // A connection for each: those that are open when the listener changes are closed in time.
        const headers = { "x-key": "hot", "x-add": "1" };
        const answers = await Promise.all(
          Array.from({ length: connections }, () => call(envoy.port("counter"), "h1", { headers })),
        );
        for (const answer of answers) assert.equal(answer.status, 200, answer.reason);
        sent += answers.length;
      }
    })();
    assert.deepEqual(await envoy.update(config(2000)), { accepted: true, reasons: [] });
    const later = await connect("counter");
    const answers = await storm(["hot"], 5, later);
    sent += answers.length;
    isDone = true;
    await load;
    for (const client of clients) client.destroy();
    clients = later;
    assert.equal(await sum("hot"), started + sent);
    assert.equal(await sum("fresh-7"), connections);
    const stats = await envoy.stats();
    assert.equal(stats.get("sluice_build_info", { version: "0.1.0", config_hash: "00000000000007d0" }), 1);
  });

  test("roots are counted up and down, and the old ones go", async () => {
    // Two plugins in each worker and on the main thread; those of the old configuration end when its listener drained.
    const expected = 2 * (workers + 1);
    let live = 0;
    for (let i = 0; i < 100; i++) {
      live = (await envoy.stats()).sum("counter_roots");
      if (live === expected) break;
      await sleep(100);
    }
    assert.equal(live, expected);
    const hash = { version: "0.1.0", config_hash: "00000000000003e8" };
    assert.equal((await envoy.stats()).get("sluice_build_info", hash), 0);
  });
});
