// The model server: official clients understand it, faults happen on demand, the bill is kept.
import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { after, afterEach, before, describe, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { call } from "../envoy/client.ts";
import { startModelServer, type ModelServer, type Rule } from "./server.ts";

let server: ModelServer;

before(async () => {
  server = await startModelServer();
});

after(() => server.stop());
afterEach(() => server.reset());

const prompt = { model: "gpt-4.1", messages: [{ role: "user" as const, content: "one two three four" }] };

function ask(
  protocol: "h1" | "h2",
  rule: Rule["do"] = {},
  more: { path?: string; body?: object; authority?: string } = {},
) {
  server.rule({ do: rule, times: 1 });
  const headers = { "content-type": "application/json", "x-request-id": "r-1" };
  const { path = "/v1/chat/completions", body = prompt, authority = "gateway.test" } = more;
  return call(server.port, protocol, { path, authority, headers, body: JSON.stringify(body), timeoutMs: 500 });
}

describe("official clients", () => {
  const openai = () => new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "sk-test", maxRetries: 0 });
  const anthropic = () => new Anthropic({ baseURL: server.url, apiKey: "sk-test", maxRetries: 0 });

  test("of OpenAI read a chat, a stream with usage, a response, an embedding, a moderation", async () => {
    const chat = await openai().chat.completions.create(prompt);
    assert.equal(chat.usage?.prompt_tokens, 4);
    assert.match(chat.choices[0]?.message.content ?? "", /4 words/);
    let last;
    const stream = await openai().chat.completions.create({
      ...prompt,
      stream: true,
      stream_options: { include_usage: true },
    });
    for await (const chunk of stream) last = chunk;
    assert.equal(last?.usage?.prompt_tokens, 4);
    const response = await openai().responses.create({ model: "gpt-4.1", input: "one two" });
    assert.equal(response.usage?.input_tokens, 2);
    assert.match(response.output_text, /2 words/);
    const embedding = await openai().embeddings.create({
      model: "text-embedding-3-small",
      input: "a b c",
      encoding_format: "float",
    });
    assert.equal(embedding.usage.total_tokens, 3);
    assert.equal((await openai().moderations.create({ input: "a" })).results[0]?.flagged, false);
    assert.deepEqual(
      server.calls.map((one) => one.model),
      ["gpt-4.1", "gpt-4.1", "gpt-4.1", "text-embedding-3-small", undefined],
    );
  });

  test("of OpenAI send a file", async () => {
    const file = new File(["sound sound"], "a.wav");
    const made = await openai().audio.transcriptions.create({ model: "gpt-4o-transcribe", file });
    assert.ok(made.text.length > 0);
    assert.equal(server.calls[0]?.model, "gpt-4o-transcribe");
  });

  test("of Anthropic read a message and a stream", async () => {
    const body = { model: "claude-sonnet-4-5", max_tokens: 10, messages: prompt.messages };
    const message = await anthropic().messages.create(body);
    assert.equal(message.usage.input_tokens, 4);
    const final = await anthropic().messages.stream(body).finalMessage();
    assert.equal(final.usage.output_tokens, message.usage.output_tokens);
  });

  test("know the errors", async () => {
    for (const [status, kind] of [
      [429, OpenAI.RateLimitError],
      [500, OpenAI.InternalServerError],
    ] as const) {
      server.reset([{ do: { status } }]);
      await assert.rejects(openai().chat.completions.create(prompt), kind);
    }
    server.reset([{ do: { status: 529 } }]);
    const body = { model: "claude-sonnet-4-5", max_tokens: 10, messages: prompt.messages };
    await assert.rejects(anthropic().messages.create(body), /overloaded_error/);
    server.reset([{ do: { sample: { errorAfter: 1 } } }]);
    await assert.rejects(anthropic().messages.stream(body).finalMessage(), /overloaded_error/);
  });
});

describe("an API is found by its path", () => {
  const cases: [path: string, body: object, api: string, model: string | undefined, stream: boolean][] = [
    [
      "/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21",
      { messages: [] },
      "openai-chat",
      undefined,
      false,
    ],
    ["/v1beta/models/gemini-2.5-flash:generateContent", { contents: [] }, "gemini", "gemini-2.5-flash", false],
    [
      "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
      { contents: [] },
      "gemini",
      "gemini-2.5-flash",
      true,
    ],
    [
      "/v1/projects/p/locations/l/publishers/google/models/gemini-2.0:streamGenerateContent",
      {},
      "gemini",
      "gemini-2.0",
      true,
    ],
    [
      "/v1/projects/p/locations/l/publishers/anthropic/models/claude-x:rawPredict",
      { messages: [] },
      "anthropic-messages",
      "claude-x",
      false,
    ],
    ["/model/anthropic.claude-3%3A0/converse", { messages: [] }, "bedrock-converse", "anthropic.claude-3:0", false],
    ["/model/m/converse-stream", { messages: [] }, "bedrock-converse", "m", true],
    ["/v2/chat", { model: "command-a", messages: [] }, "cohere-chat", "command-a", false],
    ["/v2/rerank", { model: "rerank-v3.5", query: "q", documents: [] }, "cohere-rerank", "rerank-v3.5", false],
    ["/api/chat", { model: "llama3.2", messages: [] }, "ollama-chat", "llama3.2", true],
    ["/api/generate", { model: "llama3.2", prompt: "a", stream: false }, "ollama-generate", "llama3.2", false],
    [
      "/api/v1/services/aigc/text-generation/generation",
      { model: "qwen-max", input: {} },
      "dashscope",
      "qwen-max",
      false,
    ],
  ];
  for (const [path, body, api, model, stream] of cases) {
    test(path, async () => {
      const answer = await ask("h1", {}, { path, body });
      assert.equal(answer.status, 200, answer.text());
      const [seen] = server.calls;
      assert.deepEqual([seen?.api, seen?.model, seen?.stream], [api, model, stream]);
    });
  }

  test("and the dialect by its host", async () => {
    const answer = await ask(
      "h1",
      {},
      { authority: "api.x.ai", body: { ...prompt, stream: true, stream_options: { include_usage: true } } },
    );
    assert.match(answer.text(), /"reasoning_tokens"/);
    const groq = await ask(
      "h1",
      {},
      { authority: "api.groq.com", path: "/openai/v1/chat/completions", body: { ...prompt, stream: true } },
    );
    assert.match(groq.text(), /"x_groq":\{"id":"[^"]+","usage"/);
  });
});

for (const protocol of ["h1", "h2"] as const) {
  describe(`over ${protocol}`, () => {
    test("a status comes with the provider's error body and is billed or not", async () => {
      for (const [status, billed] of [
        [400, false],
        [429, false],
        [500, true],
        [502, true],
        [503, false],
        [504, true],
        [529, false],
      ] as const) {
        server.reset();
        const answer = await ask(protocol, { status });
        assert.equal(answer.status, status);
        assert.equal(server.calls[0]?.billed, billed, String(status));
      }
    });

    test("the bill counts each call by its request id", async () => {
      await ask(protocol);
      await ask(protocol);
      assert.deepEqual([...server.bills], [["r-1", 2]]);
      assert.equal(server.calls[0]?.bodyHash, server.calls[1]?.bodyHash);
    });

    test("a reset before the body is read is not billed, one after it is", async () => {
      const before = await ask(protocol, { reset: "before-body" });
      assert.deepEqual([before.outcome, before.status, server.calls[0]?.billed], ["reset", 0, false]);
      const behind = await ask(protocol, { reset: "after-body" });
      assert.deepEqual([behind.outcome, behind.status, server.calls[1]?.billed], ["reset", 0, true]);
    });

    test("a reset behind the headers leaves an answer without body", async () => {
      const answer = await ask(protocol, { reset: "after-headers" });
      assert.deepEqual([answer.outcome, answer.status, answer.body.length], ["reset", 200, 0]);
    });

    test("an answer and a stream can be cut in the middle", async () => {
      const answer = await ask(protocol, { cutAfterBytes: 50 });
      assert.deepEqual([answer.outcome, answer.body.length], ["reset", 50]);
      const stream = await ask(protocol, { cutAfterBytes: 300 }, { body: { ...prompt, stream: true } });
      assert.deepEqual([stream.outcome, stream.body.length], ["reset", 300]);
    });

    test("delays come before the headers and between events", async () => {
      const answer = await ask(protocol, { delayMs: 60, eventDelayMs: 5 }, { body: { ...prompt, stream: true } });
      assert.ok(answer.timing.headersMs >= 55);
      assert.ok(answer.timing.pieces.length > 5);
      assert.ok(answer.timing.endMs - answer.timing.headersMs > 40);
    });

    test("a body in pieces of one byte is the same body", async () => {
      const whole = await ask(protocol);
      const pieces = await ask(protocol, { pieceBytes: 1 });
      assert.ok(pieces.timing.pieces.length > 1);
      assert.equal(pieces.text(), whole.text());
    });

    test("gzip comes although nobody asked", async () => {
      const answer = await ask(protocol, { gzip: true });
      assert.equal(answer.header("content-encoding"), "gzip");
      assert.match(gunzipSync(answer.body).toString(), /chat\.completion/);
    });

    test("trailers follow the answer", async () => {
      const answer = await ask(protocol, { trailers: [["x-usage", "7"]] });
      assert.deepEqual(answer.trailers, [["x-usage", "7"]]);
    });

    test("a server that says nothing hangs", async () => {
      assert.equal((await ask(protocol, { hang: true })).outcome, "hang");
    });

    test("the control header gives orders too", async () => {
      const headers = { "x-model-server": JSON.stringify({ model: "other", usage: { input: 7, output: 0 } }) };
      const answer = await call(server.port, protocol, {
        path: "/v1/chat/completions",
        headers,
        body: JSON.stringify(prompt),
      });
      const { model, usage } = answer.json() as { model: string; usage: { total_tokens: number } };
      assert.deepEqual([model, usage.total_tokens], ["other", 7]);
    });
  });
}

test("invalid JSON and a missing model are answered as the provider does", async () => {
  const answer = await call(server.port, "h1", { path: "/v1/messages", body: "{" });
  assert.deepEqual([answer.status, (answer.json() as { type: string }).type], [400, "error"]);
  assert.equal((await ask("h1", {}, { body: { messages: [] } })).status, 400);
  assert.equal(server.billed.length, 0);
});

test("an old server rejects stream_options", async () => {
  const answer = await ask("h1", { rejectsMembers: ["stream_options"] }, { body: { ...prompt, stream_options: {} } });
  assert.equal(answer.status, 400);
});

test("a retrieval repeats a usage and is not billed", async () => {
  const answer = await call(server.port, "h1", { path: "/v1/responses/resp_1" });
  assert.match(answer.text(), /"input_tokens":7/);
  assert.equal(server.billed.length, 0);
});

test("an upgrade echoes", async () => {
  const headers = { connection: "upgrade", upgrade: "websocket", "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==" };
  const abort = { responseBytes: 5 };
  const answer = await call(server.port, "h1", {
    headers,
    path: "/v1/realtime",
    method: "GET",
    body: "hello",
    framing: "none",
    abort,
  });
  assert.deepEqual([answer.status, answer.text()], [101, "hello"]);
  assert.equal(answer.header("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});
