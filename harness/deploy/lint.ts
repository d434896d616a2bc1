// `sluice lint`: what in routes and policies can bill an AI call twice, lets it hang, or keeps a filter from its work.
import { sortFaults, type Fault } from "../sluice-yaml/fault.ts";
import { parseSource } from "../sluice-yaml/source.ts";
import type { KubeObject } from "./kube.ts";
import { isEnvoyConfig, lintEnvoy } from "./lint-envoy.ts";
import type { Finding, LintDocument } from "./lint-finding.ts";
import { lintWasmPlugin } from "./lint-plugins.ts";
import {
  isAiRoute,
  lintDestinationRule,
  lintHttpRoute,
  lintTrafficPolicy,
  lintVirtualService,
  type LintOptions,
} from "./lint-routes.ts";

export type { Finding } from "./lint-finding.ts";
export type { LintOptions } from "./lint-routes.ts";

/** A file to lint. */
export interface LintFile {
  file: string;
  text: string;
}

/** What was found, by file and line; `faults` are files that are no YAML. Reads nothing but its arguments. */
export function lint(
  files: readonly LintFile[],
  options: LintOptions = {},
): { findings: Finding[]; faults: Fault[]; documents: number } {
  const parsed = files.map(({ file, text }) => parseSource(file, text));
  const documents = parsed.flatMap((one) => one.documents.flatMap(itemsOf));
  const aiNames = new Set(documents.filter((one) => isHttpRoute(one) && isAiRoute(one, options)).flatMap(namesOf));
  const findings = documents.flatMap((document) => lintDocument(document, aiNames, options));
  return {
    findings: sortFaults(findings) as Finding[],
    faults: parsed.flatMap((one) => one.faults),
    documents: documents.length,
  };
}

function lintDocument(document: LintDocument, aiNames: ReadonlySet<string>, options: LintOptions): Finding[] {
  const object = document.value as KubeObject | null;
  switch (object?.kind) {
    case "VirtualService":
      return lintVirtualService(document, options);
    case "DestinationRule":
      return lintDestinationRule(document, options);
    case "HTTPRoute":
    case "GRPCRoute":
      return lintHttpRoute(document, options);
    case "BackendTrafficPolicy":
      return lintTrafficPolicy(document, aiNames, options);
    case "WasmPlugin":
      return lintWasmPlugin(document);
    case "EnvoyFilter":
      return lintPatches(document, options);
    default:
      return isEnvoyConfig(object) ? lintEnvoy(document, object, [], options) : [];
  }
}

function lintPatches(document: LintDocument, options: LintOptions): Finding[] {
  const { spec } = document.value as { spec?: { configPatches?: unknown } };
  const patches = Array.isArray(spec?.configPatches) ? (spec.configPatches as { patch?: { value?: unknown } }[]) : [];
  return patches.flatMap((patch, at) =>
    lintEnvoy(document, patch?.patch?.value, ["spec", "configPatches", at, "patch", "value"], options),
  );
}

function isHttpRoute({ value }: LintDocument): boolean {
  const { kind } = (value ?? {}) as KubeObject;
  return kind === "HTTPRoute" || kind === "GRPCRoute";
}

/** A route's own name, and those of the gateways that it is attached to. */
function namesOf({ value }: LintDocument): string[] {
  const object = value as KubeObject & { spec?: { parentRefs?: { name?: string }[] } };
  const parents = Array.isArray(object.spec?.parentRefs) ? object.spec.parentRefs : [];
  return [object.metadata?.name, ...parents.map((parent) => parent?.name)].filter((name) => name !== undefined);
}

/** A list's items keep their places in its document. */
function itemsOf(document: LintDocument): LintDocument[] {
  const value = document.value as { kind?: unknown; items?: unknown } | null;
  if (value?.kind !== "List" || !Array.isArray(value.items)) return [document];
  return value.items.map((item: unknown, at) => ({
    file: document.file,
    value: item,
    fault: (path, message, more) => document.fault(["items", at, ...path], message, more),
  }));
}
