// Scenarios as data in this host: run, check, compare; and the host's promises on speed, memory and where it runs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { build } from "esbuild";
import { runInHost } from "../../harness/host/run-scenario.ts";
import { checkResult } from "../../harness/scenario/check.ts";
import { compareResults } from "../../harness/scenario/compare.ts";
import type { Scenario } from "../../harness/scenario/scenario.ts";
import { compileText, gatewayOf, post, scripted, scriptModule } from "./script.ts";

const scenario: Scenario = {
  name: "counts, tags, is updated, is refused, and one client leaves",
  gateway: { workers: 2 },
  chain: [scripted("a", "configure|metric 0 calls|metric 1 level|metric 2 ms\nreqh|inc calls 1|rec level 7|rec ms 3|set 0 x-m m|foreign clear_route_cache|setprop tag one|sset k v 0|log hello")],
  routes: [{ headers: [{ name: "x-m", exact: "m" }], cluster: "marked" }, { cluster: "up" }],
  clusters: [{ name: "marked", upstream: { kind: "answer", headers: [["x-a", "1"]], body: { echo: true } } }, { name: "up" }],
  requests: [
    post("hello", { name: "first", upstream: { kind: "answer", status: 201, headers: [["x-a", "1"]], body: "done", trailers: [["x-t", "1"]] } }),
    post("world", { protocol: "h2", worker: 1 }),
    post("gone", { abort: { requestBytes: 2 }, chunks: [{ bytes: 2 }, { bytes: 2, afterMs: 50 }] }),
    post("late", { atMs: 500 }),
  ], // prettier-ignore
  updates: [
    { afterRequest: 1, plugin: "a", configText: "configure|return 0", refused: true },
    { afterRequest: 2, plugin: "a", configText: "name|a\nreqh|setprop tag two" },
  ],
  expect: {
    requests: [
      { status: 201, headers: { "x-a": "1", "x-b": null }, body: "same", trailers: { "x-t": "1" }, filterState: { tag: "one" }, responseCodeDetails: "via_upstream", upstream: { cluster: "marked", attempts: 1, method: "POST", path: "/p", headers: { "x-m": "m" }, body: "same" } },
      { status: 200, body: { is: "world" } },
      { filterState: { tag: "one" } },
      { filterState: { tag: "two" }, upstream: { cluster: "up" } },
    ],
    metrics: { calls: 3, level: 7, ms: 3 },
    sharedData: { k: "v", other: null },
    log: ["hello"],
    logAbsent: ["nothing of this kind"],
  },
}; // prettier-ignore

const load = (): Uint8Array => scriptModule;

test("a scenario survives JSON, runs, and is as expected", () => {
  const copy = JSON.parse(JSON.stringify(scenario)) as Scenario;
  assert.deepEqual(checkResult(copy, runInHost(copy, load)), []);
});

test("two runs of a scenario agree", () => {
  assert.deepEqual(compareResults(runInHost(scenario, load), runInHost(scenario, load)), []);
});

test("what is not as expected is said, all of it", () => {
  const wrong: Scenario = {
    ...scenario,
    expect: {
      requests: [{ status: 500, headers: { "x-a": null, "x-z": { present: true } }, upstream: null }, { outcome: "reset", body: { contains: "moon" } }],
      metrics: { calls: { min: 9 } },
      log: ["no such line"],
      logAbsent: ["hello"],
      traps: 1,
    },
  }; // prettier-ignore
  const faults = checkResult(wrong, runInHost(wrong, load));
  assert.equal(faults.length, 10);
  assert.match(faults[0] ?? "", /^first: status: expected 500, got 201$/);
});

test("where two hosts differ is said", () => {
  const one = runInHost(scenario, load);
  const other = { ...runInHost(scenario, load), host: "envoy" as const, metrics: { calls: 9 } };
  other.requests = [...other.requests];
  other.requests[0] = { ...(other.requests[0] as (typeof other.requests)[0]), status: 500 };
  assert.deepEqual(compareResults(one, other as never).sort(), [
    "metric calls: in-process 3, envoy 9",
    "metric level: in-process 7, envoy 0",
    "metric ms: in-process 3, envoy 0",
    "request 0: status: in-process 201, envoy 500",
  ]);
});

test("requests overlap as their times say", () => {
  const requests = [
    post("a", { atMs: 0, chunks: [{ bytes: 0 }, { bytes: 1, afterMs: 100 }] }),
    post("b", { atMs: 10 }),
  ];
  const overlapping: Scenario = {
    ...scenario,
    requests,
    updates: [],
    chain: [scripted("a", "reqh|log x\nresh|log x")],
    expect: {},
  };
  const { log } = runInHost(overlapping, load);
  assert.equal(log.length, 4);
});

test("the host runs where there is nothing but what browsers have", async () => {
  const { outputFiles } = await build({
    stdin: { contents: 'export { runInHost } from "./harness/host/run-scenario.ts";', resolveDir: process.cwd() },
    platform: "browser",
    bundle: true,
    write: false,
    format: "iife",
    globalName: "sluice",
  });
  const browser = { TextEncoder, TextDecoder, WebAssembly, atob, scenario, module: scriptModule };
  const status: unknown = runInNewContext(
    `${outputFiles[0]?.text}; sluice.runInHost(scenario, () => module).requests[0].status`,
    browser,
  );
  assert.equal(status, 201);
});

const tiny = await compileText(`
export function malloc(n: usize): usize { return 1024; }
export function proxy_abi_version_0_2_1(): void {}
@external("env", "proxy_get_buffer_bytes") declare function get(t: u32, s: u32, l: u32, p: usize, n: usize): u32;
@external("env", "proxy_get_header_map_value") declare function header(t: u32, k: usize, n: usize, p: usize, s: usize): u32;
const out = memory.data(16);
const name = memory.data<u8>([58, 112, 97, 116, 104]);
export function proxy_on_request_headers(id: u32, n: u32, end: u32): u32 { header(0, name, 5, out, out + 4); return 0; }
export function proxy_on_request_body(id: u32, n: u32, end: u32): u32 { get(0, 0, n, out, out + 4); return 0; }
export function proxy_on_response_headers(id: u32, n: u32, end: u32): u32 { return 0; }
export function proxy_on_log(id: u32): void {}
memory.grow(1);
`);

test("a request costs well under a millisecond, and nothing of it is kept", () => {
  const gateway = gatewayOf([{ kind: "plugin", name: "tiny", module: "tiny" }], { loadModule: () => tiny });
  const request = post({ repeat: "x", times: 1024 });
  const run = (count: number): void => {
    for (let i = 0; i < count; i++) assert.equal(gateway.request(request).status, 200);
  };
  run(2000);
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  const before = process.memoryUsage().heapUsed;
  const start = process.cpuUsage();
  run(10_000);
  const { user, system } = process.cpuUsage(start);
  assert.ok((user + system) / 10_000 < 1500, `${(user + system) / 10_000} µs of CPU each`);
  collect();
  assert.ok(process.memoryUsage().heapUsed - before < 3e6, "memory grew");
  assert.ok(gateway.clock.pending < 2100);
  assert.equal(gateway.openRequests, 0);
  assert.equal(gateway.vms()[0]?.contexts.size, 2, "the VM's own and the root");
});
