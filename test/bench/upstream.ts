// The server behind Envoy: answers as the request's x-answer says.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { answers } from "./requests.ts";

/** A running one. */
export interface Upstream {
  port: number;
  stop: () => void;
}

/** Starts it on a free port of loopback. Each event of a stream is written on its own, so that Envoy reads them one by one. */
export async function startUpstream(): Promise<Upstream> {
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      const { type, pieces } = answers[String(request.headers["x-answer"] ?? "json-1k")] ?? { type: "", pieces: [] };
      const length = pieces.length === 1 ? { "content-length": Buffer.byteLength(pieces[0] ?? "") } : {};
      response.writeHead(200, { "content-type": type, ...length });
      let at = 0;
      const next = (): void => {
        const piece = pieces[at++];
        if (at >= pieces.length) response.end(piece);
        else {
          response.write(piece);
          setImmediate(next);
        }
      };
      next();
    });
  });
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
