// The rules that we ship, by Prometheus' own tools; and that rules and dashboard name metrics and labels that there are.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parse } from "yaml";
import { metricLabels } from "../../harness/envoy/config.ts";
import { lacks } from "./fixtures/registry.ts";
import { labelsIn, metricsOfFilters, namesIn } from "./shipped-metrics.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FOLDER = join(ROOT, "harness/deploy/telemetry");

interface Rule {
  record?: string;
  alert?: string;
  expr: string;
}

interface Panel {
  title: string;
  type: string;
  targets?: { expr: string }[];
}

const rules = (
  parse(readFileSync(join(FOLDER, "rules.yaml"), "utf8")) as { groups: { rules: Rule[] }[] }
).groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(readFileSync(join(FOLDER, "dashboard.json"), "utf8")) as {
  panels: Panel[];
  templating: { list: { query: string }[] };
};
const panels = dashboard.panels.filter(({ type }) => type !== "row");
const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

const known = metricsOfFilters();
const recorded = new Set(rules.flatMap(({ record }) => (record === undefined ? [] : [record])));
const ofEnvoy = new Set(["envoy_server_live"]);

const missing = lacks("promtool");

describe("what we ship for Prometheus and Grafana", () => {
  test("are rules that Prometheus takes", { skip: missing }, async () => {
    const { stdout } = await run("promtool", ["check", "rules", "rules.yaml"], { cwd: FOLDER });
    assert.match(stdout, /SUCCESS/);
  });

  test("are alerts that come when they should, and not when they should not", { skip: missing }, async () => {
    const { stdout } = await run("promtool", ["test", "rules", "rules.test.yaml"], { cwd: FOLDER });
    assert.match(stdout, /SUCCESS/);
    const tested = readFileSync(join(FOLDER, "rules.test.yaml"), "utf8");
    for (const { alert } of rules) assert.ok(alert === undefined || tested.includes(`alertname: ${alert}`), alert);
  });

  test("are queries of a dashboard that Prometheus understands", { skip: missing }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "sluice-dashboard-"));
    try {
      const file = join(folder, "rules.json");
      const group = { name: "dashboard", rules: queries.map((expr, at) => ({ record: `panel:${at}`, expr })) };
      writeFileSync(file, JSON.stringify({ groups: [group] }));
      const { stdout } = await run("promtool", ["check", "rules", file]);
      assert.match(stdout, new RegExp(`SUCCESS: ${queries.length} rules`));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("name only metrics that the filters have", () => {
    assert.ok(known.has("sluice_cost_nano") && known.has("gen_ai_server_request_duration_ms_bucket"));
    assert.ok(known.has("gen_ai_client_inference_usage_cache_read_input_tokens"));
    const variables = dashboard.templating.list.map(({ query }) => query);
    const used = [...rules.map(({ expr }) => expr), ...queries, ...variables].flatMap(namesIn);
    assert.ok(used.length > 40);
    const unknown = used.filter((name) => !known.has(name) && !recorded.has(name) && !ofEnvoy.has(name));
    assert.deepEqual([...new Set(unknown)], []);
  });

  test("name only labels that metrics have", () => {
    const labels = new Set([...metricLabels, "le", "instance", "job"]);
    const used = [...rules.map(({ expr }) => expr), ...queries].flatMap(labelsIn);
    assert.deepEqual(
      [...new Set(used)].filter((label) => !labels.has(label)),
      [],
    );
  });

  test("compare variants: calls, failures, time to first token, tokens, cost, and whether one was taken out", () => {
    const compared = new Set(
      queries.filter((expr) => /\bby \([^)]*\bvariant\b/.test(expr)).flatMap((expr) => namesIn(expr)),
    );
    for (const name of [...known].filter((one) => one.startsWith("sluice_variant_") || one.includes("rolled_back"))) {
      assert.ok(compared.has(name) || /_(sum|count)$/.test(name), name);
    }
  });

  test("say what each panel shows, one beside the other", () => {
    for (const { title, targets = [] } of panels) assert.ok(title.length > 0 && targets.length > 0, title);
    assert.equal(new Set(panels.map(({ title }) => title)).size, panels.length);
  });
});
