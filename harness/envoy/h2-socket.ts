// A connection that watches the HTTP/2 frames that come in: which streams truly ended, and which were reset with what code.
import { connect, type Socket } from "node:net";
import { Duplex } from "node:stream";

const frameHeaderBytes = 9;

/**
 * A socket for node:http2. A stream that is reset with NO_ERROR in mid-answer (as Envoy 1.36 does) looks to node:http2
 * like one that ended; only the frames tell them apart.
 */
export class WatchedSocket extends Duplex {
  /** Streams whose answer came to its end (END_STREAM). */
  readonly ended = new Set<number>();
  /** The code of RST_STREAM by stream. */
  readonly resets = new Map<number, number>();
  readonly #socket: Socket;
  #header = Buffer.alloc(0);
  #skip = 0;
  #resetOf: number | undefined;

  constructor(port: number) {
    super();
    this.#socket = connect({ host: "127.0.0.1", port, noDelay: true });
    this.#socket.on("data", (bytes: Buffer) => {
      this.#watch(bytes);
      if (!this.push(bytes)) this.#socket.pause();
    });
    this.#socket.once("connect", () => this.emit("connect"));
    this.#socket.once("end", () => this.push(null));
    this.#socket.once("error", (error) => this.destroy(error));
    this.#socket.once("close", () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(bytes: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#socket.write(bytes, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #watch(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#skip > 0) {
        const taken = Math.min(this.#skip, bytes.length - at);
        this.#skip -= taken;
        at += taken;
        continue;
      }
      const wanted = frameHeaderBytes + (this.#resetOf === undefined ? 0 : 4);
      const taken = bytes.subarray(at, at + wanted - this.#header.length);
      this.#header = Buffer.concat([this.#header, taken]);
      at += taken.length;
      if (this.#header.length === wanted) this.#frame();
    }
  }

  /** A frame's header is whole, or that and the code of a RST_STREAM. */
  #frame(): void {
    if (this.#resetOf !== undefined) {
      this.resets.set(this.#resetOf, this.#header.readUInt32BE(frameHeaderBytes));
      this.#resetOf = undefined;
      this.#header = Buffer.alloc(0);
      return;
    }
    const [type, flags, stream] = [this.#header[3], this.#header[4] ?? 0, this.#header.readUInt32BE(5) & 0x7fffffff];
    if (type === 3) {
      this.#resetOf = stream;
      return;
    }
    if ((type === 0 || type === 1) && (flags & 1) === 1) this.ended.add(stream);
    this.#skip = this.#header.readUIntBE(0, 3);
    this.#header = Buffer.alloc(0);
  }
}
