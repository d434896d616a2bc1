// One call in an access log, whoever wrote it: sluice run, or a mesh with a JSON format of its own.
import { HarnessError } from "../../error.ts";
import { readText } from "../files.ts";

/** What is known of a call. */
export interface LogEntry {
  requestId: string | undefined;
  /** Milliseconds since 1970; NaN when the log does not say. */
  startMs: number;
  status: number;
  method: string | undefined;
  path: string | undefined;
  /** Envoy's response flags and details. */
  flags: string | undefined;
  details: string | undefined;
  durationMs: number | undefined;
  cluster: string | undefined;
  route: string | undefined;
  attempts: number | undefined;
  /** Filter state, without `sluice.`. */
  state: Record<string, string>;
  /** Where it stands. */
  file: string;
  line: number;
}

/** Names under which logs have a field: ours, Istio's defaults, and what people write. */
const FIELDS = {
  requestId: ["request_id", "x_request_id", "requestId", "x-request-id"],
  start: ["start", "start_time", "time", "@timestamp", "timestamp"],
  status: ["status", "response_code", "responseCode"],
  method: ["method"],
  path: ["path"],
  flags: ["flags", "response_flags", "responseFlags"],
  details: ["details", "response_code_details", "responseCodeDetails"],
  duration: ["duration_ms", "duration"],
  cluster: ["cluster", "upstream_cluster"],
  route: ["route", "route_name"],
  attempts: ["attempts", "upstream_request_attempt_count"],
} as const;

/** `state:sluice.model`, `wasm.sluice.model`, `sluice.model`, `sluice_model`. */
const STATE = /^(?:state:)?(?:wasm\.)?sluice[._](\w+)$/;

/** One line. Undefined for one that is no JSON object. */
export function readEntry(text: string, file: string, line: number): LogEntry | undefined {
  if (!text.startsWith("{")) return undefined;
  let raw: Record<string, unknown>;
  try {
    raw = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  const field = (name: keyof typeof FIELDS): string | undefined => {
    for (const key of FIELDS[name]) {
      const value = raw[key];
      if (value !== undefined && value !== null && value !== "-" && value !== "") return String(value);
    }
    return undefined;
  };
  const number = (name: keyof typeof FIELDS): number | undefined => {
    const value = Number(field(name) ?? Number.NaN);
    return Number.isNaN(value) ? undefined : value;
  };
  const state: Record<string, string> = {};
  for (const [key, value] of Object.entries(raw)) {
    const name = STATE.exec(key)?.[1];
    if (name !== undefined && value !== null && value !== "-" && value !== "") state[name] = String(value);
  }
  return {
    requestId: field("requestId"),
    startMs: Date.parse(field("start") ?? ""),
    status: number("status") ?? 0,
    method: field("method"),
    path: field("path"),
    flags: field("flags"),
    details: field("details"),
    durationMs: number("duration"),
    cluster: field("cluster"),
    route: field("route"),
    attempts: number("attempts") ?? toNumber(state["attempts"]),
    state,
    file,
    line,
  };
}

/** All calls of the files, in their order. Throws `log-unreadable` where a file has none. */
export function readLogs(files: readonly string[]): { entries: LogEntry[]; skipped: number } {
  const entries: LogEntry[] = [];
  let skipped = 0;
  for (const file of files) {
    const before = entries.length;
    for (const [at, text] of readText(file).split("\n").entries()) {
      if (text.trim() === "") continue;
      // kubectl logs and container runtimes put words before the object.
      const entry = readEntry(text.slice(Math.max(0, text.indexOf("{"))), file, at + 1);
      if (entry === undefined) skipped++;
      else entries.push(entry);
    }
    if (entries.length === before) {
      throw new HarnessError(
        `${file} has no line that is a JSON object: access logs are read as JSON lines, as sluice run writes them`,
        "log-unreadable",
      );
    }
  }
  return { entries, skipped };
}

function toNumber(text: string | undefined): number | undefined {
  return text === undefined || Number.isNaN(Number(text)) ? undefined : Number(text);
}
