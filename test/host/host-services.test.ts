// What plugins ask of the host beside their streams: shared data, queues, metrics, ticks, properties, callouts, foreign
// functions; and what tests ask of it: faults, hooks, counts.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gatewayOf, post, scripted, takeLog } from "./script.ts";

const last = (line: string | undefined): string => (line ?? "").split(" -> ")[1] ?? "";

describe("shared data", () => {
  test("cas 0 overwrites, another compares, on a missing key any inserts", () => {
    const ops =
      "sget k|sset k v 0|sget k|sset k w last|sset k z last|sget k|sset k y 77|sset n 1 4294967295|sset n 2 4294967295|sget n";
    const gateway = gatewayOf([scripted("a", `reqh|${ops}`)]);
    gateway.request(post("x"));
    assert.deepEqual(takeLog(gateway).map(last), [
      "1 0: cas=false", "0", "0 1:v cas=true", "0", "8", "0 1:w cas=true", "8", "0", "8", "0 1:1 cas=true",
    ]); // prettier-ignore
  });

  test("is one map per vm_id for all workers and VMs; numbers of writes grow over the whole process", () => {
    const chain = [scripted("a", "reqh|sset k v 0"), scripted("b", "reqh|sget k", { vmId: "other" })];
    const gateway = gatewayOf(chain, { gateway: { workers: 2 } });
    gateway.request(post("x", { worker: 1 }));
    gateway.request(post("x", { worker: 0 }));
    assert.equal(last(takeLog(gateway)[1]), "1 0: cas=false");
    assert.equal(gateway.sharedData.get("", "k")?.cas, 2);
    assert.equal(gateway.sharedData.size("other"), 0);
  });

  test("another worker's whole request may run inside a host call, and the compare then fails", () => {
    const lines = "reqh|sget k|sset k mine last";
    const gateway = gatewayOf([scripted("a", lines)], { gateway: { workers: 2 } });
    gateway.sharedData.set("", "k", new TextEncoder().encode("0"), 0);
    const remove = gateway.onHostCall("proxy_set_shared_data", () => {
      remove();
      const other = gateway.send(post("y", { worker: 1 }));
      gateway.settle();
      assert.equal(other.result?.status, 200);
    });
    assert.equal(gateway.request(post("x", { worker: 0 })).status, 200);
    assert.deepEqual(
      takeLog(gateway)
        .filter((line) => line.includes("sset"))
        .map(last),
      ["0", "8"],
    );
    assert.deepEqual(gateway.traps, []);
  });
});

describe("queues", () => {
  test("tell the root that registered last, as an event of its own", () => {
    const gateway = gatewayOf([scripted("a", "configure|qreg q!\nreqh|enq q! a|enq q! b|log x\nqueue|deq q!|deq q!")]);
    gateway.request(post("x"));
    assert.deepEqual(takeLog(gateway).map((line) => line.replace(/log x.*/, "log")), [
      "a reqh enq q! a -> 0", "a reqh enq q! b -> 0", "a reqh log",
      "a queue deq q! -> 0 1:a", "a queue deq q! -> 0 1:b", "a queue deq q! -> 7 0:", "a queue deq q! -> 7 0:",
    ]); // prettier-ignore
  });

  test("of one name for all VMs are the main thread's: a stream's context is not found there", () => {
    const gateway = gatewayOf([scripted("a", "configure|qreg q\nreqh|mark s|enq q a|return 1\nqueue|eff s|cont 0")]);
    assert.equal(gateway.request(post("x")).outcome, "hang");
  });

  test("are found by name, and unknown ones are not", () => {
    const gateway = gatewayOf([scripted("a", "configure|qreg q\nreqh|qres  q|qres  nosuch|enq nosuch 1|deq nosuch")]);
    gateway.request(post("x"));
    assert.deepEqual(
      takeLog(gateway).map((line) => last(line).split(" ")[0]),
      ["0", "1", "1", "1"],
    );
  });
});

test("metrics: an id per definition, one metric per name, and what Envoy refuses", () => {
  const define = "configure|metric 0 c|metric 0 c|metric 1 g|metric 2 h|metric 3 x";
  const use =
    "reqh|inc c 1|inc c 0|inc c -1|val c|rec c 5|val c|inc g 3|inc g -5|rec g 7|val g|inc h 1|rec h 5|val h|val x";
  const gateway = gatewayOf([scripted("a", `${define}\n${use}`)], { gateway: { workers: 2 } });
  gateway.request(post("x", { worker: 0 }));
  assert.deepEqual(takeLog(gateway).map(last), [
    "0",
    "2",
    "2",
    "0 1",
    "0",
    "0 6",
    "0",
    "0",
    "0",
    "0 7",
    "2",
    "0",
    "2 0",
    "1 0",
  ]);
  gateway.request(post("x", { worker: 1 }));
  assert.deepEqual(gateway.metricValues(), { c: 12, g: 7, h: 2 });
});

test("ticks come by the clock, stop at 0, and may be set anew", () => {
  const gateway = gatewayOf([scripted("a", "reqh|tickms 100\ntick|log x\nreqb:end|tickms 0")]);
  const run = gateway.send(post("hello", { chunks: [{ bytes: 5, afterMs: 350 }] }));
  gateway.run();
  assert.equal(takeLog(gateway).filter((line) => line.includes("tick log")).length, 3);
  gateway.advance(1000);
  assert.deepEqual(takeLog(gateway), []);
  assert.equal(run.result?.status, 200);
});

test("the wall clock can step back", () => {
  const gateway = gatewayOf([scripted("a", "reqh|time")], { epochMs: 5_000 });
  const before = gateway.clock.wallNanos;
  gateway.clock.epochMs -= 1_000;
  gateway.request(post("x"));
  assert.ok(gateway.clock.wallNanos < before);
});

test("properties by phase", () => {
  const ops = [
    "request/path", "request/size", "request/protocol", "request/nothing", "response/code", "plugin_name", "xds/node/id",
    "xds/node/metadata/a", "node/id", "metadata/filter_metadata/jwt/payload/sub", "connection/mtls", "request",
    "upstream/request_attempt_count", "upstream/transport_failure_reason",
  ].map((path) => `prop ${path}`).join("|"); // prettier-ignore
  const gateway = gatewayOf(
    [
      { kind: "metadata", name: "m", values: { jwt: { payload: { sub: "me" } } } },
      scripted(
        "a",
        `reqh|${ops}\nreqb|prop request/path\nresh|prop upstream/request_attempt_count|prop response/code|prop response/code_details\nlog|prop request/path|prop response/flags`,
      ),
    ],
    { gateway: { node: { id: "n1", metadata: { a: "b" } } } },
  );
  gateway.request(post("hello"));
  assert.deepEqual(takeLog(gateway).map(last), [
    "0 2:/p", "0 8:\\05\\00\\00\\00\\00\\00\\00\\00", "0 8:HTTP/1.1", "1 0:", "1 0:", "0 1:a", "0 2:n1",
    "0 1:b", "1 0:", "0 2:me", "0 1:\\00", "3 0:",
    "0 8:\\00\\00\\00\\00\\00\\00\\00\\00", "1 0:",
    "1 0:", "1 0:",
    "0 8:\\01\\00\\00\\00\\00\\00\\00\\00", "0 8:\\c8\\00\\00\\00\\00\\00\\00\\00", "0 12:via_upstream",
    "0 2:/p", "0 8:\\00\\00\\00\\00\\00\\00\\00\\00",
  ]); // prettier-ignore
});

test("an effective context that does not exist is BadArgument; root contexts see no stream", () => {
  const gateway = gatewayOf([
    scripted("a", "reqh|eff 12345|eff 1|get 0 :path|setprop a b|prop request/path|eff 0|get 0 :path"),
  ]);
  gateway.request(post("x"));
  assert.deepEqual(takeLog(gateway).map(last), ["2", "0", "2 0:", "1", "1 0:", "0", "0 2:/p"]);
});

test("foreign functions", () => {
  const ops =
    "foreign clear_route_cache|foreign nothing x|foreign set_envoy_filter_state x|foreign declare_property|foreign expr_create a==b|foreign expr_delete abcd|foreign expr_evaluate abcd|foreign expr_evaluate ab";
  const gateway = gatewayOf([scripted("a", `reqh|${ops}`)]);
  gateway.request(post("x"));
  assert.deepEqual(takeLog(gateway).map((line) => last(line)[0] === "1" ? last(line).split(" ")[0] : last(line)[0]), ["0", "1", "2", "0", "12", "0", "1", "2"]); // prettier-ignore
});

describe("callouts answer on the root context, later", () => {
  const clusters = [
    { name: "up" },
    { name: "api", upstream: { kind: "answer", status: 201, body: "abc", delayMs: 20 } as const },
    {
      name: "rl",
      protocol: "h2" as const,
      grpc: [
        { service: "s.S", method: "M", message: "yes", delayMs: 5 },
        { service: "s.S", method: "M", status: 8, statusMessage: "full" },
      ],
    },
    { name: "dead", refused: true },
    { name: "slow", upstream: { kind: "hang" } as const, grpc: [{ service: "s.S", method: "M", delayMs: 5000 }] },
  ];
  const ask = (call: string) => {
    const lines = `reqh|mark s|${call}|return 1\nhttp|pairs 6|buf 4 0 99|status|eff s|cont 0\ngrpc|buf 5 0 99|eff s|cont 0\ngrpcclose|status|eff s|cont 0`;
    const gateway = gatewayOf([scripted("a", lines)], { clusters, routes: [{ cluster: "up" }] });
    const { status, durationMs } = gateway.request(post("x", { patienceMs: 3000 }));
    return { status, durationMs, gateway, log: takeLog(gateway).slice(1).map(last) };
  };

  test("HTTP", () => {
    const { status, durationMs, log } = ask("http api /x");
    assert.deepEqual([status, durationMs], [200, 20]);
    assert.deepEqual(log.slice(0, 4), ["0 true", "0 :status=201;content-length=3;", "0 3:abc", "0 0 0:"]);
  });

  test("HTTP to nobody and without an answer", () => {
    assert.deepEqual(ask("http dead /x").log.slice(0, 2), [
      "0 true",
      "0 :status=503;content-length=98;content-type=text/plain;",
    ]);
    const { durationMs, log } = ask("http slow /x");
    assert.equal(durationMs, 1000);
    assert.match(log[1] ?? "", /504/);
    assert.equal(ask("http nope /x").log[0], "2 false");
  });

  test("gRPC: a message, a status, nobody, no answer, no such cluster", () => {
    assert.deepEqual(ask("grpc rl s.S M hi").log.slice(0, 2), ["0 true", "0 3:yes"]);
    const { gateway } = ask("grpc rl s.S M hi");
    gateway.request(post("x"));
    assert.ok(takeLog(gateway).some((line) => line.endsWith("status -> 0 8 4:full")));
    assert.match(ask("grpc dead s.S M hi").log[1] ?? "", /^0 14 \d+:upstream connect error/);
    const late = ask("grpc slow s.S M hi");
    assert.equal(late.durationMs, 1000);
    assert.equal(late.log[1], "0 14 42:upstream request timeout{response_timeout}");
    assert.equal(ask("grpc nope s.S M hi").log[0], "4 false");
  });

  test("by functions of the test", () => {
    const gateway = gatewayOf([scripted("a", "reqh|mark s|grpc any s.S M hi|return 1\ngrpc|buf 5 0 9|eff s|cont 0")], {
      onGrpcCall: ({ message }) => ({ delayMs: 1, message, status: 0, statusMessage: "" }),
    });
    gateway.request(post("x"));
    assert.ok(takeLog(gateway).some((line) => line.endsWith("buf 5 0 9 -> 0 2:hi")));
  });
});

describe("for tests", () => {
  test("any host call can be made to answer any status", () => {
    for (const status of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 255, 0xffffffff]) {
      const gateway = gatewayOf([scripted("a", "reqh|get 0 :path|set 0 a b|sget k|prop request/path")], {
        faults: (name) => (name === "proxy_log" ? undefined : status),
      });
      assert.equal(gateway.request(post("x")).status, 200);
      assert.ok(takeLog(gateway).every((line) => last(line).startsWith(String(status))));
      assert.deepEqual(gateway.traps, []);
    }
  });

  test("the nth call of a name can be failed", () => {
    const gateway = gatewayOf([scripted("a", "reqh|get 0 :path|get 0 :path|get 0 :path")], {
      faults: (name, count) => (name === "proxy_get_header_map_value" && count === 2 ? 10 : undefined),
    });
    gateway.request(post("x"));
    assert.deepEqual(
      takeLog(gateway).map((line) => last(line)[0]),
      ["0", "1", "0"],
    );
  });

  test("host calls are counted by request, and the bytes of bodies that crossed", () => {
    const gateway = gatewayOf([scripted("a", "reqh|get 0 :path|get 0 x\nreqb|buf 0 0 all")]);
    const { hostCalls } = gateway.request(post({ repeat: "x", times: 1000 }));
    assert.equal(hostCalls.calls.proxy_get_header_map_value, 2);
    assert.equal(hostCalls.bodyBytes, 1000);
    assert.equal(gateway.request(post(undefined)).hostCalls.bodyBytes, 0);
  });

  test("an error of the test inside a hook is not taken for a trap", () => {
    const gateway = gatewayOf([scripted("a", "reqh|get 0 :path")]);
    gateway.onHostCall("proxy_get_header_map_value", () => {
      throw new Error("of the test");
    });
    assert.throws(() => gateway.request(post("x")), /of the test/);
    assert.deepEqual(gateway.traps, []);
  });
});
