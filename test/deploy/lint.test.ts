// The lint: each rule at its place, with its line; what is safe stays silent.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { lint, type LintOptions } from "../../harness/deploy/lint.ts";

/** `rule@line what`, in order. */
function found(text: string, options: LintOptions = {}): string[] {
  const { findings, faults } = lint([{ file: "a.yaml", text }], options);
  assert.deepEqual(faults, []);
  for (const finding of findings) {
    assert.equal(finding.file, "a.yaml");
    assert.ok(finding.why.length > 10 && finding.cure.length > 5 && finding.message.includes(finding.what));
  }
  return findings.map(({ rule, line, what }) => `${rule}@${line} ${what}`);
}

/** The VirtualService for AI services that is copied from post to post. */
const copied = (retryOn: string) => `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: ai-model-routing
spec:
  hosts:
    - ai-service
  http:
    - match:
        - headers:
            x-model-type:
              exact: large
      route:
        - destination:
            host: large-model-service
      timeout: 60s
      retries:
        attempts: 3
        perTryTimeout: 20s
        retryOn: ${retryOn}
`;

describe("a VirtualService", () => {
  test("of the widely copied form bills twice by gateway-error", () => {
    assert.deepEqual(found(copied("gateway-error,connect-failure")), [
      "unsafe-retry@20 `retryOn: gateway-error` can bill a call twice",
    ]);
  });

  test("with retriable-4xx bills twice by that, too", () => {
    assert.deepEqual(found(copied("gateway-error,connect-failure,retriable-4xx")), [
      "unsafe-retry@20 `retryOn: gateway-error` can bill a call twice",
      "unsafe-retry@20 `retryOn: retriable-4xx` can bill a call twice",
    ]);
  });

  test("that repeats only what was never sent is fine", () => {
    assert.deepEqual(found(copied("connect-failure,refused-stream,reset-before-request")), []);
  });

  test("names every other unsafe condition, and statuses", () => {
    const all =
      "5xx,reset,retriable-headers,cancelled,unavailable,deadline-exceeded,internal,http3-post-connect-failure";
    assert.equal(found(copied(all)).length, 8);
    assert.deepEqual(found(copied('"503,429,connect-failure"')), [
      "unsafe-retry@20 `retryOn: 503` can bill a call twice",
    ]);
    assert.equal(found(copied("something-new")).length, 1);
  });

  test("without retries gets Istio's default, and without a timeout hangs", () => {
    const text = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: vs}
spec:
  hosts: [gateway.example]
  http:
    - match: [{uri: {prefix: /v1/chat/completions}}]
      route: [{destination: {host: backend}}]
    - match: [{uri: {prefix: /static}}]
      route: [{destination: {host: files}}]
`;
    assert.deepEqual(found(text), ["default-retry@7 no `retries`", "no-timeout@7 no `timeout`"]);
    assert.equal(found(text, { allRoutes: true }).length, 4);
    const fixed = text.replace("      route: [{destination: {host: backend}}]", "      route: [{destination: {host: backend}}]\n      retries: {attempts: 0}\n      timeout: 600s"); // prettier-ignore
    assert.deepEqual(found(fixed), []);
  });

  test("with retries of no condition, or a timeout of nothing, is told so at its line", () => {
    const text = `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: llm}
spec:
  hosts: [llm]
  http:
    - route: [{destination: {host: llm}}]
      timeout: 0s
      retries:
        attempts: 5
`;
    assert.deepEqual(found(text), [
      "no-timeout@8 `timeout: 0s` is none",
      "default-retry@9 `retries` without `retryOn`",
    ]);
  });

  test("that leads nowhere near a model is left alone", () => {
    const text = copied("5xx").replaceAll(/ai-model-routing|ai-service|large-model-service|x-model-type/g, "shop");
    assert.deepEqual(found(text), []);
  });

  test("in a List, and beside others in a file, is found at its line", () => {
    const text = `${copied("gateway-error")}---\napiVersion: v1\nkind: List\nitems:\n${copied("5xx").replaceAll(/^/gm, "    ").replace("    api", "  - api")}`; // prettier-ignore
    assert.deepEqual(
      found(text).map((line) => line.split(" ")[0]),
      ["unsafe-retry@20", "unsafe-retry@44"],
    );
  });
});

test("a DestinationRule with a retry budget for a model is named", () => {
  const text = `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: openai}
spec:
  host: api.openai.com
  trafficPolicy:
    retryBudget: {percent: 50}
`;
  assert.deepEqual(found(text), ["unsafe-retry@7 `retryBudget` lets retries through by their share"]);
  assert.deepEqual(found(text.replace("openai", "shop").replace("openai", "shop")), []);
});

describe("the Gateway API", () => {
  const route = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: models}
spec:
  parentRefs: [{name: eg}]
  rules:
    - backendRefs: [{name: openai, port: 80}]
      retry:
        attempts: 2
        codes:
          - 500
          - 429
          - 504
`;

  test("HTTPRoute: codes that can bill twice, and no timeout", () => {
    assert.deepEqual(found(route), [
      "no-timeout@7 no `timeouts.request`",
      "unsafe-retry@11 `retry.codes: 500` can bill a call twice",
      "unsafe-retry@13 `retry.codes: 504` can bill a call twice",
    ]);
    assert.deepEqual(found(route.replace("attempts: 2", "attempts: 0").replace("      retry", "      timeouts: {request: 60s}\n      retry")), []); // prettier-ignore
  });

  test("BackendTrafficPolicy: triggers and statuses, where it targets a route or a gateway of models", () => {
    const policy = `---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: BackendTrafficPolicy
metadata: {name: retries}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: eg}]
  retry:
    numRetries: 5
    retryOn:
      httpStatusCodes: [500]
      triggers: [connect-failure, retriable-status-codes, gateway-error]
`;
    assert.deepEqual(found(policy), []);
    const own = found(route + policy).slice(3);
    assert.deepEqual(own, [
      "unsafe-retry@23 `httpStatusCodes: 500` can bill a call twice",
      "unsafe-retry@24 `triggers: gateway-error` can bill a call twice",
    ]);
    const bare = policy.replace(/ {4}retryOn:[^]*$/, "");
    assert.deepEqual(found(route + bare).slice(3), ["unsafe-retry@20 `retry` without `retryOn` can bill a call twice"]);
  });
});

describe("Envoy's configuration", () => {
  const envoy = (action: string, filter = "{}") => `static_resources:
  listeners:
    - name: l
      filter_chains:
        - filters:
            - name: hcm
              typed_config:
                http_filters:
                  - name: envoy.filters.http.wasm
                    typed_config:
                      config: ${filter}
                route_config:
                  virtual_hosts:
                    - name: all
                      domains: ["*"]
                      routes:
                        - match: {prefix: /v1/messages}
                          route: ${action}
`;

  test("names retries, hedges and missing timeouts, in either spelling", () => {
    const unsafe = "{cluster: c, retry_policy: {retry_on: \"5xx,connect-failure\", num_retries: 2}, hedge_policy: {hedge_on_per_try_timeout: true}}"; // prettier-ignore
    assert.deepEqual(found(envoy(unsafe)), [
      "no-timeout@18 no `timeout`",
      "unsafe-retry@18 `retry_on: 5xx` can bill a call twice",
      "hedged-request@18 `hedge_on_per_try_timeout` sends a second call while the first one runs",
    ]);
    const camel = '{cluster: c, timeout: 60s, retryPolicy: {retryOn: "retriable-status-codes", retriableStatusCodes: [429, 503]}}'; // prettier-ignore
    assert.deepEqual(found(envoy(camel)), ["unsafe-retry@18 `retryOn: 503` can bill a call twice"]);
    assert.deepEqual(found(envoy('{cluster: c, timeout: 600s, retry_policy: {retry_on: "reset-before-request"}}')), []);
    assert.deepEqual(found(envoy('{cluster: c, timeout: 600s, retry_policy: {retry_on: "5xx", num_retries: 0}}')), []);
    assert.deepEqual(found(envoy("{cluster: c, timeout: 0s}")), ["no-timeout@18 `timeout: 0s` is none"]);
  });

  test("names a plugin without pair or flag, and an address that callers write", () => {
    const good = "{cluster: c, timeout: 60s}";
    const wasm = (more: string) => `{name: m, vm_config: {code: {local: {filename: /etc/model-tag.wasm}}}${more}}`;
    const filters = (text: string) => found(envoy(good, text)).map((line) => line.replace(/ .*/, ""));
    assert.deepEqual(filters(wasm("")), ["no-pair-or-flag@11"]);
    assert.deepEqual(filters(wasm(", allow_on_headers_stop_iteration: true")), []);
    assert.deepEqual(filters(wasm(`, configuration: {value: '{"pair":"outer"}'}`)), []);
    const limits = `{name: l, configuration: {value: '{"rules":[{"key":["ip"]}]}'}}`;
    assert.deepEqual(filters(limits), ["address-from-client@9"]);
  });

  test("is read in the patches of an EnvoyFilter", () => {
    const text = `apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: f}
spec:
  configPatches:
    - applyTo: HTTP_ROUTE
      patch:
        operation: MERGE
        value:
          match: {prefix: /v1/embeddings}
          route:
            timeout: 60s
            retry_policy:
              retry_on: reset
`;
    assert.deepEqual(found(text), ["unsafe-retry@14 `retry_on: reset` can bill a call twice"]);
  });
});

test("a WasmPlugin that tags by the body needs a pair", () => {
  const text = (url: string, config = "") => `apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: p}
spec:
  url: ${url}
${config}`;
  const rule = (yaml: string) => found(yaml).map((line) => line.split(" ")[0]);
  assert.deepEqual(rule(text("oci://registry.example/sluice/model-tag:1.0")), ["no-pair-or-flag@5"]);
  assert.deepEqual(rule(text("oci://registry.example/sluice/suite@sha256:00", "  pluginConfig: {pair: outer}")), []);
  assert.deepEqual(rule(text("oci://registry.example/plugins/model-router:1")), ["no-pair-or-flag@5"]);
  assert.deepEqual(rule(text("oci://registry.example/plugins/basic-auth:1")), []);
});

test("odd files are no trouble", () => {
  for (const text of [
    "",
    "--- \n---\n",
    "a: 1",
    "- 1\n- 2",
    "kind: VirtualService",
    "kind: VirtualService\nspec: 7",
    "kind: HTTPRoute\nspec: {rules: [null, 3, {retry: x}]}",
    "kind: BackendTrafficPolicy\nspec: {retry: 3, targetRefs: [null]}",
    "kind: WasmPlugin",
    "kind: EnvoyFilter\nspec: {configPatches: [null, {patch: {value: 3}}]}",
    "static_resources: [1]",
    "virtual_hosts: [{routes: [null]}]",
  ]) {
    // prettier-ignore
    lint([{ file: "a.yaml", text }], { allRoutes: true });
  }
  const { faults } = lint([{ file: "b.yaml", text: "a: [1" }]);
  assert.equal(faults[0]?.file, "b.yaml");
});
