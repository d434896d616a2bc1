// Lints WasmPlugins that need a body before headers leave.
import type { KubeObject } from "./kube.ts";
import { finding, type Finding, type LintDocument } from "./lint-finding.ts";

/** Modules that write what a body says to headers: ours, and those of others by what they are called. */
const bodyTaggers = /(^|[/_.-])(model-tag|suite|model-router|model-mapper|body-tag\w*|ai-router|ai-proxy)([@:._/-]|$)/;
const ours = /(^|[/_.-])(model-tag|suite)([@:._/-]|$)/;

/** Whether a module's url or name is that of one that tags by the body. */
export function needsBody(text: string): boolean {
  return bodyTaggers.test(text);
}

/** Findings of one WasmPlugin. */
export function lintWasmPlugin(document: LintDocument): Finding[] {
  const object = document.value as KubeObject;
  const spec = (typeof object.spec === "object" && object.spec !== null ? object.spec : {}) as Record<string, unknown>;
  const config = (spec["pluginConfig"] ?? {}) as { pair?: unknown };
  const url = String(spec["url"] ?? "");
  if (config.pair !== undefined || !needsBody(url)) return [];
  return [
    finding(document, ["spec", "url"], "no-pair-or-flag", "error", {
      what: "the plugin reads bodies, and a WasmPlugin cannot hold headers until it has",
      why: ours.test(url)
        ? "Istio has no field for Envoy's flag: nothing that the body says reaches a route or a header"
        : "Istio has no field for Envoy's flag: a plugin that waits for the body hangs every request until its timeout",
      cure: ours.test(url)
        ? "two WasmPlugins of this url with priority 1000 and 990, pluginConfig pair: outer and pair: inner"
        : "sluice's model-tag as a pair of WasmPlugins, or an EnvoyFilter that sets allow_on_headers_stop_iteration",
    }),
  ];
}
