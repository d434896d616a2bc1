// The help of the CLI and of each command.
import type { ArgDef } from "citty";
import { aliasesOf, type Command } from "./command.ts";
import type { Terminal } from "./terminal.ts";

/** All commands, a line each. */
export function overview(commands: readonly Command[], version: string, terminal: Terminal): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    `${terminal.paint("sluice", "bold")} ${version} — AI traffic through Envoy and Istio, from a laptop to a mesh`,
    "",
    "  sluice COMMAND [OPTIONS]",
    "",
    terminal.paint("Commands", "bold"),
    ...commands.map(({ name, summary }) => `  ${terminal.paint(name.padEnd(width), "cyan")}  ${summary}`),
    "",
    "sluice COMMAND --help shows its options and examples. Start with: sluice init && sluice run",
  ].join("\n");
}

/** One command: its options and examples. */
export function commandHelp(command: Command, terminal: Terminal): string {
  const lines = [`${terminal.paint(`sluice ${command.name}`, "bold")} ${command.usage}`.trimEnd(), "", command.summary];
  if (command.about !== undefined) lines.push("", command.about);
  const options: [string, string][] = Object.entries(command.options).map(([name, option]) => [
    optionText(name, option),
    optionWords(option),
  ]);
  options.push(["-h, --help", "This text"]);
  const width = Math.max(...options.map(([text]) => text.length));
  lines.push("", terminal.paint("Options", "bold"));
  lines.push(...options.map(([text, words]) => `  ${terminal.paint(text.padEnd(width), "cyan")}  ${words}`));
  if (command.examples.length > 0) {
    lines.push("", terminal.paint("Examples", "bold"));
    for (const [call, words] of command.examples) lines.push(`  ${terminal.paint(`# ${words}`, "dim")}`, `  ${call}`);
  }
  return lines.join("\n");
}

/** `-c, --config FILE`. */
function optionText(name: string, option: ArgDef): string {
  const aliases = aliasesOf(option).map((alias) => (alias.length === 1 ? `-${alias}` : `--${alias}`));
  const hint = option.type === "boolean" ? "" : ` ${option.valueHint ?? "VALUE"}`;
  return `${[...aliases, `--${name}`].join(", ")}${hint}`;
}

function optionWords(option: ArgDef): string {
  const choices = option.type === "enum" ? ` (${(option.options ?? []).join(", ")})` : "";
  const standard =
    option.default === undefined || option.default === false ? "" : `; default ${String(option.default)}`;
  return `${option.description ?? ""}${choices}${standard}`;
}
