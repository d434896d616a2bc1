// Holding headers until the body was read: every trap that was measured on Envoy must come out the same here.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bytesOf } from "../../harness/scenario/bytes.ts";
import type { RequestSpec } from "../../harness/scenario/scenario.ts";
import { gatewayOf, post, scripted, takeLog } from "./script.ts";

const small = '{"model":"m"}';
const big = { parts: [{ repeat: "y", times: 300_000 }, '"model":"m"'] };
const release = "eff inner|set 0 x-m m|foreign clear_route_cache|cont 0";
const inner = scripted("i", "reqh|mark inner|return 1");
const byQueue = `configure|qreg q!\nqueue|deq q!|${release}`;
const small32k = { gateway: { bufferLimit: 32768 } };

const forms: [string, Partial<RequestSpec>][] = [
  ["HTTP/1 with content-length", {}],
  ["HTTP/1 chunked", { framing: "chunked" }],
  ["HTTP/2 in one frame", { protocol: "h2" }],
  ["HTTP/2 with an empty last frame", { protocol: "h2", end: "empty-data" }],
  ["HTTP/2 with content-length", { protocol: "h2", framing: "content-length" }],
];

describe("one instance", () => {
  test("hangs when it stops at headers without the flag", () => {
    const gateway = gatewayOf([scripted("a", "reqh|return 1\nreqb|log x")]);
    assert.equal(gateway.request(post(small)).outcome, "hang");
    assert.deepEqual(takeLog(gateway), []);
  });

  for (const [form, more] of forms) {
    test(`reroutes from the body callback with the flag, ${form}`, () => {
      const lines = "reqh|return 1\nreqb#1|set 0 x-m m|foreign clear_route_cache";
      const gateway = gatewayOf([scripted("a", lines, { allowOnHeadersStopIteration: true })]);
      const { outcome, upstream } = gateway.request(post(small, more));
      assert.equal(outcome, "complete");
      assert.equal(upstream[0]?.cluster, "marked");
      assert.deepEqual(upstream[0]?.body, bytesOf(small));
    });
  }

  test("gets BadArgument for headers after Continue", () => {
    const gateway = gatewayOf([scripted("a", "reqb#1|set 0 x-m m|get 0 :path|prop request/path")]);
    gateway.request(post(small));
    assert.deepEqual(takeLog(gateway), [
      "a reqb#1 set 0 x-m m -> 2",
      "a reqb#1 get 0 :path -> 2 0:",
      "a reqb#1 prop request/path -> 1 0:",
    ]);
  });

  test("sees a 1 KiB body in two callbacks over HTTP/1 and in one over HTTP/2", () => {
    const gateway = gatewayOf([scripted("a", "reqb|log x")]);
    gateway.request(post({ repeat: "x", times: 1024 }));
    gateway.request(post({ repeat: "x", times: 1024 }, { protocol: "h2" }));
    assert.deepEqual(takeLog(gateway), [
      "a reqb log x ->  x end=false size=1024",
      "a reqb log x ->  x end=true size=0",
      "a reqb log x ->  x end=true size=1024",
    ]);
  });

  test("may drain into its own memory with NoBuffer and write back at the end", () => {
    const lines = "reqh|return 1\nreqb:end|spool 0|unspool 0|return 0\nreqb|spool 0|return 3";
    const gateway = gatewayOf([scripted("a", lines, { allowOnHeadersStopIteration: true })], small32k);
    assert.deepEqual(gateway.request(post(big)).body, bytesOf(big));
  });

  test("is answered 413 when it drains with AndBuffer under a small limit", () => {
    const lines = "reqh|return 1\nreqb:end|spool 0|unspool 0|return 0\nreqb|spool 0|return 1";
    const gateway = gatewayOf([scripted("a", lines, { allowOnHeadersStopIteration: true })], small32k);
    assert.equal(gateway.request(post(big)).status, 413);
  });

  for (const [status, name] of [
    [3, "NoBuffer"],
    [2, "Watermark"],
  ] as const) {
    test(`loses a spool written back in the trailers callback after ${name}, though the call answers Ok`, () => {
      const lines = `reqh|return 1\nreqb|spool 0|return ${status}\nreqt|unspool 0|return 0`;
      const gateway = gatewayOf([scripted("a", lines, { allowOnHeadersStopIteration: true })]);
      const { status: answer, upstream } = gateway.request(post(small, { trailers: [["x-t", "1"]] }));
      assert.equal(answer, 200);
      assert.equal(upstream[0]?.body.length, 0);
      assert.ok(takeLog(gateway).includes("a reqt unspool 0 -> 0 13"));
    });
  }

  test("can write back in the trailers callback after AndBuffer", () => {
    const lines = "reqh|return 1\nreqb|spool 0|return 1\nreqt|unspool 0|return 0";
    const gateway = gatewayOf([scripted("a", lines, { allowOnHeadersStopIteration: true })]);
    const { upstream } = gateway.request(post(small, { trailers: [["x-t", "1"]] }));
    assert.deepEqual(upstream[0]?.body, bytesOf(small));
    assert.deepEqual(upstream[0]?.trailers, [["x-t", "1"]]);
  });
});

describe("the pair", () => {
  test("releases from inside the body callback when its end_of_stream is false", () => {
    const gateway = gatewayOf([scripted("o", `reqb#1|${release}`), inner]);
    const { upstream } = gateway.request(post(small));
    assert.equal(upstream[0]?.cluster, "marked");
    assert.deepEqual(upstream[0]?.body, bytesOf(small));
  });

  test("loses the body and hangs when it releases inside the callback with end_of_stream true", () => {
    const gateway = gatewayOf([scripted("o", `reqb#1|${release}`), inner]);
    const { outcome, upstream } = gateway.request(post(small, { protocol: "h2", framing: "content-length" }));
    assert.equal(outcome, "hang");
    assert.equal(upstream[0]?.body.length, 0);
  });

  for (const [form, more] of forms) {
    test(`releases by a shared queue, ${form}`, () => {
      const gateway = gatewayOf([scripted("o", `${byQueue}\nreqb:end|enq q! 1`), inner]);
      const { upstream } = gateway.request(post(small, more));
      assert.equal(upstream[0]?.cluster, "marked");
      assert.deepEqual(upstream[0]?.body, bytesOf(small));
    });

    test(`passes 300 KB through its spool under a 32 KiB limit, ${form}`, () => {
      const lines = `${byQueue}\nreqb:end|spool 0|unspool 0|enq q! 1\nreqb|spool 0`;
      const gateway = gatewayOf([scripted("o", lines), inner], small32k);
      const { upstream, body } = gateway.request(post(big, more));
      assert.equal(upstream[0]?.cluster, "marked");
      assert.deepEqual(body, bytesOf(big));
    });
  }

  test("releases by a tick of 1 ms", () => {
    const lines = `reqb:end|tickms 1\ntick|${release}|eff 0|tickms 0`;
    const gateway = gatewayOf([scripted("o", lines), inner]);
    const { upstream, durationMs } = gateway.request(post(small));
    assert.equal(upstream[0]?.cluster, "marked");
    assert.equal(durationMs, 1);
    gateway.advance(100);
    assert.equal(takeLog(gateway).filter((line) => line.includes("tickms 0")).length, 1);
  });

  test("hangs without a spool over HTTP/1 under a small limit, and not over HTTP/2", () => {
    const lines = `${byQueue}\nreqb:end|enq q! 1`;
    assert.equal(gatewayOf([scripted("o", lines), inner], small32k).request(post(big)).outcome, "hang");
    assert.equal(
      gatewayOf([scripted("o", lines), inner], small32k).request(post(big, { protocol: "h2" })).outcome,
      "complete",
    );
  });

  for (const protocol of ["h1", "h2"] as const) {
    test(`can not write the spool back from the reader's trailers callback, ${protocol}`, () => {
      const lines = `${byQueue}\nreqb|spool 0\nreqt|unspool 0|enq q! 1`;
      const gateway = gatewayOf([scripted("o", lines), inner]);
      const { status, upstream } = gateway.request(post(small, { protocol, trailers: [["x-t", "1"]] }));
      assert.equal(status, 200);
      assert.equal(upstream[0]?.body.length, 0);
      assert.ok(takeLog(gateway).includes("o reqt unspool 0 -> 2 13"));
    });

    test(`writes the spool from the holder's body callback instead, ${protocol}`, () => {
      const lines = `${byQueue}\nreqb|spool 0\nreqt|enq q! 1`;
      const holder = scripted("i", "reqh|mark inner|return 1\nreqb#1|log x|unspool 0");
      const gateway = gatewayOf([scripted("o", lines), holder]);
      const { upstream } = gateway.request(post(small, { protocol, trailers: [["x-t", "1"]] }));
      assert.deepEqual(upstream[0]?.body, bytesOf(small));
      assert.deepEqual(upstream[0]?.trailers, [["x-t", "1"]]);
      assert.ok(takeLog(gateway).includes("i reqb#1 log x ->  x end=false size=0"));
    });

    test(`meets an inner that a pausing filter made late, ${protocol}`, () => {
      const late = scripted("i", "reqh|set 0 x-m m\nreqb#1|unspool 0");
      const pause = { kind: "pause", name: "p", ms: 300 } as const;
      const gateway = gatewayOf([scripted("o", "reqb|spool 0|log x"), pause, late]);
      const { upstream, durationMs } = gateway.request(post(small, { protocol }));
      assert.equal(upstream[0]?.cluster, "marked");
      assert.deepEqual(upstream[0]?.body, bytesOf(small));
      assert.equal(durationMs, 300);
    });

    test(`holds response headers for the response body, ${protocol}`, () => {
      const outer = scripted(
        "o",
        "configure|qreg q!\nresh|mark holder|return 1\nqueue|deq q!|eff holder|set 2 x-cost 1|cont 1",
      );
      const reader = scripted("i", "resb:end|spool 1|unspool 1|enq q! 1\nresb|spool 1");
      const gateway = gatewayOf([outer, reader], small32k);
      const { headers, body } = gateway.request(post(big, { protocol }));
      assert.deepEqual(
        headers.find(([name]) => name === "x-cost"),
        ["x-cost", "1"],
      );
      assert.deepEqual(body, bytesOf(big));
    });

    test(`answers itself while inner holds, and the upstream is never called, ${protocol}`, () => {
      const gateway = gatewayOf([scripted("o", "reqb#1|reply 429 no"), inner]);
      const { status, upstream } = gateway.request(post(small, { protocol }));
      assert.equal(status, 429);
      assert.deepEqual(upstream, []);
    });

    test(`appends to the body at its end and drops content-length through inner's live map, ${protocol}`, () => {
      const lines = `${byQueue}\nreqb:end|setbuf 0 999 0 ,tail|eff inner|del 0 content-length|eff 0|enq q! 1`;
      const gateway = gatewayOf([scripted("o", lines), inner]);
      const { upstream } = gateway.request(post(small, { protocol, framing: "content-length" }));
      assert.deepEqual(upstream[0]?.body, bytesOf(`${small},tail`));
    });
  }

  test("hangs on the way back without a spool under a small limit", () => {
    const outer = scripted("o", "configure|qreg q!\nresh|mark holder|return 1\nqueue|deq q!|eff holder|cont 1");
    const gateway = gatewayOf([outer, scripted("i", "resb:end|enq q! 1")], small32k);
    assert.equal(gateway.request(post(big)).outcome, "hang");
  });

  test("reads emptied chunks when it is nested in another pair", () => {
    const gateway = gatewayOf([scripted("o1", "reqb|spool 0"), scripted("o2", "reqb|log x|buf 0 0 9")]);
    gateway.request(post(small));
    assert.ok(takeLog(gateway).includes("o2 reqb log x ->  x end=false size=0"));
  });

  test("goes on with other streams after a client left while held", () => {
    const gateway = gatewayOf([scripted("o", `${byQueue}\nreqb:end|enq q! 1`), inner]);
    for (let i = 0; i < 20; i++) {
      const left = gateway.request(
        post(small, { chunks: [{ bytes: 5 }, { bytes: 8, afterMs: 50 }], abort: { requestBytes: 5 } }),
      );
      assert.equal(left.outcome, "aborted");
    }
    assert.equal(gateway.request(post(small)).upstream[0]?.cluster, "marked");
    assert.deepEqual(gateway.traps, []);
  });

  test("finds BadArgument for the context of a stream that is gone", () => {
    const gateway = gatewayOf([scripted("o", "configure|qreg q!\nreqb:end|enq q! 1\nqueue|deq q!|eff inner"), inner]);
    gateway.request(post(small, { abort: {} }));
    gateway.advance(10);
    const run = gatewayOf([scripted("o", "reqb|tickms 5\ntick|eff inner|tickms 0"), inner]);
    run.request(post(small, { abort: {} }));
    run.advance(10);
    assert.ok(takeLog(run).includes("o tick eff inner -> 2"));
  });
});

test("request.total_size grows while a request is held and its bytes arrive", () => {
  const gateway = gatewayOf([
    scripted("a", "configure|tickms 10\nreqh|mark s|return 1\ntick|eff s|prop request/total_size"),
  ]);
  const chunks = [{ bytes: 5 }, { bytes: 8, afterMs: 25 }];
  gateway.request(post(small, { chunks, patienceMs: 60 }));
  const sizes = new Set(takeLog(gateway).filter((line) => line.includes("total_size -> 0")));
  assert.equal(sizes.size, 2);
});

test("a stream property is read back without prefix and stands in the access log's view", () => {
  const gateway = gatewayOf([
    scripted("a", "reqh|marktoprop sluice.pair.m"),
    scripted("b", "reqh|prop sluice.pair.m|prop wasm.sluice.pair.m"),
  ]);
  const { filterState } = gateway.request(post(small));
  assert.match(filterState["sluice.pair.m"] ?? "", /^\d+$/);
  const log = takeLog(gateway);
  assert.match(log[1] ?? "", /-> 0 /);
  assert.match(log[2] ?? "", /-> 1 /);
});
