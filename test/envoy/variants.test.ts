// Variants in real Envoys: a caller gets the same variant from every worker of every process, and moves one way only.
import assert from "node:assert/strict";
import { connect, type ClientHttp2Session } from "node:http2";
import { after, before, test } from "node:test";
import { startEnvoy, type Envoy } from "../../harness/envoy/process.ts";
import type { ListenerConfig } from "../../harness/envoy/config.ts";
import { modelTag } from "../scenarios/model-tag/chains.ts";

const consumers = 10_000;
const workers = 4;
/** Enough for each worker to get some of them. */
const connections = 32;
const body = Buffer.from('{"messages":[],"model":"gpt-4o"}');

/** A listener that answers with the name of the variant. */
function listener(name: string, stable: number, canary: number): ListenerConfig {
  const variants = [
    { name: "stable", percent: stable },
    { name: "canary", percent: canary },
  ];
  return {
    name,
    chain: modelTag("pair", { instance: name, split: [{ name: "s", match: { models: ["gpt-4o"] }, variants }] }),
    routes: ["stable", "canary"].map((variant) => ({
      headers: [{ name: "x-ai-variant", exact: variant }],
      respond: { status: 200, body: variant },
    })),
  };
}

const envoys: Envoy[] = [];

before(async () => {
  for (const listeners of [[listener("ten", 90, 10)], [listener("ten", 90, 10), listener("twenty", 80, 20)]]) {
    envoys.push(await startEnvoy({ listeners, clusters: [] }, { concurrency: workers }));
  }
});

after(async () => {
  for (const envoy of envoys) await envoy.stop();
});

function ask(session: ClientHttp2Session, consumer: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": "POST",
      ":path": "/v1/chat/completions",
      "content-type": "application/json",
      authorization: `Bearer sk-${consumer}`,
    });
    let answer = "";
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => (answer += text));
    stream.on("end", () => resolve(answer));
    stream.on("error", reject);
    stream.end(body);
  });
}

/** The variant of every consumer; `shift` says over which connection, and so by which worker, each is served. */
async function variantsOf(envoy: Envoy | undefined, name: string, shift: number): Promise<string[]> {
  assert.ok(envoy);
  const sessions = Array.from({ length: connections }, () => connect(`http://127.0.0.1:${envoy.port(name)}`));
  const all: string[] = new Array<string>(consumers).fill("");
  await Promise.all(
    sessions.map(async (session, connection) => {
      for (let consumer = (connection + shift) % connections; consumer < consumers; consumer += connections) {
        all[consumer] = await ask(session, consumer);
      }
    }),
  );
  for (const session of sessions) session.close();
  return all;
}

const shareOf = (all: string[], variant: string) => all.filter((one) => one === variant).length / consumers;

test(
  "10,000 consumers have one variant each, whatever worker or process serves them",
  { timeout: 120_000 },
  async () => {
    const [first, second, twenty] = await Promise.all([
      variantsOf(envoys[0], "ten", 0),
      variantsOf(envoys[1], "ten", 7),
      variantsOf(envoys[1], "twenty", 13),
    ]);
    assert.deepEqual(
      first.flatMap((one, consumer) => (one === second[consumer] ? [] : [consumer])),
      [],
    );
    assert.ok(Math.abs(shareOf(first, "canary") - 0.1) < 0.01, `${shareOf(first, "canary")}`);
    assert.ok(Math.abs(shareOf(first, "stable") - 0.9) < 0.01, `${shareOf(first, "stable")}`);
    assert.ok(Math.abs(shareOf(twenty, "canary") - 0.2) < 0.01, `${shareOf(twenty, "canary")}`);
    assert.deepEqual(
      first.flatMap((one, consumer) => (one === "canary" && twenty[consumer] !== "canary" ? [consumer] : [])),
      [],
      "nobody moves back",
    );
    for (const envoy of envoys) {
      const stats = await envoy.stats();
      const served = Array.from(
        { length: workers },
        (_, worker) => stats.sum("envoy_listener_worker_downstream_cx_total", { envoy_worker_id: `${worker}` }) > 0,
      );
      assert.deepEqual(served, [true, true, true, true]);
    }
  },
);
