// What is counted of calls that fail, are cut, left behind, repeated or billed elsewhere.
import { bodyOf, sample } from "../../../harness/providers/sample.ts";
import { usageOf } from "../../../harness/providers/usage.ts";
import type { RequestExpectation, RequestSpec, Scenario } from "../../../harness/scenario/scenario.ts";
import { answer, chat, gateway, json, metric, prices } from "./chains.ts";

const config = { prices, includeUsage: "off" };
const sse: [string, string][] = [["content-type", "text/event-stream"]];

const ask = (more: Partial<RequestSpec>): RequestSpec => ({
  ...{ protocol: "h1", method: "POST", path: "/v1/chat/completions", headers: json, body: chat("m") },
  ...more,
});

function events(...data: unknown[]): string {
  return data.map((one) => `data: ${typeof one === "string" ? one : JSON.stringify(one)}\n\n`).join("");
}

const delta = (content: string): unknown => ({
  object: "chat.completion.chunk",
  model: "m",
  choices: [{ index: 0, delta: { content } }],
});

/** Of a request of 16 bytes of text: "user", "Hello", and what else is text in it. */
const left = events(delta("One two three four"), delta("five six seven eigh"));

/** The Responses API repeats the whole answer in its last event. */
function huge(): string {
  const text = "Lorem ipsum dolor sit amet ".repeat(120_000);
  const options = { model: "m", usage: usageOf({ input: 1000, output: 100 }), stream: true, text: "@@" };
  const whole = Buffer.from(bodyOf(sample("openai-responses", options))).toString();
  return whole.replace(/(event: response\.completed[^]*?)@@/, `$1${text}`);
}

/** A client that leaves after so many events of an answer. */
function leaves(api: "openai-chat" | "anthropic-messages", events: number): RequestSpec {
  const usage = usageOf({ input: 1000, output: 100 });
  const { headers, chunks } = sample(api, { model: "m", usage, stream: true, includeUsage: true });
  const body = Buffer.from(bodyOf({ headers, chunks }));
  const seen = chunks.slice(0, events).reduce((sum, chunk) => sum + chunk.length, 0);
  return ask({
    name: `${api} after ${events}`,
    path: api === "openai-chat" ? "/v1/chat/completions" : "/v1/messages",
    body: chat("m", { stream: true, max_tokens: 100 }),
    abort: { responseBytes: seen },
    upstream: {
      ...{ kind: "answer", headers, framing: "chunked", body: { base64: body.toString("base64") } },
      chunks: [{ bytes: seen }, { bytes: body.length - seen, afterMs: 3000 }],
    },
  });
}

function cutShort(status: string, output: string): RequestExpectation {
  return {
    outcome: "aborted",
    filterState: {
      ...{ "sluice.outcome": "aborted", "sluice.usage_status": status },
      ...{ "sluice.output_tokens": { regex: output }, "sluice.cost": { regex: "0\\.00.*" } },
    },
  };
}

export const failures: Scenario[] = [
  {
    name: "reads the usage at the end of an event of megabytes",
    ...gateway("pair", config),
    requests: [
      ask({
        path: "/v1/responses",
        body: '{"model":"m","input":"Hello","stream":true}',
        upstream: { kind: "answer", headers: sse, framing: "chunked", body: huge() },
      }),
    ],
    expect: {
      requests: [
        {
          ...{ status: 200, body: "same" },
          filterState: { "sluice.usage_status": "complete", "sluice.input_tokens": "1000", "sluice.cost": "0.002" },
        },
      ],
    },
  },
  {
    name: "counts streams that their clients left after some of their events",
    ...gateway("pair", config),
    requests: [
      ...[1, 2, 4].map((events) => leaves("openai-chat", events)),
      ...[1, 3, 6].map((events) => leaves("anthropic-messages", events)),
    ],
    expect: {
      requests: [
        ...[cutShort("estimated", "0"), cutShort("estimated", "[1-3]"), cutShort("estimated", "[2-6]")],
        ...[cutShort("partial", "1"), cutShort("partial", "[1-2]"), cutShort("partial", "[2-6]")],
      ],
    },
  },
  {
    name: "estimates a stream that its client left, and calls it wasted",
    ...gateway("pair", config),
    requests: [
      ask({
        abort: { responseBytes: left.length },
        body: chat("m", { stream: true }),
        upstream: {
          ...{ kind: "answer", headers: sse, framing: "chunked", body: left + events(delta("nine"), "[DONE]") },
          chunks: [{ bytes: left.length }, { bytes: 10, afterMs: 3000 }],
        },
      }),
    ],
    expect: {
      requests: [
        {
          outcome: "aborted",
          filterState: {
            "sluice.outcome": "aborted",
            "sluice.usage_status": "estimated",
            "sluice.output_tokens": { regex: "[5-9]|1[0-2]" },
            "sluice.cost": { regex: "0\\.000.*" },
          },
        },
      ],
      metrics: {
        [metric("sluice.wasted_cost_nano", { currency: "USD", model: "other", outcome: "aborted" })]: { min: 50_000 },
        [metric("sluice.estimated_calls", { model: "other" })]: 1,
      },
    },
  },
  {
    name: "charges what a cut Anthropic stream told of its usage so far",
    ...gateway("flag", config),
    requests: [
      ask({
        path: "/v1/messages",
        body: chat("m", { stream: true, max_tokens: 100 }),
        upstream: {
          ...{ kind: "answer", headers: sse, framing: "chunked", cutAfterChunks: 1 },
          body:
            `event: message_start\n` +
            events({
              type: "message_start",
              message: { model: "m", usage: { input_tokens: 1000, output_tokens: 1 } },
            }) +
            `event: content_block_delta\n` +
            events({ type: "content_block_delta", delta: { type: "text_delta", text: "A few words here." } }) +
            "....",
          chunks: [{ bytes: 260 }],
        },
      }),
    ],
    expect: {
      requests: [
        {
          outcome: "reset",
          filterState: {
            ...{ "sluice.usage_status": "partial", "sluice.input_tokens": "1000", "sluice.outcome": "truncated" },
          },
        },
      ],
    },
  },
  {
    name: "charges nothing for an error without usage",
    ...gateway("pair", config),
    requests: [ask({ upstream: { kind: "answer", status: 500, headers: json, body: '{"error":{"message":"x"}}' } })],
    expect: {
      requests: [
        {
          ...{ status: 500, headers: { "x-ai-tokens-input": null } },
          filterState: { "sluice.usage_status": "none", "sluice.cost": null, "sluice.outcome": "error" },
        },
      ],
      metrics: { [metric("sluice.cost_nano", { currency: "USD", model: "other", consumer: "none" })]: 0 },
    },
  },
  {
    name: "puts a number on the money that repeated attempts may have cost",
    ...gateway("pair", config),
    routes: [{ cluster: "models", retry: { on: "5xx", retries: 2 } }],
    requests: [
      ask({ upstream: [{ kind: "answer", status: 503 }, { kind: "answer", status: 503 }, answer("m", 1000, 100)] }),
    ],
    expect: {
      requests: [{ status: 200, upstream: { attempts: 3 }, filterState: { "sluice.cost": "0.002" } }],
      metrics: { [metric("sluice.cost_at_risk_nano", { currency: "USD", model: "m" })]: 4_000_000 },
    },
  },
  {
    name: "counts calls that are billed elsewhere, and charges nothing for them",
    ...gateway("flag", config),
    requests: [
      {
        ...{ protocol: "h1", method: "POST", path: "/v1/batches", headers: json },
        body: '{"input_file_id":"f","endpoint":"/v1/chat/completions"}',
        upstream: { kind: "answer", headers: json, body: '{"id":"b","object":"batch","status":"validating"}' },
      },
    ],
    expect: {
      requests: [{ status: 200, filterState: { "sluice.cost": null } }],
      metrics: { [metric("sluice.uncounted_calls", { api: "openai-batches" })]: 1 },
    },
  },
  {
    name: "estimates an answer that comes compressed, and says so",
    ...gateway("pair", { ...config, forceIdentity: false }),
    requests: [
      ask({
        headers: [...json, ["accept-encoding", "gzip"]],
        upstream: {
          kind: "answer",
          headers: [...json, ["content-encoding", "gzip"]],
          body: { base64: "H4sIAAAAAAAAA6vmAgBDv6a/AgAAAA==" },
        },
      }),
    ],
    expect: {
      requests: [
        {
          ...{ status: 200, body: "same", upstream: { headers: { "accept-encoding": "gzip" } } },
          filterState: { "sluice.usage_status": "estimated", "sluice.cost": { regex: "0\\.000.*" } },
        },
      ],
      metrics: {
        [metric("sluice.errors", { filter: "cost-accounting", kind: "compressed_answer" })]: 1,
        [metric("sluice.estimated_calls", { model: "other" })]: 1,
      },
    },
  },
];
