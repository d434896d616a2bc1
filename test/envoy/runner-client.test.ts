// The test client: what it puts on the wire is what was asked for.
import assert from "node:assert/strict";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { after, beforeEach, describe, test } from "node:test";
import { call } from "../../harness/envoy/client.ts";

const servers: Server[] = [];
let received: Buffer[];

beforeEach(() => {
  received = [];
});

after(() => servers.forEach((server) => server.close()));

/** A server that keeps what it gets and does what `act` says with each connection. */
async function rawServer(act: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on("data", (bytes) => received.push(bytes));
    socket.on("error", () => undefined);
    act(socket);
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return (server.address() as AddressInfo).port;
}

const wire = () => Buffer.concat(received).toString("latin1");
const okay = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

function answersOnceItHas(text: string, answer: string): (socket: Socket) => void {
  return (socket) => {
    socket.on("data", () => {
      if (wire().includes(text)) socket.write(answer);
    });
  };
}

describe("HTTP/1.1", () => {
  test("writes one chunk per piece and the trailers behind them", async () => {
    const port = await rawServer(answersOnceItHas("x-end", okay));
    const body = [{ bytes: Buffer.from("abc") }, { bytes: Buffer.from("defg") }];
    const answer = await call(port, "h1", { path: "/p", body, trailers: [["x-end", "1"]] });
    assert.equal(answer.text(), "ok");
    const expected = "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\nx-end: 1\r\n\r\n";
    assert.equal(wire(), `POST /p HTTP/1.1\r\nhost: gateway.test\r\n${expected}`);
  });

  test("writes content-length and the pieces apart in time", async () => {
    const port = await rawServer(answersOnceItHas("abcdef", okay));
    const body = [{ bytes: Buffer.from("abc") }, { bytes: Buffer.from("def"), afterMs: 30 }];
    await call(port, "h1", { body });
    assert.match(wire(), /content-length: 6\r\n\r\nabcdef$/);
    assert.equal(received.at(-1)?.toString(), "def");
  });

  test("reads a chunked answer with trailers that comes byte by byte", async () => {
    const text =
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nx-a: 1\r\nx-a: 2\r\n\r\n3\r\nabc\r\n1;e=1\r\nd\r\n0\r\nx-t: y\r\n\r\n";
    const port = await rawServer((socket) => {
      socket.setNoDelay(true);
      void (async () => {
        for (const char of text) {
          socket.write(char);
          await new Promise((done) => setImmediate(done));
        }
      })();
    });
    const answer = await call(port, "h1", {});
    assert.equal(answer.outcome, "complete");
    assert.equal(answer.text(), "abcd");
    assert.deepEqual(answer.trailers, [["x-t", "y"]]);
    assert.deepEqual(
      answer.headers.filter(([name]) => name === "x-a"),
      [
        ["x-a", "1"],
        ["x-a", "2"],
      ],
    );
  });

  test("calls an answer that ends too soon a reset", async () => {
    const port = await rawServer((socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab"));
    const answer = await call(port, "h1", {});
    assert.equal(answer.outcome, "reset");
    assert.equal(answer.status, 200);
    assert.equal(answer.text(), "ab");
  });

  test("takes an answer until the connection closes", async () => {
    const port = await rawServer((socket) => socket.end("HTTP/1.1 200 OK\r\n\r\nab"));
    const answer = await call(port, "h1", {});
    assert.deepEqual([answer.outcome, answer.text()], ["complete", "ab"]);
  });

  test("skips 100 Continue and has no body for HEAD", async () => {
    const head = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n";
    const port = await rawServer((socket) => socket.write(head));
    const answer = await call(port, "h1", { method: "HEAD" });
    assert.deepEqual([answer.outcome, answer.status, answer.body.length], ["complete", 200, 0]);
  });

  test("says hang when nothing comes and reset when nobody listens", async () => {
    const port = await rawServer(() => undefined);
    assert.equal((await call(port, "h1", { timeoutMs: 50 })).outcome, "hang");
    assert.equal((await call(1, "h1", {})).outcome, "reset");
    assert.equal((await call(1, "h2", {})).outcome, "reset");
  });

  test("leaves after so many bytes of the request, and after so many of the answer", async () => {
    const port = await rawServer((socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"));
    const early = await call(port, "h1", { body: "0123456789", abort: { requestBytes: 4 } });
    assert.equal(early.outcome, "aborted");
    await new Promise((done) => setTimeout(done, 20));
    assert.match(wire(), /\r\n\r\n0123$/);
    const late = await call(port, "h1", { body: "x", abort: { responseBytes: 3 } });
    assert.deepEqual([late.outcome, late.text()], ["aborted", "abc"]);
  });
});

/** Frames of HTTP/2 that the client sent: type, flags, length. */
function frames(): { type: number; flags: number; length: number; payload: Buffer }[] {
  const bytes = Buffer.concat(received);
  // What an earlier test's connection still sends may come first.
  const all = bytes.subarray(bytes.indexOf("PRI * HTTP/2.0") + 24);
  const found = [];
  for (let at = 0; at + 9 <= all.length; at += 9 + all.readUIntBE(at, 3)) {
    const length = all.readUIntBE(at, 3);
    const payload = all.subarray(at + 9, at + 9 + length);
    found.push({ type: all.readUInt8(at + 3), flags: all.readUInt8(at + 4), length, payload });
  }
  return found;
}

describe("HTTP/2", () => {
  const dataFrames = () => frames().flatMap(({ type, flags, length }) => (type === 0 ? [{ type, flags, length }] : []));
  // Empty SETTINGS: enough for a client to begin.
  const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
  const server = () => rawServer((socket) => socket.write(settings));
  const body = [{ bytes: Buffer.from("abc") }, { bytes: Buffer.from("defg") }];

  test("puts END_STREAM on the last DATA frame", async () => {
    await call(await server(), "h2", { body, timeoutMs: 100 });
    assert.deepEqual(dataFrames(), [
      { type: 0, flags: 0, length: 3 },
      { type: 0, flags: 1, length: 4 },
    ]);
  });

  test("puts END_STREAM on an empty DATA frame of its own when asked", async () => {
    await call(await server(), "h2", { body, end: "empty-data", timeoutMs: 100 });
    assert.deepEqual(dataFrames(), [
      { type: 0, flags: 0, length: 3 },
      { type: 0, flags: 0, length: 4 },
      { type: 0, flags: 1, length: 0 },
    ]);
  });

  test("puts END_STREAM on the headers of a request without body", async () => {
    await call(await server(), "h2", { timeoutMs: 100 });
    const headers = frames().find((frame) => frame.type === 1);
    assert.equal((headers?.flags ?? 0) & 1, 1);
  });

  test("ends with trailers where there are some", async () => {
    await call(await server(), "h2", { body, trailers: [["x-end", "1"]], timeoutMs: 100 });
    assert.deepEqual(
      dataFrames()
        .filter((frame) => frame.length > 0)
        .map((frame) => frame.flags),
      [0, 0],
    );
    const headers = frames().filter((frame) => frame.type === 1);
    assert.equal(headers.length, 2);
    assert.equal((headers[1]?.flags ?? 0) & 1, 1);
  });

  test("cancels the stream when it leaves", async () => {
    const answer = await call(await server(), "h2", { body, abort: { requestBytes: 3, afterMs: 10 } });
    assert.equal(answer.outcome, "aborted");
    await new Promise((done) => setTimeout(done, 20));
    assert.deepEqual(dataFrames(), [{ type: 0, flags: 0, length: 3 }]);
    const reset = frames().find((frame) => frame.type === 3);
    assert.equal(reset?.payload.readUInt32BE(0), 8);
  });
});
