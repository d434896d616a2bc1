// A soak: random mixtures of clients, bodies, answers, chains and live changes. SOAK_SECONDS for longer, SOAK_SEED to repeat.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ListenerConfig } from "../../harness/envoy/config.ts";
import type { Json } from "../../harness/scenario/scenario.ts";
import { load, type Promised } from "./fixtures/load.ts";
import { envoyVersions, gateway, Gateways, modelTag, ModuleCopies, pair, pause, plugin } from "./fixtures/gateway.ts";

const seconds = Number(process.env["SOAK_SECONDS"] ?? 20);
const seed = Number(process.env["SOAK_SEED"] ?? Date.now() % 1_000_000_007);
const mib = 1 << 20;

const copies = new ModuleCopies();
const flag = { allowOnHeadersStopIteration: true };
const small = 32_768;
const renames = { split: [{ name: "all", variants: [{ name: "all", percent: 100, rewrite: "another-name" }] }] };

function listeners(changed: number): ListenerConfig[] {
  const other = copies.another(modelTag, "another build");
  const module = changed % 4 >= 2 ? other : modelTag;
  const config: Json = changed % 2 ? { maxHeldTime: "29s" } : {};
  const around = pair("around");
  return [
    gateway("pair", pair("pair"), { bufferLimit: small }),
    gateway("flag", [plugin("flag", flag)], { bufferLimit: small }),
    gateway("neither", [plugin("neither")], { bufferLimit: small }),
    gateway("behind", [pause("p1", 20), ...pair("behind")], { bufferLimit: small }),
    gateway("around", [around[0], pause("p2", 20), around[1]], { bufferLimit: small }),
    gateway("flag behind", [pause("p3", 20), plugin("flag-behind", flag)]),
    gateway("two", [...pair("first", { config: { instance: "a" } }), ...pair("second", { config: { instance: "b" } })]),
    gateway("renames", pair("renames", { config: renames }), { bufferLimit: small }),
    gateway("flag renames", [plugin("flag-renames", { config: renames, ...flag })], { bufferLimit: small }),
    // One instance changes at a time: outer first, then inner.
    gateway("changing", [
      plugin("changing-outer", { pair: "outer", config, module }),
      plugin("changing-inner", {
        pair: "inner",
        config: changed % 8 >= 4 ? config : {},
        module: changed % 8 >= 4 ? module : modelTag,
      }),
    ]),
  ];
}

const gateways: Promised[] = [
  { listener: "pair", isTagged: true },
  { listener: "flag", isTagged: true, mayRefuse: true },
  { listener: "neither", isTagged: false },
  { listener: "behind", isTagged: true },
  // A worker's first call does not know yet that the inner comes behind the filter that pauses.
  { listener: "around", isTagged: true, mayRefuse: true },
  { listener: "flag behind", isTagged: true, mayRefuse: true },
  { listener: "two", isTagged: true },
  { listener: "renames", isTagged: true, renames: "another-name" },
  { listener: "flag renames", isTagged: true, renames: "another-name", mayRefuse: true },
  { listener: "changing", isTagged: false },
];

for (const version of envoyVersions) {
  describe(`Envoy ${version}`, () => {
    let all: Gateways;
    before(async () => {
      all = await Gateways.start(version, listeners(0), { concurrency: 2, drainSeconds: 5 });
    });
    after(async () => {
      await all?.stop();
    });

    test(
      `survives ${seconds} s of everything at once (SOAK_SEED=${seed})`,
      { timeout: (seconds + 60) * 1000 },
      async () => {
        const endsAt = Date.now() + seconds * 1000;
        const until = () => Date.now() > endsAt;
        let warm = 0;
        const changes = (async () => {
          for (let changed = 1; !until(); changed++) {
            await sleep(1500);
            assert.deepEqual(await all.update(listeners(changed)), { accepted: true, reasons: [] });
            all.up.forgetOld();
            all.up2.forgetOld();
            if (warm === 0 && Date.now() > endsAt - seconds * 500) warm = (await all.envoy.memoryBytes()).resident;
          }
        })();
        const tally = await load(all, () => gateways, { seed, clients: 24, until });
        await changes;
        await all.update(listeners(0));
        const { resident } = await all.envoy.memoryBytes();
        const { calls, aborted, refused } = tally;
        console.log(
          `${calls} calls, ${aborted} left by their clients, ${refused} refused; resident ${Math.round(warm / mib)} MiB at half time, ` +
            `${Math.round(resident / mib)} MiB at the end`,
        );
        assert.deepEqual(tally.wrong, []);
        assert.ok(calls > seconds * 10, `only ${calls} calls`);
        assert.equal(await all.errors("host_fault"), 0);
        assert.equal(await all.errors("held_limit"), 0);
        assert.equal(await all.errors("held_time"), 0);
        assert.ok(resident < warm + 64 * mib, `it grew from ${warm} to ${resident} bytes`);
        const held = async () => (await all.envoy.stats()).sum("sluice_held_bytes");
        for (let tries = 0; tries < 60 && (await held()) !== 0; tries++) await sleep(100);
        assert.equal(await held(), 0);
      },
    );
  });
}

after(() => copies.remove());
