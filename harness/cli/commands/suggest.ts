// sluice suggest: limits for each team, from what a log shows they use.
import { yamlText } from "../../deploy/yaml.ts";
import { HarnessError } from "../../error.ts";
import { installation } from "../../sluice-yaml/filters.ts";
import type { JsonObject, SluiceConfig } from "../../sluice-yaml/model.ts";
import { defineCommand, jsonOption, usageError } from "../command.ts";
import { loadConfig } from "../findings.ts";
import { table } from "../table.ts";
import { headerOf } from "../trace/call.ts";
import { logHeaders, readTrace } from "../trace/read.ts";
import { replay } from "../trace/replay.ts";
import { rulesFor, UseByKey } from "../trace/suggest.ts";

const KEYS = ["team", "consumer", "project", "model", "tier"] as const;

/** `sluice suggest TRACE...` */
export const suggest = defineCommand({
  name: "suggest",
  summary: "Propose limits per team from a log: p99 of a minute plus headroom, in shadow mode",
  usage: "TRACE...",
  about:
    "TRACE as for sluice replay; at least some hours of usual traffic. The calls go through the filters to learn who called\n" +
    "and what was used. The answer goes under filters.rateLimit in sluice.yaml: it counts what it would refuse, and refuses\n" +
    "nothing, until mode: enforce.",
  examples: [
    [
      "sluice suggest access.log --by team --headroom 20 > limits.yaml",
      "the p99 minute of each team, and a fifth more",
    ],
  ],
  options: {
    by: { type: "enum", options: [...KEYS], description: "Whose limits", default: "team" },
    headroom: { type: "string", description: "Percent above the p99 minute", valueHint: "PERCENT", default: "20" },
    config: { type: "string", alias: "c", description: "For its consumers and aliases", valueHint: "FILE" },
    json: jsonOption,
  },
  run({ options, files, terminal }) {
    if (files.length === 0) throw usageError("which trace? sluice suggest TRACE...");
    const percent = Number(options.headroom);
    if (!(percent >= 0)) throw usageError(`--headroom takes a percentage, not "${options.headroom}"`);
    const from = installation();
    const counting = from.filters.find(({ name, module }) => name === "cost-accounting" && module !== undefined);
    if (counting === undefined)
      throw new HarnessError("build/cost-accounting.wasm is not there: it counts the tokens", "module-missing");
    const config = options.config === undefined ? undefined : loadConfig(options.config, terminal);
    const { calls } = readTrace(files);
    if (calls.some(({ startMs }) => Number.isNaN(startMs))) {
      throw new HarnessError(
        "some calls of the trace have no time: without it there is no use per minute",
        "trace-unreadable",
      );
    }
    const key = options.by;
    const use = new UseByKey();
    replay(
      calls,
      counter(
        config,
        from.filters.map((one) => one.key),
      ),
      from,
      ({ state, startMs }, call) => {
        if (state["model"] === undefined) return;
        const logged =
          key in logHeaders ? headerOf(call.headers, logHeaders[key as keyof typeof logHeaders]) : undefined;
        const tokens = Number(state["input_tokens"] ?? 0) + Number(state["output_tokens"] ?? 0);
        use.add(state[key] ?? logged ?? "", startMs, tokens);
      },
    );
    const suggestions = use.suggest(percent / 100);
    if (suggestions.length === 0) throw new HarnessError("there is no AI call in the trace", "trace-unreadable");
    const rules = rulesFor(suggestions, key);
    if (options.json) terminal.print(JSON.stringify({ suggestions, rateLimit: rules }, null, 2));
    else terminal.print(yamlText({ rateLimit: rules }).trimEnd());
    terminal.say(
      table(
        [key, "calls", "minutes", "p99 tokens/min", "limit", "p99 calls/min", "limit"],
        suggestions.map((one) => [
          one.key || "(none)",
          one.calls,
          one.activeMinutes,
          one.p99Tokens,
          one.tokensPerMinute,
          one.p99Calls,
          one.callsPerMinute,
        ]),
        terminal,
      ),
    );
    return 0;
  },
});

/** Tokens are counted, nothing is refused; who calls is as in the user's own configuration. */
function counter(config: SluiceConfig | undefined, keys: readonly string[]): Pick<SluiceConfig, "filters" | "deploy"> {
  const shared = Object.fromEntries(Object.entries(config?.filters ?? {}).filter(([name]) => !keys.includes(name)));
  const modelTag = (config?.filters["modelTag"] ?? {}) as JsonObject;
  const { classify } = modelTag;
  const filters: JsonObject = { ...shared, costAccounting: { ...(classify !== undefined && { classify }) } };
  return { filters, deploy: { modules: "single" } as SluiceConfig["deploy"] };
}
