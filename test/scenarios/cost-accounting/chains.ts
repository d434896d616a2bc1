// The chains that cost-accounting's scenarios run in, and the prices that they know.
import type {
  AnswerSpec,
  FilterSpec,
  HeaderList,
  Json,
  PluginSpec,
  Scenario,
} from "../../../harness/scenario/scenario.ts";

export type Way = "pair" | "flag";

export type Config = Record<string, Json>;

export const json: HeaderList = [["content-type", "application/json"]];

/** Round numbers: each kind of token shows in a digit of its own. */
export const prices: Json = [
  {
    ...{ id: "all", models: ["*"], input: "1", cachedInput: "0.1", cacheWrite: "2", cacheWrite1h: "3" },
    ...{ output: "10", reasoning: "20" },
  },
];

/** cost-accounting, held in one of the two ways. */
export function costAccounting(way: Way, config: Config = {}, more: Partial<PluginSpec> = {}): FilterSpec[] {
  const module = "build/cost-accounting.wasm";
  const plugin: PluginSpec = { kind: "plugin", name: "cost-accounting", module, config, ...more };
  if (way === "flag") return [{ ...plugin, allowOnHeadersStopIteration: true }];
  return [
    { ...plugin, name: "cost-outer", pair: "outer" },
    { ...plugin, name: "cost-inner", pair: "inner" },
  ];
}

/** A gateway in front of one model server. */
export function gateway(way: Way, config: Config = {}): Pick<Scenario, "chain" | "routes" | "clusters"> {
  return { chain: costAccounting(way, config), routes: [{ cluster: "models" }], clusters: [{ name: "models" }] };
}

/** A chat request for a model. */
export function chat(model: string, more: Record<string, Json> = {}): string {
  return JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }], ...more });
}

/** A chat answer by `model` that reports so many tokens. */
export function answer(model: string, input: number, output: number): AnswerSpec {
  return {
    kind: "answer",
    headers: json,
    body: JSON.stringify({
      id: "c-1",
      object: "chat.completion",
      model,
      choices: [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }],
      usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
    }),
  };
}

/** A metric's name with its labels, as the module defines it. */
export function metric(name: string, labels: Record<string, string>): string {
  const parts = Object.entries(labels).map(([label, value]) => `${label}=.=${value};.;`);
  return `${parts.join("")}${name}`;
}
