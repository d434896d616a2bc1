// HTTP/2 requests without TLS.
import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import type { HeaderList } from "../scenario/scenario.ts";
import { WatchedSocket } from "./h2-socket.ts";
import { Answer, Leaving, type ClientResponse, type PreparedRequest } from "./client.ts";

/** A connection on which many requests run at once. */
export class H2Connection {
  readonly session: ClientHttp2Session;
  readonly socket: WatchedSocket;

  constructor(session: ClientHttp2Session, socket: WatchedSocket) {
    this.session = session;
    this.socket = socket;
  }

  /** Ends it when its streams have ended; what they still have to say (RST_STREAM) is written. */
  close(): void {
    this.session.close();
    setTimeout(() => this.destroy(), 200).unref();
  }

  /** Ends it at once. */
  destroy(): void {
    this.session.destroy();
    this.socket.destroy();
  }
}

/** Opens a connection with a large window, so that the client never slows an answer down. Rejects if it is refused. */
export function connectH2(port: number): Promise<H2Connection> {
  return new Promise((resolve, reject) => {
    const socket = new WatchedSocket(port);
    socket.once("error", reject);
    socket.once("connect", () => {
      const session = connect(`http://127.0.0.1:${port}`, {
        createConnection: () => socket,
        settings: { initialWindowSize: 16 << 20, enablePush: false },
      });
      session.once("error", reject);
      session.once("connect", () => {
        session.off("error", reject);
        socket.off("error", reject);
        // What breaks the connection is told to each stream; without a listener it would be thrown.
        session.on("error", () => undefined);
        session.setLocalWindowSize(16 << 20);
        resolve(new H2Connection(session, socket));
      });
    });
  });
}

/** Sends `request` as one stream. Never rejects. */
export function callH2({ session, socket }: H2Connection, request: PreparedRequest): Promise<ClientResponse> {
  return new Promise((resolve) => {
    const answer = new Answer();
    let sent = 0;
    let allSent = false;
    let over = false;
    let failure = "";
    // `stream.close` would first end the request as if it were whole; an abort sends CANCEL and nothing else.
    const leave = new AbortController();
    const hasTrailers = (request.trailers?.length ?? 0) > 0;
    const endsAtOnce = request.pieces.length === 0 && !hasTrailers && request.end !== "empty-data";
    if (session.destroyed || session.closed) {
      resolve(answer.ended("reset", "connection closed"));
      return;
    }
    const stream = session.request(head(request) as Record<string, string | string[]>, {
      endStream: endsAtOnce,
      waitForTrailers: hasTrailers,
      signal: leave.signal,
    });
    const finish = (outcome: ClientResponse["outcome"], reason = "") => {
      if (over) return;
      over = true;
      clearTimeout(patience);
      leaving.over();
      if (!stream.closed) leave.abort();
      resolve(answer.ended(outcome, reason));
    };
    const leaving = new Leaving(request.abort, () => finish("aborted"));
    const patience = setTimeout(() => finish("hang", `nothing after ${request.timeoutMs} ms`), request.timeoutMs);
    const progressed = () => leaving.progress(sent, allSent, answer.received, answer.status !== 0);

    stream.on("response", (headers, _flags) => {
      answer.begins(Number(headers[":status"]), list(headers));
      progressed();
    });
    stream.on("trailers", (headers) => {
      answer.trailers = list(headers);
    });
    stream.on("data", (bytes: Buffer) => {
      answer.adds(bytes);
      progressed();
    });
    stream.on("error", (error: NodeJS.ErrnoException) => {
      failure = error.message;
    });
    const didEnd = () => answer.status !== 0 && socket.ended.has(stream.id ?? 0);
    stream.on("close", () => {
      const code = socket.resets.get(stream.id ?? 0);
      if (didEnd()) finish("complete");
      else finish("reset", code === undefined ? `closed ${failure}` : `rst ${code}`);
    });
    // The end of the answer is the end of the call even while the request is still being written.
    stream.on("end", () => setImmediate(() => (didEnd() ? finish("complete") : undefined)));
    if (hasTrailers) {
      stream.on("wantTrailers", () => stream.sendTrailers(headersOf(request.trailers ?? [])));
    }
    if (endsAtOnce) {
      allSent = true;
      progressed();
    } else void write().catch(() => undefined);

    async function write(): Promise<void> {
      const put = (bytes: Uint8Array) =>
        new Promise<void>((done) => {
          if (over || stream.destroyed) done();
          else stream.write(bytes, () => done());
        });
      if (request.abort?.requestBytes === 0) progressed();
      for (const [at, piece] of request.pieces.entries()) {
        if (piece.afterMs) await sleep(piece.afterMs);
        if (over) return;
        const bytes = piece.bytes.subarray(0, Math.max(0, leaving.sendLimit - sent));
        const isLast = at === request.pieces.length - 1 && bytes.length === piece.bytes.length;
        if (isLast && request.end !== "empty-data" && !hasTrailers) {
          // `end(bytes)` puts END_STREAM on this very frame.
          await new Promise<void>((done) => stream.end(bytes, () => done()));
          sent += bytes.length;
          allSent = true;
          progressed();
          return;
        }
        if (bytes.length > 0) await put(bytes);
        sent += bytes.length;
        progressed();
        if (bytes.length < piece.bytes.length) return;
      }
      stream.end();
      allSent = true;
      progressed();
    }
  });
}

function head(request: PreparedRequest): Record<string, string | string[]> {
  const all: Record<string, string | string[]> = {
    ":method": request.method,
    ":path": request.path,
    ":scheme": "http",
    ":authority": request.authority,
    ...headersOf(request.headers),
  };
  if (request.framing === "content-length") all["content-length"] = String(request.bodyBytes);
  return all;
}

function headersOf(entries: HeaderList): Record<string, string | string[]> {
  const all: Record<string, string | string[]> = {};
  for (const [name, value] of entries) {
    const before = all[name];
    all[name] = before === undefined ? value : [before, value].flat();
  }
  return all;
}

function list(headers: IncomingHttpHeaders & Record<string, string | string[] | undefined>): HeaderList {
  const all: HeaderList = [];
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(":") || value === undefined) continue;
    for (const one of [value].flat()) all.push([name, one]);
  }
  return all;
}
