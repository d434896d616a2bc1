// Everything that can be known of files before they are applied: sluice.yaml and Kubernetes YAML alike.
import type { Fault } from "../sluice-yaml/fault.ts";
import { sortFaults } from "../sluice-yaml/fault.ts";
import type { InstalledFilter, Installation } from "../sluice-yaml/filters.ts";
import { compileJudge, type Judge } from "../sluice-yaml/judge.ts";
import type { Json } from "../scenario/scenario.ts";
import { readDocument } from "../sluice-yaml/read.ts";
import { parseSource, type Path, type SourceDocument } from "../sluice-yaml/source.ts";
import { celFault } from "./cel.ts";
import { isKubeObject, judgeObject } from "./kube.ts";
import { checkPairs } from "./pairs.ts";
import { planModules } from "./plan.ts";
import { pluginsIn } from "./plugins.ts";
import { checkRetryPromises } from "./promises.ts";
import { verdictOf, type Remark } from "./verdict.ts";

/** A file's name and text. */
export interface TextFile {
  file: string;
  text: string;
}

/** All findings, in the order of the files. */
export function validateFiles(files: readonly TextFile[], from: Installation): Fault[] {
  const faults: Fault[] = [];
  const objects: SourceDocument[] = [];
  for (const { file, text } of files) {
    const parsed = parseSource(file, text);
    faults.push(...parsed.faults);
    if (parsed.documents.length === 0 && parsed.faults.length === 0) {
      faults.push({ severity: "warning", file, line: 1, column: 1, path: "", message: "there is nothing in it" });
    }
    for (const document of parsed.documents) {
      if (isKubeObject(document.value)) {
        objects.push(document);
        faults.push(...judgeObject(document), ...judgePlugins(document, from));
      } else faults.push(...judgeSluiceYaml(document, from));
    }
  }
  faults.push(...checkPairs(objects, from), ...checkRetryPromises(objects, from));
  return sortFaults(faults);
}

/** sluice.yaml: its schema, its rules, then each module's own verdict. */
export function judgeSluiceYaml(document: SourceDocument, from: Installation): Fault[] {
  const { config, faults } = readDocument(document, from);
  if (config === undefined) return faults;
  for (const { filter, config: own, toSource } of planModules(config, from)) {
    if (filter.module === undefined) continue;
    faults.push(...judgeByModule(document, filter.module, own, toSource, faults));
  }
  return faults;
}

const judges = new WeakMap<InstalledFilter, Judge>();

/** Plugin configurations in WasmPlugin and its kin. */
function judgePlugins(document: SourceDocument, from: Installation): Fault[] {
  const faults: Fault[] = [];
  for (const { filter, config, path } of pluginsIn(document, from)) {
    let judge = judges.get(filter);
    if (judge === undefined) judges.set(filter, (judge = compileJudge(filter.schema)));
    const found = judge(document, path, config ?? {});
    faults.push(...found);
    if (filter.module !== undefined) {
      faults.push(...judgeByModule(document, filter.module, config, (inner) => [...path, ...inner], found));
    }
  }
  return faults;
}

/** What the module says beyond what the schema has found already. */
function judgeByModule(
  document: SourceDocument,
  module: string,
  config: Json | undefined,
  toSource: (path: Path) => (string | number)[],
  known: readonly Fault[],
): Fault[] {
  const expressions = celsIn(config).flatMap(({ path, text }) => {
    const fault = celFault(text);
    return fault === undefined
      ? []
      : [document.fault(toSource(path), `no CEL: ${fault}`, { cure: "Envoy would refuse it as well" })];
  });
  const { errors, warnings } = verdictOf(module, config);
  const places = new Set(known.map(({ path }) => path));
  const toFault = (severity: Fault["severity"]) => (remark: Remark) => {
    const unknown = /^unknown field "([^"]+)"(?:, (did you mean .*))?/.exec(remark.message);
    const path = toSource(unknown === null ? remark.path : [...remark.path, unknown[1] ?? ""]);
    const [, message = remark.message, cure = undefined] =
      /^([\s\S]*?)[;,] ((?:did you mean|name it in|add|use) [\s\S]*)$/.exec(remark.message) ?? [];
    return document.fault(path, message, { severity, at: unknown === null ? "value" : "key", ...(cure && { cure }) });
  };
  const mayMatter = ({ message }: Remark) => !message.includes("this host evaluates no CEL");
  const said = [...errors.map(toFault("error")), ...warnings.filter(mayMatter).map(toFault("warning")), ...expressions];
  return said.filter(({ path }) => !places.has(path));
}

/** Expressions of a configuration: members called `cel`, and keys `cel:EXPRESSION`. */
function celsIn(value: unknown, path: (string | number)[] = []): { path: (string | number)[]; text: string }[] {
  if (typeof value === "string") {
    if (path.at(-1) === "cel") return [{ path, text: value }];
    return value.startsWith("cel:") ? [{ path, text: value.slice(4) }] : [];
  }
  if (Array.isArray(value)) return value.flatMap((item, at) => celsIn(item, [...path, at]));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => celsIn(member, [...path, name]));
}
