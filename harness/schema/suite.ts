// The suite's schema: the shared fields, and each filter's own fields under a member of its own.

import { HarnessError } from "../error.ts";
import { ownProperties } from "./bundle.ts";
import type { Schema } from "./schema.ts";

/** The filter that is all of them. */
export const SUITE = "suite";

/** Puts the schemas of the filters together; `shared` are the fields that they have in common. */
export function composeSuite(filters: Schema[], shared: Schema): Schema {
  const $defs: Record<string, Schema> = {};
  const properties: Record<string, Schema> = {};
  for (const filter of filters) {
    for (const [name, definition] of Object.entries(filter.$defs ?? {})) {
      const known = $defs[name];
      if (known !== undefined && JSON.stringify(known) !== JSON.stringify(definition)) {
        throw new HarnessError(`${filter.$id}: another filter's schema has another ${name} in $defs`, "schema-broken");
      }
      $defs[name] = definition;
    }
    const { $schema: _, $id, $defs: __, title: ___, properties: ____, ...own } = filter;
    properties[memberOf($id ?? "")] = {
      ...own,
      description: `${$id}: ${filter.description ?? ""} Absent: off.`,
      properties: ownProperties(filter, shared),
    };
  }
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: SUITE,
    title: SUITE,
    description: "The filters in one module. Each is on where its member is there, be it empty.",
    type: "object",
    additionalProperties: false,
    properties,
    $defs,
  };
}

/** `model-tag` as a member: `modelTag`. */
function memberOf(id: string): string {
  return id.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
