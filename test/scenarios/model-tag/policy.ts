// Which models are let through, who may say what, and what is never touched.
import type { HeaderList, RequestSpec, Scenario } from "../../../harness/scenario/scenario.ts";
import { answer, gateway, modelTag, type Way } from "./chains.ts";

const json: HeaderList = [["content-type", "application/json"]];

const chat = (model: string, more: Partial<RequestSpec> = {}): RequestSpec => ({
  protocol: "h1",
  method: "POST",
  path: "/v1/chat/completions",
  headers: json,
  body: JSON.stringify({ model, messages: [] }),
  ...more,
});

const enforced = { models: { allow: ["gpt-4o*"], onUnknown: "reject" } };

/** Both ways of holding must do the same. */
export const policy: Scenario[] = (["pair", "flag"] as Way[]).flatMap((way): Scenario[] => [
  {
    name: `routes by the model in the body (${way})`,
    ...gateway(way),
    requests: [chat("canary"), chat("gpt-4o"), chat("canary", { protocol: "h2", end: "empty-data" })],
    expect: {
      requests: [
        { status: 200, upstream: { cluster: "canary" } },
        { status: 200, upstream: { cluster: "primary" } },
        { status: 200, upstream: { cluster: "canary" } },
      ],
    },
  },
  {
    name: `says that Envoy chooses the route anew in any case (${way})`,
    ...gateway(way, { clearRouteCache: false }),
    requests: [chat("canary")],
    expect: {
      requests: [{ status: 200, upstream: { cluster: "canary", headers: { "x-ai-model": "canary" } } }],
      log: ["clearRouteCache: Envoy chooses the route anew"],
    },
  },
  {
    name: `removes the headers that clients forge, on calls and on all else (${way})`,
    ...gateway(way),
    requests: [
      chat("gpt-4o", { headers: [...json, ["x-ai-model", "canary"], ["x-ai-tier", "vip"], ["x-ai-variant", "v"]] }),
      {
        protocol: "h1",
        method: "GET",
        path: "/health",
        headers: [
          ["x-ai-model", "canary"],
          ["x-ai-provider", "openai"],
        ],
      },
    ],
    expect: {
      requests: [
        {
          status: 200,
          upstream: {
            cluster: "primary",
            headers: { "x-ai-model": "gpt-4o", "x-ai-tier": null, "x-ai-variant": null },
          },
        },
        {
          status: 200,
          upstream: {
            cluster: "primary",
            headers: { "x-ai-model": null, "x-ai-provider": null, "x-ai-request-type": null },
          },
        },
      ],
    },
  },
  {
    name: `sees models under their aliases (${way})`,
    ...gateway(way, {
      aliases: [
        { match: "gpt-4o-2024-*", model: "gpt-4o" },
        { match: "gpt-4o*", model: "other-4o" },
      ],
    }),
    requests: [chat("gpt-4o-2024-08-06"), chat("gpt-4o-mini")],
    expect: {
      requests: [
        { upstream: { headers: { "x-ai-model": "gpt-4o" }, body: "same" } },
        { upstream: { headers: { "x-ai-model": "other-4o" } } },
      ],
    },
  },
  {
    name: `tells the model that answered (${way})`,
    ...gateway(way),
    requests: [
      chat("gpt-4o"),
      chat("gpt-4o", {
        upstream: {
          kind: "answer",
          headers: [["content-type", "text/event-stream"]],
          body: 'data: {"model":"late"}\n\n',
        },
      }),
      chat("gpt-4o", { upstream: { kind: "answer", status: 500, headers: json, body: '{"error":{"message":"no"}}' } }),
    ],
    expect: {
      requests: [
        { headers: { "x-ai-model": "answered" } },
        { headers: { "x-ai-model": "gpt-4o" }, body: "same" },
        { status: 500, headers: { "x-ai-model": "gpt-4o" }, body: "same" },
      ],
    },
  },
  {
    name: `refuses models that are not on the list, in the caller's own API (${way})`,
    ...gateway(way, enforced),
    requests: [
      chat("gpt-4o-mini"),
      chat("llama"),
      chat("claude", { path: "/v1/messages" }),
      { ...chat(""), path: "/v1beta/models/gemini-2.5-pro:generateContent", body: "{}" },
      chat("", { body: '{"messages":[]}' }),
      chat("", { body: '{"model":"gpt-4o","model":"llama"}' }),
      chat("", { body: '{"messages":[}' }),
    ],
    expect: {
      requests: [
        { status: 200 },
        {
          status: 404,
          upstream: null,
          body: { contains: '"code":"model_not_found"' },
          responseCodeDetails: { regex: ".*sluice_model_not_allowed.*" },
        },
        { status: 404, upstream: null, body: { contains: '{"type":"error","error":{"type":"not_found_error"' } },
        { status: 404, upstream: null, body: { contains: '"status":"NOT_FOUND"' } },
        { status: 404, upstream: null },
        { status: 400, upstream: null, body: { contains: '"code":"ambiguous_model"' } },
        { status: 400, upstream: null, body: { contains: '"code":"unreadable_model"' } },
      ],
      metrics: { "api=.=openai-chat;.;model=.=other;.;request_type=.=chat;.;status=.=refused;.;sluice.requests": 4 },
    },
  },
  {
    name: `tags models that are not on the list as other (${way})`,
    ...gateway(way, { models: { allow: ["gpt-4o*"], onUnknown: "tag-other" } }),
    requests: [chat("llama"), chat("gpt-4o")],
    expect: {
      requests: [
        { upstream: { headers: { "x-ai-model": "other" } } },
        { upstream: { headers: { "x-ai-model": "gpt-4o" } } },
      ],
    },
  },
  {
    name: `tags tiers by rule, the first match wins (${way})`,
    ...gateway(way, {
      trustedHeaders: ["x-user-tier", "x-testing"],
      tier: [
        { when: { headers: { "x-testing": "true" } }, value: "test" },
        { when: { headers: { "x-user-tier": "vip" }, models: ["gpt-4o*"] }, value: "vip" },
      ],
    }),
    requests: [
      chat("gpt-4o", { headers: [...json, ["x-user-tier", "vip"]] }),
      chat("llama", { headers: [...json, ["x-user-tier", "vip"]] }),
      chat("gpt-4o", { headers: [...json, ["x-user-tier", "vip"], ["x-testing", "true"]] }),
    ],
    expect: {
      requests: [
        { upstream: { headers: { "x-ai-tier": "vip" } }, filterState: { "sluice.tier": "vip" } },
        { upstream: { headers: { "x-ai-tier": null } } },
        { upstream: { headers: { "x-ai-tier": "test" } } },
      ],
    },
  },
  {
    name: `knows consumers, their tiers and their models (${way})`,
    ...gateway(way, {
      trustedHeaders: ["x-team"],
      models: { onUnknown: "reject" },
      consumers: [
        {
          name: "research-bot",
          when: { header: { "x-team": "research" } },
          team: "research",
          project: "p1",
          tier: "gold",
          models: ["gpt-4o"],
        },
      ],
      defaultConsumer: "stranger",
    }),
    requests: [
      chat("gpt-4o", { headers: [...json, ["x-team", "research"]] }),
      chat("llama", { headers: [...json, ["x-team", "research"]] }),
      chat("llama"),
    ],
    expect: {
      requests: [
        {
          upstream: { headers: { "x-ai-tier": "gold" } },
          filterState: { "sluice.consumer": "research-bot", "sluice.team": "research", "sluice.project": "p1" },
        },
        { status: 404, upstream: null },
        { status: 200, filterState: { "sluice.consumer": "stranger" } },
      ],
    },
  },
  {
    name: `learns private paths (${way})`,
    ...gateway(way, { classify: [{ paths: ["/internal/llm/*"], requestType: "embedding", api: "openai-chat" }] }),
    requests: [chat("gpt-4o", { path: "/internal/llm/ask" }), chat("gpt-4o", { path: "/internal/other" })],
    expect: {
      requests: [
        { upstream: { headers: { "x-ai-model": "gpt-4o", "x-ai-request-type": "embedding" } } },
        { upstream: { headers: { "x-ai-model": null, "x-ai-request-type": null } } },
      ],
    },
  },
  {
    name: `tags everything when it is told to (${way})`,
    ...gateway(way, { tagAll: true }),
    requests: [{ protocol: "h1", method: "GET", path: "/health" }],
    expect: {
      requests: [{ status: 200, upstream: { headers: { "x-ai-model": "unknown", "x-ai-request-type": "chat" } } }],
    },
  },
  {
    name: `writes to other headers when they are renamed (${way})`,
    ...gateway(way, { headers: { model: "x-llm", requestType: "x-llm-type" } }),
    requests: [chat("gpt-4o", { headers: [...json, ["x-llm", "forged"]] })],
    expect: {
      requests: [
        {
          upstream: { headers: { "x-llm": "gpt-4o", "x-llm-type": "chat", "x-ai-model": null } },
          headers: { "x-llm": "answered", "x-ai-model": null },
        },
      ],
    },
  },
  {
    name: `never holds what must not be held (${way})`,
    ...gateway(way),
    requests: [
      { protocol: "h1", method: "GET", path: "/v1/models" },
      { protocol: "h1", method: "DELETE", path: "/v1/files/f" },
      { protocol: "h1", method: "GET", path: "/healthz", headers: [["x-ai-model", "canary"]] },
      {
        protocol: "h2",
        method: "POST",
        path: "/inference.GRPCInferenceService/ModelInfer",
        headers: [
          ["content-type", "application/grpc"],
          ["te", "trailers"],
        ],
        body: { base64: "AAAAAAA=" },
      },
      chat("", { body: "" }),
      {
        protocol: "h1",
        method: "POST",
        path: "/upload",
        headers: [["content-type", "application/octet-stream"]],
        body: { repeat: "x", times: 100_000 },
      },
    ],
    expect: {
      requests: [
        { status: 200, upstream: { headers: { "x-ai-model": null } } },
        { status: 200, upstream: { headers: { "x-ai-model": null } } },
        { status: 200, upstream: { cluster: "primary", headers: { "x-ai-model": null } } },
        { status: 200, upstream: { body: "same" } },
        { status: 200, upstream: { headers: { "x-ai-model": "unknown" } } },
        { status: 200, upstream: { headers: { "x-ai-model": null }, body: "same" } },
      ],
    },
  },
  {
    name: `holds the answer to a first request that has no body but trailers (${way})`,
    ...gateway(way),
    requests: [
      chat("", {
        protocol: "h2",
        body: "",
        end: "empty-data",
        trailers: [["x-end", "1"]],
        upstream: { ...answer("answered"), trailers: [["x-sum", "1"]] },
      }),
    ],
    expect: { requests: [{ status: 200, headers: { "x-ai-model": "answered" }, trailers: { "x-sum": "1" } }] },
  },
  {
    name: `counts calls by what they are and became (${way})`,
    chain: modelTag(way, { models: { allow: ["gpt-4o"] } }),
    routes: [{ cluster: "primary" }],
    clusters: [{ name: "primary", upstream: answer("gpt-4o") }],
    requests: [
      chat("gpt-4o"),
      chat("gpt-4o", { upstream: { kind: "answer", status: 429, headers: json, body: "{}" } }),
      chat("never-seen", { upstream: { kind: "answer", status: 503, headers: json, body: "{}" } }),
    ],
    expect: {
      metrics: {
        "api=.=openai-chat;.;model=.=gpt-4o;.;request_type=.=chat;.;status=.=2xx;.;sluice.requests": 1,
        "api=.=openai-chat;.;model=.=gpt-4o;.;request_type=.=chat;.;status=.=429;.;sluice.requests": 1,
        "api=.=openai-chat;.;model=.=other;.;request_type=.=chat;.;status=.=5xx;.;sluice.requests": 1,
      },
    },
  },
]);
