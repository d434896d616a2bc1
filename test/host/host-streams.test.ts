// Statuses, buffers, limits, local replies and resets: what a filter's answer does to a stream.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bytesOf } from "../../harness/scenario/bytes.ts";
import { gatewayOf, post, scripted, takeLog } from "./script.ts";

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const watch = (name: string) =>
  scripted(
    name,
    ["reqh", "reqb", "reqt", "resh", "resb", "rest", "log", "done", "delete"].map((e) => `${e}|log x`).join("\n"),
  );
const events = (log: string[]): string[] => log.map((line) => line.split(" ").slice(0, 2).join(" "));

describe("body statuses", () => {
  for (const [status, name, second] of [
    [1, "StopIterationAndBuffer", "helloworld"],
    [2, "StopIterationAndWatermark", "world"],
    [3, "StopIterationNoBuffer", "world"],
  ] as const) {
    test(`${name}: the next callback sees ${second}`, () => {
      const lines = `reqb#1|log x|return ${status}\nreqb#2|buf 0 0 99|return 0`;
      const gateway = gatewayOf([scripted("a", lines), scripted("b", "reqb|buf 0 0 99")]);
      const { upstream } = gateway.request(
        post("helloworld", { chunks: [{ bytes: 5 }, { bytes: 5, afterMs: 1 }], framing: "chunked" }),
      );
      assert.equal(text(upstream[0]?.body), status === 3 ? "world" : "helloworld");
      const log = takeLog(gateway);
      assert.equal(log[1], `a reqb#2 buf 0 0 99 -> 0 ${second.length}:${second}`);
    });
  }

  test("an unknown body status is StopIterationNoBuffer: the request hangs", () => {
    assert.equal(gatewayOf([scripted("a", "reqb|return 9")]).request(post("x")).outcome, "hang");
  });

  test("header status 2 is Continue, 9 stops everything", () => {
    assert.equal(gatewayOf([scripted("a", "reqh|return 2")]).request(post("x")).status, 200);
    const gateway = gatewayOf([scripted("a", "reqh|return 9\nreqb|log x")]);
    assert.equal(gateway.request(post("x")).outcome, "hang");
    assert.deepEqual(takeLog(gateway), []);
  });
});

describe("limits", () => {
  const big = { repeat: "y", times: 300_000 };
  const limit = { gateway: { bufferLimit: 32768 } };

  test("413 when a request is buffered beyond the limit", () => {
    const gateway = gatewayOf([scripted("a", "reqb:end|return 0\nreqb|return 1")], limit);
    const { status, responseCodeDetails, upstream } = gateway.request(post(big));
    assert.equal(status, 413);
    assert.equal(responseCodeDetails, "request_payload_too_large");
    assert.notEqual(upstream[0]?.complete, true);
  });

  test("500 when response headers are held and the body is buffered beyond the limit", () => {
    const lines = "resh|return 1\nresb:end|return 0\nresb|return 1";
    const gateway = gatewayOf([scripted("a", lines, { allowOnHeadersStopIteration: true })], limit);
    const { status, responseCodeDetails } = gateway.request(post(big));
    assert.equal(status, 500);
    assert.equal(responseCodeDetails, "response_payload_too_large");
  });

  test("a reset when the headers had left already", () => {
    const gateway = gatewayOf([scripted("a", "resb:end|return 0\nresb|return 1")], limit);
    assert.equal(gateway.request(post(big)).outcome, "reset");
  });

  test("an HTTP/2 stream may hold its window of 16 MiB", () => {
    const lines = "reqh|return 1\nreqb:end|return 0\nreqb|return 1";
    const gateway = gatewayOf([scripted("a", lines, { allowOnHeadersStopIteration: true })], limit);
    const of = (times: number) => post({ repeat: "y".repeat(1000), times }, { protocol: "h2" });
    assert.equal(gateway.request(of(16_000)).status, 200);
    assert.equal(gateway.request(of(17_000)).status, 413);
  });

  test("backpressure: what is held over the limit stops the client until it is released", () => {
    const lines = "configure|tickms 20\nreqh|mark s|return 1\nreqb|log x|return 2\ntick|eff s|cont 0|tickms 0";
    const gateway = gatewayOf([scripted("a", lines, { allowOnHeadersStopIteration: true })], limit);
    const run = gateway.send(post(big));
    gateway.advance(10);
    assert.deepEqual(events(takeLog(gateway)), ["a reqh", "a reqb"]);
    gateway.run();
    assert.equal(
      run.result?.outcome,
      "hang",
      "stopped again after the release: the rest went over the limit once more",
    );
  });
});

describe("set_buffer_bytes", () => {
  test("prepends, replaces a beginning, appends at or behind the end, and nothing else", () => {
    const ops =
      "setbuf 0 0 0 pre-|setbuf 0 99 0 -post|setbuf 0 3 0 no|setbuf 0 0 4 X|buf 0 0 60|buf 0 2 3|buf 0 99 3|bufstat 0";
    const gateway = gatewayOf([scripted("a", `reqb#1|${ops}`)]);
    const { upstream } = gateway.request(post("hello", { framing: "chunked" }));
    assert.equal(text(upstream[0]?.body), "Xhello-post");
    assert.deepEqual(takeLog(gateway), [
      "a reqb#1 setbuf 0 0 0 pre- -> 0",
      "a reqb#1 setbuf 0 99 0 -post -> 0",
      "a reqb#1 setbuf 0 3 0 no -> 2",
      "a reqb#1 setbuf 0 0 4 X -> 0",
      "a reqb#1 buf 0 0 60 -> 0 11:Xhello-post",
      "a reqb#1 buf 0 2 3 -> 0 3:ell",
      "a reqb#1 buf 0 99 3 -> 0 0:",
      "a reqb#1 bufstat 0 -> 0 11",
    ]);
  });

  test("other buffers: absent, unknown, read only", () => {
    const gateway = gatewayOf([
      scripted("a", "reqb#1|buf 1 0 9|buf 4 0 9|buf 6 0 9|buf 7 0 9|buf 9 0 9|setbuf 1 0 0 a|bufstat 1"),
    ]);
    gateway.request(post("hello"));
    assert.deepEqual(takeLog(gateway), [
      "a reqb#1 buf 1 0 9 -> 0 0:",
      "a reqb#1 buf 4 0 9 -> 1 0:",
      "a reqb#1 buf 6 0 9 -> 0 0:",
      "a reqb#1 buf 7 0 9 -> 1 0:",
      "a reqb#1 buf 9 0 9 -> 2 0:",
      "a reqb#1 setbuf 1 0 0 a -> 2",
      "a reqb#1 bufstat 1 -> 0 0",
    ]);
  });
});

describe("header maps", () => {
  test("replace removes all values and puts one at the end; add to a name held once joins with a comma", () => {
    const ops = "set 0 x-dup z|add 0 content-type b|add 0 X-Up 1|pairs 0";
    const gateway = gatewayOf([scripted("a", `reqh|${ops}`)]);
    gateway.request(
      post("x", {
        headers: [
          ["x-dup", "1"],
          ["x-a", "1"],
          ["x-dup", "2"],
          ["content-type", "a"],
        ],
      }),
    );
    const pairs = takeLog(gateway)[3] ?? "";
    assert.match(pairs, /;x-a=1;content-type=a,b;.*;x-dup=z;x-up=1;$/);
  });

  test("trailers can be added in the last body callback only", () => {
    const gateway = gatewayOf([
      scripted("a", "reqb:end|add 1 x-t 1\nreqb|add 1 x-t 0\nreqt|log x"),
      scripted("b", "reqt|pairs 1"),
    ]);
    const { upstream } = gateway.request(post("x", { framing: "chunked" }));
    assert.deepEqual(upstream[0]?.trailers, [["x-t", "1"]]);
    assert.deepEqual(takeLog(gateway), [
      "a reqb add 1 x-t 0 -> 2",
      "a reqb:end add 1 x-t 1 -> 0",
      "b reqt pairs 1 -> 0 x-t=1;",
    ]);
  });

  test("a response whose status a filter took away is answered 502", () => {
    const gateway = gatewayOf([scripted("a", "resh|del 2 :status")]);
    assert.equal(gateway.request(post("x")).status, 502);
  });
});

describe("local replies", () => {
  test("from request headers: earlier filters see the answer, later ones only log and done", () => {
    const gateway = gatewayOf([watch("a"), scripted("b", "reqh|reply 403 nope x-r=1\nresh|pairs 2"), watch("c")]);
    const { status, headers, upstream, responseCodeDetails } = gateway.request(post("hello"));
    assert.equal(status, 403);
    assert.equal(responseCodeDetails, "script_reply");
    assert.deepEqual(headers.slice(0, 3), [["x-r", "1"], ["content-length", "4"], ["content-type", "text/plain"]]); // prettier-ignore
    assert.deepEqual(upstream, []);
    assert.deepEqual(events(takeLog(gateway)), [
      "a reqh", "b reqh", "b resh", "a resh", "a resb", "a log", "c log", "a done", "a delete", "c done", "c delete",
    ]); // prettier-ignore
  });

  test("from the request body: filters that had seen the headers see the answer too", () => {
    const gateway = gatewayOf([
      watch("a"),
      scripted("b", "reqb|reply 429 {} content-type=application/json"),
      watch("c"),
    ]);
    assert.equal(gateway.request(post("hello")).status, 429);
    assert.deepEqual(
      events(takeLog(gateway)).filter((event) => /res/.test(event)),
      ["c resh", "a resh", "c resb", "a resb"],
    );
  });

  test("from response headers: sent as it is, past the filters", () => {
    const gateway = gatewayOf([watch("a"), scripted("b", "resh|reply 200 canned x-r=1"), watch("c")]);
    const { status, body } = gateway.request(post("hello", { upstream: { kind: "answer", status: 500 } }));
    assert.equal(status, 200);
    assert.equal(text(body), "canned");
    assert.ok(!events(takeLog(gateway)).includes("a resh"));
  });

  test("from the response body, when the headers have left: a reset", () => {
    const gateway = gatewayOf([scripted("b", "resb|reply 200 canned")]);
    assert.equal(gateway.request(post("hello")).outcome, "reset");
  });

  test("of a stream that is held, from a tick with its effective context", () => {
    const gateway = gatewayOf([
      scripted("a", "configure|tickms 50\nreqh|mark s|return 1\ntick|eff s|reply 408 late|tickms 0"),
    ]);
    assert.equal(gateway.request(post("x")).status, 408);
  });

  test("an empty body ends with the headers and has no content-type", () => {
    const { headers, body } = gatewayOf([scripted("b", "reqh|reply 204  content-type=a/b")]).request(post("x"));
    assert.equal(body.length, 0);
    assert.ok(!headers.some(([name]) => name === "content-type" || name === "content-length"));
  });

  test("to gRPC they are 200 with grpc-status", () => {
    const gateway = gatewayOf([scripted("b", "reqh|reply 429 slow~down")]);
    const { status, headers } = gateway.request(post("x", { headers: [["content-type", "application/grpc"]] }));
    assert.equal(status, 200);
    assert.ok(headers.some(([name, value]) => name === "grpc-status" && value === "14"));
    assert.ok(headers.some(([name, value]) => name === "grpc-message" && value === "slow down"));
  });

  test("a canned 200 over a timeout, a refused connection, an upstream's 500", () => {
    const chain = [scripted("b", "resh|reply 200 canned")];
    const routes = [{ cluster: "up", timeoutMs: 100 }];
    const hang = gatewayOf(chain, { routes, clusters: [{ name: "up", upstream: { kind: "hang" } }] }).request(
      post("x"),
    );
    const refused = gatewayOf(chain, { routes, clusters: [{ name: "up", refused: true }] }).request(post("x"));
    for (const { status, body } of [hang, refused]) {
      assert.equal(status, 200);
      assert.equal(text(body), "canned");
    }
    assert.equal(hang.responseFlags, "UT");
    assert.equal(refused.responseFlags, "UF");
  });
});

describe("ends of a stream", () => {
  test("on_log comes before on_done before on_delete, for complete, cut and aborted calls", () => {
    const gateway = gatewayOf([watch("a")]);
    for (const more of [
      {},
      { upstream: { kind: "answer", body: "abc", cutAfterChunks: 1 } as const },
      { abort: { requestBytes: 3 } },
    ]) {
      gateway.request(post("hello", { chunks: [{ bytes: 3 }], ...more }));
      assert.deepEqual(events(takeLog(gateway)).slice(-3), ["a log", "a done", "a delete"]);
    }
  });

  test("a property written in on_log is in the access log's view; one of on_done is not", () => {
    const gateway = gatewayOf([scripted("a", "log|setprop in.log 1\ndone|setprop in.done 1")]);
    for (const more of [{}, { abort: { requestBytes: 0 } }]) {
      const { filterState } = gateway.request(post("hello", more));
      assert.deepEqual(filterState, { "in.log": "1" });
    }
  });

  test("close_stream resets", () => {
    const { outcome, responseCodeDetails } = gatewayOf([scripted("a", "reqh|close 0")]).request(post("x"));
    assert.equal(outcome, "reset");
    assert.equal(responseCodeDetails, "wasm_close_stream");
  });

  test("a body longer than its content-length breaks the upstream connection", () => {
    const { status } = gatewayOf([scripted("a", "reqb:end|setbuf 0 0 0 more")]).request(post("x"));
    assert.equal(status, 503);
  });

  test("what Envoy would crash of is reported: an answer continued before it came, a stream closed in on_log", () => {
    const gateway = gatewayOf([scripted("a", "reqh|cont 1\nlog|close 0")]);
    gateway.request(post("x"));
    assert.equal(gateway.traps.length, 2);
  });
});

test("bodies of any size and chunking come through untouched", () => {
  const gateway = gatewayOf([scripted("a", "reqb|log x"), scripted("b", "resb|log x")]);
  for (const protocol of ["h1", "h2"] as const) {
    for (const times of [0, 1, 5, 1000, 70_000]) {
      const body = { repeat: "0123456789", times };
      const chunks = [{ bytes: 3 }, { bytes: 1, afterMs: 1 }, { bytes: 4097 }];
      const { body: echoed, outcome } = gateway.request(
        post(body, { protocol, chunks, upstream: { kind: "answer", body: { echo: true }, chunks } }),
      );
      assert.equal(outcome, "complete");
      assert.deepEqual(echoed, bytesOf(body));
    }
  }
});
