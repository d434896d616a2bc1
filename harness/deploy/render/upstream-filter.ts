// retry-guard's second instance, in front of the upstream's codec, where every attempt can be seen and vetoed.
import type { JsonObject, SluiceConfig } from "../../sluice-yaml/model.ts";
import type { PlannedModule } from "../plan.ts";
import type { Rendered } from "../yaml.ts";
import { metadata, type RenderContext } from "./head.ts";
import { discovered, extensionConfig, workload } from "./native-flag.ts";

/** A VM of its own: Envoy up to 1.36 counts the metrics of one that is shared with a cluster's filter for that cluster. */
const VM_ID = "sluice-upstream";

const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/** The EnvoyFilter, where retry-guard is told to veto retries. */
export function upstreamFilters(
  context: RenderContext,
  config: SluiceConfig,
  modules: { module: PlannedModule; url: string }[],
): Rendered[] {
  const guard = config.filters["retryGuard"] as JsonObject | undefined;
  const found = modules.find(({ module: { filter } }) => filter.key === "retryGuard" || filter.name === "suite");
  if (guard?.["proxyRetries"] !== "veto" || found === undefined) return [];
  const { deploy } = context;
  const isSuite = found.module.filter.name === "suite";
  const shared = Object.fromEntries(
    Object.entries(found.module.config).filter(([member]) => isSharedField(member, config)),
  );
  const own = { ...guard, placement: "upstream" };
  const upstream = { ...found.module, config: isSuite ? { ...shared, retryGuard: own } : { ...shared, ...own } };
  const name = `${deploy.name}-upstream`;
  const hosts = [...new Set(config.upstreams.map(({ service }) => service.host))];
  return [
    {
      comment:
        "The guard as an upstream filter: it sees each attempt and stops Envoy from repeating one that was sent. WasmPlugin has\n" +
        "no place for it.",
      object: {
        apiVersion: "networking.istio.io/v1alpha3",
        kind: "EnvoyFilter",
        metadata: metadata(context, name),
        spec: {
          ...workload(context),
          configPatches: [
            {
              applyTo: "EXTENSION_CONFIG",
              patch: { operation: "ADD", value: extensionConfig(context, upstream, found.url, name, VM_ID) },
            },
            ...hosts.map((host) => ({
              applyTo: "CLUSTER",
              match: { cluster: { service: host } },
              patch: {
                operation: "MERGE",
                value: {
                  typed_extension_protocol_options: {
                    [HTTP_OPTIONS]: {
                      "@type": `type.googleapis.com/${HTTP_OPTIONS}`,
                      http_filters: [
                        discovered(name),
                        {
                          name: "envoy.filters.http.upstream_codec",
                          typed_config: {
                            "@type":
                              "type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec",
                          },
                        },
                      ],
                    },
                  },
                },
              },
            })),
          ],
        },
      },
    },
  ];
}

/** Whether a member of a configuration is no filter's own part. */
function isSharedField(member: string, { filters }: SluiceConfig): boolean {
  return Object.hasOwn(filters, member) && !["modelTag", "rateLimit", "costAccounting", "retryGuard"].includes(member);
}
