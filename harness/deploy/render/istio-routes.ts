// Routes and destinations in Istio's words. Nothing here retries what may have reached a model.
import type { Json } from "../../scenario/scenario.ts";
import type { JsonObject, Route, SluiceConfig, Upstream } from "../../sluice-yaml/model.ts";
import type { Rendered } from "../yaml.ts";
import { metadata, type RenderContext } from "./head.ts";
import { alternatives, toRegex, type Alternative, type HeaderTest } from "./match.ts";

/** What provably never reached the model. `gateway-error` is not among them: a 502 or 504 may have been billed. */
export const SAFE_RETRIES = "connect-failure,refused-stream,reset-before-request";

/** Tries after the first, for routes that say `retries: safe`. */
export const SAFE_ATTEMPTS = 2;

/** The VirtualService of all routes. */
export function virtualService(context: RenderContext, config: SluiceConfig): Rendered {
  const { deploy } = context;
  return {
    comment:
      "Routes by what model-tag writes. Istio gives a route without `retries` a policy of its own; here every route\n" +
      "says its own. No timeout is none: streams are slow, not failed.",
    object: {
      apiVersion: "networking.istio.io/v1",
      kind: "VirtualService",
      metadata: metadata(context, deploy.name),
      spec: {
        hosts: deploy.hosts,
        ...(deploy.gateways !== undefined && { gateways: deploy.gateways }),
        http: config.routes.map((route) => httpRoute(route, config)),
      },
    },
  };
}

function httpRoute(route: Route, config: SluiceConfig): Json {
  const ways = alternatives(route, config);
  const isAll = ways.every(({ path, headers }) => path === undefined && headers.length === 0);
  const upstreams = new Map(config.upstreams.map((upstream) => [upstream.name, upstream]));
  return {
    ...(route.name !== undefined && { name: route.name }),
    ...(!isAll && { match: ways.map(matchOf) }),
    route: route.to.flatMap(({ upstream: name, weight }) => {
      const upstream = upstreams.get(name);
      if (upstream === undefined) return [];
      return [
        {
          destination: destination(upstream),
          ...(route.to.length > 1 && { weight }),
          ...credentialHeaders(upstream),
        },
      ];
    }),
    // Without one Istio has none.
    ...(route.timeoutMs > 0 && { timeout: `${route.timeoutMs / 1000}s` }),
    retries: route.retries === "safe" ? { attempts: SAFE_ATTEMPTS, retryOn: SAFE_RETRIES } : { attempts: 0 },
  };
}

function matchOf({ path, headers }: Alternative): JsonObject {
  return {
    ...(path !== undefined && { uri: { prefix: path } }),
    ...(headers.length > 0 && { headers: Object.fromEntries(headers.map((test) => [test.name, headerMatch(test)])) }),
  };
}

function headerMatch(test: HeaderTest): Json {
  if (test.kind === "exact" || test.kind === "prefix") return { [test.kind]: test.value };
  return { regex: toRegex(test) };
}

function destination(upstream: Upstream): JsonObject {
  const { host, port, labels } = upstream.service;
  return { host, ...(labels !== undefined && { subset: upstream.name }), port: { number: port } };
}

/** The credential is read from the proxy's environment, where a Secret puts it. */
function credentialHeaders({ credentials, service, isTls }: Upstream): JsonObject {
  const set: JsonObject = {};
  if (credentials !== undefined) set[credentials.header] = `${credentials.prefix}%ENVIRONMENT(${credentials.env})%`;
  // What is outside wants its own name.
  if (isTls && service.isTls) set[":authority"] = service.host;
  return Object.keys(set).length === 0 ? {} : { headers: { request: { set } } };
}

/** ServiceEntries for what is outside the cluster. */
export function serviceEntries(context: RenderContext, config: SluiceConfig): Rendered[] {
  return byHost(config.upstreams.filter((upstream) => isOutside(upstream))).map(([host, upstreams]) => ({
    comment: `${upstreams.map(({ name }) => name).join(", ")}: outside the cluster.`,
    object: {
      apiVersion: "networking.istio.io/v1",
      kind: "ServiceEntry",
      metadata: metadata(context, `${context.deploy.name}-${objectName(host)}`),
      spec: {
        hosts: [host],
        location: "MESH_EXTERNAL",
        resolution: /^[\d.]+$/.test(host) ? "STATIC" : "DNS",
        ...(/^[\d.]+$/.test(host) && { endpoints: [{ address: host }] }),
        ports: [...new Map(upstreams.map(({ service }) => [service.port, service])).values()].map(
          ({ port, isTls }) => ({
            number: port,
            // TLS begins in the DestinationRule, so that the proxy sees HTTP.
            name: isTls ? `http-to-tls-${port}` : `http-${port}`,
            protocol: "HTTP",
          }),
        ),
      },
    },
  }));
}

/** DestinationRules: pools for each kind of pods, TLS to the outside, and no ejection of servers that are merely slow. */
export function destinationRules(context: RenderContext, config: SluiceConfig): Rendered[] {
  return byHost(config.upstreams).map(([host, upstreams]) => {
    const subsets = upstreams.filter(({ service }) => service.labels !== undefined);
    const whole = upstreams.find(({ service }) => service.labels === undefined);
    return {
      comment:
        `${upstreams.map(({ name }) => name).join(", ")}. Ejected is who cannot be connected to;\n` +
        "a slow answer or a 5xx of a model is no reason (it may be the prompt's).",
      object: {
        apiVersion: "networking.istio.io/v1",
        kind: "DestinationRule",
        metadata: metadata(context, `${context.deploy.name}-${objectName(host)}`),
        spec: {
          host,
          trafficPolicy: {
            ...(whole !== undefined && poolOf(whole)),
            outlierDetection: {
              splitExternalLocalOriginErrors: true,
              consecutiveLocalOriginFailures: 5,
              consecutive5xxErrors: 0,
              consecutiveGatewayErrors: 0,
              interval: "10s",
              baseEjectionTime: "30s",
            },
            ...(upstreams.some(({ service }) => service.isTls) && { tls: { mode: "SIMPLE", sni: host } }),
          },
          ...(subsets.length > 0 && {
            subsets: subsets.map((upstream) => ({
              name: upstream.name,
              labels: upstream.service.labels ?? {},
              ...(Object.keys(poolOf(upstream)).length > 0 && { trafficPolicy: poolOf(upstream) }),
            })),
          }),
        },
      },
    };
  });
}

function poolOf({ limits }: Upstream): JsonObject {
  const http: JsonObject = {
    ...(limits.pendingRequests !== undefined && { http1MaxPendingRequests: limits.pendingRequests }),
    ...(limits.requests !== undefined && { http2MaxRequests: limits.requests }),
  };
  const pool: JsonObject = {
    ...(limits.connections !== undefined && { tcp: { maxConnections: limits.connections } }),
    ...(Object.keys(http).length > 0 && { http }),
  };
  return Object.keys(pool).length > 0 ? { connectionPool: pool } : {};
}

/** Whether a host is no service of the cluster. */
export function isOutside({ service: { host } }: Upstream): boolean {
  return host.includes(".") && !/\.svc(\.|$)|\.local$/.test(host);
}

function byHost(upstreams: readonly Upstream[]): [string, Upstream[]][] {
  const hosts = new Map<string, Upstream[]>();
  for (const upstream of upstreams) {
    const { host } = upstream.service;
    hosts.set(host, [...(hosts.get(host) ?? []), upstream]);
  }
  return [...hosts];
}

function objectName(host: string): string {
  return host
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "")
    .slice(0, 50);
}
