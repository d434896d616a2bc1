// Repeats by clients: every way in which the first call may stand, the evidence, and who is never mixed up with whom.
import type { HeaderList, Json, RequestSpec, Scenario, UpstreamSpec } from "../../../harness/scenario/scenario.ts";
import { answer, bothWays, chat, enforce, failure, gateway } from "./chains.ts";

const alice: HeaderList = [["authorization", "Bearer alice"]];
const bob: HeaderList = [["authorization", "Bearer bob"]];
const again: HeaderList = [["x-stainless-retry-count", "1"]];
const key = (value: string): HeaderList => [["idempotency-key", value]];

const repeat = (original: string, action: string, model = "other") =>
  `original=.=${original};.;action=.=${action};.;model=.=${model};.;sluice.retry_guard.repeats`;

/** Each state of a first call, and what its repeat is counted as. */
const states: { name: string; upstream: UpstreamSpec; original: string; abort?: boolean }[] = [
  { name: "was answered", upstream: answer(), original: "completed" },
  { name: "was left by its client", upstream: answer({ delayMs: 1000 }), original: "unfinished", abort: true },
  {
    name: "was cut after sending",
    upstream: answer({ cutAfterChunks: 2, chunks: [{ bytes: 40 }, { bytes: 10, afterMs: 100 }], framing: "chunked" }),
    original: "unfinished",
  },
  { name: "failed after sending", upstream: failure(500), original: "failed" },
  { name: "broke off before its answer", upstream: { kind: "reset", after: "request" }, original: "failed" },
  { name: "was refused without being billed", upstream: failure(429, "rate_limit"), original: "free" },
];

const rejectAll: Record<string, Json> = {
  ...enforce,
  duplicates: { inFlight: "reject", completed: "reject", unfinished: "reject" },
};

const isRejected = (original: string) => original === "completed" || original === "unfinished";
const outcomeOf = (state: (typeof states)[0]) =>
  state.abort ? "aborted" : state.name === "was cut after sending" ? "reset" : "complete";

export const repeats: Scenario[] = bothWays.flatMap((way): Scenario[] => [
  ...states.flatMap((state): Scenario[] => {
    const first: Partial<RequestSpec> = {
      upstream: state.upstream,
      ...(state.abort && { abort: { afterMs: 150 } }),
    };
    const outcome = outcomeOf(state);
    return [
      {
        name: `passes and counts a repeat of a call that ${state.name} (${way})`,
        ...gateway(way, enforce),
        requests: [chat({ headers: alice, ...first }), chat({ headers: [...alice, ...again] })],
        expect: {
          requests: [{ outcome }, { status: 200, upstream: { attempts: 1 } }],
          metrics: { [repeat(state.original, "passed", "gpt-4o")]: 1 },
        },
      },
      {
        name: `rejects a repeat of a call that ${state.name}, where that is asked for (${way})`,
        ...gateway(way, rejectAll),
        requests: [
          chat({ headers: alice, ...first }),
          chat({ headers: [...alice, ...again] }),
          chat({ headers: alice }),
        ],
        expect: {
          requests: [
            { outcome },
            isRejected(state.original)
              ? {
                  status: 409,
                  upstream: null,
                  headers: { "x-should-retry": "false", "content-type": "application/json" },
                  body: { contains: '"code":"duplicate_request"' },
                  responseCodeDetails: { regex: ".*sluice_duplicate_call.*" },
                }
              : { status: 200, upstream: { attempts: 1 } },
            // Without evidence it is another call.
            { status: 200, upstream: { attempts: 1 } },
          ],
        },
      },
    ];
  }),
  {
    name: `rejects a repeat while the first call runs, in the caller's API (${way})`,
    ...gateway(way, { ...enforce, duplicates: { inFlight: "reject" } }),
    requests: [
      chat({ atMs: 0, headers: alice, upstream: answer({ delayMs: 900 }) }),
      chat({ atMs: 250, headers: [...alice, ...again] }),
      chat({ atMs: 250, headers: [...alice, ...again], path: "/v1/messages" }),
      chat({ atMs: 300, headers: [...bob, ...again] }),
      chat({ atMs: 300, headers: alice }),
    ],
    expect: {
      requests: [
        { status: 200 },
        { status: 409, upstream: null, body: { contains: '"code":"duplicate_request"' } },
        { status: 200 },
        { status: 200 },
        { status: 200 },
      ],
      metrics: {
        [repeat("running", "rejected")]: 1,
        // The other is of an API whose answer this is not: no label for its model.
        [repeat("unknown", "passed", "gpt-4o")]: 1,
        [repeat("unknown", "passed")]: 1,
      },
    },
  },
  {
    name: `passes a repeat when several calls had its body (${way})`,
    ...gateway(way, rejectAll),
    requests: [chat({ headers: alice }), chat({ headers: alice }), chat({ headers: [...alice, ...again] })],
    expect: {
      requests: [{ status: 200 }, { status: 200 }, { status: 200, upstream: { attempts: 1 } }],
      metrics: { [repeat("ambiguous", "passed", "gpt-4o")]: 1 },
    },
  },
  {
    name: `never takes another caller's call, or another body, for the first one (${way})`,
    ...gateway(way, rejectAll),
    requests: [
      chat({ headers: alice }),
      chat({ headers: [...bob, ...again] }),
      chat({ headers: [...alice, ...again] }, { temperature: 0 }),
      chat({ headers: [...alice, ...again], path: "/v1/completions" }),
      chat({ headers: [...alice, ...again] }),
    ],
    expect: {
      requests: [{ status: 200 }, { status: 200 }, { status: 200 }, { status: 200 }, { status: 409 }],
    },
  },
  {
    name: `knows repeats by idempotency key and by AWS's invocation id (${way})`,
    ...gateway(way, rejectAll),
    requests: [
      chat({ headers: [...alice, ...key("order-1")] }),
      chat({ headers: [...alice, ...key("order-1")] }),
      chat({ headers: [...bob, ...key("order-1")] }),
      chat({ headers: [...alice, ...key("order-2")] }),
      chat({ headers: [...alice, ["amz-sdk-invocation-id", "i-1"], ["amz-sdk-request", "attempt=1; max=3"]] }),
      chat({ headers: [...alice, ["amz-sdk-invocation-id", "i-1"], ["amz-sdk-request", "attempt=2; max=3"]] }),
    ],
    expect: {
      requests: [
        { status: 200 },
        { status: 409, upstream: null },
        { status: 200 },
        { status: 200 },
        { status: 200 },
        { status: 409, upstream: null },
      ],
    },
  },
  {
    name: `believes attempt counts of trusted hops only (${way})`,
    ...gateway(way, { ...rejectAll, trustedHeaders: ["x-envoy-attempt-count"] }),
    requests: [
      chat({ headers: [...alice, ["x-request-id", "3e0f0c4e-9d6a-4d7e-8f43-5c1f1c1a1a01"]] }),
      chat({
        headers: [...alice, ["x-request-id", "3e0f0c4e-9d6a-4d7e-8f43-5c1f1c1a1a01"], ["x-envoy-attempt-count", "2"]],
      }),
    ],
    only: { host: "in-process", why: "a runner's Envoy writes a request id of its own over a client's" },
    expect: { requests: [{ status: 200 }, { status: 409, upstream: null }] },
  },
  {
    name: `does not believe attempt counts of anybody (${way})`,
    ...gateway(way, rejectAll),
    requests: [
      chat({ headers: [...alice, ["x-request-id", "3e0f0c4e-9d6a-4d7e-8f43-5c1f1c1a1a01"]] }),
      chat({
        headers: [...alice, ["x-request-id", "3e0f0c4e-9d6a-4d7e-8f43-5c1f1c1a1a01"], ["x-envoy-attempt-count", "2"]],
      }),
    ],
    expect: { requests: [{ status: 200 }, { status: 200 }] },
  },
  {
    name: `replays the answer to an equal idempotency key, and no other (${way})`,
    ...gateway(way, { ...enforce, duplicates: { completed: "replay" } }),
    requests: [
      chat({ headers: [...alice, ...key("k-1")] }),
      chat({ headers: [...alice, ...key("k-1")], upstream: failure(500) }),
      chat({ headers: [...alice, ...key("k-1")] }, { temperature: 1 }),
      chat({ headers: [...bob, ...key("k-1")], upstream: failure(404, "bobs_own") }),
      chat({ headers: key("k-1"), upstream: answer() }),
      chat({ headers: key("k-1"), upstream: failure(404, "nobodys") }),
      chat({ headers: [...alice, ...again], upstream: failure(404, "not_by_body") }),
    ],
    expect: {
      requests: [
        { status: 200, headers: { "x-ai-replayed": null } },
        {
          status: 200,
          upstream: null,
          headers: { "x-ai-replayed": "true", "content-type": "application/json" },
          body: { contains: '"content":"Hi"' },
          filterState: { "sluice.replayed": "true" },
        },
        { status: 422, upstream: null, body: { contains: "idempotency_key_reused" } },
        { status: 404, body: { contains: "bobs_own" } },
        { status: 200 },
        { status: 404, body: { contains: "nobodys" } },
        { status: 404, body: { contains: "not_by_body" } },
      ],
    },
  },
  {
    name: `does not store what is too long, streamed, cut or no success (${way})`,
    ...gateway(way, { ...enforce, duplicates: { completed: "replay" }, maxReplayBytes: 1024 }),
    requests: [
      chat({ headers: [...alice, ...key("long")], upstream: answer({ body: { parts: ['{"id":"', { repeat: "x", times: 2000 }, '","choices":[]}'] } }) }), // prettier-ignore
      chat({ headers: [...alice, ...key("long")] }),
      chat({
        headers: [...alice, ...key("stream")],
        upstream: answer({ headers: [["content-type", "text/event-stream"]], body: "data: [DONE]\n\n" }),
      }),
      chat({ headers: [...alice, ...key("stream")] }),
      chat({ headers: [...alice, ...key("error")], upstream: failure(500) }),
      chat({ headers: [...alice, ...key("error")] }),
    ],
    expect: {
      requests: [2, 0, 2, 0, 2, 0].map((_, at) =>
        at % 2 === 0 ? {} : { status: 200, headers: { "x-ai-replayed": null }, upstream: { attempts: 1 } },
      ),
    },
  },
  {
    name: `takes hostile keys for none, and goes on (${way})`,
    ...gateway(way, { ...rejectAll, duplicates: { completed: "replay", inFlight: "reject" } }),
    requests: [
      chat({ headers: [...alice, ...key("x".repeat(256))] }),
      chat({ headers: [...alice, ...key("x".repeat(256))] }),
      chat({ headers: [...alice, ["x-stainless-retry-count", "99999999999999999999999"]] }),
      chat({ headers: [...alice, ["x-stainless-retry-count", "-1"]] }),
      chat({ headers: [...alice, ["amz-sdk-invocation-id", "y".repeat(5000)], ["amz-sdk-request", "attempt=2"]] }),
    ],
    expect: {
      requests: Array.from({ length: 5 }, () => ({ status: 200, upstream: { attempts: 1 } })),
      metrics: { "filter=.=retry-guard;.;kind=.=invalid_idempotency_key;.;sluice.errors": { min: 2 } },
    },
  },
  {
    name: `counts what it would do in shadow, and does nothing (${way})`,
    ...gateway(way, { duplicates: { completed: "reject", inFlight: "reject", unfinished: "reject" } }),
    requests: [
      chat({ headers: alice }),
      chat({ headers: [...alice, ...again] }),
      chat({ headers: [...alice, ...key("k")] }, { n: 1 }),
      chat({ headers: [...alice, ...key("k")] }, { n: 1 }),
    ],
    expect: {
      requests: Array.from({ length: 4 }, () => ({ status: 200, upstream: { attempts: 1 } })),
      metrics: { [repeat("completed", "would_reject", "gpt-4o")]: 2 },
    },
  },
  {
    name: `tells the request id of the first call (${way})`,
    ...gateway(way, { ...enforce, duplicates: { completed: "reject" } }),
    requests: [
      chat({ headers: [...alice, ["x-request-id", "3e0f0c4e-9d6a-4d7e-8f43-5c1f1c1a1a02"]] }),
      chat({ headers: [...alice, ...again] }),
    ],
    expect: {
      requests: [
        { status: 200 },
        { status: 409, body: { regex: ".*Request id of the first call: [0-9a-f-]{36}.*" }, filterState: { "sluice.original_request_id": { regex: "[0-9a-f-]{36}" } } }, // prettier-ignore
      ],
    },
  },
]);
