// sluice lint: what in routes and policies can bill an AI call twice, or lets it hang.
import { lint as lintFiles } from "../../deploy/lint.ts";
import { defineCommand, jsonOption, usageError } from "../command.ts";
import { expandFiles, readText } from "../files.ts";
import { printFaults } from "../findings.ts";

/** `sluice lint FILE...` */
export const lint = defineCommand({
  name: "lint",
  summary: "Find in routes and policies what bills an AI call twice, lets it hang, or stops a filter",
  usage: "FILE...",
  about:
    "Reads VirtualService, DestinationRule, HTTPRoute, BackendTrafficPolicy, WasmPlugin, EnvoyFilter and Envoy's own\n" +
    "configuration, whoever wrote them. A folder: every YAML file in it. -: standard input. Ends with 1 when there is an error.",
  examples: [
    ["sluice lint k8s/", "before it is applied"],
    ["kubectl get virtualservice -A -o yaml | sluice lint -", "what is applied"],
  ],
  options: {
    "all-routes": { type: "boolean", description: "Every route leads to a model, whatever its paths say" },
    json: jsonOption,
    strict: { type: "boolean", description: "Warnings are errors" },
  },
  run({ options, files, terminal }) {
    if (files.length === 0) throw usageError("lint what? sluice lint FILE...");
    const paths = expandFiles(files);
    const { findings, faults } = lintFiles(
      paths.map((file) => ({ file: file === "-" ? "(standard input)" : file, text: readText(file) })),
      { allRoutes: options["all-routes"] === true },
    );
    const all = [...faults, ...findings];
    const isBad = all.some(({ severity }) => severity === "error" || options.strict);
    if (options.json) terminal.print(JSON.stringify({ ok: !isBad, findings: all }, null, 2));
    else printFaults(all, terminal, paths.length);
    return isBad ? 1 : 0;
  },
});
