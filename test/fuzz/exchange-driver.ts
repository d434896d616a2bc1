// Feeds calls to the exchange's module and reads all that it knows back as one object.
import { loadParser, type ParserModule } from "./compile.ts";

interface ExchangeModule extends ParserModule {
  configure(length: number): number;
  begin(): void;
  openRequest(length: number): void;
  feedRequest(at: number, length: number): void;
  endRequest(): void;
  limitReached(): void;
  isRequestKnown(facts: number): number;
  openResponse(length: number): void;
  feedResponse(at: number, length: number): void;
  endResponse(): void;
  abortResponse(byUpstream: boolean): void;
  isResponseKnown(facts: number): number;
  fact(index: number): number;
  textAt(index: number): number;
  textLength(): number;
}

const FACTS = [
  ...(["isCall", "isUncounted", "isFree", "wantsRequestBody", "isStream", "maxOutputTokens", "choices"] as const),
  ...(["modelStart", "modelEnd", "modelCount", "streamOptionsStart", "streamOptionsEnd"] as const),
  ...(["isStreamOptionsEmpty", "includesUsage", "bodyOpen", "bodyClose", "textBytes", "mediaItems"] as const),
  ...(["status", "wantsResponseBody", "isResponseCompressed", "isResponseStream", "hasFirstToken"] as const),
  ...(["contentDeltas", "contentBytes", "input", "cachedInput", "cacheWrite", "output", "reasoning"] as const),
  ...(["searchUnits", "cacheWrite1h", "estimatedInput"] as const),
];
const TEXTS = [
  ...(["api", "provider", "requestType", "requestModel", "rawModel", "modelSource", "modelProblem"] as const),
  ...(["responseModel", "outcome", "usageStatus", "errorType", "serviceTier"] as const),
];

/** All that an exchange knows; booleans are 0 or 1, absent texts undefined. */
export type Known = Record<(typeof FACTS)[number], number> & Record<(typeof TEXTS)[number], string | undefined>;

export type Headers = readonly (readonly [name: string, value: string])[];

/** Bits of `RequestFact`. */
export const RequestFact = { Model: 1, Stream: 2, WholeBody: 128 } as const;
/** Bits of `ResponseFact`. */
export const ResponseFact = { Model: 1, Usage: 2, WholeBody: 4 } as const;

export interface Message {
  headers: Headers;
  body?: Uint8Array | string;
}

export class ExchangeDriver {
  private readonly module: ExchangeModule;

  private constructor(module: ExchangeModule) {
    this.module = module;
  }

  static async load(): Promise<ExchangeDriver> {
    return new ExchangeDriver(await loadParser<ExchangeModule>("exchange"));
  }

  /** Configures from now on; answers the number of errors. */
  configure(config: object): number {
    return this.module.configure(this.write(Buffer.from(JSON.stringify(config))));
  }

  /** A whole call, its bodies cut into chunks of these lengths (default: one chunk each). */
  call(request: Message, response?: Message, requestCuts?: number[], responseCuts?: number[]): Known {
    this.begin();
    this.request(request, requestCuts);
    if (response) this.response(response, responseCuts);
    return this.known();
  }

  begin(): void {
    this.module.begin();
  }

  openRequest(headers: Headers): void {
    this.module.openRequest(this.write(pairs(headers)));
  }

  /** Feeds a piece of a body, cut into chunks. */
  feedRequest(body: Uint8Array | string, cuts?: number[]): void {
    this.feed(body, cuts, (at, length) => this.module.feedRequest(at, length));
  }

  endRequest(): void {
    this.module.endRequest();
  }

  request(message: Message, cuts?: number[]): void {
    this.openRequest(message.headers);
    if (message.body !== undefined) this.feedRequest(message.body, cuts);
    this.endRequest();
  }

  limitReached(): void {
    this.module.limitReached();
  }

  isRequestKnown(facts: number): boolean {
    return this.module.isRequestKnown(facts) !== 0;
  }

  openResponse(headers: Headers): void {
    this.module.openResponse(this.write(pairs(headers)));
  }

  feedResponse(body: Uint8Array | string, cuts?: number[]): void {
    this.feed(body, cuts, (at, length) => this.module.feedResponse(at, length));
  }

  endResponse(): void {
    this.module.endResponse();
  }

  abortResponse(byUpstream: boolean): void {
    this.module.abortResponse(byUpstream);
  }

  isResponseKnown(facts: number): boolean {
    return this.module.isResponseKnown(facts) !== 0;
  }

  response(message: Message, cuts?: number[]): void {
    this.openResponse(message.headers);
    if (message.body !== undefined) this.feedResponse(message.body, cuts);
    this.endResponse();
  }

  known(): Known {
    const known: Record<string, unknown> = {};
    FACTS.forEach((name, index) => (known[name] = this.module.fact(index)));
    TEXTS.forEach((name, index) => {
      const ptr = this.module.textAt(index);
      known[name] = ptr ? Buffer.from(this.module.memory.buffer, ptr, this.module.textLength()).toString() : undefined;
    });
    return known as Known;
  }

  get memoryBytes(): number {
    return this.module.memory.buffer.byteLength;
  }

  private feed(
    body: Uint8Array | string,
    cuts: number[] | undefined,
    feed: (at: number, length: number) => void,
  ): void {
    const bytes = Buffer.from(body);
    this.write(bytes);
    let at = 0;
    for (const length of cuts ?? [bytes.length]) {
      feed(at, length);
      at += length;
    }
    if (at < bytes.length) feed(at, bytes.length - at);
  }

  private write(bytes: Uint8Array): number {
    if (bytes.length > this.module.capacity()) throw new Error("the input buffer is too small");
    new Uint8Array(this.module.memory.buffer, this.module.input(), bytes.length).set(bytes);
    return bytes.length;
  }
}

/** Headers in the ABI's form. */
function pairs(headers: Headers): Uint8Array {
  const texts = headers.flat().map((text) => Buffer.from(text));
  const sizes = Buffer.alloc(4 + texts.length * 4);
  sizes.writeUInt32LE(headers.length, 0);
  texts.forEach((text, index) => sizes.writeUInt32LE(text.length, 4 + index * 4));
  return Buffer.concat([sizes, ...texts.map((text) => Buffer.concat([text, Buffer.alloc(1)]))]);
}
