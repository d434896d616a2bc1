// The official SDKs with their default retries: what is billed and what the application sees, with the guard and without.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { deadPort, type ListenerConfig, type RouteConfig } from "../../harness/envoy/config.ts";
import { startEnvoy, type Envoy } from "../../harness/envoy/process.ts";
import type { Behaviour } from "../../harness/providers/behaviour.ts";
import { controlHeader, startModelServer, type ModelServer } from "../../harness/providers/server.ts";
import type { Json, PluginSpec } from "../../harness/scenario/scenario.ts";

const words = 'The assistant rests.\nAsk "later".';

const pair = (name: string, config: Record<string, Json>): PluginSpec[] =>
  (["outer", "inner"] as const).map((half) => ({
    kind: "plugin",
    name: `${name}-${half}`,
    module: "build/retry-guard.wasm",
    config: { instance: name, mode: "enforce", ...config },
    pair: half,
  }));

const routes: RouteConfig[] = [{ cluster: "model", timeoutMs: 5_000 }];
const guarded = { clientRetries: "stop", duplicates: { inFlight: "reject", unfinished: "reject" } };

const listeners: ListenerConfig[] = [
  { name: "bare", chain: [], routes },
  { name: "shadow", chain: pair("shadow", { ...guarded, mode: "shadow" }), routes },
  { name: "guarded", chain: pair("guarded", guarded), routes },
  { name: "replaying", chain: pair("replaying", { duplicates: { completed: "replay" } }), routes },
  {
    name: "falling-back",
    chain: pair("falling-back", { fallback: [{ on: ["connect-failure"], body: words }] }),
    routes: [{ cluster: "refused" }],
  },
];

/** Each kind of failure, and how often it is billed: as the SDKs are, and where they are told. */
const failures: { name: string; behaviour: Behaviour; bare: number; guarded: number; timeoutMs?: number }[] = [
  { name: "a 500", behaviour: { status: 500 }, bare: 3, guarded: 1 },
  { name: "a 502", behaviour: { status: 502 }, bare: 3, guarded: 1 },
  { name: "a 503 that says nothing of an overload", behaviour: { status: 503, billed: true, body: "{}" }, bare: 3, guarded: 1 }, // prettier-ignore
  { name: "a 503 for an overload", behaviour: { status: 503 }, bare: 0, guarded: 0 },
  { name: "a 429", behaviour: { status: 429, headers: [["retry-after-ms", "5"]] }, bare: 0, guarded: 0 },
  { name: "a connection that breaks off", behaviour: { reset: "after-body" }, bare: 3, guarded: 1 },
  { name: "an answer that takes too long for the client", behaviour: { delayMs: 1_500 }, bare: 3, guarded: 1, timeoutMs: 400 }, // prettier-ignore
];

/** Calls that the gateway itself ends safely must stay retriable. */
const calls: Record<string, number> = { bare: 3, shadow: 3, guarded: 3 };

describe("the official SDKs", { concurrency: 6 }, () => {
  let server: ModelServer;
  let envoy: Envoy;

  before(async () => {
    server = await startModelServer();
    envoy = await startEnvoy({
      listeners,
      clusters: [
        { name: "model", endpoints: [server.port] },
        { name: "refused", endpoints: [deadPort] },
      ],
    });
  });

  after(async () => {
    await server?.stop();
    await envoy?.stop();
  });

  let count = 0;
  const url = (listener: string) => `http://127.0.0.1:${envoy.port(listener)}`;
  /** A client of its own for each call, so that no two calls are equal. */
  const clients = (listener: string, behaviour: Behaviour, timeoutMs = 5_000) => {
    const id = `sdk-${++count}`;
    const common = { apiKey: id, timeout: timeoutMs, defaultHeaders: { [controlHeader]: JSON.stringify(behaviour), "x-id": id } }; // prettier-ignore
    return {
      openai: new OpenAI({ ...common, baseURL: `${url(listener)}/v1` }),
      anthropic: new Anthropic({ ...common, baseURL: url(listener) }),
      seen: () => server.calls.filter((call) => call.header("x-id") === id),
    };
  };
  const ask = [{ role: "user" as const, content: "Hello" }];
  const sdks = ["openai", "anthropic"] as const;

  for (const { name, behaviour, timeoutMs, ...billed } of failures) {
    for (const sdk of sdks) {
      for (const listener of ["bare", "shadow", "guarded"] as const) {
        test(`${sdk}, ${listener}: ${name}`, async () => {
          const { openai, anthropic, seen } = clients(listener, behaviour, timeoutMs);
          const call =
            sdk === "openai"
              ? openai.chat.completions.create({ model: "gpt-4o", messages: ask })
              : anthropic.messages.create({ model: "claude-opus-5", max_tokens: 10, messages: ask });
          const error = await call.then(
            () => undefined,
            (reason: Error) => reason,
          );
          assert.ok(error !== undefined, "the application sees a failure");
          const bills = seen().filter((one) => one.billed).length;
          const expected = listener === "guarded" ? billed.guarded : billed.bare;
          assert.equal(bills, expected, `${error.constructor.name}: ${error.message}`);
          if (expected === 0) assert.equal(seen().length, calls[listener], "what is not billed may be repeated");
          if (listener === "guarded" && timeoutMs !== undefined)
            assert.equal((error as { status?: number }).status, 409);
        });
      }
    }
  }

  test("get the answer again for the same idempotency key, and another caller does not", async () => {
    const { openai, seen } = clients("replaying", {});
    const options = { headers: { "idempotency-key": "order-1" }, maxRetries: 0 };
    const first = await openai.chat.completions.create({ model: "gpt-4o", messages: ask }, options);
    const again = await openai.chat.completions.create({ model: "gpt-4o", messages: ask }, options).withResponse();
    assert.deepEqual(again.data, first);
    assert.equal(again.response.headers.get("x-ai-replayed"), "true");
    assert.equal(seen().length, 1);
    const other = clients("replaying", {});
    const theirs = await other.openai.chat.completions
      .create({ model: "gpt-4o", messages: ask }, options)
      .withResponse();
    assert.equal(theirs.response.headers.get("x-ai-replayed"), null);
    assert.equal(other.seen().length, 1);
    await assert.rejects(
      openai.chat.completions.create({ model: "gpt-4o", messages: ask, temperature: 0.5 }, options),
      (error: { status?: number }) => error.status === 422,
    );
  });

  test("read canned answers as their own: OpenAI's chat", async () => {
    const { openai } = clients("falling-back", {});
    const { data, response } = await openai.chat.completions.create({ model: "gpt-4o", messages: ask }).withResponse();
    assert.equal(data.choices[0]?.message.content, words);
    assert.equal(data.usage?.total_tokens, 0);
    assert.equal(response.headers.get("x-ai-fallback"), "true");
    let text = "";
    let usage: number | undefined;
    const stream = await openai.chat.completions.create({
      model: "gpt-4o",
      messages: ask,
      stream: true,
      stream_options: { include_usage: true },
    });
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      usage = chunk.usage?.total_tokens ?? usage;
    }
    assert.equal(text, words);
    assert.equal(usage, 0);
  });

  test("read canned answers as their own: OpenAI's responses", async () => {
    const { openai } = clients("falling-back", {});
    const answer = await openai.responses.create({ model: "gpt-4o", input: "Hello" });
    assert.equal(answer.output_text, words);
    assert.equal(answer.usage?.total_tokens, 0);
    const stream = openai.responses.stream({ model: "gpt-4o", input: "Hello" });
    let text = "";
    for await (const event of stream) if (event.type === "response.output_text.delta") text += event.delta;
    assert.equal(text, words);
    assert.equal((await stream.finalResponse()).output_text, words);
  });

  test("read canned answers as their own: Anthropic's messages", async () => {
    const { anthropic } = clients("falling-back", {});
    const body = { model: "claude-opus-5", max_tokens: 10, messages: ask };
    const answer = await anthropic.messages.create(body);
    assert.deepEqual(answer.content, [{ type: "text", text: words }]);
    assert.equal(answer.usage.output_tokens, 0);
    const stream = anthropic.messages.stream(body);
    assert.equal(await stream.finalText(), words);
    assert.equal((await stream.finalMessage()).stop_reason, "end_turn");
  });
});
