// However a process that started Envoy ends, Envoy ends with it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("./fixtures/start-and-end.ts", import.meta.url));

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Runs the program; `signal` is sent once Envoy runs. Answers whether Envoy is gone soon after, and its folder. */
async function run(
  how: string,
  signal?: NodeJS.Signals,
): Promise<{ code: number | null; gone: boolean; folder: boolean }> {
  const child = spawn(process.execPath, ["--import", "tsx", program, how], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  let said = "";
  child.stdout.on("data", (bytes: Buffer) => {
    said += bytes.toString();
    if (said.endsWith("\n") && signal !== undefined) child.kill(signal);
  });
  const [code] = (await exited) as [number | null];
  const { pid, folder } = JSON.parse(said) as { pid: number; folder: string };
  for (let tries = 0; lives(pid) && tries < 100; tries++) await sleep(20);
  return { code, gone: !lives(pid), folder: existsSync(folder) };
}

test("a program that comes to its end without stopping it", async () => {
  assert.deepEqual(await run("end"), { code: 0, gone: true, folder: false });
});

test("a program that calls process.exit", async () => {
  assert.deepEqual(await run("exit"), { code: 3, gone: true, folder: false });
});

test("a program that throws", async () => {
  assert.deepEqual(await run("throw"), { code: 1, gone: true, folder: false });
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`a program that gets ${signal}`, async () => {
    assert.deepEqual(await run("wait", signal), { code: null, gone: true, folder: false });
  });
}

test("a program that is killed", { skip: process.platform !== "linux" }, async () => {
  assert.equal((await run("wait", "SIGKILL")).gone, true);
});
