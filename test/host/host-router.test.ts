// Routes, failures of upstreams, timeouts, retries, filters of a cluster.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { GatewayOptions } from "../../harness/host/gateway.ts";
import type { ClusterSpec, RetrySpec, UpstreamSpec } from "../../harness/scenario/scenario.ts";
import { gatewayOf, post, scripted, takeLog } from "./script.ts";

const policy: RetrySpec = { on: "5xx,gateway-error,reset,retriable-status-codes", retries: 2 };
const fails: UpstreamSpec = { kind: "answer", status: 500 };
const resets: UpstreamSpec = { kind: "reset", after: "request" };
const safe = "set 0 x-envoy-retry-on connect-failure,refused-stream,reset-before-request|set 0 x-envoy-max-retries 2";

function router(ops: string, cluster: Partial<ClusterSpec>, retry?: RetrySpec): ReturnType<typeof gatewayOf> {
  const options: Partial<GatewayOptions> = {
    routes: [{ cluster: "up", timeoutMs: 5000, ...(retry !== undefined && { retry }) }],
    clusters: [{ name: "up", ...cluster }],
  };
  return gatewayOf(ops === "" ? [] : [scripted("a", `reqh|${ops}`)], options);
}

describe("retries, as measured", () => {
  const cases: [string, string, Partial<ClusterSpec>, RetrySpec | undefined, number][] = [
    ["the route's policy alone", "", { upstream: fails }, policy, 3],
    ["x-envoy-max-retries: 0", "set 0 x-envoy-max-retries 0", { upstream: fails }, policy, 1],
    ["x-envoy-retry-on can not narrow the policy", "set 0 x-envoy-retry-on connect-failure", { upstream: fails }, policy, 3],
    ["x-envoy-max-retries raises the count", "set 0 x-envoy-max-retries 3", { upstream: { kind: "answer", status: 502 } }, { on: "gateway-error,connect-failure", retries: 1 }, 4],
    ["the safe headers without a policy, a 500", safe, { upstream: fails }, undefined, 1],
    ["the safe headers without a policy, a reset after the request", safe, { upstream: resets }, undefined, 1],
    ["the safe headers without a policy, a per-try timeout", `${safe}|set 0 x-envoy-upstream-rq-per-try-timeout-ms 50`, { upstream: { kind: "hang" } }, undefined, 1],
    ["the safe headers without a policy, a dead port", safe, { refused: true }, undefined, 3],
    ["reset without a policy is unsafe", "set 0 x-envoy-retry-on reset|set 0 x-envoy-max-retries 2", { upstream: resets }, undefined, 3],
    ["x-envoy-ratelimited on the answer stops it", "", { upstream: { ...fails, headers: [["x-envoy-ratelimited", "1"]] } as UpstreamSpec }, policy, 1],
    ["a cluster's own filter can put it there", "", { upstream: fails, filters: [scripted("u", "resh|set 2 x-envoy-ratelimited 1")] }, policy, 1],
  ]; // prettier-ignore
  for (const [name, ops, cluster, retry, attempts] of cases) {
    test(`${name}: ${attempts}`, () => {
      assert.equal(router(ops, cluster, retry).request(post("x")).attempts, attempts);
    });
  }

  test("the per-try timeout of the header wins over the policy's", () => {
    const gateway = router(
      "set 0 x-envoy-upstream-rq-per-try-timeout-ms 300",
      { upstream: { kind: "answer", delayMs: 200 } },
      { ...policy, perTryTimeoutMs: 50 },
    );
    const { status, attempts } = gateway.request(post("x"));
    assert.deepEqual([status, attempts], [200, 1]);
  });

  test("a retried request carries its whole body again, and its trailers", () => {
    const gateway = router("", { upstream: [fails, { kind: "answer", body: { echo: true } }] }, policy);
    const { body, upstream } = gateway.request(post("hello", { chunks: [{ bytes: 2 }], trailers: [["x-t", "1"]] }));
    assert.equal(new TextDecoder().decode(body), "hello");
    assert.deepEqual(upstream.map(({ trailers }) => trailers), [[["x-t", "1"]], [["x-t", "1"]]]); // prettier-ignore
  });

  test("retry and timeout headers do not reach the upstream", () => {
    const { upstream } = router(`${safe}|set 0 x-envoy-upstream-rq-timeout-ms 900`, {}).request(post("x"));
    const names = upstream[0]?.headers.map(([name]) => name).filter((name) => name.startsWith("x-envoy"));
    assert.deepEqual(names, ["x-envoy-expected-rq-timeout-ms", "x-envoy-attempt-count"]);
  });

  test("a cluster's filter sees each attempt as a context of its own, with on_done but without on_log", () => {
    const filter = scripted(
      "u",
      "reqh|prop upstream/request_attempt_count\nlog|log x\ndone|prop upstream/transport_failure_reason|setprop last done",
    );
    const gateway = router("", { upstream: [fails, { kind: "answer" }], filters: [filter] }, policy);
    const { filterState } = gateway.request(post("x"));
    const log = takeLog(gateway);
    assert.equal(log.filter((line) => line.startsWith("u reqh")).length, 2);
    assert.equal(log.filter((line) => line.startsWith("u done prop")).length, 2);
    assert.equal(log.filter((line) => line.startsWith("u log")).length, 0);
    assert.equal(filterState.last, "done");
  });

  test("a connect that failed shows at on_done as upstream.transport_failure_reason", () => {
    const gateway = router("", {
      refused: true,
      filters: [scripted("u", "done|prop upstream/transport_failure_reason")],
    });
    gateway.request(post("x"));
    assert.match(takeLog(gateway)[0] ?? "", /-> 0 41:delayed_connect_error:_Connection_refused/);
  });

  test("a local reply of a cluster's filter ends the retries: the server sees one request", () => {
    const filter = scripted("u", "done|setprop seen 1\nreqh#1|prop seen");
    const gateway = router("", { upstream: fails, filters: [filter] }, policy);
    gateway.request(post("x"));
    const veto = router(
      "",
      { upstream: fails, filters: [scripted("u", "configure|metric 0 n\nreqh|inc n 1|val n\nresh|return 0")] },
      policy,
    );
    assert.equal(veto.request(post("x")).upstream.length, 3);
    const log = takeLog(gateway);
    assert.match(log[0] ?? "", /reqh#1 prop seen -> 1/);
    assert.ok(
      log.some((line) => /reqh#1 prop seen -> 0 1:1/.test(line)),
      "the next attempt reads what on_done wrote",
    );
    const replies = router("", { upstream: fails, filters: [scripted("u", "reqh|reply 503 stop")] }, policy);
    const { status, upstream } = replies.request(post("x"));
    assert.deepEqual([status, upstream.length], [503, 0]);
  });
});

describe("failures without a policy, as measured", () => {
  const up = (upstream: UpstreamSpec, more: Partial<ClusterSpec> = {}) => router("", { upstream, ...more });

  test("a refused connection", () => {
    const { status, body, responseCodeDetails, responseFlags } = up({ kind: "answer" }, { refused: true }).request(
      post("x"),
    );
    assert.equal(status, 503);
    assert.equal(
      new TextDecoder().decode(body),
      "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure",
    );
    assert.equal(responseFlags, "UF");
    assert.equal(
      responseCodeDetails,
      "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}",
    );
  });

  test("a reset before the answer", () => {
    const { status, responseCodeDetails, responseFlags } = up(resets).request(post("x"));
    assert.deepEqual([status, responseFlags], [503, "UC"]);
    assert.equal(responseCodeDetails, "upstream_reset_before_response_started{connection_termination}");
  });

  test("an answer cut in its middle", () => {
    const { outcome, status, responseFlags } = up({
      kind: "answer",
      body: "abcdef",
      chunks: [{ bytes: 3 }],
      cutAfterChunks: 1,
    }).request(post("x"));
    assert.deepEqual([outcome, status, responseFlags], ["reset", 200, "UPE"]);
  });

  test("the route's timeout, which begins with the request's end", () => {
    const gateway = router("", { upstream: { kind: "hang" } });
    const { status, durationMs, responseCodeDetails } = gateway.request(
      post("hello", { chunks: [{ bytes: 2 }, { bytes: 3, afterMs: 700 }], patienceMs: 9000 }),
    );
    assert.deepEqual([status, durationMs, responseCodeDetails], [504, 5700, "response_timeout"]);
  });

  test("no route, and a direct response", () => {
    const gateway = gatewayOf([], { routes: [{ prefix: "/tea", respond: { status: 418, body: "tea" } }] });
    assert.deepEqual(gateway.request(post("x")).responseFlags, "NR");
    const { status, responseCodeDetails } = gateway.request(post("x", { path: "/tea/pot?x" }));
    assert.deepEqual([status, responseCodeDetails], [418, "direct_response"]);
  });

  test("an upgrade is let through only where it is configured", () => {
    const upgrade = post(undefined, { method: "GET", headers: [["connection", "upgrade"], ["upgrade", "websocket"]] }); // prettier-ignore
    assert.equal(gatewayOf([]).request(upgrade).status, 403);
  });

  test("an answer may come before the request has ended", () => {
    const gateway = router("", { upstream: { kind: "answer", status: 401, after: "headers" } });
    const { outcome, status } = gateway.request(post("hello", { chunks: [{ bytes: 2 }, { bytes: 3, afterMs: 100 }] }));
    assert.deepEqual([outcome, status], ["complete", 401]);
  });
});

test("routes match by header, first match wins, and are found again after clear_route_cache", () => {
  const gateway = gatewayOf([scripted("a", "reqh|prop xds/cluster_name|set 0 x-m m|foreign clear_route_cache")]);
  assert.equal(gateway.request(post("x")).upstream[0]?.cluster, "marked");
});

test("x-envoy headers of clients are stripped", () => {
  const gateway = gatewayOf([scripted("a", "reqh|pairs 0")]);
  gateway.request(post("x", { headers: [["x-envoy-max-retries", "3"], ["x-envoy-retry-on", "5xx"], ["x-envoy-attempt-count", "7"]] })); // prettier-ignore
  const pairs = takeLog(gateway)[0] ?? "";
  assert.ok(!/max-retries|retry-on/.test(pairs));
  assert.match(pairs, /x-envoy-attempt-count=7/);
});

test("source.address is the last of x-forwarded-for unless use_remote_address", () => {
  const lines = "reqh|prop source/address|get 0 x-forwarded-for";
  const headers: [string, string][] = [["x-forwarded-for", "1.1.1.1, 9.9.9.9"]];
  const trusting = gatewayOf([scripted("a", lines)]);
  trusting.request(post("x", { headers }));
  assert.match(takeLog(trusting)[0] ?? "", /:9\.9\.9\.9:0$/);
  const edge = gatewayOf([scripted("a", lines)], { gateway: { useRemoteAddress: true } });
  edge.request(post("x", { headers }));
  const log = takeLog(edge);
  assert.match(log[0] ?? "", /:127\.0\.0\.1:\d+$/);
  assert.match(log[1] ?? "", /1\.1\.1\.1, 9\.9\.9\.9,127\.0\.0\.1$/);
});
