// Envoy's configuration of one listener: codec, chain, routes, access log.
import { createHash } from "node:crypto";
import type { HeaderMatchSpec, Json } from "../scenario/scenario.ts";
import { accessLog } from "./access-log.ts";
import type { ListenerConfig, RouteConfig } from "./config.ts";
import { chainInOrder, httpFilter, seconds, type ModulePath } from "./plugin.ts";

type JsonObject = Record<string, Json>;

/** An `envoy.config.listener.v3.Listener`. `logPath` is where its access log goes unless it names one itself. */
export function listener(config: ListenerConfig, modulePath: ModulePath, logPath: string): Json {
  const upgrades = config.upgrades ?? ["websocket"];
  const routes = config.routes.map((one) => route(one));
  // Only a route that says so matches CONNECT.
  if (upgrades.includes("connect")) routes.unshift(...config.routes.map((one) => route(one, { connect_matcher: {} })));
  const manager: JsonObject = {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    stat_prefix: config.name,
    codec_type: "AUTO",
    use_remote_address: config.useRemoteAddress ?? true,
    preserve_external_request_id: config.keepRequestId ?? false,
    http_protocol_options: { enable_trailers: config.http1Trailers ?? true },
    http2_protocol_options: { allow_connect: true },
    upgrade_configs: upgrades.map((type) => ({ upgrade_type: type })),
    http_filters: [
      ...chainInOrder(config.chain).map((filter) => httpFilter(filter, modulePath)),
      {
        name: "envoy.filters.http.router",
        typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
      },
    ],
    route_config: {
      name: config.name,
      virtual_hosts: [
        {
          name: config.name,
          domains: ["*"],
          include_request_attempt_count: config.includeAttemptCount ?? true,
          routes,
        },
      ],
    },
  };
  if (config.accessLog !== false) manager["access_log"] = [accessLog(config.accessLog ?? {}, logPath)];
  const made: JsonObject = {
    "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
    name: config.name,
    address: { socket_address: { address: config.host ?? "127.0.0.1", port_value: config.port ?? 0 } },
    filter_chains: [{ filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }] }],
  };
  if ((config.port ?? 0) === 0 && process.platform === "linux") made["socket_options"] = [ownSocket(config.name)];
  if (config.bufferLimit !== undefined) made["per_connection_buffer_limit_bytes"] = config.bufferLimit;
  return made;
}

/**
 * Envoy gives a new listener the socket of one that is draining if both ask for the same address and options, and port 0
 * is the same address to it: two listeners would share one port. An option of its own for each (TCP_USER_TIMEOUT of
 * hours, in Linux's numbers) keeps them apart.
 */
function ownSocket(name: string): Json {
  const hash = createHash("sha256").update(name).digest().readUInt32LE(0);
  return { level: 6, name: 18, int_value: 3_600_000 + (hash >>> 4), state: "STATE_PREBIND" };
}

function route(config: RouteConfig, path: JsonObject = { prefix: config.prefix ?? "/" }): Json {
  const match: JsonObject = { ...path };
  if (config.headers !== undefined) match["headers"] = config.headers.map(headerMatch);
  const made: JsonObject = { match };
  if (config.name !== undefined) made["name"] = config.name;
  if (config.requestHeaders !== undefined) made["request_headers_to_add"] = headersToAdd(config.requestHeaders);
  if (config.responseHeaders !== undefined) made["response_headers_to_add"] = headersToAdd(config.responseHeaders);
  if (config.respond !== undefined) {
    made["direct_response"] = { status: config.respond.status, body: { inline_string: config.respond.body ?? "" } };
    return made;
  }
  const action: JsonObject = { cluster: config.cluster ?? "", timeout: seconds(config.timeoutMs ?? 15_000) };
  if (config.retry !== undefined) action["retry_policy"] = retryPolicy(config.retry);
  made["route"] = action;
  return made;
}

function retryPolicy(retry: NonNullable<RouteConfig["retry"]>): Json {
  const policy: JsonObject = {
    retry_on: retry.on,
    num_retries: retry.retries,
    retry_back_off: { base_interval: seconds(retry.backOffMs ?? 5) },
  };
  if (retry.perTryTimeoutMs !== undefined) policy["per_try_timeout"] = seconds(retry.perTryTimeoutMs);
  if (retry.retriableStatusCodes !== undefined) policy["retriable_status_codes"] = retry.retriableStatusCodes;
  return policy;
}

function headerMatch(match: HeaderMatchSpec): Json {
  if (match.exact !== undefined) return { name: match.name, string_match: { exact: match.exact } };
  if (match.prefix !== undefined) return { name: match.name, string_match: { prefix: match.prefix } };
  if (match.regex !== undefined) return { name: match.name, string_match: { safe_regex: { regex: match.regex } } };
  return { name: match.name, present_match: match.present ?? true };
}

function headersToAdd(headers: Record<string, string>): Json {
  return Object.entries(headers).map(([key, value]) => ({
    header: { key, value },
    append_action: "OVERWRITE_IF_EXISTS_OR_ADD",
  }));
}
