// A client with exact control over what goes over the wire: pieces, framing, trailers, the end of the stream, leaving.
import type { HeaderList, Outcome } from "../scenario/scenario.ts";
import { callH1 } from "./client-h1.ts";
import { callH2, connectH2, H2Connection } from "./client-h2.ts";

export { connectH2, H2Connection };

/** A piece of the body: its bytes, and how long after the piece before it (or the headers) it is written. */
export interface BodyPiece {
  bytes: Uint8Array;
  afterMs?: number;
}

/** One request. */
export interface ClientRequest {
  /** Default POST with a body, else GET. */
  method?: string;
  /** Default `/`. */
  path?: string;
  /** Default `gateway.test`. */
  authority?: string;
  /** Written as they are; `content-length` and `transfer-encoding` are added as `framing` says. */
  headers?: HeaderList | Record<string, string>;
  /** Each piece is one write: one chunk, or one DATA frame (up to 16 KiB). */
  body?: string | Uint8Array | BodyPiece[];
  /** Default: content-length where there is a body and no trailers, else chunked (HTTP/2: no content-length). `none`: neither. */
  framing?: "content-length" | "chunked" | "none";
  /** HTTP/2: END_STREAM on the last DATA frame (default) or on an empty one of its own. */
  end?: "last-data" | "empty-data";
  trailers?: HeaderList;
  /** Leaves (HTTP/1: the connection is closed; HTTP/2: CANCEL) when all that is named has come, `afterMs` later. */
  abort?: { requestBytes?: number; responseBytes?: number; afterMs?: number };
  /** Default 10,000. */
  timeoutMs?: number;
}

/** What came back. */
export interface ClientResponse {
  /** `hang`: the time ran out. `reset`: the stream or connection ended before the answer did. */
  outcome: Outcome;
  /** 0: no answer. */
  status: number;
  headers: HeaderList;
  body: Buffer;
  trailers: HeaderList;
  /** Why it ended, where it was no complete answer: `rst 8`, `closed`, `ECONNRESET`, ... */
  reason: string;
  /** When the headers and each piece of the body came, in milliseconds from the start. */
  timing: { headersMs: number; pieces: { atMs: number; bytes: number }[]; endMs: number };
  /** The first value of a header, or undefined. */
  header(name: string): string | undefined;
  text(): string;
  json(): unknown;
}

/** What both protocols get: everything filled in. */
export interface PreparedRequest extends ClientRequest {
  method: string;
  path: string;
  authority: string;
  headers: HeaderList;
  pieces: BodyPiece[];
  bodyBytes: number;
  framing: "content-length" | "chunked" | "none";
  timeoutMs: number;
}

/**
 * Sends one request over a connection of its own to a port on loopback. Never throws for what the server does: a
 * refused connection is the outcome `reset` with status 0.
 */
export async function call(port: number, protocol: "h1" | "h2", request: ClientRequest): Promise<ClientResponse> {
  const prepared = prepare(request, protocol);
  if (protocol === "h1") return callH1(port, prepared);
  const connection = await connectH2(port).catch((error: Error) => error);
  if (connection instanceof Error) return new Answer().ended("reset", connection.message);
  try {
    return await callH2(connection, prepared);
  } finally {
    connection.close();
  }
}

/** Sends one request as a stream of an HTTP/2 connection that others use too. */
export async function callOn(connection: H2Connection, request: ClientRequest): Promise<ClientResponse> {
  return callH2(connection, prepare(request, "h2"));
}

function prepare(request: ClientRequest, protocol: "h1" | "h2"): PreparedRequest {
  const { body } = request;
  const whole = typeof body === "string" ? Buffer.from(body) : body instanceof Uint8Array ? body : undefined;
  const pieces =
    whole === undefined ? ((body as BodyPiece[] | undefined) ?? []) : whole.length > 0 ? [{ bytes: whole }] : [];
  const bodyBytes = pieces.reduce((sum, piece) => sum + piece.bytes.length, 0);
  const headers = Array.isArray(request.headers) ? request.headers : Object.entries(request.headers ?? {});
  const hasTrailers = (request.trailers?.length ?? 0) > 0;
  const plain = protocol === "h2" ? "none" : body === undefined ? "none" : "content-length";
  return {
    ...request,
    method: request.method ?? (body === undefined ? "GET" : "POST"),
    path: request.path ?? "/",
    authority: request.authority ?? "gateway.test",
    headers,
    pieces,
    bodyBytes,
    framing: request.framing ?? (hasTrailers ? (protocol === "h1" ? "chunked" : "none") : plain),
    timeoutMs: request.timeoutMs ?? 10_000,
  };
}

/** Collects an answer while it comes. */
export class Answer implements ClientResponse {
  outcome: Outcome = "complete";
  status = 0;
  headers: HeaderList = [];
  body: Buffer = Buffer.alloc(0);
  trailers: HeaderList = [];
  reason = "";
  timing: ClientResponse["timing"] = { headersMs: 0, pieces: [], endMs: 0 };
  readonly #startedAt = performance.now();
  readonly #pieces: Uint8Array[] = [];

  begins(status: number, headers: HeaderList): void {
    this.status = status;
    this.headers = headers;
    this.timing.headersMs = this.#now();
  }

  adds(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.push(Buffer.from(bytes));
    this.timing.pieces.push({ atMs: this.#now(), bytes: bytes.length });
  }

  get received(): number {
    return this.timing.pieces.reduce((sum, piece) => sum + piece.bytes, 0);
  }

  ended(outcome: Outcome, reason = ""): this {
    this.outcome = outcome;
    this.reason = reason;
    this.body = Buffer.concat(this.#pieces);
    this.timing.endMs = this.#now();
    return this;
  }

  header(name: string): string | undefined {
    return this.headers.find(([key]) => key === name.toLowerCase())?.[1];
  }

  text(): string {
    return this.body.toString("utf8");
  }

  json(): unknown {
    return JSON.parse(this.text());
  }

  #now(): number {
    return performance.now() - this.#startedAt;
  }
}

/** Decides when the client leaves; `leave` is called once at most. */
export class Leaving {
  readonly #abort: ClientRequest["abort"];
  readonly #leave: () => void;
  #timer: NodeJS.Timeout | undefined;
  #due = false;

  constructor(abort: ClientRequest["abort"], leave: () => void) {
    this.#abort = abort;
    this.#leave = leave;
  }

  /** To be told of each progress: body bytes written, whether that was all, response body bytes and whether it began. */
  progress(sent: number, allSent: boolean, received: number, began: boolean): void {
    if (this.#abort === undefined || this.#due) return;
    const { requestBytes, responseBytes, afterMs = 0 } = this.#abort;
    if (requestBytes !== undefined ? sent < requestBytes : responseBytes === undefined && !allSent) return;
    if (responseBytes !== undefined && (!began || received < responseBytes)) return;
    this.#due = true;
    if (afterMs === 0) this.#leave();
    else this.#timer = setTimeout(this.#leave, afterMs);
  }

  over(): void {
    this.#due = true;
    clearTimeout(this.#timer);
  }

  /** How many bytes of the request's body may be written at all. */
  get sendLimit(): number {
    return this.#abort?.requestBytes ?? Number.POSITIVE_INFINITY;
  }
}
