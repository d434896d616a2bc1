import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { importPrice, importPrices, type LiteLlmEntry } from "../../harness/deploy/prices.ts";

const FILE: Record<string, LiteLlmEntry> = {
  "gpt-4o": {
    litellm_provider: "openai",
    mode: "chat",
    input_cost_per_token: 2.5e-6,
    cache_read_input_token_cost: 1.25e-6,
    output_cost_per_token: 1e-5,
    input_cost_per_token_batches: 1.25e-6,
    output_cost_per_token_batches: 5e-6,
    input_cost_per_token_priority: 4.25e-6,
    output_cost_per_token_priority: 1.7e-5,
    input_cost_per_second: 1,
  },
  "azure/gpt-4o": { litellm_provider: "azure", input_cost_per_token: 2.5e-6, output_cost_per_token: 1e-5 },
  "xai/grok": {
    litellm_provider: "xai",
    input_cost_per_token: 1e-6,
    output_cost_per_token: 2e-6,
    input_cost_per_token_above_200k_tokens: 2e-6,
  },
  "dashscope/qwen": {
    litellm_provider: "dashscope",
    tiered_pricing: [
      { range: [32000, 64000], input_cost_per_token: 2e-6, output_cost_per_token: 6e-6 },
      { range: [0, 32000], input_cost_per_token: 1e-6, output_cost_per_token: 3e-6 },
    ],
  },
  "bedrock/us-east-1/anthropic.claude-v2": { litellm_provider: "bedrock", input_cost_per_token: 8e-6 },
};

describe("an entry of LiteLLM's price file", () => {
  it("becomes prices for a million tokens, exactly", () => {
    const { price, ignored } = importPrice("gpt-4o", FILE["gpt-4o"] ?? {});
    assert.deepEqual(price, {
      id: "gpt-4o",
      models: ["gpt-4o"],
      providers: ["openai"],
      input: "2.5",
      cachedInput: "1.25",
      output: "10",
      tiers: {
        priority: { input: "4.25", output: "17" },
        fast: { input: "4.25", output: "17" },
        batch: {
          ...{ input: "1.25", cachedInput: "1.25", cacheWrite: "1.25", cacheWrite1h: "1.25" },
          ...{ audioInput: "1.25", imageInput: "1.25", output: "5", reasoning: "5", audioOutput: "5" },
        },
      },
    });
    assert.deepEqual(ignored, ["input_cost_per_second"]);
  });

  it("names the model as calls do, and the provider in OpenTelemetry's words", () => {
    const names = importPrices(FILE, Object.keys(FILE)).map(({ price }) => [price.models[0], price.providers?.[0]]);
    assert.deepEqual(names, [
      ["gpt-4o", "openai"],
      ["gpt-4o", "azure.ai.openai"],
      ["grok", "x_ai"],
      ["qwen", "dashscope"],
      ["anthropic.claude-v2", "aws.bedrock"],
    ]);
  });

  it("begins the next level at the threshold where the provider counts it in", () => {
    const { price } = importPrice("xai/grok", FILE["xai/grok"] ?? {});
    assert.deepEqual(price.above, [{ inputTokens: 199_999, input: "2" }]);
  });

  it("has levels for steps that say all of their own", () => {
    const { price } = importPrice("dashscope/qwen", FILE["dashscope/qwen"] ?? {});
    const step = { cachedInput: "2", cacheWrite: "2", output: "6", reasoning: "6" };
    assert.deepEqual(price.above, [{ inputTokens: 32_000, input: "2", ...step }]);
    assert.equal(price.cachedInput, "1");
  });

  it("gets an id of its own", () => {
    const ids = importPrices({ "a/b": { litellm_provider: "" }, "a b": {} }, ["a/b", "a b"]).map(
      ({ price }) => price.id,
    );
    assert.deepEqual(ids, ["a-b", "a-b-x"]);
  });

  it("is asked for by its key, and a near one is named when there is none", () => {
    assert.throws(() => importPrices(FILE, ["grok"]), /no model grok; there are xai\/grok/);
  });
});
