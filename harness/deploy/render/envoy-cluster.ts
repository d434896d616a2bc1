// Upstreams as clusters of a plain Envoy.
import { isIP } from "node:net";
import type { Json } from "../../scenario/scenario.ts";
import type { JsonObject, Upstream } from "../../sluice-yaml/model.ts";

const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const TLS = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";

/** Where Debian, and Envoy's own image, keep the system's certificates. */
export const SYSTEM_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";

/** An `envoy.config.cluster.v3.Cluster`. `caFile` is what https upstreams are checked by unless they say. */
export function envoyCluster(upstream: Upstream, caFile = SYSTEM_CERTIFICATES): Json {
  const { name, host, port, isTls } = upstream;
  const options: JsonObject = { "@type": `type.googleapis.com/${HTTP_OPTIONS}` };
  if (upstream.protocol === "grpc") options["explicit_http_config"] = { http2_protocol_options: {} };
  else if (isTls)
    options["auto_config"] = { http_protocol_options: { enable_trailers: true }, http2_protocol_options: {} };
  else options["explicit_http_config"] = { http_protocol_options: { enable_trailers: true } };
  const address = host.replaceAll(/^\[|\]$/g, "");
  const made: JsonObject = {
    "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    name,
    // A provider's name leads to many addresses that change; a service's to all of its servers.
    type: isIP(address) ? "STATIC" : isTls ? "LOGICAL_DNS" : "STRICT_DNS",
    connect_timeout: "5s",
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address, port_value: port } } } }] }],
    },
    typed_extension_protocol_options: { [HTTP_OPTIONS]: options },
  };
  if (!isIP(address)) made["dns_lookup_family"] = "V4_PREFERRED";
  if (Object.keys(upstream.limits).length > 0) made["circuit_breakers"] = { thresholds: [thresholds(upstream)] };
  if (isTls) made["transport_socket"] = tlsSocket(upstream, caFile);
  return made;
}

function thresholds({ limits }: Upstream): JsonObject {
  return {
    ...(limits.connections !== undefined && { max_connections: limits.connections }),
    ...(limits.pendingRequests !== undefined && { max_pending_requests: limits.pendingRequests }),
    ...(limits.requests !== undefined && { max_requests: limits.requests }),
  };
}

function tlsSocket({ host, caFile: own }: Upstream, caFile: string): Json {
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: {
      "@type": TLS,
      sni: host,
      common_tls_context: {
        validation_context: {
          trusted_ca: { filename: own ?? caFile },
          match_typed_subject_alt_names: [{ san_type: isIP(host) ? "IP_ADDRESS" : "DNS", matcher: { exact: host } }],
        },
      },
    },
  };
}
