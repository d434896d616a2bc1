// sluice run: a real Envoy in front of model servers, changed while requests are under way.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startModelServer, type ModelServer } from "../../harness/providers/server.ts";
import { sluice } from "./fixtures/in-process.ts";
import { startCli, type RunningCli } from "./fixtures/cli.ts";

let folder = "";
let first: ModelServer;
let second: ModelServer;
let port = 0;
let cli: RunningCli;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "sluice-cli-"));
  first = await startModelServer({ name: "first" });
  second = await startModelServer({ name: "second" });
  port = await freePort();
});

after(async () => {
  await cli?.end();
  await Promise.all([first.stop(), second.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function write(canary: string, more = ""): void {
  writeFileSync(
    join(folder, "sluice.yaml"),
    `listen: 127.0.0.1:${port}
admin: 127.0.0.1:0
workers: 1
upstreams:
  first: {url: "http://127.0.0.1:${first.port}", credentials: {env: FIRST_KEY}}
  second: {url: "http://localhost:${second.port}"}
routes:
  - match: {models: ["${canary}"]}
    to: [{upstream: second}]
  - to: [{upstream: first}]
filters:
  modelTag: {}
${more}`,
  );
}

async function ask(model: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer of-the-caller" },
    body: JSON.stringify({ messages: [{ role: "user", content: "Hello" }], model }),
  });
  await answer.text();
  return answer.status;
}

test("a missing credential is told before anything starts", async () => {
  write("llama*");
  const ended = await (await startCli(["run"], { cwd: folder })).ended;
  assert.equal(ended.code, 1);
  assert.match(ended.stderr, /not set in the environment: FIRST_KEY \(upstream first\)/);
});

test("a call is routed by the model in its body, with the gateway's credential", async () => {
  cli = await startCli(["run"], { cwd: folder, env: { FIRST_KEY: "sk-of-the-gateway" } });
  await cli.until(/127\.0\.0\.1:\d+/);
  assert.equal(await ask("gpt-4o"), 200);
  assert.equal(await ask("llama-3"), 200);
  assert.equal(first.calls.at(-1)?.header("authorization"), "Bearer sk-of-the-gateway");
  assert.equal(first.calls.at(-1)?.header("x-ai-model"), "gpt-4o");
  assert.equal(second.calls.at(-1)?.header("x-ai-model"), "llama-3");
  assert.equal(second.calls.at(-1)?.header("authorization"), "Bearer of-the-caller");
  await cli.until(/200 {2}POST \/v1\/chat\/completions {2}llama-3.*→ second/);
});

test("stats shows what it did", async () => {
  const admin = /admin http:\/\/(\S+)/.exec(cli.output())?.[1] ?? "";
  const { code, out } = await sluice("stats", "--admin", admin, "--json");
  const { models } = JSON.parse(out) as { models: Record<string, { calls: number }> };
  assert.deepEqual([code, models["gpt-4o"]?.calls, models["llama-3"]?.calls], [0, 1, 1], out);
  assert.match((await sluice("stats", "--admin", admin)).out, /Models\nmodel +calls/);
});

test("a change is applied under load without a lost request", async () => {
  const counts = new Map<number, number>();
  let isDone = false;
  const load = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (!isDone) {
        const status = await ask("mistral").catch(() => -1);
        counts.set(status, (counts.get(status) ?? 0) + 1);
        await sleep(2);
      }
    }),
  );
  await sleep(300);
  second.reset();
  write("mistral*");
  await cli.until(/the change is applied/);
  await sleep(500);
  isDone = true;
  await load;
  assert.deepEqual([...counts.keys()], [200], JSON.stringify([...counts]));
  assert.ok((counts.get(200) ?? 0) > 20);
  assert.ok(second.calls.length > 0, "the new route took over");
});

test("a wrong change is told and the old configuration goes on", async () => {
  write("mistral*", "  modlTag: {}\n");
  await cli.until(/not applied, the old one goes on[\s\S]*unknown field "modlTag"/);
  assert.equal(await ask("mistral"), 200);
});

test("a port that is taken is told", async () => {
  write("mistral*");
  const other = await startCli(["run"], { cwd: folder, env: { FIRST_KEY: "x" } });
  const { code, stderr } = await other.ended;
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`127\\.0\\.0\\.1:${port} \\(listen\\).* is taken`));
});

test("Ctrl-C ends it well", async () => {
  assert.equal((await cli.end("SIGINT")).code, 0);
});
