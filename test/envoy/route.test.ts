// Routes are chosen by what model-tag writes, and by nothing that a client forges, also where a filter before it made
// Envoy choose the route already: Envoy chooses it anew when a module writes or removes a request header.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { call } from "../../harness/envoy/client.ts";
import type { RawFilter } from "../../harness/envoy/config.ts";
import { startEnvoy, type Envoy } from "../../harness/envoy/process.ts";
import { defaultEnvoyVersion, oldestEnvoyVersion } from "../../harness/envoy/version.ts";
import type { PluginSpec } from "../../harness/scenario/scenario.ts";

/** Looks at its route's metadata, and so makes Envoy choose the route. */
const looksAtRoute: RawFilter = {
  kind: "raw",
  filter: {
    name: "envoy.filters.http.lua",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
      default_source_code: { inline_string: "function envoy_on_request(request) request:metadata() end" },
    },
  },
};

const modelTag: PluginSpec = {
  kind: "plugin",
  name: "model-tag",
  module: "build/model-tag.wasm",
  allowOnHeadersStopIteration: true,
};

const chain = [looksAtRoute, modelTag];
const routes = [
  { headers: [{ name: "x-ai-model", exact: "canary" }], respond: { status: 200, body: "canary" } },
  { respond: { status: 200, body: "primary" } },
];

const chat = (model: string) => ({
  method: "POST",
  path: "/v1/chat/completions",
  body: Buffer.from(JSON.stringify({ model })),
});
const get = { method: "GET", path: "/healthz" };
const json: [string, string] = ["content-type", "application/json"];
const forged: [string, string] = ["x-ai-model", "canary"];

for (const version of [defaultEnvoyVersion, oldestEnvoyVersion]) {
  describe(`Envoy ${version}`, () => {
    let envoy: Envoy;

    before(async () => {
      envoy = await startEnvoy({ listeners: [{ name: "chain", chain, routes }], clusters: [] }, { version });
    });
    after(() => envoy?.stop());

    for (const [what, request, route] of [
      ["no call", get, "primary"],
      ["no call with a forged header", { ...get, headers: [forged] }, "primary"],
      ["a call with a forged header", { ...chat("other"), headers: [json, forged] }, "primary"],
      ["a call of the canary's model", { ...chat("canary"), headers: [json] }, "canary"],
    ] as const) {
      test(`${what} goes to ${route}`, async () => {
        const answer = await call(envoy.port("chain"), "h1", {
          ...request,
          headers: [...("headers" in request ? request.headers : [])],
        });
        assert.equal(answer.body.toString(), route);
      });
    }
  });
}
