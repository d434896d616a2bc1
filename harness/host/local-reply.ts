// Makes the headers of an answer that the gateway itself gives.
import { HeaderMap } from "./headers.ts";
import type { LocalReply } from "./filter-manager.ts";

/** Headers and body as they enter the response filters. An empty body ends with the headers. */
export function buildLocalReply(reply: LocalReply, isGrpc: boolean): { headers: HeaderMap; body: string } {
  const headers = new HeaderMap();
  headers.add(":status", isGrpc ? "200" : String(reply.status));
  for (const [name, value] of reply.headers) headers.add(name, value);
  if (isGrpc) {
    headers.set("content-type", "application/grpc");
    headers.set("grpc-status", String(reply.grpcStatus >= 0 ? reply.grpcStatus : grpcStatusOf(reply.status)));
    if (reply.body !== "") headers.set("grpc-message", percentEncode(reply.body));
    return { headers, body: "" };
  }
  if (reply.body === "") {
    headers.remove("content-length");
    headers.remove("content-type");
    return { headers, body: "" };
  }
  headers.set("content-length", String(reply.body.length));
  if (!headers.has("content-type")) headers.add("content-type", "text/plain");
  return { headers, body: reply.body };
}

function grpcStatusOf(status: number): number {
  switch (status) {
    case 400:
      return 13;
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
      return 12;
    case 429:
    case 502:
    case 503:
    case 504:
      return 14;
  }
  return 2;
}

function percentEncode(text: string): string {
  return text.replaceAll(/[^ -$&-~]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}
