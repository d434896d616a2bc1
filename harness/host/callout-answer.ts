// Answers plugins' calls to other services with what an upstream's data says, at once and whole, and with the answers that
// Envoy's own router gives where there is none.
import { HeaderMap } from "./headers.ts";
import type { GrpcCalloutAnswer, HttpCallout, HttpCalloutAnswer } from "./process.ts";
import { bytesOf } from "../scenario/bytes.ts";
import type { UpstreamSpec } from "../scenario/scenario.ts";

const unavailable = 14;
const refusedText =
  "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure";
const resetText = "upstream connect error or disconnect/reset before headers. reset reason: connection termination";
const timeoutText = "upstream request timeout";

/** The answer that `spec` stands for; null: nothing listens there. */
export function answerCallout(spec: UpstreamSpec | null, call: HttpCallout): HttpCalloutAnswer {
  if (spec === null) return routerAnswer(503, refusedText);
  if (spec.kind === "hang") return { ...httpTimeout, delayMs: Number.MAX_SAFE_INTEGER };
  if (spec.kind === "reset") return routerAnswer(503, resetText);
  if (spec.cutAfterChunks !== undefined) return { delayMs: spec.delayMs ?? 0, response: null };
  const headers = HeaderMap.from([[":status", String(spec.status ?? 200)], ...(spec.headers ?? [])]);
  const { body } = spec;
  const isEcho = typeof body === "object" && "echo" in body;
  const bytes = isEcho ? call.body : bytesOf(body);
  headers.add("content-length", String(bytes.length));
  const chunkMs = (spec.chunks ?? []).reduce((sum, chunk) => sum + (chunk.afterMs ?? 0), 0);
  return {
    delayMs: (spec.delayMs ?? 0) + chunkMs,
    response: { headers, body: bytes, trailers: spec.trailers === undefined ? null : HeaderMap.from(spec.trailers) },
  };
}

/** What an HTTP call that took too long is answered. */
export const httpTimeout: HttpCalloutAnswer = routerAnswer(504, timeoutText);

/** What a gRPC call that took too long is answered. */
export const grpcTimeout: GrpcCalloutAnswer = {
  delayMs: 0,
  status: unavailable,
  statusMessage: `${timeoutText}{response_timeout}`,
};

/** What a gRPC call to a place where nothing listens is answered. */
export const grpcRefused: GrpcCalloutAnswer = {
  delayMs: 0,
  status: unavailable,
  statusMessage: `${refusedText}{upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}}`,
};

function routerAnswer(status: number, text: string): HttpCalloutAnswer {
  const headers = HeaderMap.from([
    [":status", String(status)],
    ["content-length", String(text.length)],
    ["content-type", "text/plain"],
  ]);
  return { delayMs: 0, response: { headers, body: new TextEncoder().encode(text), trailers: null } };
}
