// sluice validate: all that is wrong with files, before they are applied.
import { validateFiles } from "../../deploy/validate.ts";
import { installation } from "../../sluice-yaml/filters.ts";
import { defineCommand, jsonOption, usageError } from "../command.ts";
import { expandFiles, readText } from "../files.ts";
import { printFaults } from "../findings.ts";

/** `sluice validate FILE...` */
export const validate = defineCommand({
  name: "validate",
  summary: "Check sluice.yaml and Kubernetes YAML: schema, rules, and the module's own verdict",
  usage: "[FILE...]",
  about:
    "A file is a sluice.yaml, or Kubernetes objects: WasmPlugin, Telemetry, EnvoyFilter, VirtualService, DestinationRule,\n" +
    "ServiceEntry, HTTPRoute, EnvoyExtensionPolicy, MetricTemplate, AnalysisTemplate. Each plugin configuration is read by\n" +
    "the module itself. Without FILE: sluice.yaml. A folder: every YAML file in it. -: standard input.\n" +
    "Ends with 1 when there is an error.",
  examples: [
    ["sluice validate", "the sluice.yaml here"],
    ["sluice validate deploy/*.yaml", "what kubectl apply would get"],
    ["sluice render istio | sluice validate -", "what would be applied"],
  ],
  options: {
    json: jsonOption,
    strict: { type: "boolean", description: "Warnings are errors" },
  },
  run({ options, files, terminal }) {
    const paths = expandFiles(files.length > 0 ? files : ["sluice.yaml"]);
    if (paths.length === 0) throw usageError("no YAML file is there");
    const faults = validateFiles(
      paths.map((file) => ({ file: file === "-" ? "(standard input)" : file, text: readText(file) })),
      installation(),
    );
    const isBad = faults.some(({ severity }) => severity === "error" || options.strict);
    if (options.json) terminal.print(JSON.stringify({ ok: !isBad, findings: faults }, null, 2));
    else printFaults(faults, terminal, paths.length);
    return isBad ? 1 : 0;
  },
});
