// A JSON Schema as these tools see it, and how references in it are followed.

import { HarnessError } from "../error.ts";

/** The part of JSON Schema 2020-12 that our schemas use. */
export interface Schema {
  $schema?: string;
  $id?: string;
  $ref?: string;
  $defs?: Record<string, Schema>;
  title?: string;
  description?: string;
  type?: string;
  enum?: unknown[];
  default?: unknown;
  examples?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  propertyNames?: Schema;
  minProperties?: number;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  not?: Schema;
  "x-duration"?: { minimum?: string; maximum?: string };
  [keyword: `x-${string}`]: unknown;
}

/** The schema with what its `$ref` points to laid under its own keywords. */
export function resolveRef(schema: Schema, root: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const { $ref, ...own } = schema;
  return { ...resolveRef(definitionOf($ref, root), root), ...own };
}

/** The name behind `#/$defs/NAME`. */
export function refName(ref: string): string {
  return ref.replace("#/$defs/", "");
}

function definitionOf(ref: string, root: Schema): Schema {
  const definition = root.$defs?.[refName(ref)];
  if (!definition) throw new HarnessError(`${root.$id ?? "schema"}: there is no ${ref}`, "schema-broken");
  return definition;
}
