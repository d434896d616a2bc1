// Sends requests again and again over keep-alive connections, as fast as it is answered.
import { connect, type Socket } from "node:net";

/** How many connections send at a time: enough to keep one worker busy, few enough to stay fair on two cores. */
const usual = 8;

/** Sends `count` requests (HTTP/1.1 bytes, in turn) to a port on loopback; throws when an answer is not 200 or a socket breaks. */
export async function load(port: number, requests: Buffer[], count: number, connections = usual): Promise<void> {
  let left = count;
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket: Socket = connect(port, "127.0.0.1");
      socket.setNoDelay(true);
      let pending = Buffer.alloc(0);
      const next = (): void => {
        if (left <= 0) {
          socket.end();
          resolve();
          return;
        }
        left -= 1;
        socket.write(requests[left % requests.length] as Buffer);
      };
      socket.once("connect", next);
      socket.on("data", (data) => {
        pending = pending.length === 0 ? data : Buffer.concat([pending, data]);
        const size = answerSize(pending);
        if (size === undefined || pending.length < size) return;
        if (!pending.subarray(0, 12).toString("latin1").endsWith("200")) {
          reject(new Error(`not 200: ${pending.subarray(0, 200).toString("latin1")}`));
          socket.destroy();
          return;
        }
        pending = pending.subarray(size);
        next();
      });
      socket.once("error", reject);
    });
  await Promise.all(Array.from({ length: connections }, one));
}

/** Bytes of the answer at the start of `data`, undefined while its headers or chunks are not all there. */
function answerSize(data: Buffer): number | undefined {
  const end = data.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = data.subarray(0, end).toString("latin1").toLowerCase();
  const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1];
  if (length !== undefined) return end + 4 + Number(length);
  if (!head.includes("transfer-encoding: chunked")) return end + 4;
  const last = data.indexOf("\r\n0\r\n\r\n", end);
  return last < 0 ? undefined : last + 7;
}
