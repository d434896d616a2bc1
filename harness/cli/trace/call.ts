// One call of a trace: what was asked and what the upstream answered.

/** A call. Headers are lower case. */
export interface TraceCall {
  /** Milliseconds since 1970; NaN when the trace does not say. */
  startMs: number;
  /** From the request's end to the answer's end. */
  durationMs: number;
  method: string;
  /** Path and query. */
  path: string;
  host: string | undefined;
  headers: [string, string][];
  body: string | Uint8Array | undefined;
  status: number;
  answerHeaders: [string, string][];
  answer: string | Uint8Array | undefined;
  /** For messages: file and line. */
  place: string;
}

/** Headers that say how bytes travel, or that the replay's gateway writes itself. */
const OWN_HEADERS = new Set([
  "host",
  "content-length",
  "transfer-encoding",
  "connection",
  "content-encoding",
  "keep-alive",
  "x-request-id",
]);

/** Headers for the replay, from an object or a list of names and values. */
export function cleanHeaders(from: Iterable<readonly [string, unknown]>): [string, string][] {
  const headers: [string, string][] = [];
  for (const [name, value] of from) {
    const lower = name.toLowerCase();
    if (lower.startsWith(":") || OWN_HEADERS.has(lower) || typeof value === "object") continue;
    headers.push([lower, String(value).replaceAll(/[\r\n\0]/g, " ")]);
  }
  return headers;
}

/** The value of a header. */
export function headerOf(headers: readonly [string, string][], name: string): string | undefined {
  return headers.find(([one]) => one === name)?.[1];
}
