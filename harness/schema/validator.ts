// Judges a configuration by its schema.

import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import { addKeywords } from "./keywords.ts";
import type { Schema } from "./schema.ts";

/** One fault: where, and what the schema says about it. */
export interface SchemaFault {
  /** Place in the configuration, as the modules write it: `rules[2].limit.interval`, empty at the root. */
  path: string;
  message: string;
}

/** Compiles a schema to a function that lists all faults of a value, none when it is valid. */
export function compileSchema(schema: Schema): (value: unknown) => SchemaFault[] {
  const ajv = new Ajv2020({ allErrors: true, strictRequired: false, strictTypes: false });
  addKeywords(ajv);
  const validate = ajv.compile(schema);
  return (value) => (validate(value) ? [] : (validate.errors ?? []).map(toFault));
}

function toFault(error: ErrorObject): SchemaFault {
  return { path: formatPointer(error.instancePath), message: describe(error) };
}

/** What our own keywords have to say when they do not hold. */
const OWN_KEYWORDS: Record<string, string> = {
  "x-duration": "the duration is out of bounds",
  "x-decimal": "the amount is out of bounds or has too many places",
  "x-unique": "two entries have the same name",
  "x-sum": "the numbers add up to too much",
  "x-distinct-values": "two members have the same value",
  "x-member-of": "the name is not in the list",
  "x-exact-limits": "a limit cannot be counted in whole numbers of 64 bits",
  "x-same-length": "a list has not as many parts as the one that it belongs to",
  "x-needs": "something is counted that another list must price, and that is empty",
  "x-refer": "an entry names nothing that is there, or has not as many parts as that",
};

function describe(error: ErrorObject): string {
  const params = error.params as Record<string, unknown>;
  if (error.keyword === "additionalProperties") return `unknown field "${String(params["additionalProperty"])}"`;
  if (error.keyword === "enum") return `expected one of ${JSON.stringify(params["allowedValues"])}`;
  return OWN_KEYWORDS[error.keyword] ?? error.message ?? error.keyword;
}

/** `/rules/2/limit` as `rules[2].limit`. */
function formatPointer(pointer: string): string {
  const names = pointer
    .split("/")
    .slice(1)
    .map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
  return names
    .map((name) => (/^\d+$/.test(name) ? `[${name}]` : `.${name}`))
    .join("")
    .replace(/^\./, "");
}
