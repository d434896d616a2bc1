// How findings are shown.
import { HarnessError } from "../error.ts";
import { formatFault, type Fault } from "../sluice-yaml/fault.ts";
import { installation } from "../sluice-yaml/filters.ts";
import type { SluiceConfig } from "../sluice-yaml/model.ts";
import { parseSource } from "../sluice-yaml/source.ts";
import { judgeSluiceYaml } from "../deploy/validate.ts";
import { readSluiceYaml } from "../sluice-yaml/read.ts";
import { readText } from "./files.ts";
import type { Terminal } from "./terminal.ts";

/** Each finding, then how many there are. */
export function printFaults(faults: readonly Fault[], terminal: Terminal, fileCount: number): void {
  for (const fault of faults) terminal.print(colored(fault, terminal));
  const errors = faults.filter(({ severity }) => severity === "error").length;
  const warnings = faults.length - errors;
  const count = (number: number, what: string) => `${number} ${what}${number === 1 ? "" : "s"}`;
  if (errors + warnings === 0) terminal.say(terminal.paint(`${count(fileCount, "file")}: all is well`, "green"));
  else terminal.say(`${count(errors, "error")}, ${count(warnings, "warning")} in ${count(fileCount, "file")}`);
}

/** One finding. */
export function colored(fault: Fault, terminal: Terminal): string {
  const color = fault.severity === "error" ? "red" : "yellow";
  return formatFault(fault).replace(`: ${fault.severity}: `, `: ${terminal.paint(fault.severity, color)}: `);
}

/** A sluice.yaml that has no error; warnings are said. Throws `config-invalid` with all findings. */
export function loadConfig(path: string, terminal: Terminal): SluiceConfig {
  const text = readText(path);
  const { config } = readSluiceYaml(path, text, installation());
  const [document] = parseSource(path, text).documents;
  const faults =
    document === undefined
      ? readSluiceYaml(path, text, installation()).faults
      : judgeSluiceYaml(document, installation());
  const errors = faults.filter(({ severity }) => severity === "error");
  if (errors.length > 0 || config === undefined) {
    throw new HarnessError(`${path} cannot be used:\n${errors.map(formatFault).join("\n")}`, "config-invalid");
  }
  for (const fault of faults) terminal.say(colored(fault, terminal));
  return config;
}
