// A server on loopback that speaks HTTP/1.1 and HTTP/2 without TLS on one port.
import { createServer as createH1, type IncomingMessage, type Server as H1Server } from "node:http";
import {
  createServer as createH2,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import { createServer as createTcp, type AddressInfo, type Server, type Socket } from "node:net";
import type { Readable } from "node:stream";
import type { HeaderList } from "../scenario/scenario.ts";
import { upgrade } from "./upgrade.ts";
import type { WireBody, WireHandler, WireReply, WireRequest } from "./wire.ts";
import { writeH1, writeH2 } from "./write.ts";

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** A server that runs; `close` ends it and every connection. It does not keep the process alive by itself. */
export class WireServer {
  readonly port: number;
  readonly #tcp: Server;
  readonly #sockets: Set<Socket>;

  constructor(port: number, tcp: Server, sockets: Set<Socket>) {
    this.port = port;
    this.#tcp = tcp;
    this.#sockets = sockets;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((done) => this.#tcp.close(() => done()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** Listens, on 127.0.0.1 unless told otherwise. `port` 0 is a free one. A handler that throws is a reset. */
export async function listen(handler: WireHandler, port = 0, host = "127.0.0.1"): Promise<WireServer> {
  const sockets = new Set<Socket>();
  const h1 = serveH1(handler);
  const h2 = serveH2(handler);
  const tcp = createTcp({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    socket.once("data", (first: Buffer) => {
      socket.pause();
      socket.unshift(first);
      const isH2 = preface.subarray(0, first.length).equals(first.subarray(0, preface.length));
      (isH2 ? h2 : h1).emit("connection", socket);
      // HTTP/2 takes over a paused socket by itself, with what was read already.
      if (!isH2) socket.resume();
    });
  });
  await new Promise<void>((done, failed) => {
    tcp.once("error", failed);
    tcp.listen(port, host, () => done());
  });
  tcp.unref();
  return new WireServer((tcp.address() as AddressInfo).port, tcp, sockets);
}

function serveH1(handler: WireHandler): H1Server {
  // Upstream connections are kept by the proxy; a server that closes idle ones would look like a fault.
  const server = createH1({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 }, (request, response) => {
    const { body, soFar } = readBody(request, () => ({
      complete: request.complete,
      trailers: pairs(request.rawTrailers),
    }));
    const headers = pairs(request.rawHeaders).filter(([name]) => name !== "host");
    const { method = "", url = "" } = request;
    void handler({ protocol: "h1", method, path: url, authority: request.headers.host ?? "", headers, body, soFar })
      .catch((): WireReply => ({ kind: "reset" }))
      .then((reply) => writeH1(response, reply));
  });
  server.on("upgrade", (request: IncomingMessage, socket: Socket, first: Buffer) => upgrade(request, socket, first));
  server.on("clientError", (_error, socket) => socket.destroy());
  return server;
}

function serveH2(handler: WireHandler): Http2Server {
  const server = createH2({ settings: { initialWindowSize: 4 << 20, enableConnectProtocol: true } });
  server.on("sessionError", () => undefined);
  server.on("session", (session) => {
    session.setLocalWindowSize(16 << 20);
    session.on("error", () => undefined);
  });
  server.on("stream", (stream: ServerHttp2Stream, all: IncomingHttpHeaders) => {
    stream.on("error", () => undefined);
    let trailers: HeaderList = [];
    stream.on("trailers", (some: IncomingHttpHeaders) => {
      trailers = list(some);
    });
    const { body, soFar } = readBody(stream, () => ({ complete: !stream.aborted && stream.rstCode === 0, trailers }));
    const text = (name: string) => String(all[name] ?? "");
    const head = { method: text(":method"), path: text(":path"), authority: text(":authority") };
    void handler({ protocol: "h2", ...head, headers: list(all), body, soFar })
      .catch((): WireReply => ({ kind: "reset" }))
      .then((reply) => writeH2(stream, reply));
  });
  return server;
}

function readBody(
  stream: Readable,
  atEnd: () => { complete: boolean; trailers: HeaderList },
): Pick<WireRequest, "body" | "soFar"> {
  const parts: Buffer[] = [];
  const soFar = () => Buffer.concat(parts);
  const body = new Promise<WireBody>((resolve) => {
    let ended = false;
    stream.on("data", (part: Buffer) => parts.push(part));
    stream.on("error", () => undefined);
    stream.once("end", () => {
      ended = true;
      // Trailers come with the end, or just behind it.
      setImmediate(() => resolve({ bytes: soFar(), ...atEnd() }));
    });
    stream.once("close", () => {
      if (!ended) resolve({ bytes: soFar(), trailers: [], complete: false });
    });
  });
  return { body, soFar };
}

function pairs(raw: string[]): HeaderList {
  const all: HeaderList = [];
  for (let at = 0; at + 1 < raw.length; at += 2) all.push([(raw[at] as string).toLowerCase(), raw[at + 1] as string]);
  return all;
}

function list(headers: IncomingHttpHeaders): HeaderList {
  return Object.entries(headers).flatMap(([name, value]): HeaderList => {
    if (name.startsWith(":") || value === undefined) return [];
    return [value].flat().map((one) => [name, one]);
  });
}
