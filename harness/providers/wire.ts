// What servers get and give on the wire, the same over HTTP/1.1 and HTTP/2.
import type { HeaderList } from "../scenario/scenario.ts";
import type { Piece } from "../scenario/bytes.ts";

/** A request of which the headers have come. */
export interface WireRequest {
  protocol: "h1" | "h2";
  method: string;
  path: string;
  authority: string;
  /** Without pseudo headers and `host`, names in lower case. */
  headers: HeaderList;
  /** Resolves when the request ended, or the client left (`complete` is false then). Never rejects. */
  body: Promise<WireBody>;
  /** The bytes of the body that have come by now. */
  soFar(): Uint8Array;
}

export interface WireBody {
  bytes: Uint8Array;
  trailers: HeaderList;
  complete: boolean;
}

/** What the server does with it. */
export type WireReply = WireAnswer | { kind: "hang" } | { kind: "reset" };

/** An answer; `headers` without content-length and transfer-encoding. */
export interface WireAnswer {
  kind: "answer";
  status: number;
  headers: HeaderList;
  /** One write each: one chunk, one DATA frame. */
  pieces: Piece[];
  /** Default: content-length where there are no trailers and nothing is cut, else chunked. */
  framing?: "content-length" | "chunked";
  /** Where the headers say another length than the pieces have (a cut answer, an answer to HEAD). */
  contentLength?: number;
  trailers?: HeaderList;
  /** Milliseconds before the headers. */
  delayMs?: number;
  /** The stream or connection breaks after the pieces instead of ending. */
  cut?: boolean;
}

/** Decides what to do; called when the headers have come. */
export type WireHandler = (request: WireRequest) => Promise<WireReply>;

/** The first value of a header. */
export function headerOf(headers: HeaderList, name: string): string | undefined {
  return headers.find(([key]) => key === name)?.[1];
}
