// What configurations of Envoy's rate limit service (envoyproxy/ratelimit) are made of.
import { stringify } from "yaml";

/** A part of a configuration that was read and judged before. */
export type Fields = Record<string, unknown>;

/** A node of the service's tree: what it counts under, and how far. */
export interface Descriptor {
  key: string;
  value?: string;
  descriptors?: Descriptor[];
  rate_limit?: { unit: string; requests_per_unit: number };
}

/** One file of its configuration: the service wants one for each domain. */
export interface RateLimitFile {
  domain: string;
  descriptors: Descriptor[];
}

/** The files as YAML, by name; those of one domain are one. The first is `sluice.yaml`. */
export function rateLimitFiles(files: readonly RateLimitFile[]): Map<string, string> {
  const byDomain = new Map<string, Descriptor[]>();
  for (const { domain, descriptors } of files) {
    byDomain.set(domain, [...(byDomain.get(domain) ?? []), ...descriptors]);
  }
  const entries = [...byDomain].map(([domain, descriptors], index): [string, string] => [
    index === 0 ? "sluice.yaml" : `${domain}.yaml`,
    stringify({ domain, descriptors }),
  ]);
  return new Map(entries);
}

/** The object that a value is; an empty one where it is none. */
export function asObject(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** The list that a value is; an empty one where it is none. */
export function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
