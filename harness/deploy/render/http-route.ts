// Routes in the words of the Kubernetes Gateway API, for Istio and for Envoy Gateway.
import type { Json } from "../../scenario/scenario.ts";
import type { JsonObject, Route, SluiceConfig, Upstream } from "../../sluice-yaml/model.ts";
import type { Rendered } from "../yaml.ts";
import { metadata, type RenderContext } from "./head.ts";
import { isOutside } from "./istio-routes.ts";
import { alternatives, toRegex, type Alternative, type HeaderTest } from "./match.ts";

/** Whose Gateway API it is: they name what is outside the cluster differently. */
export type Flavour = "istio" | "envoy-gateway";

/** The HTTPRoute of all routes. */
export function httpRoute(context: RenderContext, config: SluiceConfig, flavour: Flavour): Rendered {
  const { deploy } = context;
  const hosts = deploy.hosts.filter((host) => host !== "*");
  return {
    comment:
      "Routes by what model-tag writes. The Gateway API retries nothing unless a rule says so; a request timeout of 0s is\n" +
      "none.",
    object: {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "HTTPRoute",
      metadata: metadata(context, deploy.name),
      spec: {
        parentRefs: (deploy.parentRefs ?? [{ name: deploy.name }]).map((parent) => ({
          group: "gateway.networking.k8s.io",
          kind: "Gateway",
          ...parent,
        })),
        ...(hosts.length > 0 && { hostnames: hosts }),
        rules: config.routes.map((route) => rule(route, config, context, flavour)),
      },
    },
  };
}

function rule(route: Route, config: SluiceConfig, context: RenderContext, flavour: Flavour): Json {
  const upstreams = new Map(config.upstreams.map((upstream) => [upstream.name, upstream]));
  const ways = alternatives(route, config);
  const isAll = ways.every(({ path, headers }) => path === undefined && headers.length === 0);
  return {
    ...(route.name !== undefined && { name: route.name.toLowerCase() }),
    matches: isAll ? [{ path: { type: "PathPrefix", value: "/" } }] : ways.map(matchOf),
    backendRefs: route.to.flatMap(({ upstream: name, weight }) => {
      const upstream = upstreams.get(name);
      if (upstream === undefined) return [];
      return [{ ...backendRef(upstream, context, flavour), weight, ...filters(upstream) }];
    }),
    timeouts: { request: `${route.timeoutMs / 1000}s` },
  };
}

function matchOf({ path, headers }: Alternative): JsonObject {
  return {
    path: { type: "PathPrefix", value: path ?? "/" },
    ...(headers.length > 0 && { headers: headers.map(headerMatch) }),
  };
}

function headerMatch(test: HeaderTest): Json {
  if (test.kind === "exact") return { type: "Exact", name: test.name, value: test.value };
  return { type: "RegularExpression", name: test.name, value: toRegex(test) };
}

/** A service of the cluster, or what stands for a host outside it. */
function backendRef(upstream: Upstream, { deploy }: RenderContext, flavour: Flavour): JsonObject {
  const { host, port } = upstream.service;
  if (isOutside(upstream)) {
    return flavour === "istio"
      ? { group: "networking.istio.io", kind: "Hostname", name: host, port }
      : { group: "gateway.envoyproxy.io", kind: "Backend", name: `${deploy.name}-${upstream.name}` };
  }
  const [name = host, namespace] = host.split(".");
  return { group: "", kind: "Service", name, ...(namespace !== undefined && { namespace }), port };
}

function filters({ credentials }: Upstream): JsonObject {
  if (credentials === undefined) return {};
  const value = `${credentials.prefix}%ENVIRONMENT(${credentials.env})%`;
  return {
    filters: [{ type: "RequestHeaderModifier", requestHeaderModifier: { set: [{ name: credentials.header, value }] } }],
  };
}
