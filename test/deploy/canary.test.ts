// A canary in a mesh: its route, and the templates for Flagger and Argo Rollouts, by those projects' own schemas and by what
// their queries answer.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parseAllDocuments, stringify } from "yaml";
import { renderIstio } from "../../harness/deploy/render/istio.ts";
import { validateFiles } from "../../harness/deploy/validate.ts";
import { toYaml } from "../../harness/deploy/yaml.ts";
import { metricLabels } from "../../harness/envoy/config.ts";
import { formatFault } from "../../harness/sluice-yaml/fault.ts";
import { installation } from "../../harness/sluice-yaml/filters.ts";
import { readSluiceYaml } from "../../harness/sluice-yaml/read.ts";
import { lacks } from "./fixtures/registry.ts";
import { labelsIn, metricsOfFilters, namesIn } from "./shipped-metrics.ts";

const run = promisify(execFile);
const from = installation();
const docs = readFileSync(fileURLToPath(new URL("../../docs/kubernetes.md", import.meta.url)), "utf8");
const known = metricsOfFilters();

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Any = any;

/** The canary that the documentation shows, as it is applied. */
function rendered(): { text: string; objects: Any[] } {
  const sample = /## Canary.*?```yaml\n(.*?)```/s.exec(docs)?.[1] ?? "";
  const { config, faults } = readSluiceYaml("sluice.yaml", sample, from);
  assert.ok(config, faults.map(formatFault).join("\n"));
  const files = renderIstio(config, from, { pin: "tag", canary: ["flagger", "argo"] });
  const text = toYaml(
    files.filter(({ kind }) => kind === "resource").flatMap(({ documents }) => documents),
    "",
  );
  return { text, objects: parseAllDocuments(text).map((one) => one.toJS() as Any) };
}

const { text, objects } = rendered();
const ofKind = (kind: string): Any => objects.find((one) => one.kind === kind);
const flagger = ofKind("MetricTemplate");
const argo = ofKind("AnalysisTemplate");

/** Both templates' queries as the tools ask them. */
const queries: Record<string, string> = {
  Flagger: (flagger.spec.query as string)
    .replaceAll("{{ variables.split }}", "llama")
    .replaceAll("{{ variables.variant }}", "canary")
    .replaceAll("{{ interval }}", "5m"),
  "Argo Rollouts": (argo.spec.metrics[0].provider.prometheus.query as string)
    .replaceAll("{{args.split}}", "llama")
    .replaceAll("{{args.variant}}", "canary"),
};

const faultsOf = (object: Any) => validateFiles([{ file: "x.yaml", text: stringify(object) }], from).map(formatFault);

/** A copy with one change. */
function changed(object: Any, change: (copy: Any) => void): Any {
  const copy = structuredClone(object);
  change(copy);
  return copy;
}

const missing = lacks("promtool");

test("a pair tags the variant, and a VirtualService sends it to its subset", () => {
  const plugins = objects.filter((one) => one.kind === "WasmPlugin");
  assert.deepEqual(
    plugins.map((one) => one.spec.pluginConfig.pair),
    ["outer", "inner"],
  );
  const [canary, stable] = ofKind("VirtualService").spec.http;
  assert.deepEqual(canary.match, [{ headers: { "x-ai-variant": { exact: "canary" } } }]);
  assert.equal(canary.route[0].destination.subset, "canary");
  assert.equal(stable.match, undefined);
  assert.equal(stable.route[0].destination.subset, "stable");
});

describe("templates for Flagger and Argo Rollouts", () => {
  test("are valid by those projects' own definitions", () => {
    assert.equal(flagger.apiVersion, "flagger.app/v1beta1");
    assert.equal(argo.apiVersion, "argoproj.io/v1alpha1");
    assert.deepEqual(validateFiles([{ file: "x.yaml", text }], from).map(formatFault), []);
  });

  for (const [what, object] of [
    ["a Flagger provider of no kind that there is", changed(flagger, (one) => (one.spec.provider.type = "promethus"))],
    ["a Flagger query that is no text", changed(flagger, (one) => (one.spec.query = { promql: "x" }))],
    ["a Flagger template without a provider", changed(flagger, (one) => delete one.spec.provider)],
    ["an Argo metric without a provider", changed(argo, (one) => delete one.spec.metrics[0].provider)],
    ["an Argo condition that is no text", changed(argo, (one) => (one.spec.metrics[0].successCondition = 1))],
    ["an Argo field that there is not", changed(argo, (one) => (one.spec.metrics[0].sucessCondition = "true"))],
  ] as [string, Any][]) {
    test(`are refused by them with ${what}`, () => {
      assert.notDeepEqual(faultsOf(object), []);
    });
  }

  for (const [tool, query] of Object.entries(queries)) {
    test(`ask for metrics and labels that there are: ${tool}`, () => {
      assert.doesNotMatch(query, /\{\{/, "every placeholder is one that the tool knows");
      const names = namesIn(query);
      assert.ok(names.length > 0);
      assert.deepEqual(
        names.filter((name) => !known.has(name)),
        [],
      );
      const labels = labelsIn(query);
      assert.deepEqual([...new Set(labels)].sort(), ["outcome", "split", "variant"]);
      assert.deepEqual(
        labels.filter((label) => !metricLabels.includes(label)),
        [],
      );
    });
  }

  test("are found wrong when a metric is renamed", () => {
    assert.ok(!known.has("sluice_variant_calls"));
    const renamed = (queries["Flagger"] ?? "").replaceAll("sluice_variant_requests", "sluice_variant_calls");
    assert.notDeepEqual(
      namesIn(renamed).filter((name) => !known.has(name)),
      [],
    );
  });

  test("fail at more than 5 %, succeed under 1 %, and never by looks that are neither", () => {
    const [metric] = argo.spec.metrics;
    assert.equal(metric.successCondition, "len(result) > 0 && result[0] < 1");
    assert.equal(metric.failureCondition, "len(result) > 0 && result[0] > 5");
    assert.equal(metric.failureLimit, 0);
    // Looks that are neither count towards `count`, too.
    assert.ok(metric.inconclusiveLimit < metric.count - 1);
  });

  test("answer the share of failed calls, 0 without any, nothing without calls", { skip: missing }, async () => {
    const series = (name: string, outcome: string, values: string) => ({
      series: `sluice_variant_requests{split="llama", variant="${name}", outcome="${outcome}", instance="a"}`,
      values,
    });
    const cases: [name: string, input: { series: string; values: string }[], expected: number | undefined][] = [
      ["never failed", [series("canary", "ok", "0+60x20")], 0],
      ["one in 200", [series("canary", "ok", "0+199x20"), series("canary", "stream_error", "0+1x20")], 0.5],
      [
        "three kinds of failure",
        [
          series("canary", "ok", "0+90x20"),
          series("canary", "error", "0+5x20"),
          series("canary", "stream_error", "0+3x20"),
          series("canary", "truncated", "0+2x20"),
        ],
        10,
      ],
      [
        "who leaves counts for nothing",
        [
          series("canary", "ok", "0+90x20"),
          series("canary", "error", "0+10x20"),
          series("canary", "aborted", "0+900x20"),
        ],
        10,
      ],
      ["only the other one is called", [series("stable", "ok", "0+60x20"), series("canary", "ok", "7x20")], undefined],
      ["nobody calls", [], undefined],
    ];
    const folder = mkdtempSync(join(tmpdir(), "sluice-canary-"));
    try {
      const tests = cases.map(([name, input, expected]) => ({
        name,
        interval: "1m",
        input_series: input,
        promql_expr_test: Object.values(queries).map((expr) => ({
          expr: `round(${expr}, 0.01)`,
          eval_time: "15m",
          exp_samples: expected === undefined ? [] : [{ labels: "{}", value: expected }],
        })),
      }));
      writeFileSync(join(folder, "test.yaml"), JSON.stringify({ rule_files: [], evaluation_interval: "1m", tests }));
      const { stdout } = await run("promtool", ["test", "rules", join(folder, "test.yaml")]);
      assert.match(stdout, /SUCCESS/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
