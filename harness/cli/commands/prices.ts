// sluice prices: LiteLLM's price file as prices of ours.
import { importPrices, type LiteLlmEntry } from "../../deploy/prices.ts";
import { yamlText } from "../../deploy/yaml.ts";
import { HarnessError } from "../../error.ts";
import { defineCommand, jsonOption, usageError } from "../command.ts";
import { readText } from "../files.ts";

/** `sluice prices --from FILE MODEL...` */
export const prices = defineCommand({
  name: "prices",
  summary: "Turn LiteLLM's price file into prices for sluice.yaml",
  usage: "--from FILE MODEL...",
  about:
    "FILE is LiteLLM's model_prices_and_context_window.json; MODEL its keys (gpt-4o, azure/gpt-4o). The answer goes under\n" +
    "filters.costAccounting in sluice.yaml. Amounts are decimal texts for a million tokens, exact to 1e-12 a token's price.",
  examples: [
    ["sluice prices --from model_prices_and_context_window.json gpt-4o claude-sonnet-4-5", "two models"],
    ["sluice prices --from prices.json --list gpt-4o", "which keys there are"],
  ],
  options: {
    from: { type: "string", description: "The price file", valueHint: "FILE" },
    list: { type: "boolean", description: "Only list the keys that contain MODEL" },
    json: jsonOption,
  },
  run({ options, files, terminal }) {
    if (options.from === undefined || options.from === "") throw usageError("where are the prices? --from FILE");
    if (files.length === 0) throw usageError("the prices of which models?");
    let file: Record<string, LiteLlmEntry>;
    try {
      file = JSON.parse(readText(options.from)) as Record<string, LiteLlmEntry>;
    } catch (cause) {
      if (cause instanceof HarnessError) throw cause;
      throw new HarnessError(`${options.from} is no JSON: ${(cause as Error).message}`, "file-unreadable", { cause });
    }
    if (options.list) {
      for (const key of Object.keys(file).filter((name) => files.some((part) => name.includes(part))))
        terminal.print(key);
      return 0;
    }
    const imported = importPrices(file, files);
    const made = imported.map(({ price }) => price);
    terminal.print((options.json ? JSON.stringify(made, null, 2) : yamlText({ prices: made })).trimEnd());
    for (const { price, ignored } of imported) {
      if (ignored.length > 0)
        terminal.say(
          `${price.id}: no call tells what these are charged for, so they are left out: ${ignored.join(", ")}`,
        );
    }
    return 0;
  },
});
