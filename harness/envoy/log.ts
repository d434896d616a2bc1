// Reads Envoy's own log: what plugins said, which VMs died, why a configuration was refused.
import { open, type FileHandle } from "node:fs/promises";
import type { LogLine } from "../scenario/result.ts";

/** Passed to Envoy as `--log-format`; with `--log-format-escaped` a message is one line. */
export const logFormat = "[%Y-%m-%dT%T.%e][%t][%l][%n] %v";

/** One message. */
export interface EnvoyLogLine {
  level: string;
  component: string;
  text: string;
}

/** A log file; `at` is a position to read from later. */
export class LogFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** The text from byte `at` on, and where it ends. A missing file is empty. */
  async read(at = 0): Promise<{ text: string; end: number }> {
    let file: FileHandle;
    try {
      file = await open(this.path, "r");
    } catch {
      return { text: "", end: at };
    }
    try {
      const { size } = await file.stat();
      const bytes = Buffer.alloc(Math.max(0, size - at));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, at);
      return { text: bytes.subarray(0, bytesRead).toString("utf8"), end: at + bytesRead };
    } finally {
      await file.close();
    }
  }
}

/** Splits a log into messages; a line without the usual front is part of the message before it. */
export function logLines(text: string): EnvoyLogLine[] {
  const lines: EnvoyLogLine[] = [];
  for (const line of text.split("\n")) {
    const found = /^\[[^\]]*\]\[\d+\]\[(\w+)\]\[(\w+)\] (.*)$/.exec(line);
    if (found !== null) lines.push({ level: found[1] ?? "", component: found[2] ?? "", text: found[3] ?? "" });
    else if (line !== "") {
      const before = lines.at(-1);
      if (before === undefined) lines.push({ level: "", component: "", text: line });
      else before.text += `\n${line}`;
    }
  }
  return lines;
}

/** What a plugin logged. */
export interface PluginLogLine extends LogLine {
  /** What Envoy writes before it: plugin name, root id and VM id as far as they are set; the VM that proves a new
   * configuration knows only its id. */
  from: string[];
}

/** What plugins logged. */
export function pluginLines(lines: EnvoyLogLine[]): PluginLogLine[] {
  const found: PluginLogLine[] = [];
  for (const { level, component, text } of lines) {
    const said = component === "wasm" ? /^wasm log((?: [^\s:]+)*): ([\s\S]*)$/.exec(text) : null;
    if (said === null) continue;
    const from = (said[1] ?? "").split(" ").filter(Boolean);
    found.push({ level: (level === "warning" ? "warn" : level) as LogLine["level"], text: said[2] ?? "", from });
  }
  return found;
}

/** One line per VM that died. */
export function trapLines(lines: EnvoyLogLine[]): string[] {
  return lines.map((line) => line.text).filter((text) => /Function: \S+ failed|wasm trap/i.test(text));
}

/** Why Envoy refused a configuration, from the messages since it was written. */
export function refusalReasons(lines: EnvoyLogLine[]): string[] {
  const isReason = ({ level, component, text }: EnvoyLogLine) =>
    /rejected|Error adding\/updating/.test(text) || (component === "wasm" && /error|critical|warn/.test(level));
  return lines.filter(isReason).map((line) => line.text);
}
