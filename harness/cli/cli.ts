// Runs the CLI: finds the command, reads its options, tells errors, answers the exit code.
import { parseArgs, type ArgDef } from "citty";
import { HarnessError } from "../error.ts";
import { installation } from "../sluice-yaml/filters.ts";
import { nearestWord } from "../sluice-yaml/nearest.ts";
import { aliasesOf, usageError, type Command, type ExitCode } from "./command.ts";
import { commandHelp, overview } from "./help.ts";
import type { Terminal } from "./terminal.ts";

/** Runs `sluice ARGS...`. Never throws. */
export async function runCli(
  args: readonly string[],
  commands: readonly Command[],
  terminal: Terminal,
): Promise<ExitCode> {
  try {
    return await dispatch(args, commands, terminal);
  } catch (error) {
    terminal.endProgress();
    const isOurs = error instanceof HarnessError;
    const isUsage = (isOurs && error.code === "usage") || (error as Error).name === "CLIError";
    terminal.say(`${terminal.paint("error:", "red")} ${plain((error as Error).message)}`);
    if (isUsage) {
      const command = commands.find(({ name }) => name === args[0]);
      terminal.say(`See: sluice ${command === undefined ? "" : `${command.name} `}--help`);
      return 2;
    }
    if (!isOurs || process.env["SLUICE_DEBUG"]) terminal.say((error as Error).stack ?? "");
    if (!isOurs) terminal.say("This is a fault of sluice's own: please report it with the lines above.");
    return 1;
  }
}

async function dispatch(args: readonly string[], commands: readonly Command[], terminal: Terminal): Promise<ExitCode> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    const wanted = commands.find((command) => command.name === rest[0]);
    terminal.print(
      wanted === undefined ? overview(commands, installation().version, terminal) : commandHelp(wanted, terminal),
    );
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "-v" || name === "version") {
    terminal.print(installation().version);
    return 0;
  }
  const command = commands.find((one) => one.name === name);
  if (command === undefined) {
    const near = nearestWord(
      name,
      commands.map((one) => one.name),
    );
    throw usageError(`there is no command "${name}"${near === undefined ? "" : `; did you mean "${near}"?`}`);
  }
  const end = rest.indexOf("--");
  const own = end < 0 ? rest : rest.slice(0, end);
  if (own.includes("--help") || own.includes("-h")) {
    terminal.print(commandHelp(command, terminal));
    return 0;
  }
  checkOptions(command, own);
  const options = parseArgs(rest, command.options);
  return command.run({ options, files: options._, terminal });
}

/** citty takes any option and a value option without its value; a slip of the pen must not go unseen. */
function checkOptions(command: Command, args: readonly string[]): void {
  const byName = new Map<string, ArgDef>();
  for (const [name, option] of Object.entries(command.options)) {
    for (const alias of [name, ...aliasesOf(option)]) byName.set(alias, option);
  }
  for (let at = 0; at < args.length; at++) {
    const [, dashes = "", text = "", value] = /^(--?)([^=]+)(?:=(.*))?$/s.exec(args[at] ?? "") ?? [];
    if (dashes === "") continue;
    const isNegated = dashes === "--" && text.startsWith("no-") && byName.get(text.slice(3))?.type === "boolean";
    const option = byName.get(isNegated ? text.slice(3) : text);
    if (option === undefined) {
      const near = nearestWord(text, byName.keys());
      throw usageError(
        `sluice ${command.name} has no option ${dashes}${text}${near === undefined ? "" : `; did you mean --${near}?`}`,
      );
    }
    if (option.type === "boolean" || value !== undefined) continue;
    at++;
    if (args[at] === undefined) throw usageError(`${dashes}${text} wants a value: ${option.valueHint ?? "VALUE"}`);
  }
}

function plain(text: string): string {
  return text.replaceAll(/\u001b\[\d+m/g, "");
}
