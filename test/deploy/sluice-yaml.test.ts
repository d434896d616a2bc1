// sluice.yaml: what is read out of it, and that each fault is told at its line with what was found, expected and to do.
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatFault } from "../../harness/sluice-yaml/fault.ts";
import { installation } from "../../harness/sluice-yaml/filters.ts";
import { readSluiceYaml } from "../../harness/sluice-yaml/read.ts";
import { sluiceSchema } from "../../harness/sluice-yaml/schema.ts";
import { starter } from "../../harness/sluice-yaml/starter.ts";
import { compileSchema } from "../../harness/schema/validator.ts";

const from = installation();
const read = (text: string) => readSluiceYaml("sluice.yaml", text, from);
const faultsOf = (text: string) => read(text).faults.map(formatFault);

test("the smallest file is one upstream", () => {
  const { config, faults } = read("upstreams: {openai: {provider: openai}}\nfilters: {modelTag: {}}\n");
  assert.deepEqual(faults, []);
  assert.deepEqual(config?.upstreams[0]?.url, "https://api.openai.com");
  assert.deepEqual(config?.routes, [
    { match: {}, to: [{ upstream: "openai", weight: 1 }], timeoutMs: 600_000, retries: "none" },
  ]);
  assert.deepEqual(config?.listen, { host: "127.0.0.1", port: 8080 });
});

test("a credential goes where its provider wants it", () => {
  const { config } = read(
    `upstreams:
  a: {provider: anthropic, credentials: {env: A}}
  b: {provider: openai, credentials: {env: B}}
  c: {url: "http://10.0.0.1:8000", credentials: {env: C, header: X-Key}}
routes: [{to: [{upstream: a}, {upstream: b}, {upstream: c}]}]`,
  );
  assert.deepEqual(
    config?.upstreams.map(({ credentials }) => credentials),
    [
      { env: "A", header: "x-api-key", prefix: "" },
      { env: "B", header: "authorization", prefix: "Bearer " },
      { env: "C", header: "x-key", prefix: "" },
    ],
  );
});

test("the file that init writes is without a finding", () => {
  assert.deepEqual(faultsOf(starter("x.json")), []);
  assert.match(starter("x.json"), /^# yaml-language-server: \$schema=x\.json\n/);
});

test("the schema is whole: it compiles, names every filter, and no definition of ours hides a shared one", () => {
  const schema = sluiceSchema(from);
  assert.deepEqual(compileSchema(schema)({ upstreams: { a: {} } }), []);
  const filters = schema.properties?.["filters"]?.properties ?? {};
  for (const { key } of from.filters) assert.ok(filters[key], key);
  assert.equal(filters["pair"], undefined);
  for (const [name, definition] of Object.entries(from.shared.$defs ?? {})) {
    assert.deepEqual(schema.$defs?.[name], definition, name);
  }
});

test("definitions of the same name in two filters stay apart", () => {
  const filter = (name: string, minimum: number) => ({
    name,
    key: name,
    module: undefined,
    schema: { properties: { it: { $ref: "#/$defs/own" } }, $defs: { own: { type: "integer", minimum } } },
  });
  const judge = compileSchema(sluiceSchema({ ...from, filters: [filter("one", 1), filter("two", 20)] }));
  const faults = judge({ upstreams: { a: {} }, filters: { one: { it: 2 }, two: { it: 2 } } });
  assert.deepEqual(faults, [{ path: "filters.two.it", message: "must be >= 20" }]);
});

const upstream = "upstreams: {a: {url: 'http://127.0.0.1:1'}}\n";
const cases: [what: string, text: string, expected: string][] = [
  [
    "an unknown field",
    "upstreams: {a: {provder: x}}",
    'sluice.yaml:1:17: error: upstreams.a.provder: unknown field "provder"\n    did you mean "provider"?',
  ],
  ["a missing field", "filters: {}", 'sluice.yaml:1:1: error: "upstreams" is missing'],
  ["a wrong type", `${upstream}workers: two`, 'sluice.yaml:2:10: error: workers: expected an integer, got "two"'],
  [
    "a number over its bound",
    `${upstream}workers: 1000`,
    "sluice.yaml:2:10: error: workers: expected at most 256, got 1000",
  ],
  [
    "a url with a path",
    "upstreams: {a: {url: http://x/v1}}",
    'sluice.yaml:1:22: error: upstreams.a.url: expected a URL without a path, got "http://x/v1"',
  ],
  [
    "a word that is not in the list",
    `${upstream}routes: [{to: [{upstream: a}], retries: saef}]`,
    'sluice.yaml:2:41: error: routes[0].retries: expected one of none, safe; got "saef"\n    did you mean "safe"?',
  ],
  [
    "an upstream that is not there",
    `${upstream}routes: [{to: [{upstream: b}]}]`,
    'sluice.yaml:2:27: error: routes[0].to[0].upstream: there is no upstream "b"',
  ],
  ["a provider without a url", "upstreams: {a: {provider: opneai}}", 'or did you mean provider "openai"?'],
  [
    "several upstreams and no route",
    "upstreams: {a: {provider: openai}, b: {provider: groq}}",
    "several upstreams and no routes",
  ],
  [
    "a route that nothing reaches",
    `${upstream}routes: [{to: [{upstream: a}]}, {to: [{upstream: a}]}]`,
    "sluice.yaml:2:33: warning: routes[1]: no request gets here",
  ],
  [
    "routes that leave something over",
    `${upstream}routes: [{match: {path: /v1/}, to: [{upstream: a}]}]`,
    "requests that no route matches are answered 404",
  ],
  [
    "a route by model without model-tag",
    `${upstream}routes: [{match: {models: [x]}, to: [{upstream: a}]}]`,
    "filters.modelTag is off\n    add modelTag: {} to filters",
  ],
  ["weights of nothing", `${upstream}routes: [{to: [{upstream: a, weight: 0}]}]`, "all weights are 0"],
  [
    "a selector beside targetRefs",
    `${upstream}deploy: {selector: {a: b}, targetRefs: [{kind: Gateway, name: x}]}`,
    "selector and targetRefs are both there",
  ],
  [
    "FAIL_RELOAD before there was one",
    `${upstream}deploy: {istioVersion: "1.26", failStrategy: FAIL_RELOAD}`,
    "Istio 1.26 does not know FAIL_RELOAD",
  ],
  [
    "credentials that must be signatures",
    "upstreams: {a: {provider: aws.bedrock, url: 'https://x', credentials: {env: A}}}",
    "takes signed requests",
  ],
  ["text that is no YAML", "a: [", "sluice.yaml:1:5: error: not YAML"],
  ["a key twice", `${upstream}workers: 1\nworkers: 2`, "sluice.yaml:3:1: error: not YAML: Map keys must be unique"],
  ["an empty file", "", "the file is empty\n    sluice init writes one to start from"],
  [
    "a fault in a filter's part",
    `${upstream}filters:\n  modelTag:\n    tier:\n      - {when: {}, value: 5}`,
    "sluice.yaml:5:27: error: filters.modelTag.tier[0].value: expected a header value, got 5",
  ],
  ["pair, which is rendered", `${upstream}filters: {pair: outer}`, 'unknown field "pair"'],
];

for (const [what, text, expected] of cases) {
  test(`tells ${what}`, () => {
    const faults = faultsOf(text).join("\n");
    assert.ok(faults.includes(expected), `expected ${JSON.stringify(expected)} in:\n${faults}`);
  });
}

test("anchors are followed to the line they were written at", () => {
  const text = `upstreams:\n  a: &a {url: "http://127.0.0.1:1", limits: {requests: 0}}\n  b: *a\nroutes: [{to: [{upstream: a}, {upstream: b}]}]`;
  const lines = read(text).faults.map(({ line, path }) => [line, path]);
  assert.deepEqual(lines, [
    [2, "upstreams.a.limits.requests"],
    [2, "upstreams.b.limits.requests"],
  ]);
});
