// Everything that a sluice.yaml becomes under Envoy Gateway.
//
// Envoy Gateway gives each Wasm extension a VM of its own, so that two halves of a pair never meet; and it has no field for
// allow_on_headers_stop_iteration. So one instance of each module, and an EnvoyPatchPolicy that sets the flag.
import type { Installation } from "../../sluice-yaml/filters.ts";
import type { Json } from "../../scenario/scenario.ts";
import type { SluiceConfig, TargetRef } from "../../sluice-yaml/model.ts";
import { planModules, type PlannedModule } from "../plan.ts";
import type { Rendered } from "../yaml.ts";
import { metadata, type RenderContext } from "./head.ts";
import { httpRoute } from "./http-route.ts";
import type { RenderedFile } from "./istio.ts";
import { isOutside } from "./istio-routes.ts";
import { imageUrl, type Pin } from "./wasm-plugins.ts";

const GATEWAY_API = "gateway.networking.k8s.io";
const ENVOY_GATEWAY = "gateway.envoyproxy.io";

/** Renders for Envoy Gateway. Throws `registry-missing`, `module-missing`. */
export function renderGateway(config: SluiceConfig, from: Installation, options: { pin: Pin }): RenderedFile[] {
  const context: RenderContext = { deploy: config.deploy, version: from.version };
  const modules = planModules(config, from).map((module) => ({
    module,
    url: imageUrl(context, module, from, options.pin).replace(/^oci:\/\//, ""),
  }));
  const files: RenderedFile[] = [];
  const add = (name: string, documents: Rendered[]): void => {
    if (documents.length > 0) files.push({ name, documents, kind: "resource" });
  };
  add("backends.yaml", backends(context, config));
  if (modules.length > 0) {
    add("extension-policy.yaml", [extensionPolicy(context, modules)]);
    add("patch-policy.yaml", [patchPolicy(context, modules.length)]);
  }
  if (config.deploy.routing !== "none") add("routes.yaml", [httpRoute(context, config, "envoy-gateway")]);
  return files;
}

function targets({ deploy }: RenderContext): TargetRef[] {
  const parents = (deploy.parentRefs ?? [{ name: deploy.name }]).map(({ name }) => ({ kind: "Gateway", name }));
  return (deploy.targetRefs ?? parents).map(({ kind, name }) => ({ group: GATEWAY_API, kind, name }));
}

function extensionPolicy(context: RenderContext, modules: { module: PlannedModule; url: string }[]): Rendered {
  const { deploy } = context;
  return {
    comment: "The modules, in the order in which they run.",
    object: {
      apiVersion: `${ENVOY_GATEWAY}/v1alpha1`,
      kind: "EnvoyExtensionPolicy",
      metadata: metadata(context, deploy.name),
      spec: {
        targetRefs: targets(context) as unknown as Json,
        wasm: modules.map(({ module, url }) => ({
          name: module.filter.name,
          code: {
            type: "Image",
            image: {
              url,
              ...(deploy.imagePullSecret !== undefined && { pullSecretRef: { name: deploy.imagePullSecret } }),
            },
            pullPolicy: deploy.imagePullPolicy,
          },
          failOpen: deploy.failStrategy !== "FAIL_CLOSE",
          config: module.config,
        })),
      },
    },
  };
}

/** The flag, set on the listeners of the gateway. */
function patchPolicy(context: RenderContext, count: number): Rendered {
  const { deploy } = context;
  const [gateway] = deploy.parentRefs ?? [{ name: deploy.name }];
  const namespace = gateway?.namespace ?? deploy.namespace ?? "default";
  const listener = `${namespace}/${gateway?.name ?? deploy.name}/${gateway?.sectionName ?? "http"}`;
  const policy = `envoyextensionpolicy/${deploy.namespace ?? "default"}/${deploy.name}`;
  return {
    comment:
      "allow_on_headers_stop_iteration, without which a plugin cannot hold headers for the body. Needs\n" +
      `extensionApis.enableEnvoyPatchPolicy in Envoy Gateway's configuration. The listener is called ${listener}:\n` +
      "NAMESPACE/GATEWAY/LISTENER. Without this policy sluice notices, passes headers on and tags by path only.",
    object: {
      apiVersion: `${ENVOY_GATEWAY}/v1alpha1`,
      kind: "EnvoyPatchPolicy",
      metadata: metadata(context, `${deploy.name}-flag`),
      spec: {
        targetRef: { group: GATEWAY_API, kind: "Gateway", name: gateway?.name ?? deploy.name },
        type: "JSONPatch",
        jsonPatches: Array.from({ length: count }, (_, index) => ({
          type: "type.googleapis.com/envoy.config.listener.v3.Listener",
          name: listener,
          operation: {
            op: "add",
            jsonPath: `..http_filters[?(@.name=='envoy.filters.http.wasm/${policy}/wasm/${index}')].typed_config.config`,
            path: "/allow_on_headers_stop_iteration",
            value: true,
          },
        })),
      },
    },
  };
}

function backends(context: RenderContext, config: SluiceConfig): Rendered[] {
  return config.upstreams
    .filter((upstream) => isOutside(upstream))
    .map(({ name, service }) => ({
      comment: `${name}: outside the cluster. Needs extensionApis.enableBackend in Envoy Gateway's configuration.`,
      object: {
        apiVersion: `${ENVOY_GATEWAY}/v1alpha1`,
        kind: "Backend",
        metadata: metadata(context, `${context.deploy.name}-${name}`),
        spec: {
          endpoints: [
            /^[\d.]+$/.test(service.host)
              ? ({ ip: { address: service.host, port: service.port } } as Json)
              : { fqdn: { hostname: service.host, port: service.port } },
          ],
          ...(service.isTls && { tls: { wellKnownCACertificates: "System", sni: service.host } }),
        },
      },
    }));
}
