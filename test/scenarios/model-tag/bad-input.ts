// What is no good: each has a named answer, and the request goes on.
import type { BytesSpec, HeaderList, RequestSpec, Scenario } from "../../../harness/scenario/scenario.ts";
import { gateway, type Way } from "./chains.ts";

interface Row {
  name: string;
  body: BytesSpec;
  tag?: string;
  /** The kind under which it is counted; absent: it is not. */
  counted?: string;
  headers?: HeaderList;
  source?: string;
}

const deep = (open: string, close: string, times: number): BytesSpec => ({
  parts: ['{"messages":', { repeat: open, times }, { repeat: close, times }, ',"model":"gpt-4o"}'],
});

const rows: Row[] = [
  { name: "a body that is no JSON", body: "model=gpt-4o&x=1", counted: "invalid_json" },
  { name: "JSON that ends too early", body: '{"messages": [{"role": "user"', counted: "invalid_json" },
  {
    name: "JSON that is broken before its model",
    body: '{"messages": [}, "model": "gpt-4o"}',
    counted: "invalid_json",
  },
  {
    name: "JSON that is broken behind its model",
    body: '{"model": "gpt-4o", "messages": [}',
    tag: "gpt-4o",
    counted: "invalid_json",
  },
  { name: "a body of blanks", body: "   ", counted: "invalid_json" },
  { name: "an array at the root", body: '[{"model": "gpt-4o"}]' },
  { name: "a body without a model", body: '{"messages": []}' },
  { name: "arrays nested 10,000 deep", body: deep("[", "]", 10_000), tag: "gpt-4o" },
  {
    name: "objects nested 10,000 deep",
    body: {
      parts: ['{"a":', { repeat: '{"a":', times: 10_000 }, "1", { repeat: "}", times: 10_000 }, ',"model":"gpt-4o"}'],
    },
    tag: "gpt-4o",
  },
  { name: "a model that is a number", body: '{"model": 7}', counted: "invalid_model" },
  { name: "a model that is null", body: '{"model": null}', counted: "invalid_model" },
  { name: "a model that is an object", body: '{"model": {"model": "gpt-4o"}}', counted: "invalid_model" },
  { name: "an empty model", body: '{"model": ""}', counted: "invalid_model" },
  {
    name: "a model 10 KB long",
    body: { parts: ['{"model": "', { repeat: "m", times: 10_240 }, '"}'] },
    counted: "invalid_model",
  },
  {
    name: "a model of 256 bytes, the longest",
    body: { parts: ['{"model": "', { repeat: "m", times: 256 }, '"}'] },
    tag: "m".repeat(256),
  },
  { name: "a model with a control character", body: '{"model": "gpt\\u0000-4o"}', counted: "invalid_model" },
  { name: "a model with a line break", body: '{"model": "gpt\\r\\nx-evil: 1"}', counted: "invalid_model" },
  {
    name: "a model of invalid UTF-8",
    body: { parts: ['{"model": "gpt', { base64: "gP4=" }, '"}'] },
    counted: "invalid_model",
  },
  { name: "a model in another script", body: '{"model": "模型-四"}', tag: "模型-四" },
  { name: "two equal model keys", body: '{"model": "gpt-4o", "model": "gpt-4o"}', tag: "gpt-4o" },
  {
    name: "two different model keys, of which servers take the last",
    body: '{"model": "a", "model": "b"}',
    tag: "b",
    counted: "two_models",
  },
  { name: "an escaped model key", body: '{"\\u006dodel": "gpt-4o"}', tag: "gpt-4o" },
  {
    name: "a model inside a message",
    body: '{"messages": [{"model": "evil", "content": "\\"model\\": \\"evil\\""}], "model": "gpt-4o"}',
    tag: "gpt-4o",
  },
  { name: "a content type that lies", body: '{"model": "gpt-4o"}', headers: [["content-type", "text/plain"]] },
  { name: "no content type, which servers take for JSON", body: '{"model": "gpt-4o"}', headers: [], tag: "gpt-4o" },
  {
    name: "a form without its boundary",
    body: '{"model": "gpt-4o"}',
    headers: [["content-type", "multipart/form-data"]],
    counted: "invalid_json",
  },
  {
    name: "a compressed body",
    body: '{"model": "gpt-4o"}',
    headers: [
      ["content-type", "application/json"],
      ["content-encoding", "gzip"],
    ],
    counted: "compressed_body",
  },
  { name: "a byte order mark", body: { parts: [{ base64: "77u/" }, '{"model": "gpt-4o"}'] }, tag: "gpt-4o" },
];

const json: HeaderList = [["content-type", "application/json"]];

const request = (row: Row, more: Partial<RequestSpec> = {}): RequestSpec => ({
  name: row.name,
  protocol: "h1",
  method: "POST",
  path: "/v1/chat/completions",
  headers: row.headers ?? json,
  body: row.body,
  ...more,
});

const kinds = ["invalid_json", "invalid_model", "two_models", "compressed_body", "host_fault", "held_limit"];

/** All of them, whole over HTTP/1 and in small pieces over HTTP/2: the same answers, the same counts. */
export const badInput: Scenario[] = [
  { name: "survives bad input", more: {} },
  {
    name: "survives bad input in small pieces",
    more: { protocol: "h2" as const, chunks: Array.from({ length: 40 }, () => ({ bytes: 3 })) },
  },
].map(({ name, more }) => ({
  name,
  ...gateway("pair"),
  requests: rows.map((row) => request(row, more)),
  expect: {
    requests: rows.map((row) => ({
      status: 200,
      upstream: { headers: { "x-ai-model": row.tag ?? "unknown", "x-evil": null }, body: "same" as const },
    })),
    metrics: Object.fromEntries(
      kinds.map((kind) => [
        `filter=.=model-tag;.;kind=.=${kind};.;sluice.errors`,
        rows.filter((row) => row.counted === kind).length,
      ]),
    ),
  },
}));

/** Bodies beyond what may be held: tagged `unknown`, or refused where models are enforced. */
export const limits: Scenario[] = (["pair", "flag"] as Way[]).flatMap((way) => [
  {
    name: `lets a 10 MB body without a model pass in bounded memory (${way})`,
    ...gateway(way),
    requests: [
      request(
        { name: "", body: { parts: ['{"messages":"', { repeat: "x", times: 10_000_000 }, '"}'] } },
        { patienceMs: 20_000 },
      ),
    ],
    expect: {
      requests: [
        {
          status: 200,
          upstream: { headers: { "x-ai-model": "unknown" }, body: "same" },
          filterState: { "sluice.model_source": "limit" },
        },
      ],
      metrics: { "filter=.=model-tag;.;kind=.=held_limit;.;sluice.errors": 1 },
    },
  },
  {
    name: `refuses a body whose model lies beyond the bounds where models are enforced (${way})`,
    ...gateway(way, { maxHeldBytes: 4096, models: { allow: ["gpt-4o"], onUnknown: "reject" } }),
    requests: [
      request({ name: "", body: { parts: ['{"messages":"', { repeat: "x", times: 9000 }, '","model":"gpt-4o"}'] } }),
    ],
    expect: {
      requests: [
        {
          status: 413,
          upstream: null,
          body: { contains: '"code":"request_too_large"' },
          headers: { "x-should-retry": "false" },
        },
      ],
    },
  },
]);
