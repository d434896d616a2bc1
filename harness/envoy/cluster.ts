// Envoy's configuration of one cluster.
import type { Json } from "../scenario/scenario.ts";
import type { ClusterConfig } from "./config.ts";
import { chainInOrder, httpFilter, seconds, type ModulePath } from "./plugin.ts";

type JsonObject = Record<string, Json>;

/** An `envoy.config.cluster.v3.Cluster`. */
export function cluster(config: ClusterConfig, modulePath: ModulePath): Json {
  const options: JsonObject = {
    "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
    explicit_http_config:
      config.protocol === "h2" ? { http2_protocol_options: {} } : { http_protocol_options: { enable_trailers: true } },
  };
  if (config.filters !== undefined && config.filters.length > 0) {
    const codec = "type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec";
    options["http_filters"] = [
      ...chainInOrder(config.filters).map((filter) => httpFilter(filter, modulePath)),
      { name: "envoy.filters.http.upstream_codec", typed_config: { "@type": codec } },
    ];
  }
  const made: JsonObject = {
    "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    name: config.name,
    type: "STATIC",
    connect_timeout: seconds(config.connectTimeoutMs ?? 1_000),
    load_assignment: {
      cluster_name: config.name,
      endpoints: [{ lb_endpoints: config.endpoints.map(endpoint) }],
    },
    typed_extension_protocol_options: { "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options },
  };
  if (config.bufferLimit !== undefined) made["per_connection_buffer_limit_bytes"] = config.bufferLimit;
  if (config.limits !== undefined) made["circuit_breakers"] = { thresholds: [thresholds(config.limits)] };
  return { ...made, ...config.extra };
}

function endpoint(at: ClusterConfig["endpoints"][number]): Json {
  const { host, port } = typeof at === "number" ? { host: "127.0.0.1", port: at } : at;
  return { endpoint: { address: { socket_address: { address: host, port_value: port } } } };
}

function thresholds(limits: NonNullable<ClusterConfig["limits"]>): Json {
  const made: JsonObject = {};
  if (limits.connections !== undefined) made["max_connections"] = limits.connections;
  if (limits.pendingRequests !== undefined) made["max_pending_requests"] = limits.pendingRequests;
  if (limits.requests !== undefined) made["max_requests"] = limits.requests;
  if (limits.retries !== undefined) made["max_retries"] = limits.retries;
  return made;
}
