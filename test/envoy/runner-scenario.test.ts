// Scenarios in the real Envoy: what the runner gathers is what happened.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { EnvoyScenarios } from "../../harness/envoy/scenario/host.ts";
import type { ScenarioResult } from "../../harness/scenario/result.ts";
import type { PluginSpec, RequestSpec, Scenario } from "../../harness/scenario/scenario.ts";
import { compileFixture } from "./fixtures/compile.ts";

let probe: Awaited<ReturnType<typeof compileFixture>>;
const envoys = new EnvoyScenarios();

before(async () => {
  probe = await compileFixture("probe");
});

after(async () => {
  await envoys.stop();
  await probe?.remove();
});

function plugin(name: string, config: string | undefined, more: Partial<PluginSpec> = {}): PluginSpec {
  return { kind: "plugin", name, module: probe.path, ...(config !== undefined && { config }), ...more };
}

const post: RequestSpec = { protocol: "h1", method: "POST", path: "/v1/chat/completions", body: "hello" };

function scenario(requests: RequestSpec[], more: Partial<Scenario> = {}): Scenario {
  return {
    name: "a scenario of the runner's tests",
    chain: [plugin("probe", undefined)],
    routes: [{ cluster: "up" }],
    clusters: [{ name: "up", upstream: { kind: "answer", body: { echo: true } } }],
    requests,
    expect: {},
    ...more,
  };
}

const run = (requests: RequestSpec[], more: Partial<Scenario> = {}) => envoys.run(scenario(requests, more));

/** The only request of a result. */
function only(result: ScenarioResult): ScenarioResult["requests"][number] {
  assert.equal(result.requests.length, 1);
  return result.requests[0] as ScenarioResult["requests"][number];
}

const header = (headers: [string, string][], name: string) => headers.find(([key]) => key === name)?.[1];

for (const protocol of ["h1", "h2"] as const) {
  describe(`over ${protocol}`, () => {
    test("tells what client and upstream saw, and what the access log knows", async () => {
      const clusters: Scenario["clusters"] = [
        { name: "up", protocol, upstream: { kind: "answer", body: { echo: true } } },
      ];
      const request = only(
        await run([{ ...post, protocol, chunks: [{ bytes: 2 }, { bytes: 2, afterMs: 5 }] }], { clusters }),
      );
      assert.deepEqual(
        [request.outcome, request.status, Buffer.from(request.body).toString()],
        ["complete", 200, "hello"],
      );
      assert.equal(header(request.headers, "x-probe-body"), "5");
      const [seen] = request.upstream;
      assert.deepEqual([seen?.cluster, seen?.method, seen?.path, seen?.complete], ["up", "POST", post.path, true]);
      assert.equal(seen?.authority, "gateway.test");
      assert.equal(header(seen?.headers ?? [], "x-probe"), "none");
      assert.equal(header(seen?.headers ?? [], "x-scenario-request"), undefined);
      assert.deepEqual(request.filterState, { "sluice.model": "probe-5" });
      assert.deepEqual([request.responseCodeDetails, request.responseFlags], ["via_upstream", "-"]);
    });

    test("carries trailers both ways", async () => {
      const upstream: Scenario["clusters"][number]["upstream"] = {
        kind: "answer",
        body: "ok",
        trailers: [["x-usage", "7"]],
      };
      const clusters: Scenario["clusters"] = [{ name: "up", protocol, upstream }];
      const request = only(await run([{ ...post, protocol, trailers: [["x-sum", "1"]] }], { clusters }));
      assert.deepEqual(request.trailers, [["x-usage", "7"]]);
      assert.deepEqual(request.upstream[0]?.trailers, [["x-sum", "1"]]);
    });

    test("calls a cut answer, a reset, a silent upstream and a client that leaves by their names", async () => {
      const cut: RequestSpec["upstream"] = {
        kind: "answer",
        body: "0123456789",
        chunks: [{ bytes: 4 }],
        cutAfterChunks: 1,
      };
      const requests: RequestSpec[] = [
        { ...post, protocol, upstream: cut },
        { ...post, protocol, upstream: { kind: "reset" } },
        { ...post, protocol, upstream: { kind: "hang" }, patienceMs: 200 },
        { ...post, protocol, upstream: { kind: "hang" }, abort: { afterMs: 20 } },
        { ...post, protocol, abort: { requestBytes: 2 } },
      ];
      const clusters: Scenario["clusters"] = [{ name: "up", protocol }];
      const { requests: all } = await run(requests, { clusters });
      assert.deepEqual(
        all.map((one) => one.outcome),
        ["reset", "complete", "hang", "aborted", "aborted"],
      );
      assert.equal(Buffer.from(all[0]?.body ?? []).toString(), "0123");
      assert.equal(all[1]?.status, 503);
      assert.match(all[1]?.responseFlags ?? "", /UC|UR/);
      assert.match(all[3]?.responseFlags ?? "", /DC|DR/);
      assert.equal(all[4]?.upstream[0]?.complete ?? false, false);
    });
  });
}

test("answers each attempt as its list says", async () => {
  const upstream: RequestSpec["upstream"] = [
    { kind: "answer", status: 500 },
    { kind: "reset" },
    { kind: "answer", body: "third" },
  ];
  const routes: Scenario["routes"] = [{ cluster: "up", retry: { on: "5xx", retries: 3 } }];
  const request = only(await run([{ ...post, upstream }], { routes }));
  assert.equal(Buffer.from(request.body).toString(), "third");
  assert.deepEqual(
    request.upstream.map((one) => header(one.headers, "x-envoy-attempt-count")),
    ["1", "2", "3"],
  );
});

test("refuses connections to a cluster that is to refuse them", async () => {
  const request = only(await run([post], { clusters: [{ name: "up", refused: true }] }));
  assert.deepEqual([request.status, request.responseFlags, request.upstream.length], [503, "UF", 0]);
});

test("counts what metrics changed by the names that the plugin gave them", async () => {
  const name = "label=.=a.b/c:0;.;probe.requests";
  const { metrics } = await run([post, post], { expect: { metrics: { [name]: 2, "probe.none": 0 } } });
  assert.deepEqual(metrics, { [name]: 2, "probe.bytes": 2, "probe.none": 0 });
});

test("changes a configuration behind a request, and says which change was refused", async () => {
  const updates: Scenario["updates"] = [
    { afterRequest: 0, plugin: "probe", config: "second" },
    { afterRequest: 1, plugin: "probe", config: "refuse", refused: true },
  ];
  const result = await run([post, post, post], { updates });
  assert.deepEqual(
    result.requests.map((one) => header(one.upstream[0]?.headers ?? [], "x-probe")),
    ["none", "s", "s"],
  );
  assert.deepEqual(result.refusedUpdates, [false, true]);
  assert.match(result.log.map(({ level, text }) => `${level} ${text}`).join("\n"), /error .*refused as asked/);
});

test("keeps a request that is held over a change of the configuration", async () => {
  const held: RequestSpec = { ...post, atMs: 0, chunks: [{ bytes: 2 }, { bytes: 2, afterMs: 400 }] };
  const chain = [plugin("probe", "hold", { allowOnHeadersStopIteration: true })];
  const updates: Scenario["updates"] = [{ atMs: 100, plugin: "probe", config: "second" }];
  const requests = [held, { ...post, atMs: 250 }];
  const [first, second] = (await run(requests, { chain, updates })).requests;
  assert.equal(header(first?.upstream[0]?.headers ?? [], "x-probe-held"), "5");
  assert.equal(header(second?.upstream[0]?.headers ?? [], "x-probe"), "s");
});

test("counts a metric anew for each scenario", async () => {
  const name = "label=.=a.b/c:0;.;probe.requests";
  for (const count of [1, 3, 2]) {
    const { metrics } = await run(Array.from({ length: count }, () => post));
    assert.deepEqual(metrics, { [name]: count, "probe.bytes": count });
  }
});

test("tells of a VM that died, and the next scenario has another", async () => {
  const result = await run([{ ...post, headers: [["x-trap", "1"]] }, post]);
  assert.equal(result.traps.length, 1);
  assert.deepEqual(
    result.requests.map((one) => one.status),
    [503, 503],
  );
  const next = await run([post]);
  assert.deepEqual([next.traps, next.requests[0]?.status], [[], 200]);
});

test("starts requests at their times, and the others behind those before them", async () => {
  const slow: RequestSpec = { ...post, upstream: { kind: "answer", delayMs: 150 } };
  const startedAt = performance.now();
  await run([{ ...slow, atMs: 0 }, { ...slow, atMs: 0 }, slow]);
  const took = performance.now() - startedAt;
  assert.ok(took > 290 && took < 1_500, `took ${took} ms`);
});

test("runs with several workers, pauses, buffers and dynamic metadata", async () => {
  const chain: Scenario["chain"] = [
    { kind: "metadata", name: "jwt", values: { "envoy.filters.http.jwt_authn": { payload: { sub: "a" } } } },
    { kind: "buffer", name: "buffer", maxRequestBytes: 1_000 },
    { kind: "pause", name: "pause", ms: 80 },
    plugin("probe", undefined),
  ];
  const gateway = { workers: 2, bufferLimit: 32_768 };
  const [small, large] = (await run([post, { ...post, body: { repeat: "x", times: 2_000 } }], { chain, gateway }))
    .requests;
  assert.equal(small?.status, 200);
  assert.ok((small?.durationMs ?? 0) >= 75);
  assert.equal(large?.status, 413);
});

test("takes a plugin that runs upstream", async () => {
  const clusters: Scenario["clusters"] = [{ name: "up", filters: [plugin("upstream", "above")] }];
  const request = only(await run([post], { clusters, chain: [] }));
  assert.equal(header(request.upstream[0]?.headers ?? [], "x-probe"), "a");
});

test("lets an upgrade through where the gateway allows it", async () => {
  const upgrade: RequestSpec = {
    protocol: "h1",
    method: "GET",
    path: "/v1/realtime",
    headers: [
      ["connection", "upgrade"],
      ["upgrade", "websocket"],
    ],
    patienceMs: 300,
  };
  assert.equal(only(await run([upgrade])).status, 403);
  assert.equal(only(await run([upgrade], { gateway: { upgrades: ["websocket"] } })).status, 101);
});

test("refuses a scenario of the in-process host, and one that Envoy does not take", async () => {
  await assert.rejects(run([post], { only: { host: "in-process", why: "odd host status" } }), {
    code: "scenario-not-for-envoy",
  });
  await assert.rejects(run([post], { chain: [plugin("probe", "refuse")] }), { code: "envoy-config-refused" });
  assert.equal(only(await run([post])).status, 200);
});

test("runs fifty scenarios in a few seconds", { timeout: 60_000 }, async () => {
  const startedAt = performance.now();
  const results = await Promise.all(Array.from({ length: 50 }, (_, at) => run([{ ...post, body: `b${at}` }])));
  assert.deepEqual(
    results.map((result) => Buffer.from(only(result).body).toString()),
    results.map((_, at) => `b${at}`),
  );
  const took = performance.now() - startedAt;
  assert.ok(took < 45_000, `took ${took} ms`);
});
