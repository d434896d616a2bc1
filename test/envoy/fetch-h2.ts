// `fetch` over HTTP/2 without TLS, for SDKs that take one: Node's own speaks HTTP/1.1 only.
import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from "node:http2";

/** A fetch over one connection to a port of loopback; `close` it. */
export function fetchOverH2(port: number): { fetch: typeof fetch; close: () => void } {
  const session = connect(`http://127.0.0.1:${port}`);
  return {
    fetch: (input, init) => ask(session, new Request(input, init)),
    close: () => session.close(),
  };
}

async function ask(session: ClientHttp2Session, request: Request): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const headers = Object.fromEntries([...request.headers].filter(([name]) => name !== "connection"));
  const stream = session.request({ ":method": request.method, ":path": pathname + search, ...headers });
  request.signal.addEventListener("abort", () => stream.close());
  const body = new Uint8Array(await request.arrayBuffer());
  return new Promise((resolve, reject) => {
    stream.once("error", reject);
    stream.once("response", (answer: IncomingHttpHeaders) => {
      const fields = Object.entries(answer).filter(([name]) => !name.startsWith(":"));
      const bytes = new ReadableStream<Uint8Array>({
        start(controller) {
          stream.on("data", (piece: Uint8Array) => controller.enqueue(piece));
          stream.once("end", () => controller.close());
          stream.once("error", (error) => controller.error(error));
        },
      });
      const pairs = fields.map(([name, value]): [string, string] => [name, String(value)]);
      resolve(new Response(bytes, { status: Number(answer[":status"]), headers: pairs }));
    });
    stream.end(body);
  });
}
