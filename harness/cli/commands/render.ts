// sluice render: what a sluice.yaml becomes for Istio, Envoy Gateway or a plain Envoy.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describeBudgets } from "../../deploy/ratelimit-budgets.ts";
import { asObject, rateLimitFiles } from "../../deploy/ratelimit-words.ts";
import { describeRateLimit } from "../../deploy/ratelimit.ts";
import { renderEnvoy } from "../../deploy/render/envoy.ts";
import { renderGateway } from "../../deploy/render/gateway.ts";
import { renderIstio, type RenderedFile } from "../../deploy/render/istio.ts";
import { toYaml, yamlText } from "../../deploy/yaml.ts";
import { HarnessError } from "../../error.ts";
import { installation } from "../../sluice-yaml/filters.ts";
import { defineCommand, jsonOption, usageError } from "../command.ts";
import { loadConfig } from "../findings.ts";

const TARGETS = ["istio", "gateway", "envoy", "ratelimit"] as const;

/** `sluice render TARGET` */
export const render = defineCommand({
  name: "render",
  summary: "Write the YAML of a mesh or an Envoy from sluice.yaml",
  usage: "istio|gateway|envoy|ratelimit",
  about:
    "istio    WasmPlugin pairs, Telemetry, VirtualService or HTTPRoute, DestinationRule, ServiceEntry, EnvoyFilter\n" +
    "gateway  Envoy Gateway: EnvoyExtensionPolicy, EnvoyPatchPolicy, Backend, HTTPRoute\n" +
    "envoy    one bootstrap with everything in it\n" +
    "ratelimit  the rules of filters.rateLimit and the budgets of filters.costAccounting for Envoy's rate limit service\n" +
    "         (envoyproxy/ratelimit): a file for each domain\n" +
    "To standard output, or as files with a kustomization.yaml to a folder. The same input gives the same text.",
  examples: [
    ["sluice render istio | kubectl apply -f -", "everything at once; leave patches to kustomize"],
    ["sluice render istio -o deploy/sluice && kubectl apply -k deploy/sluice", "as files, with patches"],
    ["sluice render envoy --modules /etc/sluice > envoy.yaml && envoy -c envoy.yaml", "without a mesh"],
  ],
  options: {
    config: { type: "string", alias: "c", description: "The file", valueHint: "FILE", default: "sluice.yaml" },
    output: { type: "string", alias: "o", description: "A folder to write files to", valueHint: "FOLDER" },
    tag: { type: "boolean", description: "Name images by version instead of digest" },
    canary: {
      type: "string",
      description: "Also templates for canary analysis: flagger, argo or both",
      valueHint: "LIST",
    },
    modules: {
      type: "string",
      description: "envoy: where the modules will be",
      valueHint: "FOLDER",
      default: "/etc/sluice",
    },
    certificates: {
      type: "string",
      description: "envoy: certificates that https upstreams are checked by",
      valueHint: "FILE",
    },
    json: jsonOption,
  },
  run({ options, files: [target, ...more], terminal }) {
    const known = TARGETS.find((name) => name === target);
    if (known === undefined || more.length > 0) throw usageError(`render what? One of ${TARGETS.join(", ")}`);
    const config = loadConfig(options.config, terminal);
    const from = installation();
    const pin = options.tag ? "tag" : "digest";
    if (known === "envoy") {
      const bootstrap = renderEnvoy(config, from, {
        modules: options.modules,
        ...(options.certificates && { certificates: options.certificates }),
      });
      write([{ name: "envoy.yaml", text: options.json ? JSON.stringify(bootstrap, null, 2) : yamlText(bootstrap) }]);
      return 0;
    }
    if (known === "ratelimit") {
      const { rateLimit, costAccounting } = config.filters;
      const budgets = describeBudgets(asObject(costAccounting));
      if (rateLimit === undefined && budgets === undefined) {
        throw new HarnessError(
          "there is neither filters.rateLimit nor filters.costAccounting with budgets and `global`",
          "config-invalid",
        );
      }
      const rules = rateLimit === undefined ? [] : [describeRateLimit(asObject(rateLimit))];
      const head = `# Made by sluice ${from.version} (sluice render ratelimit) from ${options.config}.`;
      const files = rateLimitFiles([...rules, ...(budgets === undefined ? [] : [budgets])]);
      const texts = [...files].map(([name, text]) => ({ name, text: `${head}\n${text}` }));
      // To standard output as documents; the service reads one of a file.
      write(options.output === undefined ? [{ name: "", text: texts.map(({ text }) => text).join("---\n") }] : texts);
      return 0;
    }
    const canary = canaryList(options.canary);
    const rendered =
      known === "istio" ? renderIstio(config, from, { pin, canary }) : renderGateway(config, from, { pin });
    if (options.json) {
      terminal.print(
        JSON.stringify(
          rendered.flatMap(({ documents }) => documents.map(({ object }) => object)),
          null,
          2,
        ),
      );
      return 0;
    }
    const head = `Made by sluice ${from.version} (sluice render ${known}) from ${options.config}.`;
    if (options.output === undefined) {
      const resources = rendered.filter(({ kind }) => kind === "resource");
      terminal.print(
        toYaml(
          resources.flatMap(({ documents }) => documents),
          head,
        ).trimEnd(),
      );
      for (const { name } of rendered.filter(({ kind }) => kind === "patch")) {
        terminal.say(`left out, because it is a patch: ${name} (--output writes it, with a kustomization)`);
      }
      return 0;
    }
    write([
      ...rendered.map(({ name, documents }) => ({ name, text: toYaml(documents, head) })),
      { name: "kustomization.yaml", text: kustomization(rendered, head) },
    ]);
    return 0;

    function write(texts: { name: string; text: string }[]): void {
      if (options.output === undefined) {
        for (const { text } of texts) terminal.print(text.trimEnd());
        return;
      }
      mkdirSync(options.output, { recursive: true });
      for (const { name, text } of texts) {
        writeFileSync(join(options.output, name), text.endsWith("\n") ? text : `${text}\n`);
        terminal.say(join(options.output, name));
      }
    }
  },
});

function kustomization(files: readonly RenderedFile[], head: string): string {
  const named = (kind: RenderedFile["kind"]) => files.filter((file) => file.kind === kind).map(({ name }) => name);
  const patches = named("patch").map((path) => ({ path }));
  return `# ${head}\n${yamlText({
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    resources: named("resource"),
    ...(patches.length > 0 && { patches }),
  })}`;
}

function canaryList(text: string | undefined): ("flagger" | "argo")[] {
  const all = ["flagger", "argo"] as const;
  if (text === undefined || text === "") return [];
  if (text === "both") return [...all];
  return text.split(",").map((name) => {
    const known = all.find((one) => one === name);
    if (known === undefined) throw usageError(`--canary takes flagger, argo or both, not "${name}"`);
    return known;
  });
}
