// Response headers held for the answer's body: `x-ai-model` becomes the model that answered, and no byte is lost.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { call, type ClientRequest, type ClientResponse } from "../../harness/envoy/client.ts";
import type { ListenerConfig, RawFilter } from "../../harness/envoy/config.ts";
import type { HeaderList } from "../../harness/scenario/scenario.ts";
import { askedModel, pool, requestBody } from "./fixtures/ai-call.ts";
import { answerBody, answeredModel, hashOf, type AnswerShape } from "./fixtures/echo.ts";
import { envoyVersions, gateway, Gateways, pair, pause, plugin, type Chain } from "./fixtures/gateway.ts";

const flag = { allowOnHeadersStopIteration: true };
const sizes = [80, 1024, 17 * 1024, 300_000];
const limits = [32_768, 1_048_576];

/** Each form of the chain. The flag is known to be there only once a request was held. */
const forms: Record<string, (name: string) => Chain> = {
  "a pair": (name) => pair(name),
  "the native flag": (name) => [plugin(name, flag)],
  "neither pair nor flag": (name) => [plugin(name)],
  "a pair around a pause": (name) => [pair(name)[0], pause(`${name}-p`, 30), pair(name)[1]],
  "a pair before a filter that holds back answers": (name) => [...pair(name), lateAnswers(name)],
  "the native flag before a filter that holds back answers": (name) => [plugin(name, flag), lateAnswers(name)],
};

/** Keeps the headers of an answer until its body (or all of it that fits a buffer) is there. */
function lateAnswers(name: string): RawFilter {
  return lua(name, "function envoy_on_response(handle) handle:body() end");
}

/** Answers calls with the header `x-deny` by itself. */
function denies(name: string): RawFilter {
  const reply = `handle:respond({[":status"] = "403", ["content-type"] = "application/json"}, "denied")`;
  return lua(name, `function envoy_on_request(handle) if handle:headers():get("x-deny") then ${reply} end end`);
}

function lua(name: string, code: string): RawFilter {
  const type = "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua";
  const filter = { name: `${name}-lua`, typed_config: { "@type": type, default_source_code: { inline_string: code } } };
  return { kind: "raw", filter };
}

interface Case extends AnswerShape {
  client: "h1" | "h2";
  upstream: "h1" | "h2";
}

function cases(): Case[] {
  const all: Case[] = [];
  for (const client of ["h1", "h2"] as const) {
    for (const upstream of ["h1", "h2"] as const) {
      for (const bytes of sizes) {
        for (const model of ["first", "last", "absent"] as const) {
          for (const framing of ["content-length", "chunked", "close"] as const) {
            for (const pieces of [1, 5]) {
              if (framing === "close" && upstream === "h2") continue;
              const shape: Case = { client, upstream, bytes, model, framing, pieces, pieceMs: 4 };
              all.push(shape);
              if (framing === "chunked") all.push({ ...shape, trailers: { "x-sum": "1" } });
            }
          }
        }
      }
    }
  }
  return all;
}

function listeners(): ListenerConfig[] {
  const small = { maxHeldBytes: 2048 };
  const [outer, inner] = pair("around");
  return [
    gateway("a pair of 2 KiB", pair("small", { config: small })),
    gateway("the native flag of 2 KiB", [plugin("flag-small", { config: small, ...flag })]),
    gateway("denied between", [outer, denies("between"), inner]),
    gateway("denied before", [denies("before"), ...pair("behind")]),
    gateway("denied behind", [...pair("ahead"), denies("behind")]),
    gateway("denied behind the flag", [plugin("flag-ahead", flag), denies("behind-flag")]),
    ...matrix(),
  ];
}

function matrix(): ListenerConfig[] {
  return Object.entries(forms).flatMap(([form, chain]) =>
    limits.map((limit) => {
      const name = `${form}-${limit}`.replaceAll(" ", "-");
      return gateway(`${form} ${limit}`, chain(name), { bufferLimit: limit });
    }),
  );
}

for (const version of envoyVersions) {
  describe(`Envoy ${version}`, () => {
    let all: Gateways;
    before(async () => {
      all = await Gateways.start(version, listeners());
    });
    after(async () => {
      await all?.stop();
    });

    async function ask(listener: string, shape: Case, more: Partial<ClientRequest> = {}): Promise<ClientResponse> {
      const headers: HeaderList = [
        ["content-type", "application/json"],
        ["x-answer", JSON.stringify(shape)],
        ...((more.headers as HeaderList | undefined) ?? []),
      ];
      if (shape.upstream === "h2") headers.push(["x-up", "h2"]);
      return call(all.envoy.port(listener), shape.client, {
        path: "/v1/chat/completions",
        body: requestBody(100, "first"),
        timeoutMs: 8_000,
        ...more,
        headers,
      });
    }

    for (const form of Object.keys(forms)) {
      for (const limit of limits) {
        test(`with ${form} every answer arrives whole, buffers of ${limit} bytes`, async () => {
          const listener = `${form} ${limit}`;
          await ask(listener, { client: "h1", upstream: "h1" });
          const holds = !form.startsWith("neither");
          // A filter that holds back answers of its own accord answers 500 where they do not fit the buffer.
          const fits = (shape: Case) =>
            !form.includes("holds back") || shape.client === "h2" || (shape.bytes ?? 0) < limit;
          const results = await pool(32, cases().filter(fits), async (shape) => {
            const answer = await ask(listener, shape);
            const body = answerBody(shape.bytes ?? 0, shape.model);
            const said = `${listener} ${JSON.stringify(shape)}: ${answer.outcome} ${answer.status} ${answer.reason}`;
            if (answer.outcome !== "complete" || answer.status !== 200) return `${said} ${answer.text().slice(0, 80)}`;
            if (hashOf(answer.body) !== hashOf(body)) return `${said} ${answer.body.length} of ${body.length} bytes`;
            const sum = answer.trailers.find(([name]) => name === "x-sum")?.[1];
            if (sum !== shape.trailers?.["x-sum"]) return `${said} trailers ${JSON.stringify(answer.trailers)}`;
            const model = shape.model === "absent" ? askedModel : answeredModel;
            if (holds && answer.header("x-ai-model") !== model) return `${said} tagged ${answer.header("x-ai-model")}`;
            return "";
          });
          assert.deepEqual(
            results.filter((result) => result !== ""),
            [],
          );
        });
      }
    }

    for (const form of ["a pair", "the native flag"]) {
      for (const client of ["h1", "h2"] as const) {
        const listener = `${form} 32768`;

        test(`${form} holds no answer without a body over ${client}`, async () => {
          for (const upstream of ["h1", "h2"] as const) {
            for (const status of [204, 304]) {
              const answer = await ask(listener, { client, upstream, status });
              assert.deepEqual([answer.outcome, answer.status], ["complete", status]);
            }
            const head = await ask(listener, { client, upstream, bytes: 500 }, { method: "HEAD" });
            assert.deepEqual([head.outcome, head.status, head.body.length], ["complete", 200, 0]);
            const empty = await ask(listener, { client, upstream, body: "" });
            assert.deepEqual([empty.outcome, empty.status], ["complete", 200]);
            const early = await ask(listener, { client, upstream, bytes: 500, informational: 103 });
            assert.deepEqual([early.outcome, early.status], ["complete", 200]);
            assert.equal(early.header("x-ai-model"), answeredModel);
          }
        });

        test(`${form} lets a stream of events go as it comes over ${client}`, async () => {
          const body = `data: {"model":"${answeredModel}","choices":[]}\n\n`.repeat(10) + "data: [DONE]\n\n";
          const headers = { "content-type": "text/event-stream" };
          const answer = await ask(listener, {
            client,
            upstream: "h1",
            body,
            headers,
            framing: "chunked",
            pieces: 10,
            pieceMs: 40,
          });
          assert.equal(answer.text(), body);
          const last = answer.timing.pieces.at(-1)?.atMs ?? 0;
          assert.ok(last - answer.timing.headersMs > 200, "the headers wait for no event");
        });

        test(`${form} passes no cut answer as a whole one over ${client}`, async () => {
          for (const upstream of ["h1", "h2"] as const) {
            for (const bytes of [1000, 300_000]) {
              const answer = await ask(listener, {
                client,
                upstream,
                bytes,
                model: "last",
                pieces: 4,
                cutAfter: 2,
                pieceMs: 5,
              });
              const isWhole = answer.outcome === "complete" && answer.status === 200;
              assert.ok(!isWhole, `${upstream} ${bytes}: ${answer.outcome} ${answer.status}`);
              assert.notEqual(answer.outcome, "hang");
            }
          }
          const good = await ask(listener, { client, upstream: "h1", bytes: 1000 });
          assert.deepEqual([good.outcome, good.header("x-ai-model")], ["complete", answeredModel]);
        });

        test(`${form} survives clients that leave while their answer is held over ${client}`, async () => {
          const results = await pool(10, [...Array(20).keys()], (at) =>
            ask(
              listener,
              {
                client,
                upstream: at % 2 ? "h1" : "h2",
                bytes: 20_000,
                model: "last",
                framing: "chunked",
                pieces: 10,
                pieceMs: 15,
              },
              { abort: { afterMs: 20 + at * 7 } },
            ),
          );
          for (const answer of results) assert.match(answer.outcome, /aborted|complete/);
          const good = await ask(listener, { client, upstream: "h1", bytes: 1000 });
          assert.equal(good.header("x-ai-model"), answeredModel);
        });
      }
    }

    for (const place of ["between", "before", "behind", "behind the flag"]) {
      test(`an answer by a filter ${place} reaches the client, and the next call its upstream`, async () => {
        for (const client of ["h1", "h2"] as const) {
          const listener = `denied ${place}`;
          for (const body of [requestBody(100, "first"), requestBody(100_000, "last")]) {
            const denied = await ask(listener, { client, upstream: "h1" }, { body, headers: [["x-deny", "1"]] });
            assert.deepEqual([denied.outcome, denied.status, denied.text()], ["complete", 403, "denied"]);
            const passed = await ask(listener, { client, upstream: "h1" }, { body });
            assert.deepEqual([passed.outcome, passed.status], ["complete", 200]);
            assert.equal(passed.header("x-ai-model"), answeredModel);
          }
        }
      });
    }

    for (const form of ["a pair", "the native flag"]) {
      test(`${form} lets an answer go whole that is longer than may be held`, async () => {
        for (const client of ["h1", "h2"] as const) {
          for (const framing of ["content-length", "chunked"] as const) {
            for (const pieces of [1, 20]) {
              const shape: Case = {
                client,
                upstream: "h1",
                bytes: 100_000,
                model: "last",
                framing,
                pieces,
                pieceMs: 2,
              };
              const before = await all.errors("held_limit");
              const answer = await ask(`${form} of 2 KiB`, shape);
              assert.equal(hashOf(answer.body), hashOf(answerBody(100_000, "last")));
              assert.equal((await all.errors("held_limit")) - before, 1);
            }
          }
        }
      });
    }

    test("an answer that breaks off in the middle of its JSON and has trailers is whole behind a pair", async () => {
      const body = answerBody(1000, "last").slice(0, -30);
      for (const client of ["h1", "h2"] as const) {
        for (const pieces of [1, 3]) {
          const shape: Case = { client, upstream: "h1", body, pieces, pieceMs: 5, trailers: { "x-sum": "1" } };
          const answer = await ask("a pair 32768", shape);
          assert.equal(answer.text(), body);
          assert.deepEqual(answer.trailers, [["x-sum", "1"]]);
          assert.equal(answer.header("x-ai-model"), askedModel);
          // One instance cannot put back what it took out of Envoy's buffer: it answers, and passes nothing.
          assert.equal((await ask("the native flag 32768", shape)).status, 502);
        }
      }
    });

    test("nothing is held in the end", async () => {
      const held = async () => (await all.envoy.stats()).sum("sluice_held_bytes");
      for (let tries = 0; tries < 60 && (await held()) !== 0; tries++) await sleep(100);
      assert.equal(await held(), 0);
      assert.equal(await all.errors("host_fault"), 0);
    });
  });
}
