// Telemetry against a small host: bounded labels and series, counted errors, filter state, build info.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, test } from "node:test";
import { SmallProcess, Worker, compileFixture } from "./small-host.ts";

interface Telemetry {
  firstStatus: WebAssembly.Global;
  inputAt(): number;
  endCallback(): void;
  pages(): number;
  reserve(label: number, length: number): number;
  find(label: number, length: number): number;
  admit(label: number, length: number, most: number): number;
  allow(most: number): void;
  defined(): number;
  request(model: number, consumer: number, status: number, by: bigint): void;
  took(value: bigint, model: number): void;
  countPlain(): void;
  report(kind: number, length: number): void;
  state(name: number, length: number): number;
  stateNumber(name: number, value: bigint): number;
  stateFlag(name: number, value: number): number;
  configured(root: number, hash: bigint, isValid: number): void;
  ended(root: number): void;
  ticked(root: number): void;
}

const other = 0;
const none = 1;
const model = 0;
const consumer = 1;

let module: WebAssembly.Module;

before(async () => {
  module = await compileFixture("telemetry");
});

class Vm extends Worker<Telemetry> {
  static start(process = new SmallProcess()): Vm {
    return new Vm(process).start(module);
  }

  put(text: string | Uint8Array): number {
    const bytes = Buffer.from(text);
    new Uint8Array(this.exports.memory.buffer).set(bytes, this.exports.inputAt());
    return bytes.length;
  }

  find = (label: number, text: string) => this.exports.find(label, this.put(text));
  reserve = (label: number, text: string | Uint8Array) => this.exports.reserve(label, this.put(text));
  admit = (label: number, text: string, most = 1000) => this.exports.admit(label, this.put(text), most);

  get ok(): number {
    return (this.exports.firstStatus as unknown as { value: number }).value;
  }
}

describe("labels", () => {
  test("give equal values equal numbers and unknown ones `other`", () => {
    const vm = Vm.start();
    const first = vm.reserve(model, "gpt-4o");
    assert.ok(first > none);
    assert.equal(vm.reserve(model, "gpt-4o"), first);
    assert.equal(vm.find(model, "gpt-4o"), first);
    assert.equal(vm.find(model, "gpt-4"), other);
    assert.equal(vm.find(model, ""), none);
    assert.equal(vm.find(consumer, "gpt-4o"), other);
  });

  test("admit as many values from callers as allowed, and reserve more after that", () => {
    const vm = Vm.start();
    const admitted = Array.from({ length: 20 }, (_, i) => vm.admit(model, `model-${i}`, 20));
    assert.equal(new Set(admitted).size, 20);
    assert.equal(vm.admit(model, "one-more", 20), other);
    assert.equal(vm.admit(model, "model-7", 20), admitted[7]);
    assert.ok(vm.reserve(model, "of-the-configuration") > none);
    assert.equal(vm.admit(model, "one-more", 20), other);
  });

  test("are never more than 16384", () => {
    const vm = Vm.start();
    const numbers = new Set<number>();
    for (let i = 0; i < 20_000; i++) numbers.add(vm.admit(model, `model-${i}`, 1_000_000));
    assert.equal(Math.max(...numbers), 16_383);
    assert.equal(vm.find(model, "model-77"), vm.admit(model, "model-77"));
    assert.equal(vm.find(model, "model-19999"), other);
  });

  test("take no value longer than 256 bytes", () => {
    const vm = Vm.start();
    assert.equal(vm.admit(model, "x".repeat(257)), other);
    assert.ok(vm.admit(model, "x".repeat(256)) > none);
  });
});

describe("series", () => {
  test("carry their labels in Istio's form", () => {
    const vm = Vm.start();
    const gpt = vm.reserve(model, "gpt-4.1/x:0");
    vm.exports.request(gpt, none, vm.ok, 2n);
    vm.exports.request(gpt, none, vm.ok, 3n);
    const name = "model=.=gpt-4.1/x:0;.;consumer=.=none;.;status=.=2xx;.;sluice.requests";
    assert.deepEqual(vm.defined, [name]);
    assert.equal(vm.process.metrics.find(name)?.value, 5n);
  });

  test("are defined once and cost one host call from then on", () => {
    const vm = Vm.start();
    assert.deepEqual(
      vm.callsOf(() => vm.exports.took(12n, none)),
      ["define_metric", "record_metric"],
    );
    assert.deepEqual(
      vm.callsOf(() => vm.exports.took(13n, none)),
      ["record_metric"],
    );
    assert.deepEqual(vm.process.metrics.find("model=.=none;.;gen_ai.duration")?.samples, [12n, 13n]);
    vm.exports.countPlain();
    assert.equal(vm.process.metrics.find("sluice.plain")?.value, 1n);
  });

  for (const [value, written] of [
    ["a;.;b", "a_b"],
    ["a=.=b", "a_b"],
    ["a=.;b;=.", "a=.;b;=."],
    ["ends in;.", "ends in_"],
    [";.;.;", "_.;"],
    ["a\nb\x7fc\x00", "a_b_c_"],
    ["modèle-✓-🦙", "modèle-✓-🦙"],
    ["c1 \u0085 control", "c1 _ control"],
    [Buffer.from([0x61, 0xff, 0xc3, 0x62, 0xe2, 0x82]), "a__b__"],
    [Buffer.from([0xed, 0xa0, 0x80]), "___"],
  ] as const) {
    test(`write ${JSON.stringify(String(value))} so that the name can be taken apart`, () => {
      const vm = Vm.start();
      vm.exports.took(1n, vm.reserve(model, value));
      assert.equal(Buffer.from(vm.defined[0] ?? "", "latin1").toString(), `model=.=${written};.;gen_ai.duration`);
    });
  }

  test("beyond the bound count as `other`, and nothing is lost", () => {
    const vm = Vm.start();
    vm.exports.allow(100);
    for (let i = 0; i < 1000; i++) {
      vm.exports.request(vm.admit(model, `model-${i}`), vm.admit(consumer, `consumer-${i}`), vm.ok + (i % 2), 1n);
    }
    assert.ok(vm.exports.defined() <= 100, `${vm.exports.defined()} series`);
    assert.ok(new Set(vm.defined).size <= 100);
    let sum = 0n;
    for (const value of vm.process.metrics.snapshot().values()) sum += value;
    assert.equal(sum, 1000n);
    const rest = vm.process.metrics.find("model=.=other;.;consumer=.=other;.;status=.=2xx;.;sluice.requests");
    assert.ok((rest?.value ?? 0n) > 400n);
  });

  test("of all workers together are bounded, and each knows what another one defined", () => {
    const process = new SmallProcess();
    const vms = [1, 2, 3].map(() => Vm.start(process));
    for (const vm of vms) vm.exports.allow(100);
    for (let i = 0; i < 900; i++) {
      const vm = vms[i % 3] as Vm;
      vm.exports.request(vm.admit(model, `model-${i}`), none, vm.ok, 1n);
      // What the first defined, the others count in as well, though all places are taken.
      if (i >= 300 && i < 303) vm.exports.request(vm.admit(model, "model-0"), none, vm.ok, 1n);
    }
    const names = new Set(vms.flatMap((vm) => vm.defined));
    assert.ok(names.size <= 100 && names.size > 70, `${names.size} series`);
    const first = "model=.=model-0;.;consumer=.=none;.;status=.=2xx;.;sluice.requests";
    for (const vm of vms) assert.ok(vm.defined.includes(first));
    assert.equal(process.metrics.find(first)?.value, 4n);
    const sum = [...process.metrics.snapshot().values()].reduce((a, b) => a + b);
    assert.equal(sum, 903n);
    const calls = (vms[0] as Vm).callsOf(() =>
      (vms[0] as Vm).exports.request(vms[0]?.find(model, "model-600") ?? 0, none, 2, 1n),
    );
    assert.deepEqual(calls, ["increment_metric"]);
  });

  test("of the configuration's names find room when callers have filled theirs", () => {
    const vm = Vm.start();
    vm.exports.allow(100);
    for (let i = 0; i < 1000; i++) vm.exports.request(vm.admit(model, `model-${i}`), none, vm.ok, 1n);
    const own = vm.reserve(model, "own");
    vm.exports.request(own, none, vm.ok, 1n);
    assert.equal(vm.defined.at(-1), "model=.=own;.;consumer=.=none;.;status=.=2xx;.;sluice.requests");
  });

  test("that the host refuses are asked for once", () => {
    const vm = Vm.start();
    vm.before = ({ name }) => (name === "define_metric" ? 10 : undefined);
    assert.deepEqual(
      vm.callsOf(() => vm.exports.countPlain()),
      ["define_metric"],
    );
    assert.deepEqual(
      vm.callsOf(() => vm.exports.countPlain()),
      [],
    );
  });

  test("take no memory per use", () => {
    const vm = Vm.start();
    const gpt = vm.reserve(model, "gpt-4o");
    vm.exports.request(gpt, none, vm.ok, 1n);
    const pages = vm.exports.pages();
    for (let i = 0; i < 200_000; i++) {
      vm.exports.request(vm.exports.find(model, 6), none, vm.ok, 1n);
      vm.exports.stateNumber(13, BigInt(i));
      vm.exports.report(0, -1);
      if (i % 1000 === 0) vm.calls = [];
      vm.exports.endCallback();
    }
    assert.equal(vm.exports.pages(), pages);
  });
});

describe("errors", () => {
  test("are all counted and logged once in ten seconds", () => {
    const vm = Vm.start();
    const second = 1_000_000_000n;
    for (let i = 0; i < 25; i++) {
      vm.exports.report(2, vm.put("rule-1\n"));
      vm.process.now += second;
    }
    vm.exports.report(3, -1);
    assert.deepEqual(
      vm.log.map((line) => line.replace(/held_limit: .*: rule/, "held_limit: …: rule")),
      [
        "3 test-filter: held_limit: …: rule-1_",
        "3 test-filter: held_limit: …: rule-1_ (9 more of this kind since the last such line)",
        "3 test-filter: held_limit: …: rule-1_ (9 more of this kind since the last such line)",
        "3 test-filter: held_memory: held bodies take more than maxHeldTotal: passed without holding",
      ],
    );
    const counted = vm.process.metrics.find("filter=.=test-filter;.;kind=.=held_limit;.;sluice.errors");
    assert.equal(counted?.value, 25n);
  });

  test("of a filter's own kind are named as it says", () => {
    const vm = Vm.start();
    vm.exports.report(-1, -1);
    assert.deepEqual(vm.log, ["3 test-filter: own_kind: something of its own"]);
    assert.deepEqual(vm.defined, ["filter=.=test-filter;.;kind=.=own_kind;.;sluice.errors"]);
  });

  test("are logged again after the clock stepped back", () => {
    const vm = Vm.start();
    vm.exports.report(0, -1);
    vm.process.now -= 3_600_000_000_000n;
    vm.exports.report(0, -1);
    assert.equal(vm.log.length, 2);
  });
});

describe("filter state", () => {
  test("is written under sluice.NAME", () => {
    const vm = Vm.start();
    vm.exports.state(0, vm.put("gpt-4o"));
    vm.exports.stateNumber(14, 1234567890123456789n);
    vm.exports.stateNumber(28, -42n);
    vm.exports.stateFlag(6, 1);
    vm.exports.state(36, vm.put("0123"));
    assert.deepEqual(Object.fromEntries(vm.properties), {
      "sluice.model": "gpt-4o",
      "sluice.input_tokens": "1234567890123456789",
      "sluice.ratelimit_remaining": "-42",
      "sluice.stream": "true",
      "sluice.config_hash": "0123",
    });
  });

  test("of an absent value or an unknown name is not written", () => {
    const vm = Vm.start();
    vm.exports.state(0, -1);
    vm.exports.state(99, vm.put("x"));
    assert.equal(vm.properties.has("sluice.model"), false);
  });
});

describe("build info", () => {
  const version = (JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as Package).version;
  interface Package {
    version: string;
  }
  const gauge = (vm: Vm, hash: string) =>
    vm.process.metrics.find(`version=.=${version};.;config_hash=.=${hash};.;sluice.build_info`)?.value;

  test("names the version of package.json and the configuration in use", () => {
    const vm = Vm.start();
    vm.exports.configured(0, 0x0123456789abcdefn, 1);
    assert.equal(gauge(vm, "0123456789abcdef"), 1n);
    vm.exports.configured(0, 0xffn, 1);
    assert.equal(gauge(vm, "0123456789abcdef"), 0n);
    assert.equal(gauge(vm, "00000000000000ff"), 1n);
  });

  test("is put up again by another root that has the same configuration", () => {
    const vm = Vm.start();
    vm.exports.configured(0, 7n, 1);
    vm.exports.configured(1, 7n, 1);
    vm.exports.ended(0);
    vm.exports.ticked(0);
    vm.exports.ticked(1);
    assert.equal(gauge(vm, "0000000000000007"), 1n);
    vm.exports.ended(1);
    vm.exports.ticked(1);
    assert.equal(gauge(vm, "0000000000000007"), 0n);
  });

  test("says that a configuration is wrong until it is not", () => {
    const vm = Vm.start();
    vm.exports.configured(0, 7n, 1);
    assert.equal(vm.process.metrics.find("sluice.config_invalid"), undefined);
    vm.exports.configured(1, 0n, 0);
    assert.equal(vm.process.metrics.find("sluice.config_invalid")?.value, 1n);
    vm.exports.configured(1, 7n, 1);
    assert.equal(vm.process.metrics.find("sluice.config_invalid")?.value, 0n);
  });
});
