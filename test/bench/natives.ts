// Envoy's own filters, and Lua filters, that do the jobs as far as they can.
import type { RawFilter } from "../../harness/envoy/config.ts";
import type { Json } from "../../harness/scenario/scenario.ts";
import { tokens } from "./chains.ts";
import { keys } from "./requests.ts";

function http(name: string, type: string, config: Record<string, Json>): RawFilter {
  const typed_config = { "@type": `type.googleapis.com/envoy.extensions.filters.http.${type}`, ...config };
  return { kind: "raw", filter: { name: `envoy.filters.http.${name}`, typed_config } };
}

const bucket = { max_tokens: tokens, tokens_per_fill: tokens, fill_interval: "1s" };
const always = { default_value: { numerator: 100, denominator: "HUNDRED" } };
const limitAll = { stat_prefix: "native", token_bucket: bucket, filter_enabled: always, filter_enforced: always };

/** One bucket for all. */
export const localRatelimit = http("local_ratelimit", "local_ratelimit.v3.LocalRateLimit", limitAll);

/** A bucket for each value of x-team, made when it is first seen. */
export const localRatelimitByKey = http("local_ratelimit", "local_ratelimit.v3.LocalRateLimit", {
  ...limitAll,
  rate_limits: [{ actions: [{ request_headers: { header_name: "x-team", descriptor_key: "team" } }] }],
  descriptors: [{ entries: [{ key: "team" }], token_bucket: bucket }],
  max_dynamic_descriptors: 2 * keys,
});

const found = (...path: string[]): Json => ({
  selectors: path.map((key) => ({ key })),
  on_present: { metadata_namespace: "native", key: path.join("_") },
});

/** Model and stream of the request, model of the answer, as metadata. */
export const jsonToMetadataModel = http("json_to_metadata", "json_to_metadata.v3.JsonToMetadata", {
  request_rules: { rules: [found("model"), found("stream")] },
  response_rules: { rules: [found("model")] },
});

/** Model and usage of the answer, as metadata. */
export const jsonToMetadataUsage = http("json_to_metadata", "json_to_metadata.v3.JsonToMetadata", {
  response_rules: {
    rules: [found("model"), found("usage", "prompt_tokens"), found("usage", "completion_tokens")],
  },
});

const lua = (code: string): RawFilter => http("lua", "lua.v3.Lua", { default_source_code: { inline_string: code } });

/** The headers of model-tag; no counters, of filter state what is metadata here. */
export const luaModelTag = lua(`
local function text(handle)
  local body = handle:body()
  if body == nil then return "" end
  return body:getBytes(0, body:length())
end

function envoy_on_request(handle)
  local before = handle:headers()
  if before:get(":method") ~= "POST" or before:get(":path") ~= "/v1/chat/completions" then return end
  local body = text(handle)
  local headers = handle:headers()
  local model = string.match(body, '"model"%s*:%s*"([^"]*)"') or "unknown"
  local stream = string.match(body, '"stream"%s*:%s*(%a+)') or "false"
  headers:replace("x-ai-model", model)
  headers:replace("x-ai-request-type", "chat")
  headers:replace("x-ai-stream", stream)
  handle:clearRouteCache()
  handle:streamInfo():dynamicMetadata():set("lua", "model", model)
end

function envoy_on_response(handle)
  if handle:streamInfo():dynamicMetadata():get("lua") == nil then return end
  if handle:headers():get("content-type") ~= "application/json" then return end
  local model = string.match(text(handle), '"model"%s*:%s*"([^"]*)"')
  if model ~= nil then handle:headers():replace("x-ai-model", model) end
end
`);

/** The headers of cost-accounting, and the money as metadata; no counters. */
export const luaUsage = lua(`
function envoy_on_response(handle)
  if handle:headers():get("content-type") ~= "application/json" then return end
  local body = handle:body()
  if body == nil then return end
  local headers = handle:headers()
  local text = body:getBytes(0, body:length())
  local usage = string.match(text, '"usage"%s*:%s*(%b{})') or ""
  local input = tonumber(string.match(usage, '"prompt_tokens"%s*:%s*(%d+)') or "0")
  local output = tonumber(string.match(usage, '"completion_tokens"%s*:%s*(%d+)') or "0")
  headers:replace("x-ai-tokens-input", tostring(input))
  headers:replace("x-ai-tokens-output", tostring(output))
  local metadata = handle:streamInfo():dynamicMetadata()
  metadata:set("lua", "model", string.match(text, '"model"%s*:%s*"([^"]*)"') or "unknown")
  metadata:set("lua", "cost_nano", input * 2500 + output * 10000)
end
`);
