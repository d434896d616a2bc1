// The metrics that there are, from where the filters define them, and the names that queries use.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { globSync } from "tinyglobby";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Every metric of the filters as Prometheus sees it. */
export function metricsOfFilters(): Set<string> {
  const names = new Set<string>();
  for (const file of globSync(["runtime/**/*.ts", "filters/**/*.ts"], { cwd: ROOT })) {
    const source = readFileSync(join(ROOT, file), "utf8");
    const families = [...source.matchAll(/new Family\(\s*MetricType\.(\w+),\s*"([a-z_.]+)"\s*[,)]/g)];
    for (const [, type, name = ""] of families) {
      const plain = name.replaceAll(".", "_");
      for (const end of type === "Histogram" ? ["_bucket", "_sum", "_count"] : [""]) names.add(plain + end);
    }
    for (const [, kind = ""] of source.matchAll(/= tokens\("([a-z_.]+)"\)/g)) {
      names.add(`gen_ai_client_inference_usage_${kind.replaceAll(".", "_")}`);
    }
  }
  return names;
}

/** Metrics that a query asks for. */
export function namesIn(query: string): string[] {
  return [...query.matchAll(/\b(?:sluice|gen_ai|envoy)[_:][a-zA-Z0-9_:]*/g)].map(([name]) => name);
}

/** Labels that a query names. */
export function labelsIn(query: string): string[] {
  const grouped = [...query.matchAll(/\b(?:by|on)\s*\(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(","));
  const matched = [...query.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label = ""]) => label);
  return [...grouped, ...matched].map((label) => label.trim()).filter((label) => label !== "");
}
