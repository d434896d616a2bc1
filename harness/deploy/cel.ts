// Evaluates the CEL rules of custom resource definitions, with the functions that Kubernetes adds to CEL.
import { Environment } from "@marcbachmann/cel-js";
import type { CelRule, CrdSchema } from "./crd.ts";

/** What a rule says against a value. */
export interface BrokenRule {
  path: (string | number)[];
  message: string;
}

class Url {
  readonly url: URL;

  constructor(text: string) {
    this.url = new URL(text);
  }
}

const environment = new Environment({ unlistedVariablesAreDyn: true, homogeneousAggregateLiterals: false })
  .registerType("URL", { ctor: Url, fields: {} })
  .registerFunction("isURL(string): bool", (text: string) => isUrl(text))
  .registerFunction("url(string): URL", (text: string) => new Url(text))
  .registerFunction("URL.getScheme(): string", ({ url }: Url) => url.protocol.slice(0, -1))
  .registerFunction("URL.getHost(): string", ({ url }: Url) => url.host)
  .registerFunction("URL.getPort(): string", ({ url }: Url) => url.port)
  .registerVariable("self", "dyn");

const compiled = new Map<string, (context: { self: unknown }) => unknown>();

/** Every rule below `schema` that `value` breaks. A rule that looks at a former state holds. */
export function brokenRules(schema: CrdSchema, value: unknown): BrokenRule[] {
  const broken: BrokenRule[] = [];
  visit(schema, value, [], broken);
  return broken;
}

/** `has(a[0].b)`, which this CEL does not take, as `("b" in a[0])`. */
function withoutIndexedHas(rule: string): string {
  return rule.replaceAll(/has\(([\w.]*\[\d+\][\w.[\]]*)\.(\w+)\)/g, '("$2" in $1)');
}

/** A rule as a function. Throws when it is no CEL that we know. */
export function compileRule(rule: string): (context: { self: unknown }) => unknown {
  let run = compiled.get(rule);
  if (run === undefined) compiled.set(rule, (run = environment.parse(withoutIndexedHas(rule))));
  return run;
}

function visit(schema: CrdSchema, value: unknown, path: (string | number)[], broken: BrokenRule[]): void {
  if (value === undefined || value === null) return;
  for (const rule of schema["x-kubernetes-validations"] ?? []) {
    const message = breaks(rule, schema, value);
    if (message !== undefined) broken.push({ path, message });
  }
  if (Array.isArray(value)) {
    for (const [at, item] of value.entries()) visit(schema.items ?? {}, item, [...path, at], broken);
  } else if (typeof value === "object") {
    for (const [name, member] of Object.entries(value)) {
      const other = typeof schema.additionalProperties === "object" ? schema.additionalProperties : {};
      visit(schema.properties?.[name] ?? other, member, [...path, name], broken);
    }
  }
}

function breaks(rule: CelRule, schema: CrdSchema, value: unknown): string | undefined {
  if (rule.rule.includes("oldSelf")) return undefined;
  let holds: unknown;
  try {
    holds = compileRule(rule.rule)({ self: toCel(schema, value) });
  } catch (error) {
    // What Kubernetes cannot evaluate, it refuses.
    return `${rule.message ?? rule.rule} (${(error as Error).message.split("\n")[0] ?? ""})`;
  }
  return holds === true ? undefined : (rule.message ?? `it does not hold that ${rule.rule}`);
}

const reserved = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);

/** A value as rules see it: whole numbers as integers, members with names that CEL has taken in underscores. */
function toCel(schema: CrdSchema, value: unknown): unknown {
  if (typeof value === "number") return schema.type === "number" ? value : BigInt(Math.trunc(value));
  if (Array.isArray(value)) return value.map((item) => toCel(schema.items ?? {}, item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      const of = schema.properties?.[name];
      const other = typeof schema.additionalProperties === "object" ? schema.additionalProperties : {};
      return [of !== undefined && reserved.has(name) ? `__${name}__` : name, toCel(of ?? other, member)];
    }),
  );
}

/** As Go's url.ParseRequestURI: absolute, or a path. */
function isUrl(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text) && URL.canParse(text);
}

/** Why an expression over Envoy's attributes is no CEL; undefined when it is. Names and types are Envoy's to judge. */
export function celFault(expression: string): string | undefined {
  try {
    environment.parse(withoutIndexedHas(expression));
    return undefined;
  } catch (error) {
    return (error as Error).message.split("\n")[0];
  }
}
