// The Markdown tables of a filter's configuration, made from its schema.

import { ownProperties } from "./bundle.ts";
import { refName, resolveRef, type Schema } from "./schema.ts";

const BEGIN = "<!-- config:begin -->";
const END = "<!-- config:end -->";
/** A formatter would pad every cell of a column to its longest one. */
const UNFORMATTED = ["<!-- prettier-ignore-start -->", "<!-- prettier-ignore-end -->"];

/** A README with the tables between its markers made anew; undefined when it has no markers. */
export function replaceTables(readme: string, tables: string): string | undefined {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) return undefined;
  return `${readme.slice(0, begin + BEGIN.length)}\n${UNFORMATTED[0]}\n\n${tables}\n\n${UNFORMATTED[1]}\n${readme.slice(end)}`;
}

/** Tables: the filter's own fields, the shared ones, and one for each kind of object that they name. */
export function renderTables(schema: Schema, shared: Schema): string {
  const own = ownProperties(schema, shared);
  const others = Object.fromEntries(Object.entries(schema.properties ?? {}).filter(([name]) => !(name in own)));
  const kinds = new Set<string>();
  const sections = [
    `${schema.description ?? ""}\n\n${table(rowsOf({ properties: own }, schema, "", kinds))}`,
    `### Shared fields\n\n${shared.description ?? ""}\n\n${table(rowsOf({ properties: others }, schema, "", kinds))}`,
  ];
  for (const name of kinds) {
    const kind = schema.$defs?.[name] ?? {};
    sections.push(
      `### A ${kind.title ?? name}\n\n${kind.description ?? ""}\n\n${table(rowsOf(kind, schema, "", kinds))}`,
    );
  }
  return sections.join("\n\n");
}

/** Rows of an object's members and of the objects in them. Objects with a title get a table of their own: `kinds`. */
function rowsOf(object: Schema, root: Schema, prefix: string, kinds: Set<string>): string[][] {
  const rows: string[][] = [];
  for (const [name, property] of Object.entries(object.properties ?? {})) {
    const schema = resolveRef(property, root);
    const field = `${prefix}${name}`;
    const mark = object.required?.includes(name) ? "required" : formatDefault(schema);
    rows.push([`\`${field}\``, typeOf(property, root), mark, schema.description ?? ""]);
    const inner = property.items ?? property;
    const innerSchema = resolveRef(inner, root);
    if (innerSchema.properties === undefined) continue;
    if (inner.$ref !== undefined && innerSchema.title !== undefined) kinds.add(refName(inner.$ref));
    else rows.push(...rowsOf(innerSchema, root, `${field}${property.items ? "[]" : ""}.`, kinds));
  }
  return rows;
}

function typeOf(property: Schema, root: Schema): string {
  const schema = resolveRef(property, root);
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(", ");
  if (schema.title !== undefined) return schema.title;
  if (schema.items) return `list of ${typeOf(schema.items, root)}`;
  if (schema.minimum !== undefined) return `${schema.type ?? ""}, ${schema.minimum} to ${schema.maximum ?? ""}`;
  return schema.type === "object" && !schema.properties ? "map" : (schema.type ?? "");
}

function formatDefault(schema: Schema): string {
  return schema.default === undefined ? "" : `\`${JSON.stringify(schema.default)}\``;
}

function table(rows: string[][]): string {
  const lines = rows.map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`);
  return ["| field | type | default | meaning |", "| --- | --- | --- | --- |", ...lines].join("\n");
}
