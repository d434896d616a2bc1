// One plugin instead of a pair: an EnvoyFilter that sets allow_on_headers_stop_iteration, which WasmPlugin cannot say.
import type { PlannedModule } from "../plan.ts";
import type { Json } from "../../scenario/scenario.ts";
import type { JsonObject } from "../../sluice-yaml/model.ts";
import type { Rendered } from "../yaml.ts";
import { metadata, type RenderContext } from "./head.ts";

const WASM = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";

/** One EnvoyFilter with all modules, in the order of the chain, right before the router. */
export function nativeFlagFilter(context: RenderContext, modules: { module: PlannedModule; url: string }[]): Rendered {
  const { deploy } = context;
  const where = patchContext(context);
  return {
    comment:
      "All modules, once each, with Envoy's allow_on_headers_stop_iteration (Envoy 1.35, Istio 1.27 and later).\n" +
      "Istio's agent pulls the images. Remove the WasmPlugins of the same modules when you apply this.",
    object: {
      apiVersion: "networking.istio.io/v1alpha3",
      kind: "EnvoyFilter",
      metadata: metadata(context, `${deploy.name}-flag`),
      spec: {
        ...workload(context),
        configPatches: [
          ...modules.map(({ module, url }) => ({
            applyTo: "EXTENSION_CONFIG",
            match: { context: where },
            patch: { operation: "ADD", value: extensionConfig(context, module, url) },
          })),
          ...modules.map(({ module }) => ({
            applyTo: "HTTP_FILTER",
            match: {
              context: where,
              listener: {
                filterChain: {
                  filter: {
                    name: "envoy.filters.network.http_connection_manager",
                    subFilter: { name: "envoy.filters.http.router" },
                  },
                },
              },
            },
            patch: { operation: "INSERT_BEFORE", value: discovered(`${deploy.name}-${module.filter.name}`) },
          })),
        ],
      },
    },
  };
}

/** A filter whose configuration comes as an extension config of that name. */
export function discovered(name: string): JsonObject {
  return {
    name,
    config_discovery: {
      config_source: { ads: {}, initial_fetch_timeout: "0s", resource_api_version: "V3" },
      type_urls: [WASM],
    },
  };
}

/** The extension config of a module; the agent replaces the remote code by the file that it has pulled. */
export function extensionConfig(
  context: RenderContext,
  module: PlannedModule,
  url: string,
  name = `${context.deploy.name}-${module.filter.name}`,
  vmId?: string,
): Json {
  const { deploy } = context;
  return {
    name,
    typed_config: {
      "@type": WASM,
      config: {
        name,
        allow_on_headers_stop_iteration: true,
        failure_policy: deploy.failStrategy === "FAIL_CLOSE" ? "FAIL_CLOSED" : deploy.failStrategy,
        vm_config: {
          runtime: "envoy.wasm.runtime.v8",
          ...(vmId !== undefined && { vm_id: vmId }),
          code: { remote: { http_uri: { uri: url, cluster: "_", timeout: "30s" } } },
          ...(deploy.imagePullSecret !== undefined && {
            environment_variables: {
              key_values: {
                ISTIO_META_WASM_IMAGE_PULL_SECRET: `${deploy.namespace ?? "default"}/${deploy.imagePullSecret}`,
              },
            },
          }),
        },
        configuration: {
          "@type": "type.googleapis.com/google.protobuf.StringValue",
          value: JSON.stringify(module.config),
        },
      },
    },
  };
}

/** Which proxies an EnvoyFilter is for. */
export function workload({ deploy }: RenderContext): JsonObject {
  if (deploy.targetRefs !== undefined) {
    return { targetRefs: deploy.targetRefs.map(({ group = "", kind, name }) => ({ group, kind, name })) };
  }
  return deploy.selector === undefined ? {} : { workloadSelector: { labels: deploy.selector } };
}

/** GATEWAY or ANY: an EnvoyFilter's match. Sidecars are meant where the selector is not of a gateway. */
function patchContext({ deploy }: RenderContext): string {
  const isGateway =
    deploy.workload !== undefined || deploy.targetRefs !== undefined || Object.hasOwn(deploy.selector ?? {}, "istio");
  return isGateway ? "GATEWAY" : "SIDECAR_OUTBOUND";
}
