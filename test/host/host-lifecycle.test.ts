// VMs, roots, live updates, failure policies, modules that are refused.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HarnessError } from "../../harness/error.ts";
import { Gateway } from "../../harness/host/gateway.ts";
import type { FailurePolicy } from "../../harness/scenario/scenario.ts";
import { compileText, gatewayOf, post, scripted, scriptModule } from "./script.ts";

const lines = (gateway: Gateway, pattern: RegExp): string[] =>
  gateway.logLines.map(({ text }) => text.trimEnd()).filter((text) => pattern.test(text));

describe("configuration", () => {
  test("is run three times with one worker: canary, main thread, worker", () => {
    assert.equal(lines(gatewayOf([scripted("a", "configure|log x")]), /configure/).length, 3);
    assert.equal(
      lines(gatewayOf([scripted("a", "configure|log x")], { gateway: { workers: 4 } }), /configure/).length,
      6,
    );
  });

  test("plugins of one module, vm_id and vm configuration share one VM per worker; another environment is another VM", () => {
    const chain = [
      scripted("a", ""),
      scripted("b", ""),
      scripted("c", "", { vmId: "other" }),
      scripted("d", "", { vmConfig: { env: { A: "1" } } }),
      scripted("e", "", { vmConfig: { configuration: "x" } }),
    ];
    const gateway = gatewayOf(chain, { gateway: { workers: 2 } });
    assert.equal(gateway.vms().length, 8);
  });

  test("the environment of the VM's configuration is WASI's environ", () => {
    const gateway = gatewayOf([scripted("a", "configure|env", { vmConfig: { env: { MODE: "x=y", B: "ü" } } })]);
    assert.match(lines(gateway, /env/)[0] ?? "", /-> 0 MODE=x=y;B=ü;$/);
  });

  test("`pair` and priority: the configuration says which one it is, the higher comes first", () => {
    const gateway = new Gateway({
      chain: [
        { kind: "plugin", name: "i", module: "m", config: {}, pair: "inner", priority: 990 },
        { kind: "pause", name: "p", ms: 1 },
        { kind: "plugin", name: "o", module: "m", config: { a: 1 }, pair: "outer", priority: 1000 },
      ],
      routes: [],
      clusters: [],
      loadModule: () => scriptModule,
    });
    assert.equal(gateway.isConfigured("o"), true);
    assert.deepEqual(gateway.traps, []);
  });
});

describe("live update", () => {
  test("keeps the VM, makes a new root, and ends the old one when its last stream is gone", () => {
    const gateway = gatewayOf([scripted("a", "reqh|mark s|return 1\ndone|log old\ndelete|log old")]);
    const [vm] = gateway.vms();
    const held = gateway.send(post("x", { patienceMs: 100 }));
    gateway.settle();
    assert.equal(gateway.update("a", { configText: "name|a\nreqh|log new" }), true);
    gateway.settle();
    assert.equal(gateway.vms()[0], vm);
    gateway.logLines.length = 0;
    assert.equal(gateway.request(post("y")).status, 200);
    assert.equal(lines(gateway, /new/).length, 1);
    assert.equal(lines(gateway, /old/).length, 0);
    gateway.run();
    assert.equal(held.result?.outcome, "hang");
    assert.deepEqual(lines(gateway, /log old/), ["a done log old ->  old end=false size=0", "a delete log old ->  old end=false size=0", "a done log old ->  old end=false size=0", "a delete log old ->  old end=false size=0"]); // prettier-ignore
  });

  test("that the module refuses leaves the old configuration at work", () => {
    const gateway = gatewayOf([scripted("a", "reqh|setprop v old")]);
    assert.equal(gateway.update("a", { configText: "name|a\nconfigure|return 0\nreqh|setprop v new" }), false);
    gateway.settle();
    assert.equal(gateway.request(post("x")).filterState.v, "old");
  });

  test("that traps the canary leaves the old configuration at work", () => {
    const gateway = gatewayOf([scripted("a", "reqh|setprop v old")]);
    assert.equal(gateway.update("a", { configText: "name|a\nconfigure|trap" }), false);
    assert.equal(gateway.request(post("x")).filterState.v, "old");
    assert.equal(gateway.traps.length, 1);
  });

  test("keeps shared data; a root that answers false to on_done is deleted after proxy_done", () => {
    const gateway = gatewayOf([
      scripted("a", "reqh|sset k v 0\ndone|return 0|tickms 10\ntick|done|tickms 0\ndelete|log gone"),
    ]);
    gateway.request(post("x"));
    gateway.update("a", { configText: "name|a\nreqh|sget k" });
    gateway.settle();
    const before = lines(gateway, /log gone/).length;
    gateway.advance(20);
    assert.equal(lines(gateway, /log gone/).length, before + 2, "on the main thread and the worker");
    gateway.request(post("x"));
    assert.match(lines(gateway, /sget/)[0] ?? "", /-> 0 1:v/);
  });

  test("no request is lost while configurations change under load", () => {
    const gateway = gatewayOf([scripted("a", "reqh|setprop v 0")], { gateway: { workers: 2 } });
    const runs = [];
    for (let i = 0; i < 40; i++) {
      runs.push(gateway.send(post("hello", { worker: i % 2, chunks: [{ bytes: 2 }, { bytes: 3, afterMs: 15 }] })));
      if (i % 4 === 0) gateway.update("a", { configText: `name|a\nreqh|setprop v ${i}` });
      gateway.advance(5);
    }
    gateway.run();
    assert.ok(runs.every((run) => run.result?.status === 200));
    assert.equal(gateway.vms()[0]?.roots.size, 1, "old roots are gone");
  });
});

describe("on a fresh gateway", () => {
  test("a configuration that is refused means 500 to everything, FAIL_OPEN too", () => {
    for (const failurePolicy of ["FAIL_CLOSED", "FAIL_OPEN"] as const) {
      const gateway = gatewayOf([scripted("a", "configure|return 0", { failurePolicy })]);
      assert.equal(gateway.request(post("x")).status, 500);
      assert.equal(gateway.update("a", { configText: "name|a" }), true);
      gateway.settle();
      assert.equal(gateway.request(post("x")).status, 200);
    }
  });

  test("a plugin that is taken out and comes back wrong is as on a fresh start", () => {
    const gateway = gatewayOf([scripted("a", "reqh|setprop v 1")]);
    gateway.remove("a");
    gateway.settle();
    const { status, filterState } = gateway.request(post("x"));
    assert.deepEqual([status, filterState], [200, {}]);
    assert.equal(gateway.update("a", { configText: "configure|return 0" }), false);
    gateway.settle();
    assert.equal(gateway.request(post("x")).status, 500);
  });
});

describe("a trap", () => {
  const answers = (failurePolicy: FailurePolicy): number[] => {
    const gateway = gatewayOf([scripted("a", "reqh#1|trap", { failurePolicy })]);
    const statuses = [0, 10, 600, 600].map((waitMs) => {
      gateway.advance(waitMs);
      return gateway.request(post("x")).status;
    });
    assert.ok(gateway.traps.length > 0);
    return statuses;
  };

  test("FAIL_CLOSED: 503, then every request 503", () => {
    assert.deepEqual(answers("FAIL_CLOSED"), [503, 503, 503, 503]);
  });

  test("FAIL_OPEN: that request 503, then all pass", () => {
    assert.deepEqual(answers("FAIL_OPEN"), [503, 200, 200, 200]);
  });

  test("FAIL_RELOAD: 503, and filtered again after at most a second", () => {
    // Each stream's first callback traps, so the fourth request dies again in its new VM.
    const gateway = gatewayOf([
      scripted("a", "reqh|get 0 x|setprop v 1\nreqb#1|trap", { failurePolicy: "FAIL_RELOAD" }),
    ]);
    assert.equal(gateway.request(post("x")).status, 503);
    assert.equal(gateway.request(post(undefined)).status, 503);
    gateway.advance(1000);
    const { status, filterState } = gateway.request(post(undefined));
    assert.deepEqual([status, filterState.v], [200, "1"]);
  });

  test("of one plugin takes the others of its VM along", () => {
    const gateway = gatewayOf([scripted("a", "reqh|log x"), scripted("b", "reqb|trap")]);
    gateway.request(post("x"));
    assert.equal(gateway.request(post("x")).status, 503);
    assert.equal(gateway.vms().length, 0);
  });

  test("in one worker leaves the other at work", () => {
    const gateway = gatewayOf([scripted("a", "reqb#1|trap")], { gateway: { workers: 2 } });
    gateway.request(post("x", { worker: 0 }));
    assert.equal(gateway.request(post(undefined, { worker: 0 })).status, 503);
    assert.equal(gateway.request(post(undefined, { worker: 1 })).status, 200);
  });

  test("by a stack that overflows counts as one", () => {
    const gateway = gatewayOf([scripted("a", "reqh|deep")]);
    assert.equal(gateway.request(post("x")).status, 503);
    assert.match(gateway.traps[0] ?? "", /call stack/);
  });
});

describe("a module is refused", () => {
  const refuses = async (source: string, pattern: RegExp): Promise<void> => {
    const bytes = await compileText(source);
    const make = (): unknown =>
      new Gateway({
        chain: [{ kind: "plugin", name: "a", module: "m" }],
        routes: [],
        clusters: [],
        loadModule: () => bytes,
      });
    assert.throws(
      make,
      (error) => error instanceof HarnessError && error.code === "module-refused" && pattern.test(error.message),
    );
  };
  const base =
    "export function malloc(n: usize): usize { return heap.alloc(n); }\nexport function proxy_abi_version_0_2_1(): void {}\n";

  test("for an import that Envoy does not offer", () =>
    refuses(
      `${base}@external("env", "proxy_clear_route_cache") declare function f(): u32;\nexport function x(): u32 { return f(); }`,
      /missing import: env\.proxy_clear_route_cache/,
    ));
  test("for an import with another signature", () =>
    refuses(
      `${base}@external("env", "proxy_log") declare function f(a: u64): u32;\nexport function x(): u32 { return f(1); }`,
      /bad signature of import env\.proxy_log/,
    ));
  test("for a callback with another signature", () =>
    refuses(`${base}export function proxy_on_log(a: u32, b: u32): void {}`, /bad signature of export proxy_on_log/));
  test("for a missing allocator", () =>
    refuses("export function proxy_abi_version_0_2_1(): void {}", /neither malloc/));
  test("for a missing ABI version", () =>
    refuses("export function malloc(n: usize): usize { return heap.alloc(n); }", /ABI version/));
  test("for being no module", () => {
    const make = (): unknown =>
      new Gateway({
        chain: [{ kind: "plugin", name: "a", module: "m" }],
        routes: [],
        clusters: [],
        loadModule: () => new Uint8Array(8),
      });
    assert.throws(make, /no valid Wasm module/);
  });
});
