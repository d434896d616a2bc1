// The listener of a plain Envoy: codec, filters, routes by what the filters write, access log.
import { accessLog } from "../../envoy/access-log.ts";
import { httpFilter, seconds, type ModulePath } from "../../envoy/plugin.ts";
import type { Json } from "../../scenario/scenario.ts";
import type { JsonObject, Route, SluiceConfig, Upstream } from "../../sluice-yaml/model.ts";
import { requireModule } from "../../sluice-yaml/filters.ts";
import type { PlannedModule } from "../plan.ts";
import { SAFE_ATTEMPTS, SAFE_RETRIES } from "./istio-routes.ts";
import { alternatives, type Alternative, type HeaderTest } from "./match.ts";

const MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";

/** A model may think for long before its first token. */
const STREAM_IDLE = "1800s";

/** The listener's name. */
export const LISTENER = "sluice";

/** What the listener needs to know beside the configuration. */
export interface EnvoyOptions {
  /** Where Envoy finds a module's file. */
  modulePath: ModulePath;
  /** Where the access log goes when the configuration does not say. */
  logPath: string;
}

/** An `envoy.config.listener.v3.Listener`. */
export function envoyListener(config: SluiceConfig, plan: readonly PlannedModule[], options: EnvoyOptions): Json {
  return {
    "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
    name: LISTENER,
    address: { socket_address: { address: config.listen.host, port_value: config.listen.port } },
    filter_chains: [
      {
        filters: [
          {
            name: "envoy.filters.network.http_connection_manager",
            typed_config: connectionManager(config, plan, options),
          },
        ],
      },
    ],
  };
}

function connectionManager(config: SluiceConfig, plan: readonly PlannedModule[], options: EnvoyOptions): JsonObject {
  return {
    "@type": MANAGER,
    stat_prefix: LISTENER,
    codec_type: "AUTO",
    // The peer's address is the caller's: x-forwarded-for is what anybody can type.
    use_remote_address: true,
    stream_idle_timeout: STREAM_IDLE,
    http_protocol_options: { enable_trailers: true },
    upgrade_configs: [{ upgrade_type: "websocket" }],
    http_filters: [
      ...plan.map(({ filter, config: own }) =>
        httpFilter(
          {
            kind: "plugin",
            name: `sluice-${filter.name}`,
            module: requireModule(filter),
            config: own,
            allowOnHeadersStopIteration: true,
            failurePolicy: config.deploy.failStrategy === "FAIL_CLOSE" ? "FAIL_CLOSED" : config.deploy.failStrategy,
          },
          options.modulePath,
        ),
      ),
      { name: "envoy.filters.http.router", typed_config: { "@type": ROUTER } },
    ],
    route_config: {
      name: LISTENER,
      virtual_hosts: [
        {
          name: LISTENER,
          domains: ["*"],
          include_request_attempt_count: true,
          routes: config.routes.flatMap((route) =>
            alternatives(route, config).map((way) => toRoute(route, way, config)),
          ),
        },
      ],
    },
    access_log: [accessLog({}, config.accessLog ?? options.logPath)],
  };
}

function toRoute(route: Route, way: Alternative, config: SluiceConfig): Json {
  const upstreams = new Map(config.upstreams.map((upstream) => [upstream.name, upstream]));
  const targets = route.to.flatMap(({ upstream: name, weight }) => {
    const upstream = upstreams.get(name);
    return upstream === undefined || weight === 0 ? [] : [{ upstream, weight }];
  });
  const clusters = targets.map(({ upstream, weight }) => ({
    name: upstream.name,
    weight,
    host_rewrite_literal: upstream.host,
    ...credential(upstream),
  }));
  return {
    ...(route.name !== undefined && { name: route.name }),
    match: {
      prefix: way.path ?? "/",
      ...(way.headers.length > 0 && { headers: way.headers.map(headerMatch) }),
    },
    route: {
      weighted_clusters: { clusters },
      timeout: seconds(route.timeoutMs),
      ...(route.retries === "safe" && { retry_policy: { retry_on: SAFE_RETRIES, num_retries: SAFE_ATTEMPTS } }),
    },
  };
}

function headerMatch({ name, kind, value }: HeaderTest): Json {
  return kind === "present" ? { name, present_match: true } : { name, string_match: { [kind]: value } };
}

/** Over what the caller sent; Envoy reads the variable from its own environment. */
function credential({ credentials }: Upstream): JsonObject {
  if (credentials === undefined) return {};
  const { env, header, prefix } = credentials;
  return {
    request_headers_to_add: [
      { header: { key: header, value: `${prefix}%ENVIRONMENT(${env})%` }, append_action: "OVERWRITE_IF_EXISTS_OR_ADD" },
    ],
  };
}
