// Answers an HTTP/1.1 upgrade and then sends back whatever comes: enough of a WebSocket server for tests of proxies.
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";

/** Switches protocols and echoes. */
export function upgrade(request: IncomingMessage, socket: Socket, first: Buffer): void {
  const key = request.headers["sec-websocket-key"] ?? "";
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  const lines = [
    "HTTP/1.1 101 Switching Protocols",
    "connection: Upgrade",
    `upgrade: ${request.headers.upgrade ?? ""}`,
  ];
  if (key !== "") lines.push(`sec-websocket-accept: ${accept}`);
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  if (first.length > 0) socket.write(first);
  socket.on("error", () => socket.destroy());
  socket.pipe(socket);
}
