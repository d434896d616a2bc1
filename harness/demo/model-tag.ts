// Act one: each call is tagged with its model, and routed by the tag, on a stock configuration (the pair).
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import type { ListenerConfig } from "../envoy/config.ts";
import type { PluginSpec } from "../scenario/scenario.ts";
import type { Act, Row, Stage } from "./stage.ts";
import { mark } from "./table.ts";

const half = (pair: "outer" | "inner"): PluginSpec => ({
  kind: "plugin",
  name: `model-tag-${pair}`,
  module: "build/model-tag.wasm",
  config: { aliases: [{ match: "gpt-4o-2024-*", model: "gpt-4o" }] },
  pair,
});

/** Two instances of one module; what `x-ai-model` says decides where a call goes. */
export const modelTagListener: ListenerConfig = {
  name: "model-tag",
  chain: [half("outer"), half("inner")],
  routes: [
    { headers: [{ name: "x-ai-model", exact: "llama-canary" }], cluster: "canary", timeoutMs: 0 },
    { cluster: "primary", timeoutMs: 0 },
  ],
};

interface Expected {
  model: string;
  type: string;
  stream?: boolean;
  upstream?: string;
}

/** Sends calls with the official clients and tells what each became. */
export async function playModelTag(stage: Stage): Promise<Act> {
  const url = stage.url("model-tag");
  const openai = new OpenAI({ apiKey: "demo", baseURL: `${url}/v1`, maxRetries: 0 });
  const anthropic = new Anthropic({ apiKey: "demo", baseURL: url, maxRetries: 0 });
  const rows: Row[] = [];
  const say = (content: string) => [{ role: "user" as const, content }];

  async function show(name: string, expected: Expected, call: () => Promise<unknown>): Promise<void> {
    stage.primary.reset();
    stage.canary.reset();
    let failure = "";
    try {
      await call();
    } catch (error) {
      failure = (error as Error).message;
    }
    const server = stage.canary.calls.length > 0 ? stage.canary : stage.primary;
    const seen = server.calls.at(-1);
    const tag = (header: string) => seen?.header(header) ?? "—";
    const good =
      tag("x-ai-model") === expected.model &&
      tag("x-ai-request-type") === expected.type &&
      tag("x-ai-stream") === String(expected.stream ?? false) &&
      server.name === (expected.upstream ?? "primary");
    const cells = [
      mark(good),
      name,
      tag("x-ai-model"),
      tag("x-ai-request-type"),
      tag("x-ai-stream"),
      tag("x-ai-provider"),
    ];
    rows.push({ cells: [...cells, server.name, seen === undefined ? failure : `${seen.body.length} bytes`], good });
  }

  await show("OpenAI chat", { model: "gpt-4o", type: "chat" }, () =>
    openai.chat.completions.create({ model: "gpt-4o", messages: say("Hello") }),
  );
  await show("a dated name, by alias", { model: "gpt-4o", type: "chat" }, () =>
    openai.chat.completions.create({ model: "gpt-4o-2024-08-06", messages: say("Hello") }),
  );
  await show("OpenAI chat, streamed", { model: "gpt-4o", type: "chat", stream: true }, async () => {
    for await (const chunk of await openai.chat.completions.create({
      model: "gpt-4o",
      messages: say("Hi"),
      stream: true,
    }))
      void chunk;
  });
  await show("the canary's model", { model: "llama-canary", type: "chat", upstream: "canary" }, () =>
    openai.chat.completions.create({ model: "llama-canary", messages: say("Hello") }),
  );
  await show("300 KB prompt, model last", { model: "llama-canary", type: "chat", upstream: "canary" }, () =>
    openai.chat.completions.create({ messages: say("x".repeat(300_000)), model: "llama-canary" }),
  );
  await show("OpenAI embedding", { model: "text-embedding-3-small", type: "embedding" }, () =>
    openai.embeddings.create({ model: "text-embedding-3-small", input: "Hello" }),
  );
  await show("Anthropic message", { model: "claude-opus-5", type: "chat" }, () =>
    anthropic.messages.create({ model: "claude-opus-5", max_tokens: 64, messages: say("Hello") }),
  );
  await show("Anthropic, streamed", { model: "claude-opus-5", type: "chat", stream: true }, async () => {
    const call = { model: "claude-opus-5", max_tokens: 64, messages: say("Hello"), stream: true } as const;
    for await (const event of await anthropic.messages.create(call)) void event;
  });
  await show("a client that lies in a header", { model: "gpt-4o", type: "chat" }, () =>
    openai.chat.completions.create(
      { model: "gpt-4o", messages: say("Hello") },
      { headers: { "x-ai-model": "llama-canary", "x-ai-tier": "vip" } },
    ),
  );
  await show("a broken body", { model: "unknown", type: "chat" }, () =>
    fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"messages": [}, "model": "gpt-4o"}',
    }),
  );
  return {
    title: "model-tag: routed by the model in the body",
    words:
      "Two WasmPlugins of one module on a stock gateway. Each call carries x-ai-model when the route is chosen; " +
      "llama-canary goes to the canary.",
    heading: ["", "call", "x-ai-model", "type", "stream", "provider", "upstream", "upstream got"],
    rows,
  };
}
