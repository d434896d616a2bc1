// Kubernetes objects as YAML text: plain, in a stable order, one document each.
import { stringify } from "yaml";
import type { Json } from "../scenario/scenario.ts";

/** An object that is rendered. */
export interface RenderedObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  spec?: Json;
  data?: Record<string, string>;
}

/** One document and what it is for. */
export interface Rendered {
  /** Shown above it, a line each. */
  comment: string;
  object: RenderedObject;
}

/** All documents, with `head` above them. */
export function toYaml(documents: readonly Rendered[], head: string): string {
  const texts = documents.map(({ comment, object }) => `${commented(comment)}${yamlText(object)}`);
  return `${commented(head)}${head === "" ? "" : "\n"}${texts.join("---\n")}`;
}

/** One value as YAML. */
export function yamlText(value: unknown): string {
  return stringify(value, {
    lineWidth: 0,
    aliasDuplicateObjects: false,
    defaultStringType: "PLAIN",
    defaultKeyType: "PLAIN",
  });
}

function commented(text: string): string {
  return text === "" ? "" : `${text.replaceAll(/^/gm, "# ").replaceAll(/^# $/gm, "#")}\n`;
}
