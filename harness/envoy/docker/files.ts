// The files that the containers read, made from sluice.yaml: Envoy's bootstrap, the limits, what Prometheus reads.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { renderRateLimit } from "../../deploy/ratelimit.ts";
import { renderEnvoy } from "../../deploy/render/envoy.ts";
import { yamlText } from "../../deploy/yaml.ts";
import { HarnessError } from "../../error.ts";
import { formatFault } from "../../sluice-yaml/fault.ts";
import type { Installation } from "../../sluice-yaml/filters.ts";
import { readSluiceYaml } from "../../sluice-yaml/read.ts";

const HEAD = "# Made from sluice.yaml by harness/envoy/docker/main.ts.\n";

/** Names and texts. `change` may put other ports into sluice.yaml. */
export function dockerFiles(
  from: Installation,
  change: (text: string) => string = (text) => text,
): Map<string, string> {
  const source = join(import.meta.dirname, "sluice.yaml");
  const { config, faults } = readSluiceYaml(source, change(readFileSync(source, "utf8")), from);
  if (config === undefined) throw new HarnessError(faults.map(formatFault).join("\n"), "config-invalid");
  const admin = { targets: [`envoy:${config.admin.port}`] };
  const prometheus = {
    global: { scrape_interval: "5s", evaluation_interval: "5s" },
    rule_files: ["/etc/prometheus/rules/rules.yaml"],
    scrape_configs: [{ job_name: "envoy", metrics_path: "/stats/prometheus", static_configs: [admin] }],
  };
  return new Map([
    ["envoy.yaml", HEAD + yamlText(renderEnvoy(config, from, { modules: "/etc/sluice" }))],
    ["ratelimit/sluice.yaml", HEAD + renderRateLimit(config.filters["rateLimit"] as Record<string, unknown>)],
    ["prometheus.yml", HEAD + yamlText(prometheus)],
  ]);
}

/** Writes them. */
export function writeDockerFiles(folder: string, files: ReadonlyMap<string, string>): void {
  for (const [name, text] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}
