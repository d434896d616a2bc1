// Reads traces of any form, in the order of time.
import { HarnessError } from "../../error.ts";
import { readText } from "../files.ts";
import type { TraceCall } from "./call.ts";
import { readHar } from "./har.ts";
import { readLine, type KeyHeaders } from "./jsonl.ts";

/** Headers that calls made of log lines carry. */
export const logHeaders: KeyHeaders = {
  consumer: "x-sluice-consumer",
  team: "x-sluice-team",
  project: "x-sluice-project",
};

/** The calls of all files; those without a time keep their place. Throws `trace-unreadable`. */
export function readTrace(files: readonly string[]): { calls: TraceCall[]; skipped: number } {
  const calls: TraceCall[] = [];
  let skipped = 0;
  for (const file of files) {
    const text = readText(file);
    const before = calls.length;
    if (/^\s*\{\s*"log"\s*:/.test(text)) for (const call of readHar(text, file)) calls.push(call);
    else {
      let line = 0;
      for (let at = 0; at < text.length;) {
        const end = text.indexOf("\n", at);
        const one = text.slice(at, end < 0 ? text.length : end).trim();
        at = end < 0 ? text.length : end + 1;
        line++;
        if (one === "") continue;
        const call = readLine(one, file, line, logHeaders);
        if (call === undefined) skipped++;
        else calls.push(call);
      }
    }
    if (calls.length === before) {
      throw new HarnessError(
        `${file} has no call: a trace is a HAR file, or JSON lines of {"time", "path", "headers", "body", "response"}, or an access log`,
        "trace-unreadable",
      );
    }
  }
  if (calls.every(({ startMs }) => !Number.isNaN(startMs))) calls.sort((a, b) => a.startMs - b.startMs);
  return { calls, skipped };
}
