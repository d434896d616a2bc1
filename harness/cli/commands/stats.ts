// sluice stats: what a running Envoy does, live.
import { setTimeout as sleep } from "node:timers/promises";
import { defineCommand, jsonOption, usageError, type ExitCode } from "../command.ts";
import { readSnapshot, type Snapshot } from "../stats/snapshot.ts";
import { statsView } from "../stats/view.ts";

/** `sluice stats` */
export const stats = defineCommand({
  name: "stats",
  summary: "Show live what a running gateway allows, throttles, counts and charges",
  usage: "",
  about: "Redrawn every second on a terminal; in a pipe, and with --json, once.",
  examples: [
    ["sluice stats", "of sluice run"],
    [
      "kubectl port-forward deploy/istio-ingressgateway 15000 & sluice stats --admin 127.0.0.1:15000",
      "of a gateway in a mesh",
    ],
    ["sluice stats --json | jq .models", "for programs"],
  ],
  options: {
    admin: {
      type: "string",
      description: "Envoy's admin interface",
      valueHint: "HOST:PORT",
      default: "127.0.0.1:9901",
    },
    interval: { type: "string", description: "Seconds between two looks", valueHint: "SECONDS", default: "1" },
    once: { type: "boolean", description: "Look once" },
    json: jsonOption,
  },
  async run({ options, terminal }): Promise<ExitCode> {
    const intervalMs = Number(options.interval) * 1000;
    if (!(intervalMs >= 100)) throw usageError(`--interval takes seconds from 0.1 up, not "${options.interval}"`);
    const first = await readSnapshot(options.admin);
    if (options.json) {
      terminal.print(JSON.stringify(first, null, 2));
      return 0;
    }
    if (options.once || !terminal.isInteractive) {
      terminal.print(statsView(first, undefined, terminal));
      return 0;
    }
    let before: Snapshot = first;
    let isEnding = false;
    process.once("SIGINT", () => (isEnding = true));
    process.stdout.write("\u001b[?1049h\u001b[?25l");
    try {
      while (!isEnding) {
        await sleep(intervalMs);
        const now = await readSnapshot(options.admin);
        const text = `${terminal.paint(`${options.admin}  ${new Date(now.atMs).toLocaleTimeString()}  Ctrl-C ends`, "dim")}\n\n${statsView(now, before, terminal)}`;
        const lines = text.split("\n").slice(0, terminal.rows - 1);
        process.stdout.write(`\u001b[H${lines.map((line) => `${line}\u001b[K`).join("\n")}\u001b[J`);
        before = now;
      }
    } finally {
      process.stdout.write("\u001b[?25h\u001b[?1049l");
    }
    return 0;
  },
});
