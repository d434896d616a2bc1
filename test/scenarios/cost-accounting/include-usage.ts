// Streams are asked for their usage, and whoever did not ask never sees that.
import type { ChunkSpec, RequestExpectation, RequestSpec, Scenario } from "../../../harness/scenario/scenario.ts";
import { type Config, gateway, json, metric, prices, type Way } from "./chains.ts";

const sse: [string, string][] = [["content-type", "text/event-stream"]];
const asked = '"stream_options":{"include_usage":true}';

interface Style {
  newline?: string;
  /** Behind the last data line; default a blank line. */
  last?: string;
  done?: boolean;
}

/** What a server of OpenAI's chat streams: without the chunk of usage, and with it. */
function stream({ newline = "\n", last, done = true }: Style = {}): { plain: string; whole: string } {
  const event = (data: unknown): string =>
    `data: ${typeof data === "string" ? data : JSON.stringify(data)}${newline}${newline}`;
  const chunk = (members: Record<string, unknown>): unknown => ({
    id: "c",
    object: "chat.completion.chunk",
    model: "m",
    ...members,
  });
  const delta = (content: string): unknown => chunk({ choices: [{ index: 0, delta: { content } }], usage: null });
  const first = event(delta("One")) + `: ping${newline}${newline}` + event(delta('say "usage":{} "choices":[]'));
  const stop = event(chunk({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }], usage: null }));
  const usage = event(
    chunk({ choices: [], usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 } }),
  );
  const end = done ? event("[DONE]") : "";
  const trim = (text: string): string => (last === undefined ? text : text.slice(0, -2 * newline.length) + last);
  return { plain: trim(first + stop + end), whole: trim(first + stop + usage + end) };
}

const body = (more: string): string =>
  `{"model":"m","messages":[{"role":"user","content":"Hello"}],"stream":true${more}}`;

interface Case {
  name: string;
  way: Way;
  config?: Config;
  /** Members behind `stream`, as they are sent and as they must arrive. */
  sent?: string;
  arrives?: string;
  style?: Style;
  /** Whether the client sees the chunk of usage. Default false. */
  sees?: boolean;
  pieces?: number;
  request?: Partial<RequestSpec>;
  framing?: "content-length" | "chunked";
  expect?: Partial<RequestExpectation>;
  headers?: [string, string][];
}

function scenario(it: Case): Scenario {
  const { plain, whole } = stream(it.style);
  const sent = body(it.sent ?? "");
  const arrives = body(it.arrives ?? `,${asked}`);
  const chunks = it.pieces === undefined ? undefined : cut(whole, it.pieces);
  return {
    name: it.name,
    ...gateway(it.way, { prices, ...it.config }),
    requests: [
      {
        ...{ protocol: "h1", method: "POST", path: "/v1/chat/completions", headers: json, body: sent },
        ...it.request,
        upstream: {
          ...{ kind: "answer", headers: it.headers ?? sse, framing: it.framing ?? "chunked", body: whole },
          ...(chunks === undefined ? {} : { chunks }),
        },
      },
    ],
    expect: {
      requests: [
        {
          ...{ status: 200, body: { is: it.sees === true ? whole : plain } },
          upstream: { body: { is: arrives } },
          filterState: { "sluice.usage_status": "complete", "sluice.input_tokens": "1000", "sluice.cost": "0.002" },
          ...it.expect,
        },
      ],
    },
  };
}

function cut(text: string, bytes: number): ChunkSpec[] {
  return Array.from({ length: Math.ceil(text.length / bytes) }, () => ({ bytes, afterMs: 1 }));
}

const cases: Case[] = [
  { name: "asks a stream for its usage and takes it out of the answer", way: "pair" },
  { name: "asks a stream for its usage and takes it out of the answer, with the flag", way: "flag" },
  { name: "asks over HTTP/2", way: "pair", request: { protocol: "h2" } },
  { name: "asks over HTTP/2 with an empty last frame", way: "flag", request: { protocol: "h2", end: "empty-data" } },
  {
    name: "asks where the body comes in chunks",
    way: "pair",
    request: { framing: "chunked", chunks: [{ bytes: 10 }, { bytes: 5, afterMs: 5 }] },
  },
  { name: "takes the chunk out of a stream that comes in pieces of 7 bytes", way: "pair", pieces: 7 },
  { name: "takes the chunk out of a stream that comes in pieces of 1 byte", way: "flag", pieces: 1 },
  { name: "takes the chunk out of a stream that comes at once", way: "flag", pieces: 100_000 },
  { name: "takes the chunk out of a stream with CRLF", way: "pair", style: { newline: "\r\n" }, pieces: 11 },
  { name: "takes the chunk out of a stream with lone CRs", way: "flag", style: { newline: "\r" }, pieces: 13 },
  {
    name: "takes the chunk out of a stream whose last event no blank line ends",
    way: "pair",
    style: { last: "" },
    pieces: 64,
  },
  {
    name: "takes out a last chunk that no blank line ends",
    way: "flag",
    style: { done: false, last: "" },
    expect: { body: { regex: '.*"stop"\\}\\],"usage":null\\}\n\n' } },
  },
  {
    name: "takes the chunk out of a stream of declared length",
    way: "pair",
    framing: "content-length",
    expect: { headers: { "content-length": null } },
  },
  { name: "fills stream_options that are empty", way: "pair", sent: ',"stream_options":{}', arrives: `,${asked}` },
  {
    name: "fills stream_options that are null",
    way: "flag",
    sent: ',"stream_options":null,"n":1',
    arrives: `,${asked},"n":1`,
  },
  {
    name: "keeps what else stream_options say",
    way: "pair",
    sent: ',"stream_options": {"x":[1]}',
    arrives: ',"stream_options": {"include_usage":true,"x":[1]}',
  },
  {
    name: "turns a no into a yes, and answers as to a no",
    way: "flag",
    sent: ',"stream_options":{"a":1,"include_usage": false }',
    arrives: ',"stream_options":{"a":1,"include_usage": true }',
  },
  { name: "leaves a stream alone that asked by itself", way: "pair", sent: `,${asked}`, sees: true },
  {
    name: "lets the caller see the usage where it is told to",
    way: "pair",
    config: { includeUsage: "inject" },
    sees: true,
  },
  {
    name: "asks for nothing where it is told to",
    way: "flag",
    config: { includeUsage: "off" },
    arrives: "",
    sees: true,
  },
  {
    name: "asks by model and host",
    way: "pair",
    config: { includeUsage: [{ models: ["m"], hosts: ["gateway.test"], use: "off" }] },
    arrives: "",
    sees: true,
  },
  {
    name: "leaves alone what lies beyond the bounds",
    way: "flag",
    config: { maxHeldBytes: 1024 },
    sent: `,"x":"${"y".repeat(3000)}"`,
    arrives: `,"x":"${"y".repeat(3000)}"`,
    sees: true,
  },
  {
    name: "leaves alone what lies beyond the bounds of a pair",
    way: "pair",
    config: { maxHeldBytes: 1024 },
    sent: `,"x":"${"y".repeat(3000)}"`,
    arrives: `,"x":"${"y".repeat(3000)}"`,
    sees: true,
  },
  {
    name: "leaves stream_options alone that are none",
    way: "pair",
    sent: ',"stream_options":"all"',
    arrives: ',"stream_options":"all"',
    sees: true,
  },
];

const comment =
  ': sluice {"input_tokens":1000,"output_tokens":100,"cached_input_tokens":0,"cost":"0.002","currency":"USD"}\n\n';

const refusal: RequestSpec["upstream"] = {
  ...{ kind: "answer", status: 400, headers: json },
  body: '{"error":{"message":"Extra inputs are not permitted: stream_options"}}',
  chunks: [{ bytes: 60 }, { bytes: 4, afterMs: 1 }],
};

const ask = (more: Partial<RequestSpec> = {}): RequestSpec => ({
  ...{ protocol: "h1", method: "POST", path: "/v1/chat/completions", headers: json, body: body("") },
  upstream: { kind: "answer", headers: sse, framing: "chunked", body: stream().plain },
  ...more,
});

export const includeUsage: Scenario[] = [
  ...cases.map(scenario),
  {
    name: "leaves an upstream alone that does not know stream_options, and counts it",
    ...gateway("pair", { prices }),
    requests: [ask({ upstream: refusal }), ask(), ask({ body: body("").replace('"m"', '"n"') })],
    expect: {
      requests: [
        { status: 400, upstream: { body: { is: body(`,${asked}`) } } },
        {
          status: 200,
          body: "same",
          upstream: { body: { is: body("") } },
          filterState: { "sluice.usage_status": "estimated" },
        },
        { status: 200, upstream: { body: { is: body(`,${asked}`).replace('"m"', '"n"') } } },
      ],
      metrics: { [metric("sluice.errors", { filter: "cost-accounting", kind: "stream_options_refused" })]: 1 },
    },
  },
  {
    name: "asks nothing of calls that are no streams, and of APIs that do not know it",
    ...gateway("flag", { prices }),
    requests: [
      ask({ body: body("").replace("true", "false") }),
      ask({ path: "/v1/messages" }),
      ask({ path: "/v1/responses" }),
      ask({ path: "/v1/completions", body: '{"model":"m","prompt":"x","stream":true}' }),
    ],
    expect: {
      requests: [
        { upstream: { body: "same" } },
        { upstream: { body: "same" } },
        { upstream: { body: "same" } },
        { upstream: { body: { is: `{"model":"m","prompt":"x","stream":true,${asked}}` } } },
      ],
    },
  },
  {
    name: "ends streams with a comment where it is told to",
    ...gateway("pair", { prices, streamComment: true }),
    requests: [
      ask({
        upstream: {
          kind: "answer",
          headers: sse,
          framing: "chunked",
          body: stream().whole,
          chunks: cut(stream().whole, 50),
        },
      }),
      ask({
        body: body(`,${asked}`),
        upstream: { kind: "answer", headers: sse, framing: "chunked", body: stream().whole },
      }),
      ask({ upstream: { kind: "answer", headers: sse, framing: "chunked", body: stream({ last: "" }).whole } }),
    ],
    expect: {
      requests: [
        { body: { is: stream().plain + comment } },
        { body: { is: stream().whole + comment } },
        { body: { is: stream({ last: "" }).plain } },
      ],
    },
  },
];
