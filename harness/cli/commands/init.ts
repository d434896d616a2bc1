// sluice init: a sluice.yaml to start from.
import { existsSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { HarnessError } from "../../error.ts";
import { installation } from "../../sluice-yaml/filters.ts";
import { SCHEMA_FILE } from "../../sluice-yaml/schema.ts";
import { starter } from "../../sluice-yaml/starter.ts";
import { defineCommand } from "../command.ts";

/** `sluice init [FILE]` */
export const init = defineCommand({
  name: "init",
  summary: "Write a sluice.yaml to start from",
  usage: "[FILE]",
  examples: [["sluice init", "writes sluice.yaml, which says what each line is for"]],
  options: { force: { type: "boolean", description: "Over a file that is there" } },
  run({ options, files, terminal }) {
    const [file = "sluice.yaml"] = files;
    if (existsSync(file) && !options.force)
      throw new HarnessError(`${file} is there already; --force writes over it`, "file-exists");
    const schema = join(installation().root, SCHEMA_FILE);
    writeFileSync(file, starter(existsSync(schema) ? relative(process.cwd(), schema) : undefined));
    terminal.say(`${file} is written. Then: export OPENAI_API_KEY=… and sluice run`);
    return 0;
  },
});
