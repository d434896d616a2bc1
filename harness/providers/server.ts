// A model server on loopback that speaks every provider's API, does what rules tell it, and keeps the bill.
import { createHash } from "node:crypto";
import type { HeaderList } from "../scenario/scenario.ts";
import { readAsk, type Ask } from "./ask.ts";
import { wireAnswer, type Behaviour } from "./behaviour.ts";
import { endpointOf, type Endpoint } from "./endpoint.ts";
import { errorAnswer } from "./errors.ts";
import { listen, type WireServer } from "./listen.ts";
import { sample, type Sample, type SampleApi } from "./sample.ts";
import { countWords, usageOf, type TokenUsage } from "./usage.ts";
import { headerOf, type WireAnswer, type WireReply, type WireRequest } from "./wire.ts";

/** A client may put a `Behaviour` as JSON into this header; it wins over rules. */
export const controlHeader = "x-model-server";

/** One call that arrived. */
export interface Call {
  protocol: "h1" | "h2";
  method: string;
  path: string;
  authority: string;
  headers: HeaderList;
  header(name: string): string | undefined;
  body: Uint8Array;
  bodyHash: string;
  trailers: HeaderList;
  /** The request came to its end. */
  complete: boolean;
  requestId: string | undefined;
  attempt: number;
  /** Undefined: no AI call. */
  api: SampleApi | undefined;
  model: string | undefined;
  stream: boolean;
  /** 0: no answer. */
  status: number;
  /** What the provider would charge for. */
  billed: boolean;
  /** What it charges: the usage that the answer names. */
  usage: TokenUsage | undefined;
}

/** Orders for the calls that match. */
export interface Rule {
  /** Must be in the path. */
  path?: string;
  model?: string;
  header?: [name: string, value: string];
  when?: (call: Call) => boolean;
  /** For so many calls, then the next rule counts. Default: for all. */
  times?: number;
  do: Behaviour;
}

/** Starts a server. `port` 0 is a free one. */
export async function startModelServer(
  options: { port?: number; host?: string; rules?: Rule[]; name?: string } = {},
): Promise<ModelServer> {
  const server = new ModelServer(options.name ?? "model-server", options.rules ?? []);
  await server.start(options.port ?? 0, options.host);
  return server;
}

/** A running model server. */
export class ModelServer {
  /** In the answer header `x-served-by`. */
  readonly name: string;
  /** All calls, in the order in which their headers came. */
  calls: Call[] = [];
  #rules: Rule[];
  #wire: WireServer | undefined;

  constructor(name: string, rules: Rule[]) {
    this.name = name;
    this.#rules = rules.map((rule) => ({ ...rule }));
  }

  get port(): number {
    return this.#wire?.port ?? 0;
  }

  /** For the official clients: `new OpenAI({baseURL: url + "/v1"})`. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get billed(): Call[] {
    return this.calls.filter((call) => call.billed);
  }

  /** How often each call was billed, by request id (or body hash where there is none). */
  get bills(): Map<string, number> {
    const bills = new Map<string, number>();
    for (const call of this.billed) {
      const key = call.requestId ?? call.bodyHash;
      bills.set(key, (bills.get(key) ?? 0) + 1);
    }
    return bills;
  }

  /** Adds a rule; the first that matches counts. */
  rule(rule: Rule): void {
    this.#rules.push({ ...rule });
  }

  /** Forgets calls and rules. */
  reset(rules: Rule[] = []): void {
    this.calls = [];
    this.#rules = rules.map((rule) => ({ ...rule }));
  }

  async start(port: number, host?: string): Promise<void> {
    this.#wire = await listen((request) => this.#serve(request), port, host);
  }

  async stop(): Promise<void> {
    await this.#wire?.close();
    this.#wire = undefined;
  }

  async #serve(request: WireRequest): Promise<WireReply> {
    const endpoint = request.method === "POST" ? endpointOf(request.path, request.authority) : undefined;
    const call = newCall(request, endpoint);
    this.calls.push(call);
    // Before the body is read nothing is known of the model.
    const early = this.#behaviour(
      call,
      (rule) => rule.model === undefined && rule.when === undefined && rule.do.reset === "before-body",
    );
    if (early.reset === "before-body") return { kind: "reset" };
    const { bytes, trailers, complete } = await request.body;
    Object.assign(call, {
      body: bytes,
      trailers,
      complete,
      bodyHash: createHash("sha256").update(bytes).digest("hex"),
    });
    if (!complete) return { kind: "hang" };
    if (endpoint === undefined) return this.#plain(call);
    const ask = readAsk(endpoint, call.headers, bytes);
    if (typeof ask !== "string") Object.assign(call, { model: ask.model, stream: ask.stream });
    const behaviour = this.#behaviour(call);
    if (behaviour.reset === "before-body") return { kind: "reset" };
    const reply = this.#answer(call, endpoint, ask, behaviour);
    if (reply.kind === "answer") call.status = reply.status;
    const costs = call.status < 400 || (call.status >= 500 && call.status !== 503 && call.status !== 529);
    call.billed = behaviour.billed ?? costs;
    return reply;
  }

  #answer(call: Call, endpoint: Endpoint, ask: Ask | string, behaviour: Behaviour): WireReply {
    if (behaviour.hang) return { kind: "hang" };
    if (behaviour.reset === "after-body") return { kind: "reset" };
    const wrong = typeof ask === "string" ? ask : problemOf(endpoint, ask, behaviour);
    const status = behaviour.status ?? (wrong === undefined ? 200 : 400);
    if (status >= 400) {
      const error = errorAnswer(endpoint.errors, status, behaviour.message ?? wrong);
      return this.#send(
        call,
        { headers: error.headers, chunks: [new TextEncoder().encode(error.body)] },
        status,
        behaviour,
      );
    }
    const { model = "unknown", words, ...asked } = ask as Ask;
    const answers = behaviour.model ?? (endpoint.variant === "azure" ? `${model}-2024-11-20` : model);
    const text =
      behaviour.text ?? `You said ${words} words to ${answers}, and this is the answer to them — naïve, but whole.`;
    const usage = usageOf({ input: Math.max(1, words), output: countWords(text), ...behaviour.usage });
    const options = {
      model: answers,
      usage,
      text,
      stream: asked.stream,
      includeUsage: asked.includeUsage,
      continuousUsage: asked.continuousUsage,
      variant: endpoint.variant,
      ...(asked.background && { ending: "queued" as const }),
      ...(endpoint.geminiStream && { geminiStream: endpoint.geminiStream }),
      ...behaviour.sample,
    };
    call.usage = usage;
    return this.#send(call, sample(endpoint.api, options), status, behaviour);
  }

  #send(call: Call, made: Sample, status: number, behaviour: Behaviour): WireAnswer {
    const headers: HeaderList = [...made.headers, ["x-served-by", this.name]];
    if (call.requestId !== undefined) headers.push(["x-request-id", call.requestId]);
    return wireAnswer({ headers, chunks: made.chunks }, status, behaviour);
  }

  /** What is no AI call: retrievals that repeat a usage, and everything else. */
  #plain(call: Call): WireReply {
    const behaviour = this.#behaviour(call);
    if (behaviour.hang) return { kind: "hang" };
    if (behaviour.reset === "after-body") return { kind: "reset" };
    const isRetrieval = call.method === "GET" && /\/responses\/resp_\w+$/.test(call.path);
    const encode = (value: unknown) => [new TextEncoder().encode(JSON.stringify(value))];
    const made: Sample = isRetrieval
      ? sample("openai-responses", { model: "gpt-4.1", usage: usageOf({ input: 7, output: 5 }) })
      : {
          headers: [["content-type", "application/json"]],
          chunks: encode({ path: call.path, bytes: call.body.length }),
        };
    call.status = behaviour.status ?? 200;
    return this.#send(call, made, call.status, behaviour);
  }

  #behaviour(call: Call, isCandidate: (rule: Rule) => boolean = () => true): Behaviour {
    const control = call.header(controlHeader);
    if (control !== undefined) return JSON.parse(control) as Behaviour;
    const rule = this.#rules.find((one) => isCandidate(one) && (one.times ?? 1) > 0 && matches(one, call));
    if (rule?.times !== undefined) rule.times -= 1;
    return rule?.do ?? {};
  }
}

function problemOf(endpoint: Endpoint, ask: Ask, behaviour: Behaviour): string | undefined {
  const rejected = behaviour.rejectsMembers?.find((name) => ask.members.includes(name));
  if (rejected !== undefined) return `Extra inputs are not permitted: ${rejected}`;
  const needsModel =
    endpoint.variant !== "azure" && endpoint.api !== "openai-moderations" && endpoint.api !== "dashscope";
  return ask.model === undefined && needsModel ? "you must provide a model parameter" : undefined;
}

function matches(rule: Rule, call: Call): boolean {
  if (rule.path !== undefined && !call.path.includes(rule.path)) return false;
  if (rule.model !== undefined && call.model !== rule.model) return false;
  if (rule.header !== undefined && call.header(rule.header[0]) !== rule.header[1]) return false;
  return rule.when === undefined || rule.when(call);
}

function newCall(request: WireRequest, endpoint: Endpoint | undefined): Call {
  const { protocol, method, path, authority, headers } = request;
  return {
    protocol,
    method,
    path,
    authority,
    headers,
    header: (name) => headerOf(headers, name),
    body: new Uint8Array(0),
    bodyHash: "",
    trailers: [],
    complete: false,
    requestId: headerOf(headers, "x-request-id"),
    attempt: Number(headerOf(headers, "x-envoy-attempt-count") ?? 1),
    api: endpoint?.api,
    model: endpoint?.model,
    stream: false,
    status: 0,
    billed: false,
    usage: undefined,
  };
}
