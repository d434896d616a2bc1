// One HTTP/1.1 request over a raw socket.
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Answer, Leaving, type ClientResponse, type PreparedRequest } from "./client.ts";
import { ResponseReader } from "./response-reader.ts";

/** Sends `request` and reads the answer. Never rejects. */
export function callH1(port: number, request: PreparedRequest): Promise<ClientResponse> {
  return new Promise((resolve) => {
    const answer = new Answer();
    const reader = new ResponseReader(answer, request.method === "HEAD", request.method === "CONNECT");
    const socket = connect({ host: "127.0.0.1", port, noDelay: true });
    let sent = 0;
    let allSent = false;
    let over = false;
    const finish = (outcome: ClientResponse["outcome"], reason = "") => {
      if (over) return;
      over = true;
      clearTimeout(patience);
      leaving.over();
      socket.destroy();
      resolve(answer.ended(outcome, reason));
    };
    const leaving = new Leaving(request.abort, () => finish("aborted"));
    const patience = setTimeout(() => finish("hang", `nothing after ${request.timeoutMs} ms`), request.timeoutMs);
    const progressed = () => leaving.progress(sent, allSent, answer.received, answer.status !== 0);

    socket.on("data", (bytes: Buffer) => {
      const failure = reader.push(bytes);
      if (failure !== undefined) finish("reset", failure);
      else if (reader.done) {
        progressed();
        finish("complete");
      } else progressed();
    });
    socket.on("end", () => finish(reader.endsAtClose ? "complete" : "reset", "closed"));
    socket.on("error", (error: NodeJS.ErrnoException) => finish("reset", error.code ?? error.message));
    socket.on("close", () => finish("reset", "closed"));
    socket.on("connect", () => {
      void write().catch(() => undefined);
    });

    async function write(): Promise<void> {
      const put = (bytes: Uint8Array | string) =>
        new Promise<void>((done) => {
          if (over || socket.destroyed) done();
          else socket.write(bytes, () => done());
        });
      await put(head(request));
      if (request.abort?.requestBytes === 0) progressed();
      for (const piece of request.pieces) {
        if (piece.afterMs) await sleep(piece.afterMs);
        if (over) return;
        const bytes = piece.bytes.subarray(0, Math.max(0, leaving.sendLimit - sent));
        if (bytes.length > 0) await put(request.framing === "chunked" ? chunk(bytes) : bytes);
        sent += bytes.length;
        progressed();
        if (bytes.length < piece.bytes.length) return;
      }
      if (request.framing === "chunked") {
        const trailers = (request.trailers ?? []).map(([name, value]) => `${name}: ${value}\r\n`).join("");
        await put(`0\r\n${trailers}\r\n`);
      }
      allSent = true;
      progressed();
    }
  });
}

function head(request: PreparedRequest): Buffer {
  const lines = [`${request.method} ${request.path} HTTP/1.1`, `host: ${request.authority}`];
  for (const [name, value] of request.headers) lines.push(`${name}: ${value}`);
  if (request.framing === "content-length") lines.push(`content-length: ${request.bodyBytes}`);
  if (request.framing === "chunked") lines.push("transfer-encoding: chunked");
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}

function chunk(bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}
