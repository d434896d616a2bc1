// The two instances of a pair changed one after the other, under load: no call fails, none hangs, none is cut.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ListenerConfig } from "../../harness/envoy/config.ts";
import type { Json } from "../../harness/scenario/scenario.ts";
import { load, type Promised } from "./fixtures/load.ts";
import { envoyVersions, gateway, Gateways, modelTag, ModuleCopies, pair, pause, plugin } from "./fixtures/gateway.ts";

const copies = new ModuleCopies();
const before1: Half = { config: {}, module: modelTag };
const config2: Half = { ...before1, config: { maxHeldTime: "29s" } };
const build2: Half = { ...before1, module: copies.another(modelTag, "second build") };
const both2: Half = { ...config2, module: build2.module };

interface Half {
  config: Json;
  module: string;
}

/** Pairs of (outer, inner), one after the other; the last is whole again. */
const stories: Record<string, [Half, Half][]> = {
  "its configuration, outer first": [
    [config2, before1],
    [config2, config2],
  ],
  "its configuration back, inner first": [
    [config2, before1],
    [before1, before1],
  ],
  "its build, outer first": [
    [build2, before1],
    [build2, build2],
  ],
  "its build back, inner first": [
    [build2, before1],
    [before1, before1],
  ],
  "its build, inner first": [
    [before1, build2],
    [build2, build2],
  ],
  "build and configuration at once": [
    [build2, both2],
    [both2, both2],
  ],
  "build and configuration back and forth, half way only": [
    [before1, both2],
    [both2, both2],
    [both2, before1],
    [before1, before1],
  ],
};

function listeners([outer, inner]: [Half, Half]): ListenerConfig[] {
  const outerOf = (name: string) => plugin(`${name}-outer`, { pair: "outer", ...outer });
  const innerOf = (name: string) => plugin(`${name}-inner`, { pair: "inner", ...inner });
  return [
    gateway("changing", [outerOf("plain"), innerOf("plain")], { bufferLimit: 32_768 }),
    gateway("changing around a pause", [outerOf("around"), pause("p", 40), innerOf("around")], { bufferLimit: 32_768 }),
    gateway("staying", pair("staying"), { bufferLimit: 32_768 }),
  ];
}

for (const version of envoyVersions) {
  describe(`Envoy ${version}`, () => {
    let all: Gateways;
    let seed = 1;
    before(async () => {
      all = await Gateways.start(version, listeners([before1, before1]), { concurrency: 2, drainSeconds: 4 });
    });
    after(async () => {
      await all?.stop();
    });

    for (const [what, steps] of Object.entries(stories)) {
      test(`a pair whose halves change (${what}) fails no call`, async () => {
        let isDone = false;
        const gateways: Promised[] = [
          { listener: "changing", isTagged: false },
          { listener: "changing around a pause", isTagged: false, mayRefuse: true },
          { listener: "staying", isTagged: true },
        ];
        const running = load(all, () => gateways, {
          seed: (seed += 1000),
          clients: 16,
          until: () => isDone,
          canCut: false,
        });
        try {
          for (const step of steps) {
            await sleep(300);
            assert.deepEqual(await all.update(listeners(step)), { accepted: true, reasons: [] });
          }
          await sleep(300);
        } finally {
          isDone = true;
        }
        const tally = await running;
        assert.deepEqual(tally.wrong, []);
        assert.ok(tally.calls > 20, `only ${tally.calls} calls`);
        const mismatches = await all.errors("pair_mismatch");
        const until = Date.now() + 700;
        const whole = ["changing", "changing around a pause"].map((listener) => ({ listener, isTagged: true }));
        const again = await load(all, () => whole, {
          seed: (seed += 1000),
          clients: 4,
          until: () => Date.now() > until,
        });
        assert.deepEqual(again.wrong, [], "whole again, it tags every call");
        assert.equal(await all.errors("pair_mismatch"), mismatches);
      });
    }

    test("half a pair was noticed, nothing else went wrong, and old builds are gone", async () => {
      assert.ok((await all.errors("pair_mismatch")) > 0);
      assert.equal(await all.errors("host_fault"), 0);
      const active = async () => {
        const found = await all.envoy.counters("^wasm\\.envoy\\.wasm\\.runtime\\.v8\\.active$");
        return [...found.values()][0] ?? 0;
      };
      // One VM on each worker and on the main thread, and the one that the others are copies of.
      for (let tries = 0; tries < 120 && (await active()) > 4; tries++) await sleep(100);
      assert.ok((await active()) <= 4, `${await active()} VMs are active`);
      const held = async () => (await all.envoy.stats()).sum("sluice_held_bytes");
      for (let tries = 0; tries < 30 && (await held()) !== 0; tries++) await sleep(100);
      assert.equal(await held(), 0);
    });
  });
}

after(() => copies.remove());
