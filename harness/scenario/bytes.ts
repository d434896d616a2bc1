// Turns a scenario's bytes-as-data into bytes. No Node API: runs in a browser too.
import type { BytesSpec, ChunkSpec } from "./scenario.ts";

const encoder = new TextEncoder();

/** The bytes that `spec` stands for. Cost: linear in their number. */
export function bytesOf(spec: BytesSpec | undefined): Uint8Array {
  if (spec === undefined) return new Uint8Array(0);
  if (typeof spec === "string") return encoder.encode(spec);
  if ("text" in spec) return encoder.encode(spec.text);
  if ("base64" in spec) return Uint8Array.from(atob(spec.base64), (char) => char.charCodeAt(0));
  if ("parts" in spec) return joinBytes(spec.parts.map(bytesOf));
  const unit = bytesOf(spec.repeat);
  const all = new Uint8Array(unit.length * spec.times);
  for (let at = 0; at < all.length; at += unit.length) all.set(unit, at);
  return all;
}

/** One array of all parts in order. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  let length = 0;
  for (const part of parts) length += part.length;
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A piece of a body and how long after the piece before it comes. */
export interface Piece {
  bytes: Uint8Array;
  afterMs: number;
}

/** Cuts `body` as `chunks` says; what they do not cover is one last piece. An empty body has no piece. */
export function piecesOf(body: Uint8Array, chunks: readonly ChunkSpec[] | undefined): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const chunk of chunks ?? []) {
    if (at >= body.length) break;
    const end = Math.min(body.length, at + chunk.bytes);
    pieces.push({ bytes: body.subarray(at, end), afterMs: chunk.afterMs ?? 0 });
    at = end;
  }
  if (at < body.length) pieces.push({ bytes: body.subarray(at), afterMs: 0 });
  return pieces;
}
