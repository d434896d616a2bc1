// A route's match in the words that Envoy, Istio and the Gateway API share: paths and header values.
import type { JsonObject, Route, SluiceConfig } from "../../sluice-yaml/model.ts";

/** How a header's value is compared. */
export interface HeaderTest {
  name: string;
  kind: "exact" | "prefix" | "suffix" | "contains" | "present";
  value: string;
}

/** One way to match: all of it must hold. */
export interface Alternative {
  path: string | undefined;
  headers: HeaderTest[];
}

/** The headers that model-tag writes, by what they say; as configured. */
export function tagHeaders(
  filters: SluiceConfig["filters"],
): Record<"model" | "requestType" | "tier" | "variant", string> {
  const own = ((filters["modelTag"] as JsonObject | undefined)?.["headers"] ?? {}) as Record<string, string>;
  return {
    model: own["model"] ?? "x-ai-model",
    requestType: own["requestType"] ?? "x-ai-request-type",
    tier: own["tier"] ?? "x-ai-tier",
    variant: own["variant"] ?? "x-ai-variant",
  };
}

/** Every way in which a route may match; one without conditions matches all. */
export function alternatives(route: Route, config: Pick<SluiceConfig, "filters">): Alternative[] {
  const { match } = route;
  const names = tagHeaders(config.filters);
  const fixed = Object.entries(match.headers ?? {}).map(([name, value]) =>
    headerTest(name.toLowerCase(), value, "*end"),
  );
  const lists: HeaderTest[][] = [];
  if (match.models !== undefined) lists.push(match.models.map((glob) => headerTest(names.model, glob, "*both")));
  if (match.variants !== undefined) lists.push(match.variants.map((value) => exact(names.variant, value)));
  if (match.requestTypes !== undefined) lists.push(match.requestTypes.map((value) => exact(names.requestType, value)));
  if (match.tiers !== undefined) lists.push(match.tiers.map((value) => exact(names.tier, value)));
  let combined: HeaderTest[][] = [[]];
  for (const list of lists) combined = combined.flatMap((done) => list.map((test) => [...done, test]));
  return combined.map((tests) => ({ path: match.path, headers: [...tests, ...fixed] }));
}

/** A test as a regular expression over the whole value (RE2). */
export function toRegex({ kind, value }: HeaderTest): string {
  const text = value.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
  if (kind === "prefix") return `${text}.*`;
  if (kind === "suffix") return `.*${text}`;
  if (kind === "contains") return `.*${text}.*`;
  return kind === "present" ? ".*" : text;
}

function exact(name: string, value: string): HeaderTest {
  return { name, kind: "exact", value };
}

/** `*` at the places that are allowed to have one. */
function headerTest(name: string, glob: string, stars: "*end" | "*both"): HeaderTest {
  if (/^\*+$/.test(glob)) return { name, kind: "present", value: "" };
  const starts = stars === "*both" && glob.startsWith("*");
  const ends = glob.endsWith("*");
  const value = glob.slice(starts ? 1 : 0, ends ? -1 : undefined);
  if (starts && ends) return { name, kind: "contains", value };
  if (starts) return { name, kind: "suffix", value };
  return ends ? { name, kind: "prefix", value } : exact(name, glob);
}
