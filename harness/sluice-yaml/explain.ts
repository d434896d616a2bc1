// Turns what a JSON Schema validator found into words: what is there, what was expected, what to do.
import type { ErrorObject } from "ajv/dist/2020.js";
import { nearestWord } from "./nearest.ts";
import type { Path } from "./source.ts";

/** A validator's error in words. `path` is the place; for an unknown field the field itself. */
export interface Explanation {
  path: (string | number)[];
  at: "value" | "key";
  message: string;
  cure?: string;
}

interface Words {
  title?: string;
  description?: string;
  examples?: unknown[];
  properties?: Record<string, unknown>;
}

/** What our own keywords have to say when they do not hold. */
const OWN_KEYWORDS: Record<string, string> = {
  "x-duration": "a duration within its bounds",
  "x-decimal": "an amount within its bounds",
  "x-unique": "entries with different names",
  "x-sum": "numbers that add up to no more than the whole",
  "x-distinct-values": "members with different values",
  "x-member-of": "a name that is in the list",
};

/** One error, made with ajv's option `verbose`. Undefined for one that only sums up others. */
export function explain(error: ErrorObject, root: unknown): Explanation | undefined {
  const path = pathOf(error.instancePath, root);
  const words = (error.parentSchema ?? {}) as Words;
  const params = error.params as Record<string, unknown>;
  const found = describe(error.data);
  const expected = (text: string): Explanation => ({
    path,
    at: "value",
    message: `expected ${text}, got ${found}`,
    ...meaning(words),
  });
  switch (error.keyword) {
    case "additionalProperties": {
      const name = String(params["additionalProperty"]);
      const known = Object.keys(words.properties ?? {});
      const near = nearestWord(name, known);
      return {
        path: [...path, name],
        at: "key",
        message: `unknown field "${name}"`,
        cure: near === undefined ? `there are: ${known.join(", ")}` : `did you mean "${near}"?`,
      };
    }
    case "required": {
      const name = String(params["missingProperty"]);
      const schema = (words.properties?.[name] ?? {}) as Words;
      return { path, at: "value", message: `"${name}" is missing`, ...meaning(schema) };
    }
    case "enum": {
      const values = (params["allowedValues"] as unknown[]).map(String);
      const near = typeof error.data === "string" ? nearestWord(error.data, values) : undefined;
      const cure = near === undefined ? undefined : `did you mean "${near}"?`;
      const one = values.length > 12 ? `${values.slice(0, 12).join(", ")} …` : values.join(", ");
      return { path, at: "value", message: `expected one of ${one}; got ${found}`, ...(cure && { cure }) };
    }
    case "type":
      return expected(words.title === undefined ? article(String(params["type"])) : article(words.title));
    case "pattern":
      if (words.title === undefined) return expected(`a text that matches ${String(params["pattern"])}`);
      return expected(article(words.title));
    case "minLength":
    case "maxLength":
    case "format":
    case "not":
      return expected(words.title === undefined ? (words.description ?? "another text") : article(words.title));
    case "minimum":
    case "exclusiveMinimum":
      return expected(`at least ${String(params["limit"])}`);
    case "maximum":
    case "exclusiveMaximum":
      return expected(`at most ${String(params["limit"])}`);
    case "minItems":
      return expected(`at least ${String(params["limit"])} entries`);
    case "maxItems":
      return expected(`at most ${String(params["limit"])} entries`);
    case "minProperties":
      return expected(`at least ${String(params["limit"])} members`);
    case "propertyNames":
    case "if":
      return undefined;
    default:
      return expected(OWN_KEYWORDS[error.keyword] ?? error.message ?? error.keyword);
  }
}

/** A value as an error names it. */
export function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text;
}

/** A JSON pointer as keys and indexes; what is a list in `root` has indexes. */
export function pathOf(pointer: string, root: unknown): (string | number)[] {
  let value = root;
  return pointer
    .split("/")
    .slice(1)
    .map((raw) => {
      const name = raw.replaceAll("~1", "/").replaceAll("~0", "~");
      const segment = Array.isArray(value) ? Number(name) : name;
      value = (value as Record<string | number, unknown> | undefined)?.[segment];
      return segment;
    });
}

/** What the schema says of a value, as a cure. */
function meaning(words: Words): { cure?: string } {
  const example = words.examples?.[0];
  const shown = typeof example === "string" ? example : JSON.stringify(example);
  const parts = [words.description ?? "", example === undefined ? "" : `For example: ${shown}`];
  const cure = parts.filter((part) => part !== "").join(" ");
  return cure === "" ? {} : { cure };
}

function article(noun: string): string {
  return /^[aeio]/i.test(noun) ? `an ${noun}` : `a ${noun}`;
}

/** Whether one place is the other or in it. */
export function isWithin(inner: Path, outer: Path): boolean {
  return outer.every((segment, at) => inner[at] === segment);
}
