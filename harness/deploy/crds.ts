// The custom resource definitions that objects are judged by. Each is in crds/, made by crds/main.ts.
import analysisTemplate from "./crds/analysistemplate.json" with { type: "json" };
import backend from "./crds/backend.json" with { type: "json" };
import destinationRule from "./crds/destinationrule.json" with { type: "json" };
import envoyExtensionPolicy from "./crds/envoyextensionpolicy.json" with { type: "json" };
import envoyFilter from "./crds/envoyfilter.json" with { type: "json" };
import envoyPatchPolicy from "./crds/envoypatchpolicy.json" with { type: "json" };
import httpRoute from "./crds/httproute.json" with { type: "json" };
import metricTemplate from "./crds/metrictemplate.json" with { type: "json" };
import serviceEntry from "./crds/serviceentry.json" with { type: "json" };
import telemetry from "./crds/telemetry.json" with { type: "json" };
import virtualService from "./crds/virtualservice.json" with { type: "json" };
import wasmPlugin from "./crds/wasmplugin.json" with { type: "json" };
import type { Crd, CrdSchema } from "./crd.ts";

/** All of them. */
export const crds: readonly Crd[] = [
  wasmPlugin,
  telemetry,
  envoyFilter,
  virtualService,
  destinationRule,
  serviceEntry,
  httpRoute,
  envoyExtensionPolicy,
  envoyPatchPolicy,
  backend,
  metricTemplate,
  analysisTemplate,
] as unknown as Crd[];

/** The definition of a group. Undefined: not ours to judge. */
export function findCrd(group: string, kind: string): Crd | undefined {
  return crds.find((crd) => crd.group === group && crd.kind === kind);
}

/** The schema of a version. */
export function schemaOf(crd: Crd, version: string): CrdSchema | undefined {
  const found = crd.versions[version];
  return typeof found === "string" ? schemaOf(crd, found) : found;
}
