// sluice schema: the JSON Schema of sluice.yaml, for editors.
import { installation } from "../../sluice-yaml/filters.ts";
import { sluiceSchema } from "../../sluice-yaml/schema.ts";
import { defineCommand } from "../command.ts";

/** `sluice schema` */
export const schema = defineCommand({
  name: "schema",
  summary: "Print the JSON Schema of sluice.yaml, for editors",
  usage: "",
  examples: [
    [
      "sluice schema > sluice.schema.json",
      "and begin sluice.yaml with # yaml-language-server: $schema=sluice.schema.json",
    ],
  ],
  options: {},
  run({ terminal }) {
    terminal.print(JSON.stringify(sluiceSchema(installation()), null, 2));
    return 0;
  },
});
