// sluice why: what became of one call, in words.
import { defineCommand, jsonOption, usageError } from "../command.ts";
import { readLogs } from "../log/entry.ts";
import { explainCall } from "../log/why.ts";

/** `sluice why REQUEST_ID LOG...` */
export const why = defineCommand({
  name: "why",
  summary: "Say in words why a call was refused, tagged or charged so",
  usage: "REQUEST_ID LOG...",
  about: "REQUEST_ID is the x-request-id that refusals name, or its beginning. LOG as for sluice bill.",
  examples: [["sluice why 7d1c0f3e access.log", "what a caller asks with the id of a refusal"]],
  options: { json: jsonOption },
  run({ options, files: [id, ...logs], terminal }) {
    if (id === undefined || logs.length === 0)
      throw usageError("which call, in which log? sluice why REQUEST_ID LOG...");
    const found = readLogs(logs).entries.filter(({ requestId }) => requestId?.startsWith(id));
    if (options.json) {
      terminal.print(
        JSON.stringify(
          found.map((entry) => ({ ...entry, words: explainCall(entry) })),
          null,
          2,
        ),
      );
      return found.length > 0 ? 0 : 1;
    }
    if (found.length === 0) {
      terminal.say(`no call with the id ${id}: is it another gateway's log, or an older one?`);
      return 1;
    }
    for (const entry of found) {
      terminal.print(terminal.paint(`${entry.requestId ?? ""}  ${entry.file}:${entry.line}`, "bold"));
      for (const line of explainCall(entry)) terminal.print(`  ${line}`);
    }
    return 0;
  },
});
