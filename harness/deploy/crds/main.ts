// Reduces CRDs as their projects publish them to what validation needs, one file for each kind:
//
//   node --import tsx harness/deploy/crds/main.ts SOURCE=FILE...
//
// SOURCE is what the file says of itself later (`istio.io/api@v1.31.1`). Descriptions go; so do parts that nothing we
// write uses and that are large.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format } from "prettier";
import { parseAllDocuments } from "yaml";
import type { Crd, CrdSchema } from "../crd.ts";

const KINDS = [
  "WasmPlugin",
  "Telemetry",
  "EnvoyFilter",
  "VirtualService",
  "DestinationRule",
  "ServiceEntry",
  "HTTPRoute",
  "EnvoyExtensionPolicy",
  "EnvoyPatchPolicy",
  "Backend",
  "MetricTemplate",
  "AnalysisTemplate",
];

/** Members that are left open: any value will do. */
const OPEN: Record<string, string[]> = { AnalysisTemplate: ["job"] };

interface RawCrd {
  kind?: string;
  spec: {
    group: string;
    names: { kind: string };
    versions: { name: string; served: boolean; schema: { openAPIV3Schema: CrdSchema } }[];
  };
}

for (const argument of process.argv.slice(2)) {
  const [source = "", file = ""] = argument.split("=");
  // Charts have template marks in them.
  const text = readFileSync(file, "utf8").replaceAll(/\{\{.*?\}\}/g, "");
  for (const document of parseAllDocuments(text)) {
    const raw = document.toJS() as RawCrd | null;
    if (raw?.kind !== "CustomResourceDefinition" || !KINDS.includes(raw.spec.names.kind)) continue;
    const { kind } = raw.spec.names;
    const versions: Crd["versions"] = {};
    const seen = new Map<string, string>();
    for (const version of raw.spec.versions.filter(({ served }) => served)) {
      const schema = JSON.stringify(reduce(version.schema.openAPIV3Schema, OPEN[kind] ?? []));
      const same = seen.get(schema);
      versions[version.name] = same ?? (JSON.parse(schema) as CrdSchema);
      seen.set(schema, version.name);
    }
    const crd: Crd = { source, group: raw.spec.group, kind, versions };
    const path = join(import.meta.dirname, `${kind.toLowerCase()}.json`);
    writeFileSync(path, await format(JSON.stringify(crd), { parser: "json", printWidth: 120 }));
  }
}

function reduce(schema: unknown, open: readonly string[]): unknown {
  if (Array.isArray(schema)) return schema.map((item) => reduce(item, open));
  if (typeof schema !== "object" || schema === null) return schema;
  const reduced: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(schema)) {
    if (name === "description" && typeof value === "string") continue;
    if (name === "properties") {
      reduced[name] = Object.fromEntries(
        Object.entries(value as object).map(([member, of]) => [
          member,
          open.includes(member) ? { "x-kubernetes-preserve-unknown-fields": true } : reduce(of, open),
        ]),
      );
    } else reduced[name] = reduce(value, open);
  }
  return reduced;
}
