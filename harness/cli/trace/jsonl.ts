// Reads a trace of JSON lines: calls in full, or lines of an access log, of which calls of the same size are made.
import { readEntry, type LogEntry } from "../log/entry.ts";
import { cleanHeaders, headerOf, type TraceCall } from "./call.ts";

/** A call in full. Bodies are texts, or JSON values that are written out. */
interface FullLine {
  time?: string | number;
  durationMs?: number;
  method?: string;
  path?: string;
  url?: string;
  host?: string;
  headers?: Record<string, unknown>;
  body?: unknown;
  response?: { status?: number; headers?: Record<string, unknown>; body?: unknown };
}

const JSON_TYPE = "application/json";

/** One line as a call; undefined for one that is none. `keyHeaders` carry a log's consumer, team and project. */
export function readLine(text: string, file: string, line: number, keyHeaders: KeyHeaders): TraceCall | undefined {
  const place = `${file}:${line}`;
  let raw: FullLine;
  try {
    raw = JSON.parse(text) as FullLine;
  } catch {
    return undefined;
  }
  if (typeof raw !== "object" || raw === null) return undefined;
  if (raw.body !== undefined || raw.response !== undefined || raw.headers !== undefined) return fullCall(raw, place);
  const entry = readEntry(text, file, line);
  return entry?.path === undefined ? undefined : loggedCall(entry, place, keyHeaders);
}

/** Headers that stand for what a log knows of the caller. */
export type KeyHeaders = Record<"consumer" | "team" | "project", string>;

function fullCall(raw: FullLine, place: string): TraceCall {
  const url = raw.url === undefined ? undefined : new URL(raw.url, "http://unknown");
  const headers = cleanHeaders(Object.entries(raw.headers ?? {}));
  const answerHeaders = cleanHeaders(Object.entries(raw.response?.headers ?? {}));
  const body = bodyOf(raw.body);
  const answer = bodyOf(raw.response?.body);
  if (body !== undefined && headerOf(headers, "content-type") === undefined) headers.push(["content-type", JSON_TYPE]);
  if (answer !== undefined && headerOf(answerHeaders, "content-type") === undefined) {
    answerHeaders.push([
      "content-type",
      answer.startsWith("data:") || answer.startsWith("event:") ? "text/event-stream" : JSON_TYPE,
    ]);
  }
  return {
    startMs: typeof raw.time === "number" ? raw.time : Date.parse(raw.time ?? ""),
    durationMs: raw.durationMs ?? 0,
    method: raw.method ?? (body === undefined ? "GET" : "POST"),
    path: raw.path ?? (url === undefined ? "/v1/chat/completions" : url.pathname + url.search),
    host: raw.host ?? url?.host,
    headers,
    body,
    status: raw.response?.status ?? 200,
    answerHeaders,
    answer,
    place,
  };
}

function bodyOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A call of OpenAI's chat with the model and the use that the log tells. */
function loggedCall(entry: LogEntry, place: string, keyHeaders: KeyHeaders): TraceCall {
  const { state } = entry;
  const headers: [string, string][] = [];
  for (const name of ["consumer", "team", "project"] as const) {
    const value = state[name];
    if (value !== undefined) headers.push([keyHeaders[name], value]);
  }
  const call = {
    startMs: entry.startMs,
    durationMs: entry.durationMs ?? 0,
    method: entry.method ?? "POST",
    path: entry.path ?? "/",
    host: undefined,
    headers,
    status: entry.status === 0 ? 499 : entry.status,
    answerHeaders: [] as [string, string][],
    place,
  };
  // What sluice refused itself was never answered by the upstream: it is asked again.
  const wasRefused = /sluice_/.test(entry.details ?? "") && entry.status >= 400;
  if (state["model"] === undefined) return { ...call, body: undefined, answer: undefined };
  const input = Number(state["input_tokens"] ?? 0);
  const output = Number(state["output_tokens"] ?? 0);
  headers.push(["content-type", JSON_TYPE]);
  call.answerHeaders.push(["content-type", JSON_TYPE]);
  const cached = Number(state["cached_input_tokens"] ?? 0);
  const usage = {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    ...(cached > 0 && { prompt_tokens_details: { cached_tokens: cached } }),
  };
  return {
    ...call,
    method: "POST",
    path: "/v1/chat/completions",
    status: wasRefused ? 200 : call.status,
    // About four bytes make a token.
    body: JSON.stringify({
      model: state["model"],
      messages: [{ role: "user", content: "x".repeat(Math.min(input * 4, 65_536)) }],
    }),
    answer: JSON.stringify({
      object: "chat.completion",
      model: state["response_model"] ?? state["model"],
      choices: [],
      usage,
    }),
  };
}
