// Envoy's access log as JSON lines, with filter state beside the usual fields.
import type { Json } from "../scenario/scenario.ts";
import { filterStateNames, type AccessLogConfig } from "./config.ts";

/** One line of the access log. Members that Envoy did not know are null. */
export interface AccessLogEntry {
  start: string;
  method: string | null;
  path: string | null;
  protocol: string | null;
  status: number;
  flags: string | null;
  details: string | null;
  cluster: string | null;
  route: string | null;
  attempts: number | null;
  bytes_received: number;
  bytes_sent: number;
  duration_ms: number | null;
  request_id: string | null;
  /** By name without the prefix `wasm.`; only those that were set. */
  filterState: Record<string, string>;
  /** The fields that the configuration added. */
  fields: Record<string, unknown>;
}

const base: Record<string, string> = {
  start: "%START_TIME%",
  method: "%REQ(:METHOD)%",
  path: "%REQ(:PATH)%",
  protocol: "%PROTOCOL%",
  status: "%RESPONSE_CODE%",
  flags: "%RESPONSE_FLAGS%",
  details: "%RESPONSE_CODE_DETAILS%",
  cluster: "%UPSTREAM_CLUSTER%",
  route: "%ROUTE_NAME%",
  attempts: "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
  bytes_received: "%BYTES_RECEIVED%",
  bytes_sent: "%BYTES_SENT%",
  duration_ms: "%DURATION%",
  request_id: "%REQ(X-REQUEST-ID)%",
};

/** An entry of `access_log`. */
export function accessLog(config: AccessLogConfig, path: string): Json {
  const format: Record<string, string> = { ...base };
  for (const name of config.filterState ?? filterStateNames) {
    format[`state:${name}`] = `%FILTER_STATE(wasm.${name}:PLAIN)%`;
  }
  for (const [name, text] of Object.entries(config.fields ?? {})) format[`field:${name}`] = text;
  return {
    name: "envoy.access_loggers.file",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
      path: config.path ?? path,
      log_format: { json_format: format },
    },
  };
}

/** Reads one line. Throws SyntaxError if it is no JSON. */
export function parseAccessLogLine(line: string): AccessLogEntry {
  const raw = JSON.parse(line) as Record<string, unknown>;
  const entry: Record<string, unknown> = {};
  const filterState: Record<string, string> = {};
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(raw)) {
    if (name.startsWith("state:")) {
      if (value !== null && value !== undefined) filterState[name.slice(6)] = String(value);
    } else if (name.startsWith("field:")) fields[name.slice(6)] = value;
    else entry[name] = value;
  }
  return { ...entry, filterState, fields } as unknown as AccessLogEntry;
}
