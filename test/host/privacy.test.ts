// No byte of a prompt, an answer, a credential or a query string leaves a filter: canary strings are looked for everywhere.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { Gateway } from "../../harness/host/gateway.ts";
import type { FilterSpec, HeaderList, Json, RequestSpec } from "../../harness/scenario/scenario.ts";

const canary = "cAnArY";
const secret = (where: string) => `${canary}-${where}`;
const headers: HeaderList = [
  ["content-type", "application/json"],
  ["authorization", `Bearer ${secret("credential")}`],
  ["x-api-key", secret("api-key")],
  ["cookie", `session=${secret("cookie")}`],
];

const chat = (body: string, more: Partial<RequestSpec> = {}): RequestSpec => ({
  protocol: "h1",
  method: "POST",
  path: `/v1/chat/completions?key=${secret("query")}`,
  headers,
  body,
  ...more,
});

const say = (content: string) => [{ role: "user", content }];
const requests: RequestSpec[] = [
  chat(JSON.stringify({ model: "gpt-4o", messages: say(secret("prompt")), user: secret("user") })),
  chat(JSON.stringify({ model: "gpt-4o", stream: true, messages: say(secret("prompt")) })),
  chat(`{"messages": [${canary}-broken`),
  chat(`${canary}-no-json`),
  chat(JSON.stringify({ model: { name: secret("odd-model") } })),
  chat(JSON.stringify({ model: `${secret("long-model")}${"m".repeat(300)}` })),
  chat(JSON.stringify({ model: "gpt-4o", messages: say(secret("prompt")) }), {
    upstream: { kind: "answer", status: 500, body: `{"error":{"message":"${secret("error")}"}}` },
  }),
  chat(JSON.stringify({ model: "gpt-4o", messages: say(secret("prompt").repeat(300)) }), {
    abort: { requestBytes: 900 },
  }),
  { protocol: "h1", method: "GET", path: `/?token=${secret("query")}`, headers },
];

/** Configurations that make each module keep as much as it can of its callers. */
const configs: Record<string, Json> = {
  "retry-guard": {
    mode: "enforce",
    duplicates: { inFlight: "reject", completed: "reject", unfinished: "reject" },
    clientRetries: "stop",
    timeouts: [{ models: ["gpt-4o"], request: "60s" }],
  },
  "model-tag": {
    split: [{ name: "s", key: ["bearer", "cookie:session"], variants: [{ name: "a", percent: 100 }] }],
  },
};

for (const file of readdirSync("build").filter((name) => name.endsWith(".wasm"))) {
  const module = file.replace(".wasm", "");
  test(`${module} tells nothing private`, () => {
    const config = configs[module] ?? {};
    const chain: FilterSpec[] = [
      { kind: "plugin", name: module, module: file, config, allowOnHeadersStopIteration: true },
    ];
    const bytes = readFileSync(`build/${file}`);
    const gateway = new Gateway({
      chain,
      routes: [{ cluster: "up" }],
      clusters: [
        {
          name: "up",
          upstream: {
            kind: "answer",
            headers: [["content-type", "application/json"]],
            body: JSON.stringify({ model: "gpt-4o", choices: [{ message: { content: secret("answer") } }] }),
          },
        },
      ],
      loadModule: () => bytes,
    });
    const told: string[] = [];
    for (const request of requests) {
      told.push(JSON.stringify(gateway.request(request).filterState));
      gateway.advance(20_000); // lines that were kept back come now
    }
    told.push(...gateway.logLines.map((line) => line.text), ...Object.keys(gateway.metricValues()));
    for (const [key, { value }] of gateway.sharedData.entries("")) {
      told.push(key, Buffer.from(value).toString("latin1"));
    }
    assert.deepEqual(
      told.filter((text) => text.includes(canary)),
      [],
    );
  });
}
