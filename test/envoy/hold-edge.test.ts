// Headers held for the body where something is odd: clients that leave, limits, half a pair, what must not be held.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { call, callOn, connectH2, type ClientRequest, type ClientResponse } from "../../harness/envoy/client.ts";
import type { ListenerConfig } from "../../harness/envoy/config.ts";
import type { HeaderList } from "../../harness/scenario/scenario.ts";
import { askedModel, pool, request, requestBody, type Shape } from "./fixtures/ai-call.ts";
import { hashOf, type Seen } from "./fixtures/echo.ts";
import { envoyVersions, gateway, Gateways, modelTag, ModuleCopies, pair, plugin } from "./fixtures/gateway.ts";

const protocols = ["h1", "h2"] as const;
const flag = { allowOnHeadersStopIteration: true };
const copies = new ModuleCopies();

function listeners(): ListenerConfig[] {
  const renamed = copies.renamed(modelTag, "model-tag", "label-tag");
  const [outer, inner] = pair("swapped");
  const small = { maxHeldBytes: 2048 };
  const short = { maxHeldTime: "300ms" };
  return [
    gateway("pair", pair("pair"), { bufferLimit: 32_768 }),
    gateway("flag", [plugin("flag", flag)], { bufferLimit: 32_768 }),
    gateway("neither", [plugin("neither")], { bufferLimit: 32_768 }),
    gateway("neither at first", [plugin("first", { vmId: "first" })]),
    gateway("pair of 2 KiB", pair("small", { config: small })),
    gateway("flag of 2 KiB", [plugin("flag-small", { config: small, ...flag })]),
    gateway("pair of 64 KiB in all", pair("total", { config: { maxHeldTotal: 65_536 }, vmId: "total" })),
    gateway("pair of 300 ms", pair("short", { config: short })),
    gateway("flag of 300 ms", [plugin("flag-short", { config: short, ...flag })]),
    gateway("only outer", [plugin("only-outer", { pair: "outer", vmId: "outer" })]),
    gateway("only inner", [plugin("only-inner", { pair: "inner", vmId: "inner" })]),
    gateway("unlike", [
      plugin("unlike-outer", { pair: "outer", vmId: "unlike" }),
      plugin("unlike-inner", { pair: "inner", vmId: "unlike", config: { tagAll: true } }),
    ]),
    gateway("two VMs", [
      plugin("vms-outer", { pair: "outer", vmId: "one" }),
      plugin("vms-inner", { pair: "inner", vmId: "other" }),
    ]),
    gateway("swapped", [inner, outer]),
    gateway("two modules", [
      ...pair("first-module"),
      ...pair("second-module", { module: renamed, config: { headers: { model: "x-second-model" } } }),
    ]),
    gateway("two instances", [
      ...pair("first-instance", { config: { instance: "first" } }),
      ...pair("second-instance", { config: { instance: "second", headers: { model: "x-second-model" } } }),
    ]),
  ];
}

for (const version of envoyVersions) {
  describe(`Envoy ${version}`, () => {
    let all: Gateways;
    let cases = 0;
    before(async () => {
      all = await Gateways.start(version, listeners());
    });
    after(async () => {
      await all?.stop();
    });

    interface Result {
      answer: ClientResponse;
      seen: Seen | undefined;
    }

    async function send(listener: string, shape: Partial<Shape>, more: Partial<ClientRequest> = {}): Promise<Result> {
      const whole = {
        protocol: "h1",
        bytes: 1024,
        model: "last",
        framing: "chunked",
        pieces: "several",
        trailers: false,
      };
      const full = { ...whole, ...shape } as Shape;
      const name = `${listener} ${++cases}`;
      const made = request(full, name);
      const headers = [...(made.headers as HeaderList), ...((more.headers as HeaderList | undefined) ?? [])];
      const answer = await call(all.envoy.port(listener), full.protocol, { ...made, ...more, headers });
      return { answer, seen: all.up.seen(name)[0] };
    }

    function assertWhole({ answer, seen }: Result, body: string, model?: string): void {
      assert.deepEqual([answer.outcome, answer.status], ["complete", 200], answer.reason);
      assert.equal(seen?.length, body.length);
      assert.equal(seen?.hash, hashOf(body));
      if (model !== undefined) assert.equal(seen?.headers["x-ai-model"], model);
    }

    async function grown(kind: string, work: () => Promise<void>): Promise<number> {
      const before = await all.errors(kind);
      await work();
      return (await all.errors(kind)) - before;
    }

    async function heldBytes(): Promise<number> {
      return (await all.envoy.stats()).sum("sluice_held_bytes");
    }

    /** The gauge is brought up to date once a second. */
    async function assertNothingHeld(): Promise<void> {
      for (let tries = 0; tries < 60 && (await heldBytes()) !== 0; tries++) await sleep(100);
      assert.equal(await heldBytes(), 0);
    }

    describe("a client that leaves", () => {
      const leaves: Record<string, (shape: Shape) => Partial<ClientRequest>> = {
        "after the headers": () => ({ abort: { requestBytes: 0 } }),
        "in the middle of the body": (shape) => ({ abort: { requestBytes: Math.ceil(shape.bytes / 2) } }),
        "right after the last byte": () => ({ abort: {} }),
        "with the release pending": () => ({ abort: { afterMs: 1 } }),
        "in the middle of the answer": () => ({
          abort: { responseBytes: 100 },
          headers: [["x-answer", JSON.stringify({ bytes: 4000, pieces: 20, pieceMs: 20, framing: "chunked" })]],
        }),
      };
      for (const [when, how] of Object.entries(leaves)) {
        for (const way of ["pair", "flag", "neither"]) {
          test(`${when} does no harm to a ${way}`, async () => {
            const shapes = Array.from({ length: 24 }, (_, at): Shape => ({
              protocol: at % 2 ? "h2" : "h1",
              bytes: at % 3 ? 1024 : 100_000,
              model: at % 4 ? "last" : "absent",
              framing: "chunked",
              pieces: at % 8 < 4 ? "one" : "several",
              trailers: false,
            }));
            const results = await pool(12, shapes, (shape) => send(way, shape, how(shape)));
            for (const { answer } of results) assert.match(answer.outcome, /^(aborted|complete)$/);
            assertWhole(await send(way, {}), requestBody(1024, "last"), way === "neither" ? undefined : askedModel);
          });
        }
      }

      test("leaves nothing behind", async () => {
        await assertNothingHeld();
      });
    });

    for (const way of ["pair", "flag"]) {
      test(`a ${way} holds a hundred streams of one worker at once`, async () => {
        const connection = await connectH2(all.envoy.port(way));
        const body = Buffer.from(requestBody(2048, "last"));
        const pieces = [{ bytes: body.subarray(0, 1500) }, { bytes: body.subarray(1500), afterMs: 2500 }];
        let most = 0;
        const watch = (async () => {
          for (let tries = 0; tries < 20; tries++) {
            most = Math.max(most, await heldBytes());
            await sleep(100);
          }
        })();
        try {
          const answers = await Promise.all(
            Array.from({ length: 100 }, (_, at) =>
              callOn(connection, {
                path: "/v1/chat/completions",
                headers: { "content-type": "application/json", "x-case": `${way} hundred ${at}` },
                body: pieces,
              }),
            ),
          );
          assert.deepEqual([...new Set(answers.map((answer) => answer.status))], [200]);
        } finally {
          connection.destroy();
        }
        for (let at = 0; at < 100; at++) {
          const [seen] = all.up.seen(`${way} hundred ${at}`);
          assert.equal(seen?.hash, hashOf(body));
          assert.equal(seen?.headers["x-ai-model"], askedModel);
          assert.equal(seen?.headers["x-route"], "model");
        }
        await watch;
        if (way === "pair") assert.ok(most >= 100 * 1500, `at most ${most} bytes were held`);
        await assertNothingHeld();
      });
    }

    describe("what must never be held", { concurrency: 12 }, () => {
      const slow = (text: string): Partial<ClientRequest> => ({
        body: [{ bytes: Buffer.from(text.slice(0, 10)) }, { bytes: Buffer.from(text.slice(10)), afterMs: 400 }],
        framing: "chunked",
      });
      const json = requestBody(100, "last");
      const kinds: Record<string, { protocol: "h1" | "h2"; method?: string; type?: string }> = {
        "a gRPC call": { protocol: "h2", type: "application/grpc" },
        "a GET with a body": { protocol: "h1", method: "GET" },
        "a DELETE with a body": { protocol: "h1", method: "DELETE" },
        "a HEAD with a body": { protocol: "h2", method: "HEAD" },
        "a body of another content type": { protocol: "h1", type: "text/plain" },
        "a body of bytes": { protocol: "h2", type: "application/octet-stream" },
      };
      for (const [what, { protocol, method = "POST", type = "application/json" }] of Object.entries(kinds)) {
        for (const way of ["pair", "flag", "neither"]) {
          test(`is ${what}, in a ${way}`, async () => {
            const name = `never ${way} ${what}`;
            const answer = await call(all.envoy.port(way), protocol, {
              method,
              path: "/v1/chat/completions",
              headers: { "content-type": type, "x-case": name },
              ...slow(json),
            });
            const [seen] = all.up.seen(name);
            assert.deepEqual([answer.outcome, answer.status], ["complete", 200]);
            assert.equal(seen?.hash, hashOf(json));
            assert.ok((seen?.bodyMs ?? 0) > 250, `headers came ${seen?.bodyMs} ms before the end of the body`);
          });
        }
      }

      test("is told apart from a JSON call, whose headers come with its body", async () => {
        const { seen } = await send("pair", {}, slow(json));
        assert.ok((seen?.bodyMs ?? 1000) < 250, `headers came ${seen?.bodyMs} ms before the end of the body`);
        assert.equal(seen?.headers["x-ai-model"], askedModel);
      });

      for (const way of ["pair", "flag", "neither"]) {
        test(`is a WebSocket, in a ${way}`, async () => {
          const answer = await call(all.envoy.port(way), "h1", {
            method: "GET",
            path: "/v1/realtime",
            headers: {
              connection: "upgrade",
              upgrade: "websocket",
              "sec-websocket-version": "13",
              "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
              "content-type": "application/json",
            },
            body: [{ bytes: Buffer.from("ping"), afterMs: 50 }],
            framing: "none",
            abort: { responseBytes: 4 },
            timeoutMs: 3_000,
          });
          assert.equal(answer.status, 101);
          assert.equal(answer.text(), "ping");
        });

        test(`is a WebSocket over HTTP/2, in a ${way}`, async () => {
          const answer = await call(all.envoy.port(way), "h2", {
            method: "CONNECT",
            path: "/v1/chat/completions",
            headers: [
              [":protocol", "websocket"],
              ["content-type", "application/json"],
            ],
            body: [{ bytes: Buffer.from("ping"), afterMs: 50 }],
            framing: "none",
            abort: { responseBytes: 4 },
            timeoutMs: 3_000,
          });
          assert.equal(answer.status, 200);
          assert.equal(answer.text(), "ping");
        });

        // No route of these gateways connects: the router says so at once, unless somebody holds the headers.
        test(`is a CONNECT, in a ${way}`, async () => {
          const answer = await call(all.envoy.port(way), "h1", {
            method: "CONNECT",
            path: "up.test:80",
            authority: "up.test:80",
            headers: { "content-type": "application/json" },
            body: [{ bytes: Buffer.from("ping"), afterMs: 1000 }],
            framing: "none",
            timeoutMs: 3_000,
          });
          assert.equal(answer.status, 404);
          assert.ok(answer.timing.headersMs < 900);
        });

        for (const protocol of protocols) {
          test(`is a body of length 0 over ${protocol}, in a ${way}`, async () => {
            const name = `empty ${way} ${protocol}`;
            const answer = await call(all.envoy.port(way), protocol, {
              method: "POST",
              path: "/v1/chat/completions",
              headers: { "content-type": "application/json", "content-length": "0", "x-case": name },
              timeoutMs: 3_000,
            });
            assert.deepEqual([answer.outcome, answer.status], ["complete", 200]);
            assert.equal(all.up.seen(name)[0]?.headers["x-ai-model"], "unknown");
          });
        }

        test(`waits for nobody who expects 100-continue, in a ${way}`, async () => {
          const result = await send(way, {}, { headers: [["expect", "100-continue"]] });
          assertWhole(result, requestBody(1024, "last"), way === "neither" ? undefined : askedModel);
        });
      }
    });

    describe("a bound", () => {
      for (const way of ["pair", "flag"]) {
        for (const protocol of protocols) {
          test(`of bytes lets a longer body of a ${way} go whole over ${protocol}, and says so`, async () => {
            for (const bytes of [2049, 4096, 20_000, 300_000]) {
              const grew = await grown("held_limit", async () => {
                assertWhole(await send(`${way} of 2 KiB`, { protocol, bytes }), requestBody(bytes, "last"));
              });
              assert.equal(grew, 1, `${bytes} bytes`);
            }
            const inside = await send(`${way} of 2 KiB`, { protocol, bytes: 2048 });
            assertWhole(inside, requestBody(2048, "last"), askedModel);
          });
        }
      }

      test("of all held bytes lets the rest go whole, and says so", async () => {
        const body = Buffer.from(requestBody(24_000, "last"));
        const pieces = [{ bytes: body.subarray(0, 16_000) }, { bytes: body.subarray(16_000), afterMs: 900 }];
        let results: Result[] = [];
        const grew = await grown("held_memory", async () => {
          const many = Array.from({ length: 12 }, (_, at) => protocols[at % 2] ?? "h1");
          results = await pool(12, many, (protocol) => send("pair of 64 KiB in all", { protocol }, { body: pieces }));
        });
        for (const result of results) assertWhole(result, body.toString());
        const early = results.filter(({ seen }) => (seen?.bodyMs ?? 0) > 450).length;
        assert.ok(early >= 8 && early <= 10, `${early} of 12 were not held to their end`);
        assert.ok(grew >= early && grew <= 12, `${grew} were counted`);
        await assertNothingHeld();
        assertWhole(await send("pair of 64 KiB in all", {}), requestBody(1024, "last"), askedModel);
      });
    });

    describe("a bound of time", { concurrency: 6 }, () => {
      for (const protocol of protocols) {
        const body = Buffer.from(requestBody(30_000, "last"));
        const pieces = [{ bytes: body.subarray(0, 20_000) }, { bytes: body.subarray(20_000), afterMs: 2500 }];

        test(`lets a slow client's body of a pair go whole and unknown over ${protocol}`, async () => {
          const grew = await grown("held_time", async () => {
            const result = await send("pair of 300 ms", { protocol }, { body: pieces });
            assertWhole(result, body.toString(), "unknown");
            assert.ok((result.seen?.bodyMs ?? 0) > 800, `the headers left ${result.seen?.bodyMs} ms before the end`);
          });
          assert.ok(grew >= 1);
        });

        test(`waits for the slow client's next piece where one instance holds, over ${protocol}`, async () => {
          assertWhole(await send("flag of 300 ms", { protocol }, { body: pieces }), body.toString());
        });

        test(`lets headers go whose body does not begin, over ${protocol}`, async () => {
          for (const way of ["pair", "flag"]) {
            const late = [{ bytes: body, afterMs: 2500 }];
            const result = await send(`${way} of 300 ms`, { protocol }, { body: late });
            assertWhole(result, body.toString(), "unknown");
            assert.ok((result.seen?.bodyMs ?? 0) > 800, `the headers left ${result.seen?.bodyMs} ms before the end`);
          }
        });
      }
    });

    describe("half a pair", () => {
      const halves: Record<string, { model: string | undefined; counted: number }> = {
        "only outer": { model: "unknown", counted: 1 },
        "only inner": { model: "spoofed", counted: 1 },
        unlike: { model: "unknown", counted: 2 },
        "two VMs": { model: "unknown", counted: 2 },
        swapped: { model: undefined, counted: 1 },
      };
      for (const [chain, { model, counted }] of Object.entries(halves)) {
        test(`(${chain}) passes every body whole and says so`, async () => {
          for (const protocol of protocols) {
            for (const bytes of [0, 18, 1024, 300_000]) {
              for (const trailers of [false, true]) {
                const grew = await grown("pair_mismatch", async () => {
                  const place = bytes === 18 ? "first" : bytes === 0 ? "absent" : "last";
                  const result = await send(chain, { protocol, bytes, model: place, trailers, pieces: "one" });
                  assertWhole(result, requestBody(bytes, place), model);
                });
                assert.equal(grew, counted, `${protocol} ${bytes} bytes`);
              }
            }
          }
        });
      }
    });

    for (const chain of ["two modules", "two instances"]) {
      test(`two pairs (${chain}) one behind the other both see the body`, async () => {
        for (const protocol of protocols) {
          for (const [bytes, trailers] of [
            [18, false],
            [1024, true],
            [300_000, false],
            [300_000, true],
          ] as const) {
            const place = bytes === 18 ? "first" : "last";
            const result = await send(chain, { protocol, bytes, model: place, trailers, pieces: "several" });
            assertWhole(result, requestBody(bytes, place), askedModel);
            assert.equal(result.seen?.headers["x-second-model"], askedModel);
          }
        }
      });
    }

    test("a first body of no bytes does not hang where the flag is missing", async () => {
      const shape: Partial<Shape> = { protocol: "h2", bytes: 0, model: "absent", pieces: "empty-end" };
      const result = await send("neither at first", shape);
      assertWhole(result, "", "unknown");
      assert.ok(result.answer.timing.endMs < 7_500);
      assertWhole(await send("neither at first", {}), requestBody(1024, "last"));
      const again = await send("neither at first", shape);
      assert.ok(again.answer.timing.endMs < 1_000, "once the flag is known to be missing, nothing waits");
    });

    test("one instance learns that its flag is missing whatever its neighbours have", async () => {
      const text = await all.envoy.log();
      assert.match(text, /wasm log neither[^:]*: model-tag: Envoy delivers no body while headers wait/);
      assert.doesNotMatch(text, /wasm log flag[^:]*: model-tag: Envoy delivers no body while headers wait/);
    });
  });
}

after(() => copies.remove());
