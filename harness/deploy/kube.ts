// Judges Kubernetes objects by their definitions: the schema, strictly (an unknown field is an error), and its CEL rules.
import { Ajv2020 } from "ajv/dist/2020.js";
import { explain } from "../sluice-yaml/explain.ts";
import type { Fault } from "../sluice-yaml/fault.ts";
import { nearestWord } from "../sluice-yaml/nearest.ts";
import type { SourceDocument } from "../sluice-yaml/source.ts";
import { brokenRules } from "./cel.ts";
import type { CrdSchema } from "./crd.ts";
import { crds, findCrd, schemaOf } from "./crds.ts";

/** An object's head. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata?: {
    name?: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  spec?: unknown;
}

/** Whether a document is a Kubernetes object, by its look. */
export function isKubeObject(value: unknown): value is KubeObject {
  return typeof value === "object" && value !== null && "apiVersion" in value && "kind" in value;
}

const compiled = new Map<CrdSchema, ReturnType<Ajv2020["compile"]>>();

/** What is wrong with an object. One of a kind that we have no definition of has only its head judged. */
export function judgeObject(document: SourceDocument): Fault[] {
  const object = document.value as KubeObject;
  const faults = judgeHead(document, object);
  const [group = "", version = ""] = splitApiVersion(object.apiVersion);
  const crd = findCrd(group, object.kind);
  if (crd === undefined) return [...faults, ...misspelt(document, object, group)];
  const schema = schemaOf(crd, version);
  if (schema === undefined) {
    const versions = Object.keys(crd.versions).join(", ");
    return [
      ...faults,
      document.fault(["apiVersion"], `${object.kind} has no version "${version}"`, { cure: `there are: ${versions}` }),
    ];
  }
  const value = structuredClone(object);
  const validate = compile(schema);
  if (!validate(value)) {
    for (const error of validate.errors ?? []) {
      const explained = explain(error, object);
      if (explained === undefined) continue;
      const { path, message, at, cure } = explained;
      faults.push(document.fault(path, message, { at, ...(cure && { cure }) }));
    }
    // Rules over values of the wrong shape say nothing more.
    return faults;
  }
  return [
    ...faults,
    ...brokenRules(schema, value).map(({ path, message }) => document.fault(path, message, cureFor(message))),
  ];
}

function judgeHead(document: SourceDocument, object: KubeObject): Fault[] {
  const faults: Fault[] = [];
  const { name } = object.metadata ?? {};
  if (typeof object.apiVersion !== "string" || typeof object.kind !== "string") {
    return [document.fault([], "apiVersion and kind must be texts")];
  }
  // A kustomization is applied by kubectl itself and needs no name.
  if (name === undefined && object.kind === "Kustomization") return faults;
  if (name === undefined) faults.push(document.fault(["metadata"], "metadata.name is missing", { at: "key" }));
  else if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(String(name))) {
    faults.push(
      document.fault(["metadata", "name"], `"${String(name)}" is no name for an object`, {
        cure: "lower-case letters, digits, '-' and '.'",
      }),
    );
  }
  for (const [label, value] of Object.entries(object.metadata?.labels ?? {})) {
    if (typeof value === "string" && /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/.test(value)) continue;
    faults.push(
      document.fault(["metadata", "labels", label], `expected a label's value, got ${JSON.stringify(value)}`, {
        cure: 'at most 63 letters, digits, "-", "_" and "."; a number or true needs quotes',
      }),
    );
  }
  return faults;
}

/** A group of ours with a kind that it does not have is a slip of the pen. */
function misspelt(document: SourceDocument, object: KubeObject, group: string): Fault[] {
  const groups = new Map(crds.map((crd) => [crd.group, crd]));
  const kinds = crds.map(({ kind }) => kind);
  const known = crds.find(({ kind }) => kind === object.kind);
  if (known !== undefined) {
    return [
      document.fault(["apiVersion"], `${object.kind} is in ${known.group}, got "${object.apiVersion}"`, {
        severity: "warning",
        cure: `${known.group}/${Object.keys(known.versions)[0] ?? ""}`,
      }),
    ];
  }
  const near = nearestWord(object.kind, kinds);
  if (!groups.has(group) || near === undefined) return [];
  return [document.fault(["kind"], `${group} has no ${object.kind}`, { cure: `did you mean ${near}?` })];
}

function splitApiVersion(apiVersion: unknown): string[] {
  const parts = String(apiVersion).split("/");
  return parts.length === 1 ? ["", parts[0] ?? ""] : parts;
}

function compile(schema: CrdSchema): ReturnType<Ajv2020["compile"]> {
  let validate = compiled.get(schema);
  if (validate === undefined) {
    const ajv = new Ajv2020({
      allErrors: true,
      verbose: true,
      strict: false,
      validateFormats: false,
      useDefaults: true,
    });
    validate = ajv.compile(topLevel(schema));
    compiled.set(schema, validate);
  }
  return validate;
}

function topLevel(schema: CrdSchema): object {
  const { properties = {}, ...rest } = schema;
  const head = { apiVersion: { type: "string" }, kind: { type: "string" }, metadata: { type: "object" } };
  const own = Object.fromEntries(Object.entries(properties).map(([name, of]) => [name, strict(of)]));
  return { ...rest, properties: { ...own, ...head }, additionalProperties: false };
}

/** A structural schema as plain JSON Schema that takes no unknown members. */
function strict(schema: CrdSchema): CrdSchema {
  if (schema["x-kubernetes-int-or-string"] === true) {
    const { type: _, anyOf: __, ...rest } = schema;
    return { ...rest, type: ["integer", "string"] as unknown as string };
  }
  const made: CrdSchema = { ...schema };
  const isOpen = schema["x-kubernetes-preserve-unknown-fields"] === true;
  if (schema.properties !== undefined) {
    made.properties = Object.fromEntries(Object.entries(schema.properties).map(([name, of]) => [name, strict(of)]));
    if (!isOpen && schema.additionalProperties === undefined) made.additionalProperties = false;
  }
  if (typeof schema.additionalProperties === "object") made.additionalProperties = strict(schema.additionalProperties);
  if (schema.items !== undefined) made.items = strict(schema.items);
  if (schema.nullable === true && typeof schema.type === "string")
    made.type = [schema.type, "null"] as unknown as string;
  return made;
}

/** What to do, for the rules that people break most. */
function cureFor(message: string): { cure?: string } {
  const cures: [RegExp, string][] = [
    [/url must have schema/, "write oci://REGISTRY/REPOSITORY@sha256:…, https://… or file:///…"],
    [
      /targetRefs or selector/,
      "keep selector for sidecars and classic gateways, or targetRefs for Gateway API and waypoints",
    ],
    [/valueFrom is INLINE/, "leave value out: with HOST it comes from the proxy's own environment"],
    [/cross namespace/, "put the policy into the target's namespace"],
    [/wildcard not allowed/, "labels are compared whole: write the value"],
  ];
  const found = cures.find(([pattern]) => pattern.test(message));
  return found === undefined ? {} : { cure: found[1] };
}
