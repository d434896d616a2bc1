// What is rendered is what Kubernetes and Envoy accept, says what sluice.yaml says, and is the same text each time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import { renderGateway } from "../../harness/deploy/render/gateway.ts";
import { renderIstio, type RenderedFile } from "../../harness/deploy/render/istio.ts";
import { validateFiles } from "../../harness/deploy/validate.ts";
import { toYaml } from "../../harness/deploy/yaml.ts";
import { formatFault } from "../../harness/sluice-yaml/fault.ts";
import { installation } from "../../harness/sluice-yaml/filters.ts";
import type { SluiceConfig } from "../../harness/sluice-yaml/model.ts";
import { readSluiceYaml } from "../../harness/sluice-yaml/read.ts";
import { exampleMesh } from "./fixtures/mesh.ts";

const from = installation();

function read(text: string): SluiceConfig {
  const { config, faults } = readSluiceYaml("sluice.yaml", text, from);
  assert.ok(config, faults.map(formatFault).join("\n"));
  return config;
}

const istio = (text: string) => renderIstio(read(text), from, { pin: "tag", canary: ["flagger", "argo"] });
const yaml = (files: readonly RenderedFile[]) =>
  toYaml(
    files.flatMap(({ documents }) => documents),
    "",
  );
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Any = any;
const objects = (files: readonly RenderedFile[]): Any[] =>
  parseAllDocuments(yaml(files)).map((one) => one.toJS() as Any);
const ofKind = (files: readonly RenderedFile[], kind: string) => objects(files).filter((one) => one.kind === kind);

const variations: [what: string, text: string][] = [
  ["a gateway by selector", exampleMesh],
  ["targetRefs", exampleMesh.replace("selector: {istio: ingressgateway}", "targetRefs: [{kind: Gateway, name: ai}]")],
  [
    "a waypoint",
    exampleMesh.replace(
      "selector: {istio: ingressgateway}",
      "isWaypoint: true\n  targetRefs: [{kind: Service, name: llama}]",
    ),
  ],
  ["the native flag", exampleMesh.replace("deploy:", "deploy:\n  holding: flag")],
  ["an HTTPRoute", exampleMesh.replace("deploy:", "deploy:\n  routing: HTTPRoute")],
  ["single modules", exampleMesh.replace("deploy:", "deploy:\n  modules: single")],
  [
    "an old Istio, a phase, a secret",
    exampleMesh.replace("deploy:", 'deploy:\n  istioVersion: "1.26"\n  phase: AUTHZ\n  imagePullSecret: pull'),
  ],
];

for (const [what, text] of variations) {
  test(`what is rendered for Istio passes our own validation: ${what}`, () => {
    const files = istio(text).filter(({ kind }) => kind === "resource");
    const faults = validateFiles([{ file: "x.yaml", text: yaml(files) }], from);
    assert.deepEqual(faults.map(formatFault), []);
  });
}

test("what is rendered for Envoy Gateway passes our own validation", () => {
  const files = renderGateway(read(exampleMesh), from, { pin: "digest" });
  assert.deepEqual(validateFiles([{ file: "x.yaml", text: yaml(files) }], from).map(formatFault), []);
  const [policy] = ofKind(files, "EnvoyExtensionPolicy");
  assert.match(policy.spec.wasm[0].code.image.url, /^ghcr\.io\/acme\/sluice\/[a-z-]+@sha256:[0-9a-f]{64}$/);
  assert.equal(policy.spec.wasm[0].config.pair, undefined);
});

test("a module is a pair: same url and configuration, outer first, each next to each other", () => {
  const plugins = ofKind(istio(exampleMesh), "WasmPlugin");
  assert.ok(plugins.length >= 2 && plugins.length % 2 === 0);
  for (let at = 0; at < plugins.length; at += 2) {
    const [outer, inner] = [plugins[at], plugins[at + 1]];
    assert.equal(outer.spec.pluginConfig.pair, "outer");
    assert.equal(inner.spec.pluginConfig.pair, "inner");
    assert.equal(outer.spec.url, inner.spec.url);
    assert.deepEqual({ ...outer.spec.pluginConfig, pair: "" }, { ...inner.spec.pluginConfig, pair: "" });
    assert.equal(outer.spec.priority, 1000 - at * 10);
    assert.equal(inner.spec.priority, 990 - at * 10);
    assert.deepEqual(outer.spec.match, [{ mode: "CLIENT" }]);
    assert.equal(outer.spec.phase, undefined);
  }
});

test("FAIL_RELOAD where Istio has it, else FAIL_OPEN", () => {
  const strategy = (text: string) => ofKind(istio(text), "WasmPlugin")[0].spec.failStrategy as string;
  assert.equal(strategy(exampleMesh), "FAIL_RELOAD");
  assert.equal(strategy(exampleMesh.replace("deploy:", 'deploy:\n  istioVersion: "1.27"')), "FAIL_OPEN");
});

test("no route repeats what may have reached a model, and each says so", () => {
  const [service] = ofKind(istio(exampleMesh), "VirtualService");
  const retries = service.spec.http.map((route: Any) => route.retries);
  assert.deepEqual(retries, [
    { attempts: 0 },
    { attempts: 0 },
    { attempts: 2, retryOn: "connect-failure,refused-stream,reset-before-request" },
    { attempts: 0 },
  ]);
});

test("routes say the mission's canary, tier and test traffic", () => {
  const [service] = ofKind(istio(exampleMesh), "VirtualService");
  const [testing, vip, split] = service.spec.http;
  assert.deepEqual(testing.match, [{ headers: { "x-testing": { exact: "true" } } }]);
  assert.deepEqual(vip.match, [
    { headers: { "x-ai-model": { prefix: "gpt-4o" }, "x-ai-tier": { exact: "vip" } } },
    { headers: { "x-ai-model": { regex: ".*mini" }, "x-ai-tier": { exact: "vip" } } },
  ]);
  assert.deepEqual(
    split.route.map((one: Any) => [one.destination.subset, one.weight]),
    [
      ["stable", 90],
      ["canary", 10],
    ],
  );
});

test("pools are of each subset, and who is slow is not ejected", () => {
  const rules = ofKind(istio(exampleMesh), "DestinationRule");
  const llama = rules.find((rule) => rule.spec.host.startsWith("llama"));
  assert.equal(llama.spec.subsets[0].trafficPolicy.connectionPool.tcp.maxConnections, 50);
  for (const rule of rules) {
    const { consecutive5xxErrors, consecutiveGatewayErrors } = rule.spec.trafficPolicy.outlierDetection;
    assert.deepEqual([consecutive5xxErrors, consecutiveGatewayErrors], [0, 0]);
  }
});

test("Telemetry tags spans with the model, unknown without one, and the kind of work, chat without one", () => {
  const [telemetry] = ofKind(istio(exampleMesh), "Telemetry");
  assert.deepEqual(telemetry.spec.tracing[0].customTags, {
    "x-ai-model": { header: { name: "x-ai-model", defaultValue: "unknown" } },
    "x-ai-request-type": { header: { name: "x-ai-request-type", defaultValue: "chat" } },
  });
});

test("the patch teaches a gateway's proxy our labels", () => {
  const patch = istio(exampleMesh).find(({ kind }) => kind === "patch");
  const [object] = objects(patch === undefined ? [] : [patch]);
  assert.equal(object.kind, "Deployment");
  assert.match(
    object.spec.template.metadata.annotations["proxy.istio.io/config"],
    /extraStatTags:\n {2}- api\n {2}- model\n/,
  );
});

test("a waypoint's plugin sees what comes in", () => {
  const [, , [, text] = []] = variations;
  const [plugin] = ofKind(istio(text ?? ""), "WasmPlugin");
  assert.deepEqual(plugin.spec.targetRefs, [{ group: "", kind: "Service", name: "llama" }]);
  assert.equal(plugin.spec.match, undefined);
});

test("a credential is never in what is rendered, only the variable's name", () => {
  process.env["OPENAI_API_KEY"] = "sk-canary-4711";
  const text = yaml(istio(exampleMesh));
  assert.ok(!text.includes("sk-canary-4711"));
  assert.match(text, /Bearer %ENVIRONMENT\(OPENAI_API_KEY\)%/);
});

test("the same input is the same text", () => {
  assert.equal(yaml(istio(exampleMesh)), yaml(istio(exampleMesh)));
});

test("without a registry it is said what to add", () => {
  assert.throws(() => istio(exampleMesh.replace(/ {2}registry.*\n/, "")), { code: "registry-missing" });
});
