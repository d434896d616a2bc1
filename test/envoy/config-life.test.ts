// What becomes of a wrong configuration: refused over a good one in use, passed through and told on a fresh start.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { call, type ClientResponse } from "../../harness/envoy/client.ts";
import type { ListenerConfig } from "../../harness/envoy/config.ts";
import type { Json } from "../../harness/scenario/scenario.ts";
import { askedModel, requestBody } from "./fixtures/ai-call.ts";
import { hashOf, type Seen } from "./fixtures/echo.ts";
import { envoyVersions, gateway, Gateways, pair, plugin, type Chain } from "./fixtures/gateway.ts";

const flag = { allowOnHeadersStopIteration: true };
const wrong: Json = { aliasses: [], models: { allow: "gpt" } };
const wrongReason = /model-tag: config: unknown field \\*"aliasses\\*", did you mean \\*"aliases/;
const refuses = { env: { SLUICE_ON_INVALID_CONFIG: "refuse" } };
const spoofed: [string, string][] = ["model", "request-type", "provider", "stream", "tier", "variant"].map((name) => [
  `x-ai-${name}`,
  "spoofed",
]);
/** How long the last sign of life of a configuration counts, and the drain of a listener before it. */
const goneMs = 1000 + 3000 + 1500;

function main(chain: Chain): ListenerConfig[] {
  return [gateway("main", chain)];
}

function tagger(config: Json, more = {}): Chain {
  return [plugin("tagger", { config, ...flag, ...more })];
}

interface Result {
  answer: ClientResponse;
  seen: Seen | undefined;
}

let cases = 0;

async function ask(all: Gateways, listener = "main"): Promise<Result> {
  const name = `${listener} ${++cases}`;
  const answer = await call(all.envoy.port(listener), "h1", {
    path: "/v1/chat/completions",
    headers: [["content-type", "application/json"], ["x-case", name], ...spoofed],
    body: requestBody(50_000, "last"),
    framing: "chunked",
  });
  return { answer, seen: all.up.seen(name)[0] };
}

function assertTagged({ answer, seen }: Result): void {
  assert.deepEqual([answer.outcome, answer.status], ["complete", 200]);
  assert.equal(seen?.headers["x-ai-model"], askedModel);
}

/** Every byte arrives, and no header that a client may not send. */
function assertPassed({ answer, seen }: Result): void {
  assert.deepEqual([answer.outcome, answer.status], ["complete", 200]);
  assert.equal(seen?.hash, hashOf(requestBody(50_000, "last")));
  assert.deepEqual(
    Object.keys(seen?.headers ?? {}).filter((header) => header.startsWith("x-ai-")),
    [],
  );
}

async function invalid(all: Gateways): Promise<number> {
  return (await all.envoy.stats()).sum("sluice_config_invalid");
}

/** Gauges of roots that went are corrected when the old listener has drained. */
async function assertValidAgain(all: Gateways): Promise<void> {
  for (let tries = 0; tries < 60 && (await invalid(all)) !== 0; tries++) await sleep(100);
  assert.equal(await invalid(all), 0);
}

/** One Envoy of each version that started with wrong configurations. */
const started: { version: string; all: Gateways; at: number }[] = [];

before(async () => {
  const half = [plugin("half-outer", { pair: "outer", config: wrong }), plugin("half-inner", { pair: "inner" })];
  for (const version of envoyVersions) {
    const all = await Gateways.start(version, [
      ...main(tagger(wrong)),
      gateway("whole pair", pair("wrong", { config: wrong })),
      gateway("half a pair", half),
      gateway("no JSON", tagger({}, { name: "no-json", configText: "{" })),
      gateway("nothing", [{ kind: "plugin", name: "nothing", module: plugin("x").module, ...flag }]),
    ]);
    started.push({ version, all, at: Date.now() });
  }
});

after(async () => {
  for (const { all } of started) await all.stop();
});

function freshOf(version: string): Gateways {
  const found = started.find((one) => one.version === version);
  assert.ok(found);
  return found.all;
}

for (const version of envoyVersions) {
  describe(`Envoy ${version}`, () => {
    describe("on a fresh start a wrong configuration", () => {
      for (const listener of ["main", "whole pair", "half a pair", "no JSON"]) {
        test(`passes everything (${listener}) but the headers that clients may not send`, async () => {
          assertPassed(await ask(freshOf(version), listener));
        });
      }

      test("is told by a gauge and by the log, every error of it", async () => {
        assert.equal(await invalid(freshOf(version)), 1);
        const text = await freshOf(version).envoy.log();
        assert.match(text, wrongReason);
        assert.match(text, /model-tag: config: models\.allow: /);
        assert.match(text, /model-tag: config: invalid, all traffic passes through untouched/);
      });

      test("is no matter of a plugin without any configuration, which tags", async () => {
        assertTagged(await ask(freshOf(version), "nothing"));
      });
    });

    describe("while a good configuration is in use", () => {
      let all: Gateways;
      before(async () => {
        all = await Gateways.start(version, main(tagger({})));
      });
      after(async () => {
        await all?.stop();
      });

      test("a wrong one is refused from the first second on, and the good one goes on", async () => {
        for (const again of [0, 1, 2]) {
          const { accepted, reasons } = await all.update(main(tagger(wrong)));
          assert.equal(accepted, false);
          // Envoy keeps the module's verdict of the first time.
          if (again === 0) assert.match(reasons.join("\n"), wrongReason);
          assertTagged(await ask(all));
          assert.equal(await invalid(all), 0);
        }
      });

      test("another good one is taken, and a wrong one after it refused", async () => {
        for (const seconds of [20, 21, 22, 23]) {
          assert.equal((await all.update(main(tagger({ maxHeldTime: `${seconds}s` })))).accepted, true);
          assertTagged(await ask(all));
        }
        await sleep(goneMs);
        assert.equal((await all.update(main(tagger(wrong)))).accepted, false);
        assertTagged(await ask(all));
      });

      test("a plugin that was deleted is fresh again, however many configurations it had", async () => {
        assert.equal((await all.update(main([]))).accepted, true);
        await sleep(goneMs);
        assert.equal((await all.update(main(tagger(wrong)))).accepted, true);
        assertPassed(await ask(all));
        assert.equal(await invalid(all), 1);
      });

      test("a second wrong one after a wrong one passes everything, too", async () => {
        assert.equal((await all.update(main(tagger({ nothing: 1 })))).accepted, true);
        assertPassed(await ask(all));
      });

      test("a good one after a wrong one works at once, and another wrong one after that is refused", async () => {
        assert.equal((await all.update(main(tagger({})))).accepted, true);
        assertTagged(await ask(all));
        assert.equal((await all.update(main(tagger({ never: 1 })))).accepted, false);
        assertTagged(await ask(all));
        await assertValidAgain(all);
      });

      // Envoy remembers that it may take it, and a worker's VM that then refuses it would end all that live in it.
      test("a wrong one that was passed through before passes everything again, and its neighbours go on", async () => {
        const neighbour = gateway("neighbour", [plugin("neighbour", flag)]);
        assert.equal((await all.update([...main(tagger({})), neighbour])).accepted, true);
        assertTagged(await ask(all));
        assert.equal((await all.update([...main(tagger(wrong)), neighbour])).accepted, true);
        assertPassed(await ask(all));
        assertTagged(await ask(all, "neighbour"));
        assert.equal((await all.update([...main(tagger({})), neighbour])).accepted, true);
        assertTagged(await ask(all));
        assertTagged(await ask(all, "neighbour"));
      });

      test("the halves of a pair are judged each by itself", async () => {
        const [outer, inner] = pair("halves");
        const good = gateway("main", [outer, inner]);
        assert.equal((await all.update([good])).accepted, true);
        assertTagged(await ask(all));
        assert.equal((await all.update([gateway("main", [{ ...outer, config: wrong }, inner])])).accepted, false);
        assertTagged(await ask(all));
        assert.equal((await all.update([gateway("main", [outer, { ...inner, config: wrong }])])).accepted, false);
        assertTagged(await ask(all));
      });
    });

    describe("with SLUICE_ON_INVALID_CONFIG=refuse", () => {
      test("a wrong configuration is refused on a fresh start", async () => {
        const start = Gateways.start(version, main(tagger(wrong, { vmConfig: refuses })));
        await assert.rejects(start, (error: Error & { code: string }) => {
          assert.equal(error.code, "envoy-config-refused");
          assert.match(error.message, wrongReason);
          return true;
        });
      });

      test("a good one works", async () => {
        const all = await Gateways.start(version, main(tagger({}, { vmConfig: refuses })));
        assertTagged(await ask(all));
        await all.stop();
      });
    });
  });
}

test("a wrong configuration is told again after a minute", { timeout: 120_000 }, async () => {
  for (const { version, all, at } of started) {
    await sleep(Math.max(0, at + 50_000 - Date.now()));
    const from = await all.envoy.logEnd();
    let text = "";
    for (let tries = 0; tries < 200 && !wrongReason.test(text); tries++) {
      await sleep(100);
      text = await all.envoy.log(from);
    }
    assert.match(text, /model-tag: config: invalid/, `Envoy ${version}`);
    assert.match(text, wrongReason, `Envoy ${version}`);
  }
});
