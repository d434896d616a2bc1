// Retries on the way to the upstream: who repeats what, and what the guard says of it.
import type { Json, RequestExpectation, Scenario } from "../../../harness/scenario/scenario.ts";
import {
  answer,
  bothWays,
  chat,
  copied,
  enforce,
  failure,
  gateway,
  istioDefault,
  json,
  safe,
  vetoInstance,
  wide,
} from "./chains.ts";

const verdict = (word: string, reason: string): NonNullable<RequestExpectation["filterState"]> => ({
  "sluice.retry_verdict": word,
  "sluice.retry_reason": reason,
});

const counted = (word: string, reason: string) => `reason=.=${reason};.;model=.=other;.;sluice.retry_guard.${word}`;

export const proxy: Scenario[] = bothWays.flatMap((way): Scenario[] => [
  {
    name: `changes nothing by default, and says what it sees (${way})`,
    ...gateway(way, {}, { retry: wide, upstream: failure(500) }),
    requests: [chat()],
    expect: {
      requests: [
        {
          status: 500,
          headers: { "x-should-retry": null, "x-ai-retry-verdict": null },
          upstream: { attempts: 3, headers: { "x-envoy-max-retries": null } },
          filterState: { ...verdict("unsafe", "server_error"), "sluice.attempts": "3" },
        },
      ],
      metrics: { [counted("unsafe", "server_error")]: 1, "model=.=other;.;sluice.retry_guard.attempts": 3 },
    },
  },
  {
    name: `lets nobody repeat a call, over any policy (${way})`,
    ...gateway(way, enforce, { retry: { ...wide, perTryTimeoutMs: 300 } }),
    requests: [
      chat({ upstream: failure(500) }),
      chat({ upstream: failure(503) }),
      chat({ upstream: failure(429, "rate_limit") }),
      chat({ upstream: failure(409, "conflict") }),
      chat({ upstream: { kind: "reset", after: "request" } }),
      chat({ upstream: { kind: "hang" } }),
      chat({
        upstream: answer({
          cutAfterChunks: 2,
          chunks: [{ bytes: 40 }, { bytes: 10, afterMs: 100 }],
          framing: "chunked",
        }),
      }),
      chat(),
    ],
    expect: {
      requests: [
        { status: 500, upstream: { attempts: 1 }, filterState: verdict("unsafe", "server_error") },
        { status: 503, upstream: { attempts: 1 }, filterState: verdict("unsafe", "server_error") },
        { status: 429, upstream: { attempts: 1 }, filterState: verdict("safe", "not_billed") },
        { status: 409, upstream: { attempts: 1 }, filterState: verdict("unknown", "client_error") },
        { status: 503, upstream: { attempts: 1 }, filterState: verdict("unsafe", "reset") },
        { status: 504, upstream: { attempts: 1 }, filterState: verdict("unsafe", "timeout") },
        { outcome: "reset", upstream: { attempts: 1 }, filterState: verdict("unsafe", "cut") },
        { status: 200, filterState: { "sluice.retry_verdict": null, "sluice.attempts": "1" } },
      ],
      metrics: { "model=.=other;.;sluice.retry_guard.retries_avoided": 5 },
    },
  },
  {
    name: `does not touch what is no AI call, but for forged headers (${way})`,
    ...gateway(way, enforce, { retry: wide, upstream: failure(500) }),
    requests: [
      { protocol: "h1", method: "POST", path: "/orders", headers: [...json, ["x-envoy-retry-on", "5xx"]], body: "{}" },
      {
        protocol: "h1",
        method: "GET",
        path: "/health",
        headers: [
          ["x-envoy-max-retries", "7"],
          ["x-envoy-upstream-rq-timeout-ms", "1"],
          ["x-envoy-upstream-rq-per-try-timeout-ms", "1"],
          ["x-envoy-hedge-on-per-try-timeout", "true"],
          ["x-envoy-retriable-status-codes", "200"],
          ["x-envoy-retriable-header-names", "x-a"],
          ["x-envoy-retry-grpc-on", "cancelled"],
          ["x-envoy-upstream-rq-timeout-alt-response", "1"],
        ],
      },
    ],
    expect: {
      requests: [
        { status: 500, upstream: { attempts: 3 } },
        { status: 500, upstream: { attempts: 3 } },
      ],
    },
  },
  {
    name: `guards other POSTs and PATCHes where it is told to (${way})`,
    ...gateway(way, { ...enforce, match: { paths: ["/orders*"] } }, { retry: wide, upstream: failure(500) }),
    requests: [
      { protocol: "h1", method: "POST", path: "/orders", headers: json, body: "{}" },
      { protocol: "h1", method: "PATCH", path: "/orders/1", headers: json, body: "{}" },
      { protocol: "h1", method: "PUT", path: "/orders/1", headers: json, body: "{}" },
      { protocol: "h1", method: "GET", path: "/orders/1" },
      { protocol: "h1", method: "POST", path: "/carts", headers: json, body: "{}" },
    ],
    expect: {
      requests: [
        { status: 500, upstream: { attempts: 1 }, filterState: verdict("unsafe", "server_error") },
        { status: 500, upstream: { attempts: 1 }, filterState: verdict("unsafe", "server_error") },
        { status: 500, upstream: { attempts: 3 }, filterState: { "sluice.retry_verdict": null } },
        { status: 500, upstream: { attempts: 3 } },
        { status: 500, upstream: { attempts: 3 } },
      ],
    },
  },
  {
    name: `leaves alone what is idempotent (${way})`,
    ...gateway(
      way,
      { ...enforce, idempotent: { requestTypes: ["embedding"], header: "x-once" } },
      { retry: wide, upstream: failure(500) },
    ),
    requests: [chat({ path: "/v1/embeddings" }, { input: "x" }), chat({ headers: [["x-once", "1"]] }), chat()],
    expect: {
      requests: [
        { status: 500, upstream: { attempts: 3 }, filterState: verdict("safe", "idempotent") },
        { status: 500, upstream: { attempts: 3 }, filterState: verdict("safe", "idempotent") },
        { status: 500, upstream: { attempts: 1 }, filterState: verdict("unsafe", "server_error") },
      ],
    },
  },
  {
    name: `asks for safe retries where the route has none (${way})`,
    ...gateway(way, safe),
    requests: [
      chat({ upstream: failure(500) }),
      chat({ upstream: failure(503) }),
      chat({ upstream: { kind: "reset", after: "request" } }),
      chat(),
    ],
    expect: {
      requests: [
        { status: 500, upstream: { attempts: 1 } },
        { status: 503, upstream: { attempts: 1 } },
        { status: 503, upstream: { attempts: 1 } },
        { status: 200, upstream: { attempts: 1 } },
      ],
      metrics: { "sluice.retry_guard.unsafe_policy": 0 },
    },
  },
  {
    name: `repeats refused connections with safe retries (${way})`,
    ...gateway(way, { ...safe, maxRetries: 3 }, { refused: true }),
    requests: [chat()],
    expect: {
      requests: [{ status: 503, upstream: null, filterState: { "sluice.attempts": "4" } }],
      log: [],
    },
  },
  {
    name: `is strict on a route whose policy bills twice, once it saw it (${way})`,
    ...gateway(way, safe, { retry: copied, upstream: failure(502) }),
    requests: [chat(), chat(), chat({ upstream: failure(500) }), chat()],
    expect: {
      requests: [
        { status: 502, upstream: { attempts: 3 }, filterState: { "sluice.attempts": "3" } },
        { status: 502, upstream: { attempts: 1 } },
        { status: 500, upstream: { attempts: 1 } },
        { status: 502, upstream: { attempts: 1 } },
      ],
      metrics: { "sluice.retry_guard.unsafe_policy": 1 },
      log: ["unsafe_retry_policy"],
    },
  },
  {
    name: `is on probation after a repeat that nobody explains, and finds the policy by the next failure (${way})`,
    ...gateway(way, safe, { retry: copied }),
    requests: [
      chat({ upstream: [failure(502), answer()] }),
      chat({ upstream: [failure(502), answer()] }),
      chat({ upstream: [failure(502), answer()] }),
    ],
    expect: {
      requests: [
        { status: 200, upstream: { attempts: 2 } },
        { status: 502, upstream: { attempts: 1 } },
        { status: 502, upstream: { attempts: 1 } },
      ],
      metrics: { "sluice.retry_guard.unsafe_policy": 1, "sluice.retry_guard.unexplained_retries": 1 },
    },
  },
  {
    name: `bills nothing twice over Istio's default policy (${way})`,
    ...gateway(way, safe, { retry: istioDefault }),
    requests: [chat({ upstream: failure(503) }), chat({ upstream: { kind: "reset", after: "request" } })],
    expect: {
      requests: [
        { status: 503, upstream: { attempts: 1 } },
        { status: 503, upstream: { attempts: 1 } },
      ],
      metrics: { "sluice.retry_guard.unsafe_policy": 0 },
    },
  },
  {
    name: `vetoes repeats of what reached the model (${way})`,
    ...gateway(
      way,
      { ...enforce, proxyRetries: "veto" },
      { retry: { ...wide, perTryTimeoutMs: 300 }, filters: [vetoInstance] },
    ),
    requests: [
      chat({ upstream: failure(500) }),
      chat({ upstream: failure(502) }),
      chat({ upstream: { kind: "reset", after: "request" } }),
      chat({ upstream: { kind: "hang" } }),
      chat({ upstream: failure(409, "conflict") }),
      chat(),
    ],
    expect: {
      requests: [
        { status: 500, upstream: { attempts: 1 }, headers: { "x-envoy-ratelimited": null } },
        { status: 502, upstream: { attempts: 1 }, headers: { "x-envoy-ratelimited": null } },
        { status: 503, upstream: { attempts: 1 }, body: { contains: "retry_vetoed" } },
        { status: 503, upstream: { attempts: 1 }, body: { contains: "retry_vetoed" } },
        { status: 409, upstream: { attempts: 1 } },
        { status: 200, upstream: { attempts: 1 } },
      ],
    },
  },
  {
    name: `sets times by model, streams apart (${way})`,
    ...gateway(way, {
      ...enforce,
      timeouts: [
        { models: ["o1*"], request: "900ms" },
        { models: ["*"], request: "200ms" },
        { models: ["*"], stream: true, request: "700ms" },
      ] as Json,
    }),
    requests: [
      chat({ upstream: answer({ delayMs: 450 }) }, { model: "o1-pro" }),
      chat({ upstream: answer({ delayMs: 450 }) }),
      chat(
        {
          upstream: answer({
            delayMs: 450,
            headers: [["content-type", "text/event-stream"]],
            body: "data: [DONE]\n\n",
          }),
        },
        { stream: true },
      ),
    ],
    expect: {
      requests: [{ status: 200 }, { status: 504, filterState: verdict("unsafe", "timeout") }, { status: 200 }],
    },
  },
]);
