// Reads a HAR file (HTTP Archive 1.2), as browsers and proxies save it.
import { HarnessError } from "../../error.ts";
import { cleanHeaders, headerOf, type TraceCall } from "./call.ts";

interface HarText {
  text?: string;
  encoding?: string;
  mimeType?: string;
}

interface HarEntry {
  startedDateTime?: string;
  time?: number;
  request?: { method?: string; url?: string; headers?: { name: string; value: string }[]; postData?: HarText };
  response?: { status?: number; headers?: { name: string; value: string }[]; content?: HarText };
}

/** Its calls. Throws `trace-unreadable` for JSON that is no HAR. */
export function readHar(text: string, file: string): TraceCall[] {
  const { log } = JSON.parse(text) as { log?: { entries?: HarEntry[] } };
  if (!Array.isArray(log?.entries))
    throw new HarnessError(`${file} is no HAR file: it has no log.entries`, "trace-unreadable");
  return log.entries.map(({ startedDateTime = "", time = 0, request = {}, response = {} }, at) => {
    const url = new URL(request.url ?? "/", "http://unknown");
    const headers = cleanHeaders((request.headers ?? []).map(({ name, value }) => [name, value] as const));
    const answerHeaders = cleanHeaders((response.headers ?? []).map(({ name, value }) => [name, value] as const));
    withType(headers, request.postData?.mimeType);
    withType(answerHeaders, response.content?.mimeType);
    return {
      startMs: Date.parse(startedDateTime),
      durationMs: Math.max(0, time),
      method: request.method ?? "GET",
      path: url.pathname + url.search,
      host: url.host,
      headers,
      body: bytesOf(request.postData),
      status: response.status ?? 0,
      answerHeaders,
      answer: bytesOf(response.content),
      place: `${file} entry ${at + 1}`,
    };
  });
}

function bytesOf(content: HarText | undefined): string | Uint8Array | undefined {
  if (content?.text === undefined) return undefined;
  return content.encoding === "base64" ? Buffer.from(content.text, "base64") : content.text;
}

function withType(headers: [string, string][], type: string | undefined): void {
  if (type !== undefined && type !== "" && headerOf(headers, "content-type") === undefined)
    headers.push(["content-type", type]);
}
