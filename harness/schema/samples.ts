// Valid values of a schema, enough of them that each member is there at least once, alone and with all others.

import { resolveRef, type Schema } from "./schema.ts";

type JsonObject = Record<string, unknown>;

/**
 * Valid values; the last one of an object has every member. A text needs examples or a default to have any. Where members
 * depend on each other the examples are all there is (`x-samples: "examples"`; the last of them has every member), or a
 * member is there with all the others only (`x-samples: "with all"`).
 */
export function samplesOf(schema: Schema, root: Schema = schema): unknown[] {
  const node = resolveRef(schema, root);
  const examples = node.examples ?? [];
  if (node["x-samples"] === "examples") return examples;
  if (node.enum) return node.enum;
  switch (node.type) {
    case "boolean":
      return [true, false];
    case "integer":
    case "number":
      return distinct([node.minimum ?? 0, node.default, node.maximum ?? 1]);
    case "array":
      return [...examples, ...samplesOf(node.items ?? {}, root).map((item) => [item])];
    case "object":
      return [...examples, ...objectsOf(node, root)];
    default:
      return distinct([...examples, node.default]);
  }
}

function objectsOf(node: Schema, root: Schema): JsonObject[] {
  const members = Object.entries(node.properties ?? {}).map(([name, schema]) => ({
    name,
    values: samplesOf(schema, root),
    isAlone: schema["x-samples"] !== "with all",
  }));
  if (members.length === 0) return node.minProperties === undefined ? [{}] : [];
  const required = members.filter(({ name }) => node.required?.includes(name));
  const base = firstOf(required);
  const objects: JsonObject[] = (node.minProperties ?? 0) <= required.length ? [base] : [];
  for (const { name, values, isAlone } of members) {
    if (isAlone) for (const value of values) objects.push({ ...base, [name]: value });
  }
  objects.push(fullestOf(members));
  return objects;
}

function firstOf(members: { name: string; values: unknown[] }[]): JsonObject {
  return Object.fromEntries(members.map(({ name, values }) => [name, values[0]]));
}

/** Every member; objects and lists in their fullest form, which is the last of theirs. */
function fullestOf(members: { name: string; values: unknown[] }[]): JsonObject {
  const chosen = members.map(({ name, values }) => [name, typeof values[0] === "object" ? values.at(-1) : values[0]]);
  return Object.fromEntries(chosen) as JsonObject;
}

function distinct(values: unknown[]): unknown[] {
  return [...new Set(values)].filter((value) => value !== undefined);
}
