// Variants in real Envoys: the same user gets the same variant from every worker of every process.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { connectH2, callOn } from "../../harness/envoy/client.ts";
import { startEnvoy, type Envoy } from "../../harness/envoy/process.ts";
import { modelTag } from "../scenarios/model-tag/chains.ts";

const users = 400;
const connections = 8;

/** Says which variant it was called for. */
const upstream = createServer((request, response) => {
  request.resume();
  request.on("end", () => response.end(String(request.headers["x-ai-variant"])));
});
const envoys: Envoy[] = [];

before(async () => {
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const split = {
    name: "s",
    key: ["header:x-user", "model"],
    variants: [
      { name: "stable", percent: 75 },
      { name: "canary", percent: 25 },
    ],
  };
  for (let process = 0; process < 2; process++) {
    envoys.push(
      await startEnvoy(
        {
          listeners: [
            {
              name: "main",
              chain: modelTag("pair", { trustedHeaders: ["x-user"], split: [split] }),
              routes: [{ cluster: "up" }],
            },
          ],
          clusters: [{ name: "up", endpoints: [(upstream.address() as AddressInfo).port] }],
        },
        { concurrency: 4 },
      ),
    );
  }
});

after(async () => {
  for (const envoy of envoys) await envoy.stop();
  upstream.closeAllConnections();
  upstream.close();
});

/** The variant of every user from one process, each asked over two connections. */
async function variantsOf(envoy: Envoy): Promise<string[][]> {
  const open = await Promise.all(Array.from({ length: connections }, () => connectH2(envoy.port("main"))));
  const ask = async (user: number, connection: number) => {
    const answer = await callOn(open[connection % connections] as Awaited<ReturnType<typeof connectH2>>, {
      method: "POST",
      path: "/v1/chat/completions",
      headers: [
        ["content-type", "application/json"],
        ["x-user", `user-${user}`],
      ],
      body: '{"messages":[],"model":"gpt-4o"}',
    });
    return answer.text();
  };
  const all: string[][] = Array.from({ length: users }, () => []);
  await Promise.all(
    open.map(async (_, connection) => {
      // One after the other on each connection: every user comes by two of them.
      for (let user = 0; user < users; user++) {
        if (user % connections === connection || (user + 3) % connections === connection)
          all[user]?.push(await ask(user, connection));
      }
    }),
  );
  for (const one of open) one.close();
  return all;
}

test("a user has one variant, whatever worker or process serves it", { timeout: 60_000 }, async () => {
  const [first, second] = await Promise.all(envoys.map(variantsOf));
  assert.deepEqual(
    first?.filter(([a, b]) => a !== b),
    [],
  );
  assert.deepEqual(second, first);
  const share = (first ?? []).filter(([one]) => one === "canary").length / users;
  assert.ok(Math.abs(share - 0.25) < 0.08, `${share} of the users have the canary`);
});
