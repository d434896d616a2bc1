// What a request asks of a model server: model, stream, how many words.
import type { HeaderList } from "../scenario/scenario.ts";
import type { Endpoint } from "./endpoint.ts";
import { countWords, textsOf } from "./usage.ts";
import { headerOf } from "./wire.ts";

/** What a body asks. */
export interface Ask {
  /** Where neither path nor body names one: undefined. */
  model: string | undefined;
  stream: boolean;
  includeUsage: boolean;
  continuousUsage: boolean;
  background: boolean;
  words: number;
  /** Top-level members of a JSON body. */
  members: string[];
}

/** Reads a request as the provider's server would. A string is what is wrong with it. */
export function readAsk(endpoint: Endpoint, headers: HeaderList, body: Uint8Array): Ask | string {
  const type = headerOf(headers, "content-type") ?? "";
  const text = Buffer.from(body).toString("utf8");
  let json: Record<string, unknown> = {};
  if (type.startsWith("multipart/form-data")) {
    const boundary = /boundary="?([^";]+)"?/.exec(type)?.[1];
    if (boundary === undefined) return "the multipart body has no boundary";
    json = multipartFields(text, boundary);
  } else {
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value !== "object" || value === null || Array.isArray(value)) return "the body is no JSON object";
      json = value as Record<string, unknown>;
    } catch {
      return "We could not parse the JSON body of your request.";
    }
  }
  const named = json["model"];
  if (named !== undefined && typeof named !== "string") return "model must be a string";
  const options = (json["stream_options"] ?? {}) as Record<string, unknown>;
  return {
    model: endpoint.model ?? named,
    stream: streams(endpoint, headers, json),
    includeUsage: options["include_usage"] === true,
    continuousUsage: options["continuous_usage_stats"] === true,
    background: json["background"] === true,
    words: textsOf(json).reduce((sum, one) => sum + countWords(one), 0),
    members: Object.keys(json),
  };
}

function streams(endpoint: Endpoint, headers: HeaderList, json: Record<string, unknown>): boolean {
  if (endpoint.stream !== undefined) return endpoint.stream;
  // Ollama streams unless it is told not to; DashScope is told by a header.
  if (endpoint.api.startsWith("ollama")) return json["stream"] !== false;
  if (endpoint.api === "dashscope") return headerOf(headers, "x-dashscope-sse") === "enable";
  return json["stream"] === true || json["stream"] === "true";
}

/** Form fields without a file name; a file counts as its text. */
function multipartFields(text: string, boundary: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const part of text.split(`--${boundary}`)) {
    const at = part.indexOf("\r\n\r\n");
    const name = /name="([^"]*)"/.exec(part.slice(0, at))?.[1];
    if (at < 0 || name === undefined) continue;
    const isFile = /filename="/.test(part.slice(0, at));
    fields[isFile ? "input" : name] = part.slice(at + 4).replace(/\r\n$/, "");
  }
  return fields;
}
