// Writes an answer, piece by piece, with its faults.
import type { ServerResponse } from "node:http";
import { constants, type ServerHttp2Stream } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import type { HeaderList } from "../scenario/scenario.ts";
import type { WireAnswer, WireReply } from "./wire.ts";

/** Over HTTP/1.1. Never rejects. */
export async function writeH1(response: ServerResponse, reply: WireReply): Promise<void> {
  const { socket } = response;
  if (reply.kind === "hang" || socket === null) return;
  if (reply.kind === "reset") {
    socket.resetAndDestroy();
    return;
  }
  if (reply.delayMs) await sleep(reply.delayMs);
  if (socket.destroyed) return;
  const length = contentLength(reply);
  response.sendDate = false;
  const headers = [
    ...reply.headers,
    ...(length === undefined ? [] : [["content-length", String(length)] as [string, string]]),
  ];
  response.writeHead(reply.status, headers.flat());
  response.flushHeaders();
  for (const { bytes, afterMs } of reply.pieces) {
    if (afterMs > 0) await sleep(afterMs);
    if (socket.destroyed) return;
    await new Promise<void>((done) => response.write(bytes, () => done()));
  }
  if (reply.cut) {
    // A plain close: what was written arrives, and the missing end is the fault.
    socket.destroySoon();
    return;
  }
  if (reply.trailers !== undefined && reply.trailers.length > 0) response.addTrailers(reply.trailers);
  response.end();
}

/** Over HTTP/2. Never rejects. */
export async function writeH2(stream: ServerHttp2Stream, reply: WireReply): Promise<void> {
  if (reply.kind === "hang") return;
  if (reply.kind === "reset") {
    breakOff(stream);
    return;
  }
  if (reply.delayMs) await sleep(reply.delayMs);
  if (stream.destroyed) return;
  const length = contentLength(reply);
  const trailers = reply.trailers ?? [];
  const headers = headersOf([
    ...reply.headers,
    ...(length === undefined ? [] : [["content-length", String(length)] as [string, string]]),
  ]);
  const endsAtOnce = reply.pieces.length === 0 && trailers.length === 0 && !reply.cut;
  const options = { endStream: endsAtOnce, waitForTrailers: trailers.length > 0, sendDate: false };
  stream.respond({ ":status": reply.status, ...headers }, options);
  if (endsAtOnce) return;
  stream.on("wantTrailers", () => stream.sendTrailers(headersOf(trailers)));
  for (const [at, { bytes, afterMs }] of reply.pieces.entries()) {
    if (afterMs > 0) await sleep(afterMs);
    if (stream.destroyed || stream.closed) return;
    const isLast = at === reply.pieces.length - 1;
    if (isLast && !reply.cut) {
      stream.end(bytes);
      return;
    }
    await new Promise<void>((done) => stream.write(bytes, () => done()));
  }
  if (reply.cut) breakOff(stream);
  else stream.end();
}

/** RST_STREAM with INTERNAL_ERROR; `close` would first end the stream as if it were whole. */
function breakOff(stream: ServerHttp2Stream): void {
  if (!stream.destroyed) stream.destroy(new Error(`reset ${constants.NGHTTP2_INTERNAL_ERROR}`));
}

function contentLength(reply: WireAnswer): number | undefined {
  const hasTrailers = (reply.trailers?.length ?? 0) > 0;
  const framing = reply.framing ?? (hasTrailers || reply.cut ? "chunked" : "content-length");
  if (reply.contentLength !== undefined) return reply.contentLength;
  if (framing === "chunked" || reply.status === 204 || reply.status === 304 || reply.status < 200) return undefined;
  return reply.pieces.reduce((sum, piece) => sum + piece.bytes.length, 0) + (reply.cut ? 1 : 0);
}

function headersOf(entries: HeaderList): Record<string, string | string[]> {
  const all: Record<string, string | string[]> = {};
  for (const [name, value] of entries) {
    const before = all[name];
    all[name] = before === undefined ? value : [before, value].flat();
  }
  return all;
}
