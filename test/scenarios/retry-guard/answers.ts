// Failures: what clients are told, what stands in for an answer, and forged marks.
import type { HeaderList, Json, RequestSpec, Scenario } from "../../../harness/scenario/scenario.ts";
import { answer, bothWays, chat, enforce, failure, gateway, json } from "./chains.ts";

const stop: Record<string, Json> = { ...enforce, clientRetries: "stop" };
const told = { "x-should-retry": "false", "x-ai-retry-verdict": "unsafe" };
const untold = { "x-should-retry": null, "x-ai-retry-verdict": null };
const words = 'Away.\nTry "later" — soon.';
const quoted = 'Away.\\nTry \\"later\\" — soon.';

const canned = (on: string[], more: Record<string, Json> = {}): Record<string, Json> => ({
  ...enforce,
  fallback: [{ on, body: words, ...more }],
});

const call = (path: string, body: Record<string, Json> = {}, headers: HeaderList = []): RequestSpec =>
  chat({ path, headers }, body);

const sse = { "content-type": "text/event-stream", "x-ai-fallback": "true" };
const plain = { "content-type": "application/json", "x-ai-fallback": "true" };

export const answers: Scenario[] = bothWays.flatMap((way): Scenario[] => [
  {
    name: `tells clients not to repeat what may have been billed (${way})`,
    ...gateway(way, stop, { timeoutMs: 300 }),
    requests: [
      chat({ upstream: failure(500) }),
      chat({ upstream: failure(502) }),
      chat({ upstream: failure(503) }),
      chat({ upstream: failure(503, "service_unavailable") }),
      chat({ upstream: failure(429, "rate_limit", [["retry-after", "7"]]) }),
      chat({ upstream: failure(529, "overloaded_error") }),
      chat({ upstream: failure(500, "server_error", [["x-should-retry", "true"]]) }),
      chat({ upstream: { kind: "reset", after: "request" } }),
      chat({ upstream: { kind: "hang" } }),
      chat({ upstream: failure(400, "invalid") }),
      chat(),
    ],
    expect: {
      requests: [
        { status: 500, headers: told },
        { status: 502, headers: told },
        { status: 503, headers: told },
        { status: 503, headers: untold },
        { status: 429, headers: { ...untold, "retry-after": "7" } },
        { status: 529, headers: untold },
        { status: 500, headers: { "x-should-retry": "true", "x-ai-retry-verdict": null } },
        { status: 503, headers: told },
        { status: 504, headers: told },
        { status: 400, headers: untold },
        { status: 200, headers: untold },
      ],
    },
  },
  {
    name: `tells clients nothing of connections that were refused (${way})`,
    ...gateway(way, stop, { refused: true }),
    requests: [chat()],
    expect: {
      requests: [
        {
          status: 503,
          headers: untold,
          filterState: { "sluice.retry_verdict": "safe", "sluice.retry_reason": "never_sent" },
        },
      ],
    },
  },
  {
    name: `learns which errors a provider does not bill (${way})`,
    ...gateway(way, {
      ...stop,
      notBilled: [
        { status: 500, errorTypes: ["capacity*"] },
        { status: 500, providers: ["anthropic"] },
      ],
    }),
    requests: [
      chat({ upstream: failure(500, "capacity_exceeded") }),
      chat({ upstream: failure(500) }),
      call("/v1/messages"),
    ].map((request, at) => (at === 2 ? { ...request, upstream: failure(500) } : request)),
    expect: { requests: [{ headers: untold }, { headers: told }, { headers: untold }] },
  },
  {
    name: `removes marks that an upstream forges (${way})`,
    ...gateway(way, enforce),
    requests: [
      chat({
        upstream: answer({
          headers: [...json, ["x-ai-fallback", "true"], ["x-ai-replayed", "true"], ["x-ai-retry-verdict", "safe"]],
        }),
      }),
    ],
    expect: {
      requests: [
        { status: 200, headers: { "x-ai-fallback": null, "x-ai-replayed": null, "x-ai-retry-verdict": null } },
      ],
    },
  },
  {
    name: `answers in place of a failure in the caller's API (${way})`,
    ...gateway(way, canned(["connect-failure"]), { refused: true }),
    requests: [
      call("/v1/chat/completions"),
      call("/v1/chat/completions", { stream: true, stream_options: { include_usage: true } }),
      call("/v1/completions", { prompt: "x" }),
      call("/v1/responses", { input: "x" }),
      call("/v1/responses", { input: "x", stream: true }),
      call("/v1/messages"),
      call("/v1/messages", { stream: true }),
      call("/v1beta/models/gemini-2.5-pro:generateContent"),
      call("/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse"),
      call("/v1beta/models/gemini-2.5-pro:streamGenerateContent"),
      call("/model/anthropic.claude/converse"),
      call("/v2/chat", {}, []),
      call("/v2/chat", { stream: true }),
      call("/api/chat", { stream: false }),
      call("/api/chat"),
      call("/v1/embeddings", { input: "x" }),
    ],
    expect: {
      requests: [
        { status: 200, headers: plain, body: { contains: `"content":"${quoted}"` }, filterState: { "sluice.fallback": "true" } }, // prettier-ignore
        { status: 200, headers: sse, body: { regex: "data: \\{.*data: \\[DONE\\]\\n\\n" } },
        { status: 200, headers: plain, body: { contains: `"text":"${quoted}"` } },
        { status: 200, headers: plain, body: { contains: '"type":"output_text"' } },
        { status: 200, headers: sse, body: { contains: "event: response.completed" } },
        { status: 200, headers: plain, body: { contains: '"stop_reason":"end_turn"' } },
        { status: 200, headers: sse, body: { contains: "event: message_stop" } },
        { status: 200, headers: plain, body: { contains: '"modelVersion":"gemini-2.5-pro"' } },
        { status: 200, headers: sse, body: { contains: 'data: {"candidates"' } },
        { status: 200, headers: plain, body: { contains: '[{"candidates"' } },
        { status: 200, headers: plain, body: { contains: '"stopReason":"end_turn"' } },
        { status: 200, headers: plain, body: { contains: '"finish_reason":"COMPLETE"' } },
        { status: 200, headers: sse, body: { contains: "event: message-end" } },
        { status: 200, headers: plain, body: { contains: '"done":true' } },
        { status: 200, headers: { "content-type": "application/x-ndjson" }, body: { contains: '"done":true' } },
        { status: 503, headers: { "x-ai-fallback": null } },
      ],
      metrics: { "reason=.=never_sent;.;model=.=other;.;sluice.fallbacks": 15 },
    },
  },
  {
    name: `answers in place of the failures that are named, and no others (${way})`,
    ...gateway(way, canned(["timeout", "throttled"], { match: { models: ["gpt-4o*"] } }), { timeoutMs: 300 }),
    requests: [
      chat({ upstream: { kind: "hang" } }),
      chat({ upstream: failure(429, "rate_limit") }),
      chat({ upstream: failure(500) }),
      chat({ upstream: { kind: "hang" } }, { model: "o1" }),
      chat({ upstream: { kind: "reset", after: "request" } }),
    ],
    expect: {
      requests: [
        { status: 200, headers: plain },
        { status: 200, headers: plain },
        { status: 500, headers: { "x-ai-fallback": null } },
        { status: 504, headers: { "x-ai-fallback": null } },
        { status: 503, headers: { "x-ai-fallback": null } },
      ],
    },
  },
  {
    name: `answers with an error in the caller's shape where the status says so (${way})`,
    ...gateway(way, canned(["server-error"], { status: 503 }), { upstream: failure(500) }),
    requests: [call("/v1/chat/completions"), call("/v1/messages")],
    expect: {
      requests: [
        { status: 503, headers: { "x-ai-fallback": "true", "x-should-retry": "false" }, body: { contains: '"type":"server_error"' } }, // prettier-ignore
        { status: 503, headers: { "x-ai-fallback": "true" }, body: { contains: '"type":"api_error"' } },
      ],
    },
  },
  {
    name: `answers nothing in shadow (${way})`,
    ...gateway(
      way,
      { fallback: [{ on: ["server-error"], body: "x" }], clientRetries: "stop" },
      { upstream: failure(500) },
    ),
    requests: [chat()],
    expect: { requests: [{ status: 500, headers: { ...untold, "x-ai-fallback": null } }] },
  },
]);
