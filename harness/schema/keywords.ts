// The keywords that our schemas have beyond JSON Schema: what standard ones cannot say. Editors skip them.
//
//   x-duration {minimum?, maximum?}            a duration text within bounds (always: within 64-bit nanoseconds)
//   x-decimal {minimum?, maximum?, places?}    a decimal text within bounds, with at most so many places
//   x-unique "member"                          no two objects of a list have the same value there
//   x-sum {member, maximum, places}            the numbers of a list's objects add up to at most so much
//   x-distinct-values true                     no two members of an object (defaults included) are equal
//   x-member-of {value, list, member}          the value at a path is that of some object of a list
//   x-exact-limits true                        the limits of a rule can be counted in whole numbers of 64 bits
//   x-same-length {list, member, as}           the lists in a list's objects are as long as another list of the object
//   x-needs {list, value, equals, other}       where an object of a list has that value at a path, another list is not empty
//   x-refer {list, member, to, name, length?}  each object of a list names an object of another list (which has that name),
//                                              and their members `length` are equally long

import type { Ajv2020 } from "ajv/dist/2020.js";
import { compareDecimals, durationNanos, scaleDecimal } from "./decimal.ts";
import { hasExactLimits } from "./exact-limit.ts";

type JsonObject = Record<string, unknown>;

const LONGEST_NANOS = 2n ** 63n - 1n;

/** Teaches a validator our keywords. */
export function addKeywords(ajv: Ajv2020): void {
  ajv.addKeyword({ keyword: "x-samples", schemaType: "string" }); // for harness/schema/samples.ts
  ajv.addKeyword({ keyword: "x-duration", type: "string", schemaType: "object", validate: isDurationWithin });
  ajv.addKeyword({ keyword: "x-decimal", type: "string", schemaType: "object", validate: isDecimalWithin });
  ajv.addKeyword({ keyword: "x-unique", type: "array", schemaType: "string", validate: isUnique });
  ajv.addKeyword({ keyword: "x-sum", type: "array", schemaType: "object", validate: isSumWithin });
  ajv.addKeyword({
    keyword: "x-distinct-values",
    type: "object",
    schemaType: "boolean",
    validate: (_: boolean, data: JsonObject, parent: unknown) => hasDistinctValues(data, parent as JsonObject),
  });
  ajv.addKeyword({ keyword: "x-member-of", type: "object", schemaType: "object", validate: isMemberOf });
  ajv.addKeyword({
    keyword: "x-exact-limits",
    type: "object",
    schemaType: "boolean",
    validate: (_: boolean, rule: JsonObject) => hasExactLimits(rule),
  });
  ajv.addKeyword({ keyword: "x-same-length", type: "object", schemaType: "object", validate: hasSameLengths });
  ajv.addKeyword({ keyword: "x-needs", type: "object", schemaType: "object", validate: hasNeeded });
  ajv.addKeyword({ keyword: "x-refer", type: "object", schemaType: "object", validate: areReferred });
}

function isDurationWithin(bounds: { minimum?: string; maximum?: string }, text: string): boolean {
  const nanos = durationNanos(text);
  if (nanos === undefined) return true; // the pattern says so
  const least = durationNanos(bounds.minimum ?? "0s") ?? 0n;
  const most = (bounds.maximum === undefined ? undefined : durationNanos(bounds.maximum)) ?? LONGEST_NANOS;
  return nanos >= least && nanos <= most;
}

function isDecimalWithin(bounds: { minimum?: string; maximum?: string; places?: number }, text: string): boolean {
  if (scaleDecimal(text, 0) === undefined) return true; // the pattern says so
  if (bounds.minimum !== undefined && compareDecimals(text, bounds.minimum) < 0) return false;
  if (bounds.maximum !== undefined && compareDecimals(text, bounds.maximum) > 0) return false;
  return bounds.places === undefined || scaleDecimal(text, bounds.places)?.isRounded === false;
}

function isUnique(member: string, list: unknown[]): boolean {
  const values = list.map((item) => valueAt(item, [member])).filter((value) => value !== undefined);
  return new Set(values).size === values.length;
}

function isSumWithin(rule: { member: string; maximum: number; places: number }, list: unknown[]): boolean {
  let sum = 0n;
  for (const item of list) {
    const value = valueAt(item, [rule.member]);
    if (typeof value === "number") sum += scaleDecimal(String(value), rule.places)?.value ?? 0n;
  }
  return sum <= (scaleDecimal(String(rule.maximum), rule.places)?.value ?? 0n);
}

function hasDistinctValues(data: JsonObject, schema: JsonObject): boolean {
  const properties = (schema["properties"] ?? {}) as Record<string, { default?: unknown }>;
  const names = new Set([...Object.keys(properties), ...Object.keys(data)]);
  const values = [...names].map((name) => data[name] ?? properties[name]?.default).filter((it) => it !== undefined);
  return new Set(values).size === values.length;
}

function isMemberOf(rule: { value: string; list: string; member: string }, data: unknown): boolean {
  const value = valueAt(data, rule.value.split("."));
  const list = valueAt(data, rule.list.split("."));
  if (value === undefined || !Array.isArray(list)) return true;
  return list.some((item) => valueAt(item, [rule.member]) === value);
}

function hasSameLengths(rule: { list: string; member: string; as: string }, data: unknown): boolean {
  const length = lengthAt(data, rule.as);
  return listAt(data, rule.list).every((item) => lengthAt(item, rule.member) === length);
}

function hasNeeded(rule: { list: string; value: string; equals: unknown; other: string }, data: unknown): boolean {
  const path = rule.value.split(".");
  const isNeeded = listAt(data, rule.list).some((item) => valueAt(item, path) === rule.equals);
  return !isNeeded || lengthAt(data, rule.other) > 0;
}

interface Referral {
  list: string;
  member: string;
  to: string;
  name: string;
  length?: string;
}

function areReferred(rule: Referral, data: unknown): boolean {
  const targets = listAt(data, rule.to);
  return listAt(data, rule.list).every((item) => {
    const name = valueAt(item, [rule.member]);
    const target = targets.find((it) => valueAt(it, [rule.name]) === name);
    if (target === undefined) return false;
    return rule.length === undefined || lengthAt(item, rule.length) === lengthAt(target, rule.length);
  });
}

function listAt(data: unknown, name: string): unknown[] {
  const list = valueAt(data, [name]);
  return Array.isArray(list) ? list : [];
}

function lengthAt(data: unknown, name: string): number {
  return listAt(data, name).length;
}

function valueAt(data: unknown, path: string[]): unknown {
  let at = data;
  for (const name of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as JsonObject)[name];
  }
  return at;
}
