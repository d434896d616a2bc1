// Shared state with several workers: every interleaving of two changes, random ones of many, a million keys, host faults,
// and modules of two versions side by side.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { SmallProcess, Worker, compileFixture } from "./small-host.ts";

interface State {
  inputAt(): number;
  endCallback(): void;
  pages(): number;
  openTable(length: number, version: number, maxKeys: number): number;
  reserve(table: number, high: bigint, low: bigint): number;
  add(table: number, high: bigint, low: bigint, by: bigint, debt: bigint, now: bigint): number;
  addIfThere(table: number, high: bigint, low: bigint, by: bigint): number;
  lastSum(): bigint;
  addFirst(table: number, high: bigint, low: bigint, by: number): number;
  sumOf(table: number, high: bigint, low: bigint): bigint;
  firstSumOf(table: number, high: bigint, low: bigint): bigint;
  findOutcome(table: number): number;
  count(length: number, by: bigint): bigint;
  take(length: number, most: bigint): number;
  giveBack(length: number): number;
  read(length: number): bigint;
  create(length: number): number;
  double(length: number): number;
  secretOf(word: number): bigint;
}

const Outcome = { Written: 0, Kept: 1, HostFault: 2, Contended: 3, Full: 4 };
const internalFailure = 10;

let module: WebAssembly.Module;

before(async () => {
  module = await compileFixture("state");
});

class Vm extends Worker<State> {
  static start(process: SmallProcess): Vm {
    return new Vm(process).start(module);
  }

  put(text: string): number {
    new Uint8Array(this.exports.memory.buffer).set(Buffer.from(text), this.exports.inputAt());
    return text.length;
  }

  open(name: string, maxKeys: number, version = 2): number {
    return this.exports.openTable(this.put(name), version, maxKeys);
  }

  add(low: bigint, by = 1n, { table = 0, debt = 0n, now = 0n } = {}): number {
    const outcome = this.exports.add(table, high(low), low, by, debt, now);
    this.exports.endCallback();
    return outcome;
  }

  sum(low: bigint, table = 0): bigint {
    const sum = this.exports.sumOf(table, high(low), low);
    this.exports.endCallback();
    return sum;
  }
}

/** Workers of one process with the same table. */
function workers(count: number, maxKeys: number, process = new SmallProcess()): Vm[] {
  return Array.from({ length: count }, () => {
    const vm = Vm.start(process);
    vm.open("sums", maxKeys);
    return vm;
  });
}

/** The other half of a key's hash; any function will do. */
const high = (low: bigint) => BigInt.asUintN(64, low * 0x9e3779b97f4a7c15n);

interface Slots {
  sums: Map<bigint, bigint>;
  slots: number;
  places: bigint;
  keys: string[];
}

/** What is in shared data of a table of this test, and that no key has two slots. */
function contents(process: SmallProcess, table = "sums", version = 2): Slots {
  const folder = `sluice/test/${table}/v1-${version}/`;
  const payload = version === 2 ? 24 : 8;
  const found: Slots = { sums: new Map(), slots: 0, places: 0n, keys: [] };
  for (const [key, { value }] of process.shared.entries("")) {
    found.keys.push(key);
    if (!key.startsWith(folder)) continue;
    const view = new DataView(value.buffer, value.byteOffset, value.length);
    if (key.endsWith("/keys")) {
      found.places = view.getBigInt64(0, true);
      continue;
    }
    const count = view.getUint32(4, true);
    assert.equal(value.length, 8 + count * (16 + payload), `${key} has a wrong length`);
    for (let i = 0; i < count; i++) {
      const at = 8 + i * (16 + payload);
      const low = view.getBigUint64(at + 8, true);
      assert.equal(view.getBigUint64(at, true), high(low));
      assert.equal(key.slice(-3), (low & 4095n).toString(16).padStart(3, "0"));
      assert.ok(!found.sums.has(low), `key ${low} has two slots`);
      const sum = version === 2 ? view.getBigInt64(at + 16, true) : BigInt(view.getInt32(at + 16, true));
      found.sums.set(low, sum);
      found.slots++;
    }
  }
  return found;
}

/** A small generator of random numbers: the same seed gives the same run. */
function random(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const isShared = (name: string) => name.endsWith("shared_data");

/** Runs `work` in front of the n-th call to shared data that `vm` makes from now on; tells whether it came to that. */
function interruptAt(vm: Vm, n: number, work: () => void): () => boolean {
  let seen = 0;
  let ran = false;
  vm.before = ({ name }) => {
    if (!isShared(name) || seen++ !== n) return undefined;
    ran = true;
    work();
    return undefined;
  };
  return () => {
    vm.before = undefined;
    return ran;
  };
}

describe("a count", () => {
  test("adds, within bounds, and never below nothing", () => {
    const vm = Vm.start(new SmallProcess());
    const key = vm.put("sluice/count");
    assert.equal(vm.exports.read(key), 0n);
    assert.equal(vm.exports.giveBack(key), Outcome.Kept);
    assert.equal(vm.exports.count(key, 5n), 5n);
    assert.equal(vm.exports.take(key, 6n), Outcome.Written);
    assert.equal(vm.exports.take(key, 6n), Outcome.Kept);
    assert.equal(vm.exports.giveBack(key), Outcome.Written);
    assert.equal(vm.exports.count(key, -2n), 3n);
    assert.equal(vm.exports.read(key), 3n);
  });

  test("says so when the host fails", () => {
    const vm = Vm.start(new SmallProcess());
    const key = vm.put("sluice/count");
    vm.before = () => internalFailure;
    assert.equal(vm.exports.count(key, 5n), -(2n ** 63n));
    assert.equal(vm.exports.read(key), -(2n ** 63n));
    assert.equal(vm.exports.take(key, 6n), Outcome.HostFault);
  });

  test("gives up after a thousand lost tries and changes nothing", () => {
    const process = new SmallProcess();
    const [vm, other] = [Vm.start(process), Vm.start(process)];
    const key = vm.put("sluice/count");
    other.put("sluice/count");
    let sets = 0;
    vm.before = ({ name }) => {
      if (name === "set_shared_data" && ++sets > 0) other.exports.count(key, 1n);
      return undefined;
    };
    assert.equal(vm.exports.take(key, 1_000_000n), Outcome.Contended);
    vm.before = undefined;
    assert.equal(sets, 1000);
    assert.equal(vm.exports.read(key), 1000n);
  });
});

describe("compare-and-swap", () => {
  test("creates once and then leaves alone", () => {
    const vm = Vm.start(new SmallProcess());
    assert.equal(vm.exports.create(vm.put("12345678")), Outcome.Written);
    assert.equal(vm.exports.create(vm.put("12345678")), Outcome.Kept);
  });

  test("writes nothing when the change does not want to", () => {
    const vm = Vm.start(new SmallProcess());
    const calls = vm.callsOf(() => assert.equal(vm.exports.double(vm.put("sluice/nothing")), Outcome.Kept));
    assert.deepEqual(calls, ["get_shared_data"]);
  });

  test("takes no memory from the arena however often it has to try", () => {
    const process = new SmallProcess();
    const [vm, other] = [Vm.start(process), Vm.start(process)];
    vm.open("sums", 1000);
    other.open("sums", 1000);
    for (let i = 0; i < 200; i++) vm.add(BigInt(i) * 4096n);
    const pages = vm.exports.pages();
    vm.before = ({ name, subject }) => {
      if (name === "set_shared_data" && !subject.endsWith("keys")) other.add(0n);
      return undefined;
    };
    assert.equal(vm.exports.add(0, high(0n), 0n, 1n, 0n, 0n), Outcome.Contended);
    assert.equal(vm.exports.pages(), pages);
  });
});

describe("the secret", () => {
  test("is one for all workers and another in each process", () => {
    const process = new SmallProcess();
    const [a, b] = [Vm.start(process), Vm.start(process)];
    const secret = a.exports.secretOf(0);
    process.now += 12_345n;
    assert.equal(b.exports.secretOf(0), secret);
    assert.equal(b.exports.secretOf(1), a.exports.secretOf(1));
    const elsewhere = new SmallProcess();
    elsewhere.now += 1n;
    assert.notEqual(Vm.start(elsewhere).exports.secretOf(0), secret);
  });
});

describe("a table", () => {
  test("costs one read and one write, and a new key two more", (t) => {
    const vm = Vm.start(new SmallProcess());
    vm.open("sums", 2, 3);
    const get = "get_shared_data";
    const set = "set_shared_data";
    const measured = {
      "new key": vm.callsOf(() => vm.add(1n)),
      "known key": vm.callsOf(() => vm.add(1n)),
      find: vm.callsOf(() => vm.sum(1n)),
      "find, absent": vm.callsOf(() => vm.sum(2n)),
      "not written": vm.callsOf(() => vm.exports.addIfThere(0, 9n, 9n, 1n)),
    };
    assert.deepEqual(measured, {
      "new key": [get, get, set, set],
      "known key": [get, set],
      find: [get],
      "find, absent": [get],
      "not written": [get],
    });
    vm.add(1n + 4096n);
    vm.add(1n + 8192n); // finds out that it is full
    const full = vm.callsOf(() => vm.add(1n + 3n * 4096n));
    assert.deepEqual(full, [get, set]);
    vm.add(4096n * 4n, 0n, { debt: 1n });
    vm.add(4096n * 5n, 0n, { debt: 1n });
    const turnedAway = vm.callsOf(() => assert.equal(vm.add(4096n * 6n), Outcome.Full));
    assert.deepEqual(turnedAway, [get, get]);
    for (const [what, calls] of Object.entries(measured)) t.diagnostic(`host calls, ${what}: ${calls.length}`);
    t.diagnostic(`host calls, evicting: ${full.length}`);
    t.diagnostic(`host calls, turned away: ${turnedAway.length}`);
  });

  test("starts keys at zeros and keeps them apart", () => {
    const [a, b] = workers(2, 100) as [Vm, Vm];
    assert.equal(a.sum(5n), -1n);
    a.add(5n, 7n);
    b.add(5n, 8n);
    b.add(5n + 4096n, 1n);
    a.add(6n, 2n);
    assert.equal(b.sum(5n), 15n);
    assert.equal(a.sum(5n + 4096n), 1n);
    assert.equal(a.sum(6n), 2n);
    assert.equal(a.exports.sumOf(0, 1n, 5n), -1n);
  });

  test("of another name or configuration has slots of its own, and one of the same name goes on", () => {
    const process = new SmallProcess();
    const vm = Vm.start(process);
    const sums = vm.open("sums", 100);
    const others = vm.open("others", 100);
    vm.add(5n, 7n, { table: sums });
    assert.equal(vm.sum(5n, others), -1n);
    const later = Vm.start(process);
    later.open("sums", 10);
    assert.equal(later.sum(5n), 7n);
  });

  test("gives up the slot that is idle longest, and none that is in use", () => {
    const [vm] = workers(1, 4) as [Vm];
    vm.add(0n, 1n, { now: 30n });
    vm.add(4096n, 1n, { now: 10n, debt: 1n });
    vm.add(8192n, 1n, { now: 20n });
    vm.add(12288n, 1n, { now: 40n });
    assert.equal(vm.add(16384n, 1n, { now: 50n }), Outcome.Written);
    assert.deepEqual([...contents(vm.process).sums.keys()].sort(), [0n, 4096n, 12288n, 16384n].sort());
  });

  test("says that it is full when every slot is in use, and changes nothing", () => {
    const [vm] = workers(1, 3) as [Vm];
    for (const low of [0n, 4096n, 8192n]) vm.add(low, 1n, { debt: 1n });
    const before = contents(vm.process);
    assert.equal(vm.add(12288n), Outcome.Full);
    assert.equal(vm.add(1n), Outcome.Full);
    assert.deepEqual(contents(vm.process).sums, before.sums);
    assert.equal(vm.add(4096n), Outcome.Written);
  });

  test("keeps the slots of configured keys, whoever came first", () => {
    const [vm] = workers(1, 3) as [Vm];
    for (const low of [0n, 4096n, 8192n]) vm.add(low, 1n, { debt: 1n });
    assert.equal(vm.exports.reserve(0, high(12288n), 12288n), Outcome.Written);
    assert.equal(vm.sum(12288n), 0n);
    for (let i = 10n; i < 1000n; i++) vm.add(i * 4096n);
    assert.equal(vm.sum(12288n), 0n);
    assert.equal(vm.exports.reserve(0, high(12288n), 12288n), Outcome.Kept);
  });

  test("overwrites what is no group, and reads none of it", () => {
    for (const garbage of [
      "",
      "x",
      "\x01\x02\x18\x00\xff\xff\xff\xff",
      "\x01\x03\x18\x00\x00\x00\x00\x00",
      "y".repeat(9000),
    ]) {
      const [vm] = workers(1, 10) as [Vm];
      vm.process.shared.set("", "sluice/test/sums/v1-2/005", Buffer.from(garbage, "latin1"), 0);
      assert.equal(vm.sum(5n), -1n);
      assert.equal(vm.add(5n, 3n), Outcome.Written);
      assert.equal(vm.sum(5n), 3n);
    }
  });
});

/** A change that a worker makes, and what it adds to which key. */
interface Operation {
  name: string;
  low: bigint;
  by: bigint;
  run(vm: Vm): number;
}

const operations: Operation[] = [
  ["adds to a key that is there", 5n],
  ["adds to another key of the group", 5n + 4096n],
  ["adds a new key to the group", 5n + 8192n],
  ["adds a second new key to the group", 5n + 12288n],
  ["adds the first key of a new group", 6n],
  ["adds to a key of another group", 7n],
].map(([name, low], i) => {
  const by = 10n ** BigInt(i);
  return { name: name as string, low: low as bigint, by, run: (vm: Vm) => vm.add(low as bigint, by, { debt: 1n }) };
});

/** Keys that are there before the changes below. */
const there = [5n, 5n + 4096n, 7n];

describe("two changes at once lose nothing", () => {
  for (const maxKeys of [100, 4]) {
    for (const first of operations) {
      test(`with ${maxKeys} places: one ${first.name}, at each host call of it another runs`, () => {
        for (const second of operations) {
          let points = 0;
          for (let n = 0; ; n++) {
            const [a, b] = workers(2, maxKeys) as [Vm, Vm];
            for (const low of there) a.add(low, 0n, { debt: 1n });
            let other = -1;
            const end = interruptAt(a, n, () => (other = second.run(b)));
            const own = first.run(a);
            if (!end()) break;
            points++;
            const { sums, slots, places: taken } = contents(a.process);
            const expected = new Map(there.map((low) => [low, 0n]));
            for (const [{ low, by }, outcome] of [
              [first, own],
              [second, other],
            ] as const) {
              assert.ok(outcome === Outcome.Written || (outcome === Outcome.Full && maxKeys === 4));
              if (outcome === Outcome.Written) expected.set(low, (expected.get(low) ?? 0n) + by);
            }
            assert.deepEqual(sums, expected, `${first.name}, ${second.name} at ${n}`);
            assert.equal(taken, BigInt(slots));
            assert.ok(slots <= maxKeys);
            // Who finds the last place taken by a change that is under way is turned away; else nobody is.
            const places = [first, second].filter(({ low }) => !there.includes(low)).length;
            if (3 + places <= maxKeys) assert.deepEqual([own, other], [Outcome.Written, Outcome.Written]);
          }
          assert.ok(points >= 2, `${points} points`);
        }
      });
    }
  }

  test("with a third within the second", () => {
    for (const [first, second, third] of operations.flatMap((a) =>
      operations.flatMap((b) => operations.map((c) => [a, b, c] as const)),
    )) {
      for (let n = 0; n < 4; n++) {
        const [a, b, c] = workers(3, 100) as [Vm, Vm, Vm];
        a.add(5n, 0n);
        const done = [0, 0];
        const endFirst = interruptAt(a, n, () => {
          const endSecond = interruptAt(b, n, () => (done[1] = 1 + third.run(c)));
          done[0] = 1 + second.run(b);
          endSecond();
        });
        first.run(a);
        endFirst();
        const expected = new Map([[5n, 0n]]);
        const ran = [first, ...(done[0] ? [second] : []), ...(done[1] ? [third] : [])];
        for (const { low, by } of ran) expected.set(low, (expected.get(low) ?? 0n) + by);
        const { sums, slots, places } = contents(a.process);
        assert.deepEqual(sums, expected);
        assert.equal(places, BigInt(slots));
      }
    }
  });

  test("when both create the table's first key", () => {
    for (let n = 0; n < 4; n++) {
      const [a, b] = workers(2, 10) as [Vm, Vm];
      const end = interruptAt(a, n, () => b.add(1n, 2n));
      a.add(1n, 3n);
      assert.ok(end());
      assert.equal(a.sum(1n), 5n);
      assert.equal(contents(a.process).places, 1n);
    }
  });
});

describe("many workers", () => {
  for (const [seed, maxKeys, keys] of [
    [1, 1000, 40],
    [2, 1000, 3],
    [3, 16, 40],
    [4, 3, 40],
    [5, 1, 5],
  ] as const) {
    test(`interleaved at random agree with a model (seed ${seed}, ${keys} keys, ${maxKeys} places)`, () => {
      const pick = random(seed);
      const process = new SmallProcess();
      const vms = workers(6, maxKeys, process);
      const busy = new Set<Vm>();
      const model = new Map<bigint, bigint>();
      let now = 0n;
      let written = 0;
      let turnedAway = 0;

      // Which keys were there is seen by the test only at the moment of the write: compare sums, not evictions.
      const operate = (vm: Vm): void => {
        const low = BigInt(pick(keys)) * (pick(2) === 0 ? 4096n : 1n);
        const by = BigInt(1 + pick(9));
        busy.add(vm);
        const outcome = vm.add(low, by, { now: ++now, debt: 1n });
        busy.delete(vm);
        if (outcome === Outcome.Written) model.set(low, (model.get(low) ?? 0n) + by);
        else assert.equal(outcome, Outcome.Full);
        if (outcome === Outcome.Written) written++;
        else turnedAway++;
      };
      for (const vm of vms) {
        vm.before = ({ name }) => {
          while (isShared(name) && pick(100) < 30) {
            const idle = vms.filter((one) => !busy.has(one));
            if (idle.length === 0) break;
            operate(idle[pick(idle.length)] as Vm);
          }
          return undefined;
        };
      }
      for (let i = 0; i < 4000; i++) operate(vms[pick(vms.length)] as Vm);
      const { sums, slots, places } = contents(process);
      assert.deepEqual(sums, model);
      assert.equal(places, BigInt(slots));
      assert.ok(slots <= maxKeys);
      assert.ok(written > 4000 || turnedAway > 0);
    });
  }

  test("under a million keys keep hot and configured keys exact, within the bound", (t) => {
    const maxKeys = 65_536;
    const distinct = 1_000_000;
    const [a, b] = workers(2, maxKeys) as [Vm, Vm];
    const pick = random(7);
    const scattered = (i: number) => BigInt.asUintN(64, BigInt(i + 1) * 0xd1342543de82ef95n) >> 7n;
    const hot = Array.from({ length: 50 }, (_, i) => scattered(-1000 - i));
    const configured = Array.from({ length: 50 }, (_, i) => scattered(-5000 - i));
    for (const low of configured) a.exports.reserve(0, high(low), low);
    for (const low of configured) b.exports.reserve(0, high(low), low);
    const expected = new Map<bigint, bigint>(configured.map((low) => [low, 0n]));
    const started = performance.now();
    for (let i = 0; i < distinct; i++) {
      const vm = i % 2 === 0 ? a : b;
      assert.equal(vm.add(scattered(i), 1n, { now: BigInt(i) }), Outcome.Written);
      if (i % 10 === 0) {
        // Hot keys are used again before they are idle longest of their group.
        const low = hot[(i / 10) % 50] as bigint;
        vm.add(low, 3n, { now: BigInt(i) });
        expected.set(low, (expected.get(low) ?? 0n) + 3n);
      }
      if (i % 10_000 === 0) {
        const low = configured[pick(50)] as bigint;
        vm.add(low, 5n, { now: 0n });
        expected.set(low, (expected.get(low) ?? 0n) + 5n);
        vm.calls = [];
      }
    }
    const seconds = (performance.now() - started) / 1000;
    const { sums, slots, places, keys } = contents(a.process);
    assert.ok(slots <= maxKeys && slots >= maxKeys - 2, `${slots} slots`);
    assert.equal(places, BigInt(slots));
    assert.ok(keys.length <= 4097 && keys.every((key) => key.startsWith("sluice/")), `${keys.length} keys`);
    for (const [low, sum] of expected) assert.equal(sums.get(low), sum);
    t.diagnostic(`${slots} slots in ${keys.length} keys after ${distinct} keys, ${seconds.toFixed(1)} s`);
  });
});

describe("host faults", () => {
  for (const operation of operations) {
    test(`at any call while one ${operation.name} lose at most that change`, () => {
      for (let n = 0; ; n++) {
        const [vm] = workers(1, 100) as [Vm];
        for (const low of there) vm.add(low, 0n, { debt: 1n });
        const before = contents(vm.process);
        let seen = 0;
        vm.before = ({ name }) => (isShared(name) && seen++ === n ? internalFailure : undefined);
        const outcome = operation.run(vm);
        vm.before = undefined;
        if (seen <= n) break;
        assert.equal(outcome, Outcome.HostFault);
        const after = contents(vm.process);
        assert.deepEqual(after.sums, before.sums);
        assert.equal(after.places, BigInt(after.slots));
        assert.equal(operation.run(vm), Outcome.Written);
      }
    });
  }

  test("are told to who only looks", () => {
    const [vm] = workers(1, 100) as [Vm];
    vm.add(5n);
    vm.before = () => internalFailure;
    assert.equal(vm.sum(5n), -1n);
    assert.equal(vm.exports.findOutcome(0), Outcome.HostFault);
    vm.before = undefined;
    assert.equal(vm.sum(5n), 1n);
    assert.equal(vm.exports.findOutcome(0), Outcome.Kept);
  });
});

describe("another version of the module", () => {
  const first = (vm: Vm, low: bigint, by: number) => vm.exports.addFirst(0, high(low), low, by);

  test("reads what its predecessor left, and goes on from there", () => {
    const process = new SmallProcess();
    const older = Vm.start(process);
    older.open("sums", 100, 1);
    for (const low of [5n, 5n + 4096n, 6n]) first(older, low, Number(low));
    const newer = Vm.start(process);
    newer.open("sums", 100);
    assert.equal(newer.sum(5n), 5n);
    newer.add(5n + 4096n, 100n);
    newer.add(7n, 1n);
    assert.equal(newer.sum(5n + 4096n), 4201n);
    assert.equal(newer.sum(5n), 5n);
    assert.equal(contents(process).places, 4n);
  });

  test("that is older never reads what a newer one wrote, back and forth under load", () => {
    const process = new SmallProcess();
    const older = Vm.start(process);
    older.open("sums", 100, 1);
    const expected = { older: 0n, newer: 0n };
    for (let i = 0; i < 50; i++) first(older, 5n, 1);
    expected.older = 50n;
    const newer = Vm.start(process);
    newer.open("sums", 100);
    // Both run for a while: the new one goes on from where it first looked, the old one with its own.
    expected.newer = expected.older;
    for (let i = 0; i < 50; i++) {
      newer.add(5n, 2n);
      first(older, 5n, 1);
      expected.newer += 2n;
      expected.older += 1n;
    }
    assert.equal(newer.sum(5n), expected.newer);
    assert.equal(older.exports.firstSumOf(0, high(5n), 5n), expected.older);
    const again = Vm.start(process);
    again.open("sums", 100, 1);
    assert.equal(again.exports.firstSumOf(0, high(5n), 5n), expected.older);
    assert.equal(contents(process, "sums", 1).slots, 1);
  });

  test("takes over at any point of its predecessor's change without losing what was there", () => {
    for (let n = 0; n < 2; n++) {
      const process = new SmallProcess();
      const older = Vm.start(process);
      older.open("sums", 100, 1);
      first(older, 5n, 7);
      const newer = Vm.start(process);
      newer.open("sums", 100);
      const end = interruptAt(older, n, () => newer.add(5n, 100n));
      first(older, 5n, 1);
      assert.ok(end());
      assert.equal(newer.sum(5n), 107n);
      assert.equal(older.exports.firstSumOf(0, high(5n), 5n), 8n);
    }
  });
});
