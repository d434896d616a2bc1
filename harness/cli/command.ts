// What a command of the CLI is: its words, its options, what it does.
import type { ArgDef, ArgsDef, ParsedArgs } from "citty";
import { HarnessError } from "../error.ts";
import type { Terminal } from "./terminal.ts";

/** How a command ends: 0 all is well, 1 there are findings, 2 it was called wrongly. */
export type ExitCode = 0 | 1 | 2;

/** One command. `T` are its options, as citty takes them. */
export interface Command<T extends ArgsDef = ArgsDef> {
  name: string;
  /** A line for the list of commands. */
  summary: string;
  /** What stands behind the name: `FILE...`. */
  usage: string;
  /** More for its own help. */
  about?: string;
  /** Command lines and what they are for. */
  examples: [string, string][];
  options: T;
  /** `files` are the arguments without a dash. */
  run(call: { options: ParsedArgs<T>; files: string[]; terminal: Terminal }): Promise<ExitCode> | ExitCode;
}

/** Keeps the types of the options. */
export function defineCommand<const T extends ArgsDef>(command: Command<T>): Command {
  return command as unknown as Command;
}

/** An option that every command with a machine-readable answer has. */
export const jsonOption = { type: "boolean", description: "Answer as JSON" } as const;

/** A wrong call: ends with 2. */
export function usageError(message: string): HarnessError {
  return new HarnessError(message, "usage");
}

/** Other names of an option. */
export function aliasesOf(option: ArgDef): string[] {
  return "alias" in option ? [(option as { alias?: string | string[] }).alias ?? []].flat() : [];
}
