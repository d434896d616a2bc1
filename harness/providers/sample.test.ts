// The wire samples, read the way a client of each API reads them.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { crc32 as zlibCrc32 } from "node:zlib";
import { crc32 } from "./samples/event-stream.ts";
import { bodyOf, sample, sampleApis, type SampleApi, type SampleOptions } from "./sample.ts";
import { usageOf } from "./usage.ts";

const usage = usageOf({ input: 100, cachedInput: 40, cacheWrite: 10, output: 30, reasoning: 12 });
const asked: SampleOptions = { model: "m-1", usage, text: "one two three" };
const streams = sampleApis.filter((api) => sample(api, { ...asked, stream: true }).chunks.length > 2);

const text = (api: SampleApi, options: SampleOptions) => Buffer.from(bodyOf(sample(api, options))).toString("utf8");
// A reader of JSON can be no more precise than `any`: each test says which members it expects.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Anything = any;
const json = (api: SampleApi, options: SampleOptions = asked): Anything => JSON.parse(text(api, options)) as Anything;

/** The data of each event; event names in front. */
function events(api: SampleApi, options: SampleOptions): { event: string | undefined; data: Anything }[] {
  return text(api, { stream: true, ...options })
    .split(/\r\n\r\n|\n\n|\r\r/)
    .filter((block) => block.includes("data:"))
    .map((block) => {
      const lines = block.split(/\r\n|\n|\r/);
      const field = (name: string) =>
        lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trim());
      const data = field("data").join("\n");
      return { event: field("event")[0], data: data.startsWith("{") ? (JSON.parse(data) as Anything) : data };
    });
}

test("every JSON answer is JSON", () => {
  for (const api of sampleApis) if (api !== "openai-speech") assert.equal(typeof json(api), "object", api);
});

test("every API with a stream streams a word per event", () => {
  assert.deepEqual(
    [...streams].sort(),
    "anthropic-messages bedrock-converse cohere-chat dashscope gemini ollama-chat ollama-generate openai-chat openai-completions openai-responses openai-transcription".split(
      " ",
    ),
  );
});

describe("the usage of OpenAI's chat", () => {
  test("is inclusive", () => {
    const { usage: counts } = json("openai-chat");
    assert.deepEqual([counts.prompt_tokens, counts.completion_tokens, counts.total_tokens], [100, 30, 130]);
    assert.equal(counts.prompt_tokens_details.cached_tokens, 40);
    assert.equal(counts.completion_tokens_details.reasoning_tokens, 12);
  });

  test("comes in a stream only if asked for, in a chunk without choices", () => {
    assert.ok(events("openai-chat", asked).every(({ data }) => data.usage === undefined));
    const all = events("openai-chat", { ...asked, includeUsage: true });
    assert.equal(all.at(-1)?.data, "[DONE]");
    assert.deepEqual(all.at(-2)?.data.choices, []);
    assert.equal(all.at(-2)?.data.usage.total_tokens, 130);
    assert.ok(all.slice(0, -2).every(({ data }) => data.usage === null));
  });

  test("may be null or absent", () => {
    assert.equal(json("openai-chat", { ...asked, usageForm: "null" }).usage, null);
    assert.ok(!("usage" in json("openai-chat", { ...asked, usageForm: "absent" })));
  });

  test("stands where each dialect puts it", () => {
    const last = (variant: SampleOptions["variant"], back: number) =>
      events("openai-chat", { ...asked, variant }).at(back)?.data;
    assert.equal(last("groq", -2).x_groq.usage.total_tokens, 130);
    assert.equal(last("groq", -2).choices.length, 1);
    assert.equal(last("mistral", -2).usage.total_tokens, 130);
    assert.equal(last("deepseek", -2).usage.prompt_cache_hit_tokens, 40);
    assert.equal(last("perplexity", -2).usage.total_tokens, 130);
    assert.equal(last("perplexity", -3).usage.completion_tokens, 3);
    assert.equal(last("baichuan", -1), "");
    assert.equal(last("baichuan", -2).usage.total_tokens, 130);
    assert.deepEqual(events("openai-chat", { ...asked, variant: "azure" })[0]?.data.choices, []);
  });

  test("leaves reasoning out of xAI's completion tokens", () => {
    const { usage: counts } = json("openai-chat", { ...asked, variant: "xai" });
    const reasoning = counts.completion_tokens_details.reasoning_tokens as number;
    assert.equal(counts.prompt_tokens + counts.completion_tokens + reasoning, counts.total_tokens);
    assert.equal(counts.completion_tokens, 18);
  });
});

test("the Responses API ends with the event that has the whole response", () => {
  for (const ending of ["completed", "incomplete", "failed"] as const) {
    const last = events("openai-responses", { ...asked, ending }).at(-1);
    assert.equal(last?.event, `response.${ending}`);
    assert.equal(last?.data.response.status, ending);
    assert.equal(last?.data.response.usage.input_tokens, 100);
  }
  assert.equal(json("openai-responses", { ...asked, ending: "queued" }).usage, null);
});

test("Anthropic leaves both cache counts out of its input, and starts a stream with a placeholder", () => {
  const { usage: counts } = json("anthropic-messages");
  assert.deepEqual(
    [counts.input_tokens, counts.cache_read_input_tokens, counts.cache_creation_input_tokens],
    [50, 40, 10],
  );
  const all = events("anthropic-messages", asked);
  assert.equal(all[0]?.data.message.usage.output_tokens, 1);
  assert.equal(all.find(({ event }) => event === "message_delta")?.data.usage.output_tokens, 30);
  assert.equal(all.at(-1)?.event, "message_stop");
});

test("Gemini counts thoughts beside the candidates, as SSE and as a root array", () => {
  const sse = events("gemini", asked).at(-1)?.data;
  const array = JSON.parse(text("gemini", { ...asked, stream: true, geminiStream: "array" })) as Anything[];
  for (const counts of [json("gemini").usageMetadata, sse.usageMetadata, array.at(-1).usageMetadata]) {
    assert.deepEqual([counts.promptTokenCount, counts.candidatesTokenCount, counts.thoughtsTokenCount], [100, 18, 12]);
    assert.equal(counts.totalTokenCount, 130);
    assert.equal(counts.cachedContentTokenCount, 40);
  }
  assert.equal(array.length, 3);
});

describe("Bedrock's event stream", () => {
  const messages = sample("bedrock-converse", { ...asked, stream: true }).chunks;

  test("has right lengths and checksums", () => {
    for (const message of messages) {
      const view = new DataView(message.buffer, message.byteOffset, message.length);
      assert.equal(view.getUint32(0), message.length);
      assert.equal(view.getUint32(8), zlibCrc32(message.subarray(0, 8)));
      assert.equal(view.getUint32(message.length - 4), zlibCrc32(message.subarray(0, -4)));
    }
    assert.equal(crc32(Buffer.from("123456789")), 0xcbf43926);
  });

  test("ends with the metadata that has the usage", () => {
    const last = Buffer.from(messages.at(-1) ?? []);
    const headerBytes = last.readUInt32BE(4);
    assert.match(last.subarray(12, 12 + headerBytes).toString("latin1"), /:event-type.*metadata/s);
    const payload = JSON.parse(last.subarray(12 + headerBytes, -4).toString("utf8")) as Anything;
    assert.deepEqual(
      [payload.usage.inputTokens, payload.usage.cacheReadInputTokens, payload.usage.outputTokens],
      [50, 40, 30],
    );
  });

  test("says an exception in a message of its own", () => {
    const last = Buffer.from(sample("bedrock-converse", { ...asked, stream: true, errorAfter: 1 }).chunks.at(-1) ?? []);
    assert.match(last.toString("latin1"), /:message-type.*exception/s);
  });
});

test("Cohere writes floats, and bills less than it counts", () => {
  assert.match(text("cohere-chat", asked), /"billed_units":\{"input_tokens":100\.0,"output_tokens":30\.0\}/);
  assert.equal(json("cohere-chat").usage.tokens.input_tokens, 166);
  assert.equal(events("cohere-chat", asked).at(-1)?.data.delta.usage.billed_units.output_tokens, 30);
  assert.match(text("cohere-rerank", asked), /"search_units":1\.0/);
});

test("Ollama has its counts in the last line", () => {
  const lines = text("ollama-chat", { ...asked, stream: true })
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Anything);
  assert.deepEqual([lines.at(-1).done, lines.at(-1).prompt_eval_count, lines.at(-1).eval_count], [true, 100, 30]);
  assert.equal(lines[0].prompt_eval_count, undefined);
});

test("DashScope counts up with each event", () => {
  const all = events("dashscope", asked).map(({ data }) => data.usage.output_tokens as number);
  assert.deepEqual(all, [1, 2, 30]);
});

test("every stream can break off with the provider's own error", () => {
  for (const api of streams) {
    const whole = text(api, { ...asked, stream: true, errorAfter: 1 });
    assert.match(whole, /error/i, api);
    assert.ok(!whole.includes("three"), api);
  }
});

describe("the style of server-sent events", () => {
  test("can be any that the standard allows", () => {
    const styled = (sse: SampleOptions["sse"]) => text("openai-chat", { ...asked, stream: true, ...(sse && { sse }) });
    assert.match(styled({ newline: "crlf" }), /\]\r\n\r\n$/);
    assert.ok(!styled({ newline: "cr" }).includes("\n"));
    assert.match(styled({ noSpace: true }), /^data:\{/);
    assert.match(styled({ comment: "ping" }), /^: ping\n\ndata: /);
    assert.match(styled({ noFinalBlank: true }), /\[DONE\]$/);
    assert.ok(styled({ manyDataLines: true }).split("\ndata:").length > 40);
    assert.equal(styled({ byteOrderMark: true }).charCodeAt(0), 0xfeff);
  });
});
