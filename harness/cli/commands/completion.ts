// sluice completion: a script that teaches a shell our commands and options.
import { defineCommand, usageError, type Command } from "../command.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

/** `sluice completion SHELL`. `all` gives the commands, itself among them. */
export function completionCommand(all: () => readonly Command[]): Command {
  return defineCommand({
    name: "completion",
    summary: "Print a completion script for a shell",
    usage: SHELLS.join("|"),
    examples: [
      ['eval "$(sluice completion bash)"', "in ~/.bashrc"],
      ['eval "$(sluice completion zsh)"', "in ~/.zshrc, after compinit"],
      ["sluice completion fish > ~/.config/fish/completions/sluice.fish", "for fish"],
    ],
    options: {},
    run({ files: [shell], terminal }) {
      const known = SHELLS.find((name) => name === shell);
      if (known === undefined) throw usageError(`completion for which shell? One of ${SHELLS.join(", ")}`);
      const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };
      terminal.print(scripts[known](all()).trimEnd());
      return 0;
    },
  });
}

const flags = (command: Command): string[] => [...Object.keys(command.options), "help"].map((name) => `--${name}`);

function bashScript(commands: readonly Command[]): string {
  const cases = commands.map(
    (command) => `    ${command.name}) words="${flags(command).join(" ")} ${words(command)}" ;;`,
  );
  return `_sluice() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(" ")}" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [ \${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _sluice sluice
`;
}

function zshScript(commands: readonly Command[]): string {
  const list = commands.map(({ name, summary }) => `    '${name}:${quoted(summary)}'`);
  const cases = commands.map(
    (command) => `    ${command.name}) compadd -- ${flags(command).join(" ")} ${words(command)} ;;`,
  );
  return `_sluice() {
  local -a commands
  commands=(
${list.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case "\${words[2]}" in
${cases.join("\n")}
  esac
  _files
}
compdef _sluice sluice
`;
}

function fishScript(commands: readonly Command[]): string {
  const lines = ["complete -c sluice -n __fish_use_subcommand -f"];
  for (const command of commands) {
    const { name, summary } = command;
    lines.push(`complete -c sluice -n __fish_use_subcommand -a ${name} -d '${quoted(summary)}'`);
    for (const [option, { description = "" }] of Object.entries(command.options)) {
      lines.push(
        `complete -c sluice -n '__fish_seen_subcommand_from ${name}' -l ${option} -d '${quoted(description)}'`,
      );
    }
    for (const word of words(command).split(" ").filter(Boolean)) {
      lines.push(`complete -c sluice -n '__fish_seen_subcommand_from ${name}' -a ${word}`);
    }
  }
  return lines.join("\n");
}

/** Words that a command takes in a fixed choice: those of \`a|b|c\` in its usage. */
function words({ usage }: Command): string {
  return /^[a-z]+(\|[a-z]+)+$/.test(usage) ? usage.replaceAll("|", " ") : "";
}

function quoted(text: string): string {
  return text.replaceAll("'", "’").replaceAll(":", " -");
}
