// The runner of the real Envoy itself, with a small fixture instead of a product filter.
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { call, callOn, connectH2 } from "../../harness/envoy/client.ts";
import { deadPort, type EnvoyConfig, type ListenerConfig } from "../../harness/envoy/config.ts";
import { startEnvoy, type Envoy } from "../../harness/envoy/process.ts";
import type { FilterSpec, PluginSpec } from "../../harness/scenario/scenario.ts";
import { compileFixture } from "./fixtures/compile.ts";

let probe: Awaited<ReturnType<typeof compileFixture>>;
let upstream: Server;
let envoy: Envoy;

function plugin(name: string, mode: string | undefined, more: Partial<PluginSpec> = {}): PluginSpec {
  return { kind: "plugin", name, module: probe.path, ...(mode !== undefined && { config: mode }), ...more };
}

function listener(name: string, chain: FilterSpec[], more: Partial<ListenerConfig> = {}): ListenerConfig {
  const routes = [
    { prefix: "/dead", cluster: "dead" },
    { prefix: "/direct", respond: { status: 418, body: "direct" } },
    { headers: [{ name: "x-probe-held", regex: "\\d+" }], cluster: "up", requestHeaders: { "x-route": "held" } },
    { cluster: "up" },
  ];
  return { name, chain, routes, accessLog: { fields: { user: "%REQ(user-agent)%" } }, ...more };
}

function config(): EnvoyConfig {
  const { port } = upstream.address() as AddressInfo;
  return {
    listeners: [
      listener("plain", []),
      listener("probe", [plugin("probe", undefined)]),
      listener("hold", [plugin("hold", "hold", { allowOnHeadersStopIteration: true })]),
      listener("pair", [plugin("outer", "outer", { priority: 2 }), plugin("inner", "inner", { priority: 1 })]),
      listener("pause", [{ kind: "pause", name: "pause", ms: 120 }, plugin("probe", "x")]),
    ],
    clusters: [
      { name: "up", endpoints: [port] },
      { name: "dead", endpoints: [deadPort] },
    ],
  };
}

before(async () => {
  probe = await compileFixture("probe");
  upstream = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const seen = { headers: request.headers, bytes: Buffer.concat(parts).length, trailers: request.trailers };
      response.end(JSON.stringify(seen));
    });
  });
  await new Promise<void>((done) => upstream.listen(0, "127.0.0.1", done));
  envoy = await startEnvoy(config(), { allowFaults: true });
});

after(async () => {
  await envoy?.stop();
  upstream?.closeAllConnections();
  upstream?.close();
  await probe?.remove();
});

interface Seen {
  headers: Record<string, string>;
  bytes: number;
  trailers: Record<string, string>;
}

describe("a running Envoy", () => {
  for (const protocol of ["h1", "h2"] as const) {
    test(`passes a request to its upstream over ${protocol}`, async () => {
      const answer = await call(envoy.port("plain"), protocol, { body: "hello", headers: { "user-agent": "test" } });
      assert.equal(answer.outcome, "complete");
      assert.equal(answer.status, 200);
      const seen = answer.json() as Seen;
      assert.equal(seen.bytes, 5);
      assert.equal(seen.headers["x-envoy-attempt-count"], "1");
    });

    test(`runs a plugin without configuration over ${protocol}`, async () => {
      const answer = await call(envoy.port("probe"), protocol, { body: "hello" });
      assert.equal((answer.json() as Seen).headers["x-probe"], "none");
      assert.equal(answer.header("x-probe-body"), "5");
    });

    test(`holds headers for the body with the native flag and routes by what it found, over ${protocol}`, async () => {
      const body = [{ bytes: Buffer.from("abc") }, { bytes: Buffer.from("def"), afterMs: 20 }];
      const answer = await call(envoy.port("hold"), protocol, { body, framing: "chunked" });
      const { headers } = answer.json() as Seen;
      assert.equal(headers["x-probe-held"], "6");
    });

    test(`lets a pair of one module share a VM over ${protocol}`, async () => {
      const body = [{ bytes: Buffer.from("abc") }, { bytes: Buffer.from("def"), afterMs: 20 }];
      const answer = await call(envoy.port("pair"), protocol, { body, framing: "chunked" });
      assert.equal((answer.json() as Seen).headers["x-probe-pair"], "yes");
      assert.equal((answer.json() as Seen).bytes, 6);
    });

    test(`pauses where the chain says so over ${protocol}`, async () => {
      const answer = await call(envoy.port("pause"), protocol, { body: "x" });
      assert.equal(answer.status, 200);
      assert.ok(answer.timing.headersMs >= 110, `answered after ${answer.timing.headersMs} ms`);
    });

    test(`carries request trailers over ${protocol}`, async () => {
      const answer = await call(envoy.port("plain"), protocol, { body: "abc", trailers: [["x-end", "yes"]] });
      assert.deepEqual((answer.json() as Seen).trailers, { "x-end": "yes" });
    });

    test(`answers 503 for a dead port and says why in the access log over ${protocol}`, async () => {
      const path = `/dead/${protocol}`;
      const answer = await call(envoy.port("plain"), protocol, { path });
      assert.equal(answer.status, 503);
      const entry = await envoy.accessLogEntry("plain", (one) => one.path === path);
      assert.match(entry?.flags ?? "", /UF/);
      assert.equal(entry?.cluster, "dead");
    });

    test(`sees a client that leaves in the middle over ${protocol}`, async () => {
      const path = `/leaves/${protocol}`;
      const abort = { requestBytes: 3 };
      const answer = await call(envoy.port("hold"), protocol, { path, body: "abcdef", abort });
      assert.equal(answer.outcome, "aborted");
      const entry = await envoy.accessLogEntry("hold", (one) => one.path === path);
      assert.match(entry?.flags ?? "", /DC|DR/);
    });
  }

  test("serves a hundred streams of one connection", async () => {
    const connection = await connectH2(envoy.port("hold"));
    try {
      const body = [{ bytes: Buffer.alloc(10) }, { bytes: Buffer.alloc(10), afterMs: 50 }];
      const answers = await Promise.all(Array.from({ length: 100 }, () => callOn(connection, { body })));
      assert.ok(answers.every((answer) => answer.status === 200 && (answer.json() as Seen).bytes === 20));
    } finally {
      connection.destroy();
    }
  });

  test("gives an answer of its own for a direct route", async () => {
    const answer = await call(envoy.port("plain"), "h1", { path: "/direct" });
    assert.equal(answer.status, 418);
    assert.equal(answer.text(), "direct");
  });

  test("shows filter state and added fields in the access log", async () => {
    await call(envoy.port("probe"), "h1", { body: "1234", headers: { "user-agent": "me" } });
    const entry = await envoy.accessLogEntry("probe", (one) => one.fields["user"] === "me");
    assert.deepEqual(entry?.filterState, { "sluice.model": "probe-4" });
    assert.deepEqual(entry?.fields, { user: "me" });
    assert.equal(entry?.status, 200);
  });

  test("takes labels out of a metric's name", async () => {
    const labelled = await startEnvoy(config(), { metricLabels: ["label"] });
    await call(labelled.port("probe"), "h1", { body: "1234" });
    const stats = await labelled.stats();
    assert.equal(stats.get("probe_requests", { label: "a.b/c:0" }), 1);
    assert.equal(stats.sum("probe_bytes_count"), 1);
    await labelled.stop();
  });

  test("reads CPU time, memory and the plugins' log", async () => {
    const at = await envoy.logEnd();
    await call(envoy.port("probe"), "h1", { body: "1234" });
    assert.ok((await envoy.cpuMillis()) > 0);
    assert.ok((await envoy.memoryBytes()).resident > 1_000_000);
    const [line] = await envoy.pluginLog(at);
    assert.deepEqual(line, { level: "info", from: ["probe"], text: "done" });
  });
});

describe("a changed configuration", () => {
  test("is taken while Envoy runs, on the same port, with new listeners beside it", async () => {
    const port = envoy.port("probe");
    const next = config();
    next.listeners[1] = listener("probe", [plugin("probe", "second")]);
    next.listeners.push(listener("new", [plugin("new", "third")]));
    assert.deepEqual(await envoy.update(next), { accepted: true, reasons: [] });
    assert.equal(envoy.port("probe"), port);
    assert.equal(((await call(port, "h1", {})).json() as Seen).headers["x-probe"], "s");
    assert.equal(((await call(envoy.port("new"), "h1", {})).json() as Seen).headers["x-probe"], "t");
    await envoy.update(config());
    assert.throws(() => envoy.port("new"), { code: "no-such-listener" });
  });

  test("is refused by the plugin, which says why, and the old one goes on", async () => {
    const next = config();
    next.listeners[1] = listener("probe", [plugin("probe", "refuse")]);
    const result = await envoy.update(next);
    assert.equal(result.accepted, false);
    assert.match(result.reasons.join("\n"), /refused as asked/);
    assert.equal(((await call(envoy.port("probe"), "h1", {})).json() as Seen).headers["x-probe"], "none");
    assert.equal((await envoy.update(config())).accepted, true);
  });

  test("may add a cluster and a route to it at once", async () => {
    const next = config();
    next.clusters.push({ name: "more", endpoints: [(upstream.address() as AddressInfo).port] });
    next.listeners.push({ name: "more", chain: [], routes: [{ cluster: "more" }] });
    assert.equal((await envoy.update(next)).accepted, true);
    assert.equal((await call(envoy.port("more"), "h1", {})).status, 200);
    assert.equal((await envoy.update(config())).accepted, true);
  });
});

describe("a fault", () => {
  test("of a VM is counted and fails the run that did not expect it", async () => {
    const one = await startEnvoy({ ...config(), listeners: [listener("probe", [plugin("probe", undefined)])] });
    const answer = await call(one.port("probe"), "h1", { headers: { "x-trap": "1" } });
    assert.equal(answer.status, 503);
    assert.equal((await one.traps()).length, 1);
    await assert.rejects(one.stop(), { code: "wasm-trap" });
  });

  test("of Envoy itself is noticed", async () => {
    const one = await startEnvoy({ clusters: [], listeners: [] });
    process.kill(one.pid, "SIGKILL");
    for (let tries = 0; one.crashed === undefined && tries < 100; tries++) {
      await new Promise((done) => setTimeout(done, 10));
    }
    assert.deepEqual(one.crashed, { code: null, signal: "SIGKILL" });
    await assert.rejects(one.stop(), { code: "envoy-crashed" });
  });

  test("in the first configuration stops the start with Envoy's reason", async () => {
    const wrong = { ...config(), listeners: [listener("wrong", [plugin("wrong", "refuse")])] };
    await assert.rejects(startEnvoy(wrong), (error: Error & { code: string }) => {
      assert.equal(error.code, "envoy-config-refused");
      assert.match(error.message, /refused as asked/);
      return true;
    });
  });

  test("of a module that is not there says to build it", async () => {
    const wrong = { ...config(), listeners: [listener("wrong", [plugin("x", "x", { module: "build/none.wasm" })])] };
    await assert.rejects(startEnvoy(wrong), { code: "module-missing" });
  });
});
