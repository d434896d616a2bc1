// Envoy's bootstrap: admin on loopback, listeners and clusters from files that can change while it runs.
import type { Json } from "../scenario/scenario.ts";
import { metricLabels } from "./config.ts";

/** What is fixed for the life of an Envoy process. */
export interface BootstrapConfig {
  node?: { id?: string; cluster?: string; metadata?: Record<string, Json> };
  /** Labels found in metric names of the form `label=.=value;.;`; default `metricLabels`. */
  metricLabels?: readonly string[];
  /** Bucket bounds of histograms by the stat's prefix. */
  histogramBuckets?: { prefix: string; buckets: number[] }[];
  /** Default 0: a free one. */
  adminPort?: number;
}

/** An `envoy.config.bootstrap.v3.Bootstrap` that reads listeners and clusters from the two files. */
export function bootstrap(config: BootstrapConfig, listenersFile: string, clustersFile: string): Json {
  const fromFile = (path: string): Json => ({ path_config_source: { path }, resource_api_version: "V3" });
  const stats: Record<string, Json> = { stats_tags: statsTags(config.metricLabels ?? metricLabels) };
  if (config.histogramBuckets !== undefined) {
    stats["histogram_bucket_settings"] = config.histogramBuckets.map(({ prefix, buckets }) => ({
      match: { prefix },
      buckets,
    }));
  }
  return {
    node: {
      id: config.node?.id ?? "sluice",
      cluster: config.node?.cluster ?? "sluice",
      metadata: config.node?.metadata ?? {},
    },
    admin: { address: { socket_address: { address: "127.0.0.1", port_value: config.adminPort ?? 0 } } },
    dynamic_resources: { lds_config: fromFile(listenersFile), cds_config: fromFile(clustersFile) },
    stats_config: stats,
    stats_flush_on_admin: true,
  };
}

/** `stats_tags` that take labels out of metric names; the form that Istio's `extraStatTags` understands. */
export function statsTags(labels: readonly string[]): Json[] {
  return labels.map((label) => ({ tag_name: label, regex: `(${label}=\\.=(.*?);\\.;)` }));
}

/** A DiscoveryResponse as a file of LDS or CDS holds it. */
export function discoveryResponse(version: number, resources: Json[]): Json {
  return { version_info: String(version), resources };
}
