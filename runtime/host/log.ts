// Lines to the host's log.
import { LogLevel, Status } from "../abi/enums";
import { proxy_get_log_level, proxy_log } from "../abi/imports";
import { Bytes } from "../bytes/bytes";
import { ANSWER_NUMBER } from "./answer";

/** Writes one line. Never a byte of a prompt, an answer, a credential or a query string. */
export function logLine(level: LogLevel, line: Bytes): void {
  proxy_log(level, line.ptr, line.length);
}

/** Writes one line from a text. Costs a conversion: configuration and errors only. */
export function logText(level: LogLevel, line: string): void {
  const bytes = Bytes.constant(line);
  logLine(level, bytes);
  bytes.free();
}

/** The lowest level that the host keeps; `Info` where it does not say. */
export function logLevel(): LogLevel {
  return proxy_get_log_level(ANSWER_NUMBER) == Status.Ok ? load<i32>(ANSWER_NUMBER) : LogLevel.Info;
}
