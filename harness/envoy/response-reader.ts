// Reads an HTTP/1.1 response from pieces of a connection.
import type { HeaderList } from "../scenario/scenario.ts";
import type { Answer } from "./client.ts";

/** Reads one response into `answer`. */
export class ResponseReader {
  done = false;
  readonly #answer: Answer;
  readonly #hasNoBody: boolean;
  readonly #isConnect: boolean;
  #state: "head" | "length" | "chunk-size" | "chunk" | "chunk-end" | "trailers" | "until-close" = "head";
  #rest: Buffer = Buffer.alloc(0);
  #left = 0;

  constructor(answer: Answer, hasNoBody: boolean, isConnect: boolean) {
    this.#answer = answer;
    this.#hasNoBody = hasNoBody;
    this.#isConnect = isConnect;
  }

  /** The answer is complete when the server closes. */
  get endsAtClose(): boolean {
    return this.#state === "until-close";
  }

  /** Takes what came. Answers what is wrong with it, if anything is. */
  push(bytes: Buffer): string | undefined {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (!this.done) {
      const before = this.#rest.length;
      const state = this.#state;
      const failure = this.#step();
      if (failure !== undefined) return failure;
      if (this.#rest.length === before && this.#state === state) return undefined;
    }
    return undefined;
  }

  #step(): string | undefined {
    switch (this.#state) {
      case "head":
        return this.#readHead();
      case "length":
      case "chunk": {
        const taken = this.#take(Math.min(this.#left, this.#rest.length));
        this.#answer.adds(taken);
        this.#left -= taken.length;
        if (this.#left === 0) {
          if (this.#state === "length") this.done = true;
          else this.#state = "chunk-end";
        }
        return undefined;
      }
      case "chunk-end":
        if (this.#rest.length >= 2) {
          if (this.#take(2).toString() !== "\r\n") return "malformed chunk";
          this.#state = "chunk-size";
        }
        return undefined;
      case "chunk-size": {
        const line = this.#line();
        if (line === undefined) return undefined;
        const size = Number.parseInt(line, 16);
        if (!(size >= 0)) return "malformed chunk size";
        this.#left = size;
        this.#state = size === 0 ? "trailers" : "chunk";
        return undefined;
      }
      case "trailers": {
        const line = this.#line();
        if (line === undefined) return undefined;
        if (line === "") this.done = true;
        else this.#answer.trailers.push(header(line));
        return undefined;
      }
      case "until-close":
        this.#answer.adds(this.#take(this.#rest.length));
        return undefined;
    }
  }

  #readHead(): string | undefined {
    const end = this.#rest.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    const [first = "", ...lines] = this.#take(end + 4)
      .toString("latin1")
      .trimEnd()
      .split("\r\n");
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1] ?? 0);
    if (status === 0) return `malformed status line: ${first}`;
    if (status < 200 && status !== 101) return undefined;
    const headers: HeaderList = lines.map(header);
    this.#answer.begins(status, headers);
    const value = (name: string) => headers.find(([key]) => key === name)?.[1];
    if (status === 101 || (this.#isConnect && status === 200)) this.#state = "until-close";
    else if (this.#hasNoBody || status === 204 || status === 304) this.done = true;
    else if (value("transfer-encoding")?.includes("chunked")) this.#state = "chunk-size";
    else if (value("content-length") !== undefined) {
      this.#left = Number(value("content-length"));
      this.#state = "length";
      if (this.#left === 0) this.done = true;
    } else this.#state = "until-close";
    return undefined;
  }

  #line(): string | undefined {
    const end = this.#rest.indexOf("\r\n");
    return end < 0
      ? undefined
      : this.#take(end + 2)
          .toString("latin1")
          .slice(0, -2);
  }

  #take(length: number): Buffer {
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }
}

function header(line: string): [string, string] {
  const at = line.indexOf(":");
  return [line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()];
}
