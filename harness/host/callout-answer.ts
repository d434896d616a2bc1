// Answers a plugin's HTTP call with what an upstream's data says, at once and whole.
import { HeaderMap } from "./headers.ts";
import type { HttpCallout, HttpCalloutAnswer } from "./process.ts";
import { bytesOf } from "../scenario/bytes.ts";
import type { UpstreamSpec } from "../scenario/scenario.ts";

/** The answer that `spec` stands for. */
export function answerCallout(spec: UpstreamSpec, call: HttpCallout): HttpCalloutAnswer {
  if (spec.kind === "hang") return { delayMs: Number.MAX_SAFE_INTEGER, response: null };
  if (spec.kind === "reset" || spec.cutAfterChunks !== undefined) return { delayMs: 0, response: null };
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
