// What a model server is told to do with a call, and how that changes the sample that it answers with.
import { gzipSync } from "node:zlib";
import type { Piece } from "../scenario/bytes.ts";
import type { HeaderList } from "../scenario/scenario.ts";
import { bodyOf, type Sample, type SampleOptions } from "./sample.ts";
import type { TokenUsage } from "./usage.ts";
import type { WireAnswer } from "./wire.ts";

/** Orders for one call; all of it is data, so that it also fits into the control header. */
export interface Behaviour {
  /** The model that answers; default the one asked for. */
  model?: string;
  /** Default: input = words of the request, output = words of the answer. */
  usage?: Partial<TokenUsage>;
  text?: string;
  /** Members of the sample: dialect, form of usage, style of SSE, an error event in mid-stream (`errorAfter`), ... */
  sample?: Pick<SampleOptions, "variant" | "usageForm" | "sse" | "ending" | "errorAfter" | "geminiStream">;
  /** An error answer in the provider's own form. */
  status?: number;
  /** Instead of the error's own words. */
  message?: string;
  /** Added to the answer's headers; the same names are replaced. */
  headers?: HeaderList;
  /** Instead of the body. */
  body?: string;
  /** Before the answer's headers. */
  delayMs?: number;
  /** Between the events (pieces) of the answer. */
  eventDelayMs?: number;
  /** Reads the request, says nothing. */
  hang?: boolean;
  /** Resets: before the request's body was read, after it, or behind the answer's headers. */
  reset?: "before-body" | "after-body" | "after-headers";
  /** The connection breaks after so many bytes of the answer. */
  cutAfterBytes?: number;
  /** The answer in pieces of so many bytes, whatever its events are (1 splits every UTF-8 sequence). */
  pieceBytes?: number;
  /** Compressed, although nobody asked. */
  gzip?: boolean;
  trailers?: HeaderList;
  framing?: "content-length" | "chunked";
  /** Top-level members that make the server answer 400, as old servers do with `stream_options`. */
  rejectsMembers?: string[];
  /** Whether the call costs money; default: a whole request was received and the status is none of 4xx, 503, 529. */
  billed?: boolean;
}

/** The sample as it goes over the wire. */
export function wireAnswer(sample: Sample, status: number, behaviour: Behaviour): WireAnswer {
  let headers = sample.headers;
  let chunks = behaviour.body === undefined ? sample.chunks : [new TextEncoder().encode(behaviour.body)];
  const isStream = chunks.length > 1;
  if (behaviour.gzip) {
    chunks = [gzipSync(bodyOf({ headers, chunks }))];
    headers = [...headers, ["content-encoding", "gzip"]];
  }
  const own = behaviour.headers ?? [];
  headers = [...headers.filter(([name]) => !own.some(([other]) => other === name)), ...own];
  const cut = behaviour.cutAfterBytes ?? (behaviour.reset === "after-headers" ? 0 : undefined);
  if (cut !== undefined) chunks = [bodyOf({ headers, chunks }).subarray(0, cut)].filter((one) => one.length > 0);
  if (behaviour.pieceBytes !== undefined) chunks = cutInto(bodyOf({ headers, chunks }), behaviour.pieceBytes);
  const pieces = chunks.map((bytes, at): Piece => ({ bytes, afterMs: at > 0 ? (behaviour.eventDelayMs ?? 0) : 0 }));
  const framing = behaviour.framing ?? (isStream || behaviour.pieceBytes !== undefined ? "chunked" : undefined);
  return {
    kind: "answer",
    status,
    headers,
    pieces,
    cut: cut !== undefined,
    ...(framing && { framing }),
    ...(behaviour.trailers && { trailers: behaviour.trailers }),
    ...(behaviour.delayMs && { delayMs: behaviour.delayMs }),
  };
}

function cutInto(body: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += Math.max(1, size)) pieces.push(body.subarray(at, at + Math.max(1, size)));
  return pieces;
}
