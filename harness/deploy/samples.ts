// Writes each filter's wasmplugin.yaml: what is applied to a mesh, made from the filter's example.yaml (a sluice.yaml), or
// with the filter's defaults where it has none.
//
//   node --import tsx harness/deploy/samples.ts [--check]
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { HarnessError } from "../error.ts";
import { formatFault } from "../sluice-yaml/fault.ts";
import { installation, type InstalledFilter, type Installation } from "../sluice-yaml/filters.ts";
import { readSluiceYaml } from "../sluice-yaml/read.ts";
import { renderIstio } from "./render/istio.ts";
import { toYaml } from "./yaml.ts";

/** Where images would be; everybody has a registry of their own. */
const REGISTRY = "registry.example.com/sluice";

/** The text of a filter's wasmplugin.yaml. */
export function sampleOf(filter: InstalledFilter, from: Installation): string {
  const isSuite = filter === from.suite;
  const file = join(from.root, "filters", filter.name, "example.yaml");
  const text = existsSync(file) ? readFileSync(file, "utf8") : standardExample(isSuite ? from.filters : [filter]);
  const { config, faults } = readSluiceYaml(relative(from.root, file), text, from);
  if (config === undefined) throw new HarnessError(faults.map(formatFault).join("\n"), "config-invalid");
  const deploy = {
    ...config.deploy,
    registry: REGISTRY,
    modules: isSuite ? "suite" : "single",
    routing: "none",
  } as const;
  const files = renderIstio({ ...config, deploy }, from, { pin: "tag", canary: [] });
  const documents = files.filter(({ kind }) => kind === "resource").flatMap((one) => one.documents);
  return toYaml(
    documents,
    `${filter.name} on a gateway of a stock Istio. Put your own registry into the urls (sluice push fills it), then\n` +
      "kubectl apply. Made by harness/deploy/samples.ts: change example.yaml instead.",
  );
}

function standardExample(filters: readonly InstalledFilter[]): string {
  const parts = filters.map(({ key }) => `${key}: {}`).join(", ");
  return `upstreams: {any: {url: "http://any"}}\nfilters: {${parts}}\ndeploy: {selector: {istio: ingressgateway}}\n`;
}

/** Files that are not what they should be; written when told to. */
export function refreshSamples(from: Installation, options: { write: boolean }): string[] {
  return [...from.filters, ...(from.suite === undefined ? [] : [from.suite])].flatMap((filter) => {
    const file = join(from.root, "filters", filter.name, "wasmplugin.yaml");
    const text = sampleOf(filter, from);
    if (existsSync(file) && readFileSync(file, "utf8") === text) return [];
    if (options.write) writeFileSync(file, text);
    return [relative(from.root, file)];
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const isCheck = process.argv.includes("--check");
  const stale = refreshSamples(installation(), { write: !isCheck });
  for (const file of stale) console.log(isCheck ? `${file} is not up to date: run harness/deploy/samples.ts` : file);
  process.exitCode = isCheck && stale.length > 0 ? 1 : 0;
}
