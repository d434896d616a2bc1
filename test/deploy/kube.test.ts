// Kubernetes YAML is judged as the API server would, before it sees it: each fault with its line and a cure.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compileRule } from "../../harness/deploy/cel.ts";
import { crds } from "../../harness/deploy/crds.ts";
import { validateFiles } from "../../harness/deploy/validate.ts";
import { formatFault } from "../../harness/sluice-yaml/fault.ts";
import { installation } from "../../harness/sluice-yaml/filters.ts";

const judge = (text: string) => validateFiles([{ file: "x.yaml", text }], installation()).map(formatFault);

const plugin = (spec: string) =>
  `apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nmetadata: {name: a}\nspec:\n${spec.replaceAll(/^/gm, "  ")}\n`;
const url = "url: oci://r.example/other";

test("every rule of every definition is CEL that we evaluate", () => {
  let count = 0;
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    for (const { rule } of (node as { "x-kubernetes-validations"?: { rule: string }[] })["x-kubernetes-validations"] ??
      []) {
      compileRule(rule);
      count++;
    }
    for (const member of Object.values(node)) visit(member);
  };
  visit(crds);
  assert.ok(count > 100, `${count}`);
});

const cases: [what: string, text: string, expected: string][] = [
  ["a missing url", plugin("phase: AUTHN"), 'x.yaml:5:3: error: spec: "url" is missing'],
  [
    "a bad scheme",
    plugin("url: ftp://x/y"),
    "x.yaml:5:8: error: spec.url: url must have schema one of [http, https, file, oci]\n    write oci://",
  ],
  [
    "a sha256 of the wrong length",
    plugin(`${url}\nsha256: abc`),
    'x.yaml:6:11: error: spec.sha256: expected a text that matches (^$|^[a-f0-9]{64}$), got "abc"',
  ],
  [
    "a word that is not in the list",
    plugin(`${url}\nfailStrategy: FAIL_OPN`),
    'x.yaml:6:17: error: spec.failStrategy: expected one of FAIL_CLOSE, FAIL_OPEN, FAIL_RELOAD; got "FAIL_OPN"\n    did you mean "FAIL_OPEN"?',
  ],
  [
    "an unknown field",
    plugin(`${url}\nplugnConfig: {}`),
    'x.yaml:6:3: error: spec.plugnConfig: unknown field "plugnConfig"\n    did you mean "pluginConfig"?',
  ],
  [
    "a selector with targetRefs",
    plugin(`${url}\nselector: {matchLabels: {a: b}}\ntargetRefs: [{kind: Gateway, name: x}]`),
    "only one of targetRefs or selector can be set\n    keep selector for",
  ],
  [
    "env with HOST and a value",
    plugin(`${url}\nvmConfig: {env: [{name: A, valueFrom: HOST, value: x}]}`),
    "x.yaml:6:20: error: spec.vmConfig.env[0]: value may only be set when valueFrom is INLINE\n    leave value out",
  ],
  [
    "a target in another namespace",
    plugin(`${url}\ntargetRefs: [{kind: Gateway, name: x, namespace: y}]`),
    "cross namespace referencing is not currently supported",
  ],
  ["a kind that is not there", plugin(url).replace("WasmPlugin", "WasmPlugn"), "did you mean WasmPlugin?"],
  [
    "a version that is not there",
    plugin(url).replace("v1alpha1", "v1"),
    'WasmPlugin has no version "v1"\n    there are: v1alpha1',
  ],
  ["no name", plugin(url).replace("{name: a}", "{}"), "metadata.name is missing"],
  [
    "a label that is no text",
    plugin(url).replace("{name: a}", "{name: a, labels: {v: 1}}"),
    "x.yaml:3:33: error: metadata.labels.v: expected a label's value, got 1",
  ],
  [
    "two timeouts that cannot both hold",
    `apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: a}\nspec:\n  rules:\n    - timeouts: {request: 10s, backendRequest: 20s}\n      backendRefs: [{name: s, port: 80}]\n`,
    "x.yaml:6:17: error: spec.rules[0].timeouts: backendRequest timeout cannot be longer than request timeout",
  ],
  [
    "a backend without a port",
    `apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: a}\nspec: {rules: [{backendRefs: [{name: s}]}]}\n`,
    "Must have port for Service reference",
  ],
  [
    "a timeout that is no duration",
    `apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a}\nspec: {hosts: [x], http: [{timeout: 5, route: [{destination: {host: y}}]}]}\n`,
    "x.yaml:4:37: error: spec.http[0].timeout: expected a string, got 5",
  ],
  [
    "a plugin configuration that its module refuses",
    plugin(
      `url: oci://r.example/sluice/model-tag:1\npluginConfig:\n  pair: outer\n  tier: [{when: {cel: "a.b"}, value: 5}]`,
    ),
    "x.yaml:8:40: error: spec.pluginConfig.tier[0].value: expected a header value, got 5",
  ],
  [
    "an expression that is no CEL",
    plugin(
      `url: oci://r.example/sluice/model-tag:1\npluginConfig:\n  pair: outer\n  tier: [{when: {cel: "a ==" }, value: v}]`,
    ),
    "x.yaml:8:25: error: spec.pluginConfig.tier[0].when.cel: no CEL:",
  ],
  [
    "half a pair",
    plugin(`url: oci://r.example/sluice/model-tag:1\npluginConfig: {pair: outer}`),
    "the inner half of this pair is not in these files",
  ],
];

for (const [what, text, expected] of cases) {
  test(`tells ${what}`, () => {
    const faults = judge(text).join("\n");
    assert.ok(faults.includes(expected), `expected ${JSON.stringify(expected)} in:\n${faults}`);
  });
}

test("an object of somebody else's is left alone", () => {
  assert.deepEqual(judge("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: y}\n"), []);
});

const half = (pair: string, priority: number, more = "", config = "") =>
  `${plugin(`url: oci://r.example/model-tag:1\npriority: ${priority}\n${more}pluginConfig: {pair: ${pair}${config}}`).replace("name: a", `name: ${pair}`)}`;

test("a pair that fits is without a finding", () => {
  assert.deepEqual(judge(`${half("outer", 1000)}---\n${half("inner", 990)}`), []);
});

test("a pair that does not fit is told: order, configuration, phase, something between", () => {
  const other = plugin(`${url}\npriority: 995`).replace("name: a", "name: other");
  assert.match(judge(`${half("outer", 980)}---\n${half("inner", 990)}`).join(), /outer must come first/);
  assert.match(
    judge(`${half("outer", 1000)}---\n${half("inner", 990, "", ", tagAll: true")}`).join(),
    /configured differently/,
  );
  assert.match(judge(`${half("outer", 1000)}---\n${half("inner", 990, "phase: AUTHN\n")}`).join(), /different phases/);
  assert.match(
    judge(`${half("outer", 1000)}---\n${half("inner", 990)}---\n${other}`).join(),
    /other runs between the halves/,
  );
});

test("what the module alone can know is told as a warning, at its line", () => {
  const [warning] = judge(
    plugin(
      `url: oci://r.example/model-tag:1\npluginConfig:\n  tier:\n    - when: {headers: {x-user-tier: vip}}\n      value: vip\n  consumers:\n    - name: a\n      when: {header: {x-who: a}}`,
    ),
  );
  assert.match(
    warning ?? "",
    /^x\.yaml:12:\d+: warning: spec\.pluginConfig\.consumers\[0\]\.when\.header\.x-who: any caller can set/,
  );
});
