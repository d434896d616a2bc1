// Makes each filter's schema stand alone: copies the shared fields and every shared definition that it uses into it.

import { refName, type Schema } from "./schema.ts";

/** The filter's own schema (or its earlier bundle) with the shared fields and definitions of today. Idempotent. */
export function bundleSchema(filter: Schema, shared: Schema): Schema {
  const own = ownProperties(filter, shared);
  const properties = { ...own, ...shared.properties };
  const ownDefs = omit(filter.$defs, shared.$defs);
  const used = usedDefinitions([properties, ownDefs], shared);
  const { $defs: _, properties: __, ...head } = filter;
  const $defs = { ...ownDefs, ...pick(shared.$defs, used) };
  return { ...head, additionalProperties: false, properties, $defs };
}

/** The properties of a filter's schema that are not shared ones. */
export function ownProperties(filter: Schema, shared: Schema): Record<string, Schema> {
  return omit(filter.properties, shared.properties);
}

/** Names of the shared definitions that the roots refer to, directly or through one another. */
function usedDefinitions(roots: unknown[], shared: Schema): Set<string> {
  const used = new Set<string>();
  const queue = [...roots];
  while (queue.length > 0) {
    const node = queue.pop();
    if (typeof node !== "object" || node === null) continue;
    for (const [name, value] of Object.entries(node)) {
      if (name !== "$ref") queue.push(value);
      else if (!used.has(refName(String(value)))) {
        used.add(refName(String(value)));
        queue.push(shared.$defs?.[refName(String(value))]);
      }
    }
  }
  return used;
}

function omit(from: Record<string, Schema> = {}, names: Record<string, Schema> = {}): Record<string, Schema> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => !Object.hasOwn(names, name)));
}

function pick(from: Record<string, Schema> = {}, names: Set<string>): Record<string, Schema> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.has(name)));
}
