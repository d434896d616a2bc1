// Server-sent events as bytes, in all forms that the standard allows.
// Source: WHATWG HTML, "Server-sent events", 9.2.6.
import type { Sample } from "../sample.ts";

/** How events are written. */
export interface SseStyle {
  /** Default lf. */
  newline?: "lf" | "crlf" | "cr";
  /** `data:` without the space behind it. */
  noSpace?: boolean;
  /** A comment before each event, as keep-alives are written. */
  comment?: string;
  /** The blank line after the last event is missing. */
  noFinalBlank?: boolean;
  /** The data cut into several `data:` lines (at line feeds that are put between the JSON's members). */
  manyDataLines?: boolean;
  /** A byte order mark in front. */
  byteOrderMark?: boolean;
}

/** One event; `data` that is no string is written as JSON. */
export interface SseEvent {
  event?: string;
  id?: string;
  /** Written between `event` and `data`. */
  comment?: string;
  data: unknown;
}

const encoder = new TextEncoder();

/** The answer whose body these events are, one chunk each. */
export function sseSample(
  events: SseEvent[],
  style: SseStyle = {},
  contentType = "text/event-stream; charset=utf-8",
): Sample {
  const newline = { lf: "\n", crlf: "\r\n", cr: "\r" }[style.newline ?? "lf"];
  const space = style.noSpace ? "" : " ";
  const texts = events.map((event, at) => {
    const lines: string[] = [];
    if (style.comment !== undefined) lines.push(`: ${style.comment}`, "");
    if (event.id !== undefined) lines.push(`id:${space}${event.id}`);
    if (event.event !== undefined) lines.push(`event:${space}${event.event}`);
    if (event.comment !== undefined) lines.push(`:${event.comment}`);
    const data =
      typeof event.data === "string"
        ? event.data
        : JSON.stringify(event.data, null, style.manyDataLines ? 1 : undefined);
    lines.push(...data.split("\n").map((line) => `data:${line === "" ? "" : space}${line}`));
    if (!(style.noFinalBlank && at === events.length - 1)) lines.push("");
    return lines.join(newline) + (style.noFinalBlank && at === events.length - 1 ? "" : newline);
  });
  if (style.byteOrderMark && texts[0] !== undefined) texts[0] = `\uFEFF${texts[0]}`;
  const headers: Sample["headers"] = [
    ["content-type", contentType],
    ["cache-control", "no-cache"],
  ];
  return { headers, chunks: texts.map((text) => encoder.encode(text)) };
}
