// Variants: who gets which, what is written into the body, and when one is taken out.
import type { HeaderList, Json, PluginSpec, RequestSpec, Scenario } from "../../../harness/scenario/scenario.ts";
import { modelTag, type Way } from "./chains.ts";

const json: HeaderList = [["content-type", "application/json"]];
const ask = (model: string, more: Partial<RequestSpec> = {}, headers: HeaderList = []): RequestSpec => ({
  protocol: "h1",
  method: "POST",
  path: "/v1/chat/completions",
  headers: [...json, ...headers],
  body: JSON.stringify({ model, messages: [] }),
  ...more,
});

const good = JSON.stringify({
  model: "its-own-name",
  choices: [],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
});
const answered: RequestSpec["upstream"] = { kind: "answer", headers: json, body: good };
const failed: RequestSpec["upstream"] = {
  kind: "answer",
  status: 503,
  headers: json,
  body: '{"error":{"message":"no"}}',
};
const cut: RequestSpec["upstream"] = {
  kind: "answer",
  headers: [["content-type", "text/event-stream"]],
  framing: "chunked",
  body: 'data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: {"choices":[{"delta":{"content":"b"}}]}\n\n',
  chunks: [{ bytes: 49 }, { bytes: 49, afterMs: 20 }],
  cutAfterChunks: 1,
};
const errorInStream: RequestSpec["upstream"] = {
  kind: "answer",
  headers: [["content-type", "text/event-stream"]],
  body: 'data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: {"error":{"message":"overloaded","type":"server_error"}}\n\n',
};

function gateway(way: Way, split: Json): Pick<Scenario, "chain" | "routes" | "clusters"> {
  const config = { models: { allow: ["gpt-4o", "llama"] }, trustedHeaders: ["x-user", "x-user-tier"], split: [split] };
  return {
    chain: modelTag(way, config),
    routes: [{ headers: [{ name: "x-ai-variant", exact: "canary" }], cluster: "canary" }, { cluster: "stable" }],
    clusters: [
      { name: "stable", upstream: answered },
      { name: "canary", upstream: answered },
    ],
  };
}

const all = (variant: string, more: Record<string, Json> = {}) => ({
  name: "s",
  match: { models: ["gpt-4o*"] },
  key: ["header:x-user"],
  variants: [
    { name: "stable", percent: variant === "stable" ? 100 : 0 },
    { name: "canary", percent: variant === "canary" ? 100 : 0, ...more },
  ],
});

/** Who takes the canary whatever the shares are: by a header that a trusted hop sets, and by one that any caller may. */
const reserved: Json = {
  name: "s",
  match: { models: ["gpt-4o*"] },
  key: ["header:x-user"],
  variants: [
    { name: "stable", percent: 100 },
    { name: "canary", percent: 0, always: { headers: { "x-user-tier": "vip" } } },
    { name: "tests", percent: 0, always: { headers: { "x-testing": "true" }, paths: ["/v1/*"] } },
  ],
};

const long = "x".repeat(300_000);
const rewritten = (body: string) => ({
  status: 200,
  // The caller is told the model that answered, in the body as it came.
  headers: { "x-ai-model": "its-own-name" },
  body: { is: good },
  upstream: { cluster: "canary", headers: { "x-ai-variant": "canary", "x-ai-model": "gpt-4o" }, body: { is: body } },
});

const rollback = (minCalls: number): Json => ({ variant: "canary", errorRate: "0.5", window: "5m", minCalls });
const broken = (minCalls: number) => gateway("flag", { ...all("canary"), rollback: rollback(minCalls) });

/** The old configuration still ends its connections when the new one has the say: the gauge is the new one's. */
const rearmed: Scenario = {
  name: "arms a variant anew when the configuration changes",
  ...broken(2),
  requests: [
    ask("gpt-4o", { upstream: failed }),
    ask("gpt-4o", { upstream: failed }),
    ask("gpt-4o"),
    ask("gpt-4o"),
    ask("gpt-4o", { upstream: { kind: "answer", headers: json, body: good, delayMs: 1500 } }),
  ],
  updates: [{ afterRequest: 2, plugin: "model-tag", config: (broken(3).chain[0] as PluginSpec).config ?? {} }],
  expect: {
    requests: [
      { status: 503, upstream: { cluster: "canary" } },
      { status: 503, upstream: { cluster: "canary" } },
      { status: 200, upstream: { cluster: "stable" } },
      { status: 200, upstream: { cluster: "canary" } },
      { status: 200, upstream: { cluster: "canary" } },
    ],
    metrics: { "split=.=s;.;variant=.=canary;.;sluice.split_rolled_back": 0 },
    log: ["split s: variant canary failed too often"],
  },
};

const both: Scenario[] = (["pair", "flag"] as Way[]).flatMap((way): Scenario[] => [
  {
    name: `sends a share of the calls to a variant (${way})`,
    ...gateway(way, all("canary")),
    requests: [
      ask("gpt-4o", {}, [["x-ai-variant", "stable"]]),
      ask("llama"),
      { protocol: "h1", method: "GET", path: "/" },
    ],
    expect: {
      requests: [
        {
          upstream: { cluster: "canary", headers: { "x-ai-variant": "canary" } },
          filterState: { "sluice.variant": "canary" },
        },
        { upstream: { cluster: "stable", headers: { "x-ai-variant": null } } },
        { upstream: { cluster: "stable", headers: { "x-ai-variant": null } } },
      ],
      metrics: { "split=.=s;.;variant=.=canary;.;outcome=.=ok;.;sluice.variant.requests": 1 },
    },
  },
  {
    name: `gives VIPs their variant whatever the shares are (${way})`,
    ...gateway(way, reserved),
    requests: [
      ask("gpt-4o", {}, [["x-user-tier", "vip"]]),
      ask("gpt-4o"),
      ask("gpt-4o", {}, [["x-testing", "true"]]),
      ask("gpt-4o", {}, [["x-ai-variant", "canary"]]),
      ask("gpt-4o", {}, [["x-ai-tier", "vip"]]),
      ask("llama", {}, [["x-ai-variant", "canary"]]),
    ],
    expect: {
      requests: [
        { upstream: { cluster: "canary", headers: { "x-ai-variant": "canary" } } },
        { upstream: { cluster: "stable", headers: { "x-ai-variant": "stable" } } },
        // Nobody vouches for this header: whoever sends it is a caller like the others.
        { upstream: { cluster: "stable", headers: { "x-ai-variant": "stable" } } },
        { upstream: { cluster: "stable", headers: { "x-ai-variant": "stable" } } },
        { upstream: { cluster: "stable", headers: { "x-ai-variant": "stable", "x-ai-tier": null } } },
        { upstream: { cluster: "stable", headers: { "x-ai-variant": null } } },
      ],
    },
  },
  {
    name: `writes the variant's own name of the model into the body (${way})`,
    gateway: { bufferLimit: 32_768 },
    ...gateway(way, all("canary", { rewrite: "llama-3.3-70b" })),
    requests: [
      ask("gpt-4o"),
      ask("", { body: '{ "messages": [], "model" : "gpt-4o" , "stream": false }', framing: "chunked" }),
      ask("", { body: `{"messages":"${long}","model":"gpt-4o"}`, protocol: "h2" }),
      ask("", { body: `{"messages":"${long}","model":"gpt-4o"}` }),
      ask("", {
        body: '{"model":"gpt-4o","messages":[]}',
        protocol: "h2",
        chunks: [{ bytes: 5 }, { bytes: 7, afterMs: 5 }, { bytes: 9, afterMs: 5 }],
      }),
      { ...ask(""), path: "/v1beta/models/gpt-4o:generateContent", body: "{}" },
    ],
    expect: {
      requests: [
        rewritten('{"model":"llama-3.3-70b","messages":[]}'),
        rewritten('{ "messages": [], "model" : "llama-3.3-70b" , "stream": false }'),
        rewritten(`{"messages":"${long}","model":"llama-3.3-70b"}`),
        rewritten(`{"messages":"${long}","model":"llama-3.3-70b"}`),
        rewritten('{"model":"llama-3.3-70b","messages":[]}'),
        // The path names the model: nothing can be written, so the call stays with who needs no other name.
        { status: 200, upstream: { cluster: "stable", headers: { "x-ai-variant": "stable" } } },
      ],
      metrics: { "filter=.=model-tag;.;kind=.=not_rewritable;.;sluice.errors": 1 },
    },
  },
  {
    name: `takes out a variant that fails too often, on all workers (${way})`,
    gateway: { workers: 2 },
    ...gateway(way, { ...all("canary"), rollback: rollback(4) }),
    requests: [
      ask("gpt-4o", { upstream: { ...(answered as object), delayMs: 300 } as RequestSpec["upstream"] }),
      ask("gpt-4o", { upstream: failed }),
      ask("gpt-4o", { upstream: errorInStream }),
      ask("gpt-4o", { upstream: cut }),
      ask("gpt-4o"),
      ask("gpt-4o", { worker: 1 }),
    ],
    expect: {
      requests: [
        { status: 200, upstream: { cluster: "canary" }, filterState: { "sluice.outcome": "ok" } },
        { status: 503, upstream: { cluster: "canary" }, filterState: { "sluice.outcome": "error" } },
        { status: 200, upstream: { cluster: "canary" }, filterState: { "sluice.outcome": "stream_error" } },
        { outcome: "reset", upstream: { cluster: "canary" }, filterState: { "sluice.outcome": "truncated" } },
        { status: 200, upstream: { cluster: "stable", headers: { "x-ai-variant": "stable" } } },
        { status: 200, upstream: { cluster: "stable", headers: { "x-ai-variant": "stable" } } },
      ],
      metrics: { "split=.=s;.;variant=.=canary;.;sluice.split_rolled_back": 1 },
      log: ["split s: variant canary failed too often"],
    },
  },
]);

export const variants: Scenario[] = [...both, rearmed];
