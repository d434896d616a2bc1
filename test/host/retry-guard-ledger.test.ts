// The ledger under many keys and many workers: bounded, never another call's entry, no count lost.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { compileFixture, SmallProcess, Worker } from "./small-host.ts";

interface LedgerExports {
  open(maxKeys: number): void;
  enter(key: bigint, isId: number, isRepeat: number): number;
  foundOther(): number;
  leave(key: bigint, end: number): number;
  pages(): number;
}

const Original = { Missing: 0, Ambiguous: 1, Running: 2, Completed: 3, Unfinished: 4, Failed: 5, Free: 6 };
const End = { None: 0, Free: 1, Failed: 2, Unfinished: 3, Completed: 4 };
const internalFailure = 10;

let module: WebAssembly.Module;

before(async () => {
  module = await compileFixture("ledger");
});

function workers(count: number, maxKeys: number, process = new SmallProcess()): Worker<LedgerExports>[] {
  return Array.from({ length: count }, () => {
    const worker = new Worker<LedgerExports>(process).start(module);
    worker.exports.open(maxKeys);
    return worker;
  });
}

/** A key whose low bits spread over all groups. */
const keyOf = (n: number) => BigInt.asUintN(64, BigInt(n + 1) * 0x9e3779b97f4a7c15n);

function entries(process: SmallProcess): { slots: number; running: number } {
  const found = { slots: 0, running: 0 };
  for (const [key, { value }] of process.shared.entries("")) {
    if (!/^sluice\/test\/calls\/v1-1\/[0-9a-f]{3}$/.test(key)) continue;
    const view = new DataView(value.buffer, value.byteOffset, value.length);
    for (let i = 0; i < view.getUint32(4, true); i++) {
      found.slots++;
      found.running += view.getUint16(8 + i * 96 + 16 + 26, true);
    }
  }
  return found;
}

describe("the ledger", () => {
  test("stays bounded under 100,000 keys, and never finds another call's entry", () => {
    const process = new SmallProcess();
    const all = workers(4, 4096, process);
    const total = 100_000;
    for (let n = 0; n < total; n++) {
      const { exports } = all[n % 4] as Worker<LedgerExports>;
      process.now += 1_000_000n;
      assert.equal(exports.enter(keyOf(n), 1, 0), Original.Missing);
      exports.leave(keyOf(n), End.Completed);
    }
    const { slots, running } = entries(process);
    assert.ok(slots <= 4096 + 4, `${slots} slots`);
    assert.equal(running, 0);
    assert.ok(process.shared.size("") <= 4096 + 3, "keys of shared data");
    let known = 0;
    for (let n = total - 1; n >= total - 20_000; n--) {
      const { exports } = all[(n + 1) % 4] as Worker<LedgerExports>;
      const found = exports.enter(keyOf(n), 1, 0);
      assert.equal(exports.foundOther(), 0);
      assert.ok(found === Original.Completed || found === Original.Missing);
      if (found === Original.Completed) known++;
      exports.leave(keyOf(n), End.None);
    }
    assert.ok(known > 500, `${known} of the newest are kept`);
    for (const { exports } of all) assert.ok(exports.pages() < 64, `${exports.pages()} pages`);
  });

  test("keeps running calls before those that ended", () => {
    const process = new SmallProcess();
    const [worker] = workers(1, 16, process);
    assert.ok(worker);
    // All in one group, so that they compete.
    const inGroup = (n: number) => (BigInt(n + 1) << 12n) | 5n;
    for (let n = 0; n < 8; n++) worker.exports.enter(inGroup(n), 1, 0);
    process.now += 1_000_000_000n;
    for (let n = 8; n < 200; n++) {
      process.now += 1_000_000n;
      worker.exports.enter(inGroup(n), 1, 0);
      worker.exports.leave(inGroup(n), End.Completed);
    }
    for (let n = 0; n < 8; n++) assert.equal(worker.exports.enter(inGroup(n), 1, 0), Original.Running);
  });

  test("has exactly one first call however another worker's comes in between", () => {
    for (let n = 0; n < 16; n++) {
      const [one, two] = workers(2, 64);
      assert.ok(one && two);
      let seen = 0;
      let inner = -1;
      one.before = ({ name }) => {
        if (!name.endsWith("shared_data") || seen++ !== n) return undefined;
        inner = two.exports.enter(7n, 1, 0);
        return undefined;
      };
      const outer = one.exports.enter(7n, 1, 0);
      one.before = undefined;
      if (inner < 0) {
        assert.ok(n >= 2, "there are at least two calls to come between");
        return;
      }
      assert.deepEqual([inner, outer].sort(), [Original.Missing, Original.Running]);
      one.exports.leave(7n, End.Failed);
      two.exports.leave(7n, End.Completed);
      assert.equal(one.exports.enter(7n, 1, 0), Original.Completed);
    }
  });

  test("loses no end under random interleavings of four workers", () => {
    const process = new SmallProcess();
    const all = workers(4, 1024, process);
    let state = 42;
    const random = (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const open: [worker: number, key: bigint][] = [];
    const step = (worker: number, depth: number): void => {
      const { exports } = all[worker] as Worker<LedgerExports>;
      const me = all[worker] as Worker<LedgerExports>;
      const other = (worker + 1 + random(3)) % 4;
      let isUsed = depth > 1 || random(3) > 0;
      me.before = ({ name }) => {
        if (isUsed || !name.endsWith("shared_data") || random(3) > 0) return undefined;
        isUsed = true;
        if ((all[other] as Worker<LedgerExports>).before === undefined) step(other, depth + 1);
        return undefined;
      };
      const at = random(open.length * 2 + 1);
      const ending = open[at];
      if (ending !== undefined) {
        open.splice(at, 1);
        exports.leave(ending[1], 1 + random(4));
      } else {
        const key = keyOf(random(12));
        if (exports.enter(key, random(2), random(2)) >= 0) open.push([worker, key]);
      }
      me.before = undefined;
    };
    for (let i = 0; i < 5_000; i++) step(random(4), 0);
    for (const [worker, key] of open) (all[worker] as Worker<LedgerExports>).exports.leave(key, End.Free);
    assert.equal(entries(process).running, 0);
  });

  test("lets calls pass when the host fails, or the clock steps", () => {
    const process = new SmallProcess();
    const [worker] = workers(1, 64, process);
    assert.ok(worker);
    worker.before = ({ name }) => (name.endsWith("shared_data") ? internalFailure : undefined);
    assert.equal(worker.exports.enter(1n, 1, 0), -1);
    worker.before = undefined;
    assert.equal(worker.exports.enter(1n, 1, 0), Original.Missing);
    worker.exports.leave(1n, End.Completed);
    const day = 86_400_000_000_000n;
    process.now += 1_000_000_000n;
    assert.equal(worker.exports.enter(1n, 1, 0), Original.Completed);
    process.now -= 2_000_000_000n;
    assert.equal(worker.exports.enter(1n, 1, 0), Original.Running);
    process.now -= day;
    assert.equal(worker.exports.enter(1n, 1, 0), Original.Missing);
    process.now += 3n * day;
    assert.equal(worker.exports.enter(1n, 1, 0), Original.Missing);
    process.now = 0n;
    assert.equal(worker.exports.enter(1n, 1, 0), Original.Missing);
  });
});
