// The chains that model-tag's scenarios run in: the pair of a stock gateway, and one instance with the native flag.
import type { AnswerSpec, FilterSpec, Json, PluginSpec, Scenario } from "../../../harness/scenario/scenario.ts";

export type Way = "pair" | "flag";

type Config = Record<string, Json>;

/** model-tag, held in one of the two ways. */
export function modelTag(way: Way, config: Config = {}, more: Partial<PluginSpec> = {}): FilterSpec[] {
  const plugin: PluginSpec = { kind: "plugin", name: "model-tag", module: "build/model-tag.wasm", config, ...more };
  if (way === "flag") return [{ ...plugin, allowOnHeadersStopIteration: true }];
  return [
    { ...plugin, name: "model-tag-outer", pair: "outer" },
    { ...plugin, name: "model-tag-inner", pair: "inner" },
  ];
}

/** A gateway that sends `canary` elsewhere; its upstream answers as an OpenAI server does. */
export function gateway(way: Way, config: Config = {}): Pick<Scenario, "chain" | "routes" | "clusters"> {
  return {
    chain: modelTag(way, config),
    routes: [{ headers: [{ name: "x-ai-model", exact: "canary" }], cluster: "canary" }, { cluster: "primary" }],
    clusters: [
      { name: "primary", upstream: answer("answered") },
      { name: "canary", upstream: answer("answered") },
    ],
  };
}

/** A chat answer by `model`. */
export function answer(model: string): AnswerSpec {
  return {
    kind: "answer",
    headers: [["content-type", "application/json"]],
    body: JSON.stringify({
      id: "c-1",
      object: "chat.completion",
      model,
      choices: [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
    }),
  };
}
