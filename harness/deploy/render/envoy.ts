// A whole bootstrap for a plain Envoy.
import { statsTags } from "../../envoy/bootstrap.ts";
import { basename } from "node:path";
import type { Json } from "../../scenario/scenario.ts";
import type { Installation } from "../../sluice-yaml/filters.ts";
import type { SluiceConfig } from "../../sluice-yaml/model.ts";
import { planModules } from "../plan.ts";
import { envoyCluster, SYSTEM_CERTIFICATES } from "./envoy-cluster.ts";
import { envoyListener } from "./envoy-listener.ts";
import { labelsOf } from "./head.ts";

/** Where the files are on the machine that Envoy runs on. */
export interface EnvoyPlaces {
  /** The folder of the modules, as they are called in build/. */
  modules: string;
  /** Certificates for https upstreams. */
  certificates?: string;
}

/** An `envoy.config.bootstrap.v3.Bootstrap` with everything in it. Throws `module-missing`. */
export function renderEnvoy(config: SluiceConfig, from: Installation, places: EnvoyPlaces): Json {
  const plan = planModules(config, from);
  const modulePath = (path: string) => `${places.modules}/${basename(path)}`;
  return {
    node: { id: "sluice", cluster: "sluice" },
    admin: { address: { socket_address: { address: config.admin.host, port_value: config.admin.port } } },
    static_resources: {
      listeners: [withoutType(envoyListener(config, plan, { modulePath, logPath: "/dev/stdout" }))],
      clusters: config.upstreams.map((upstream) =>
        withoutType(envoyCluster(upstream, places.certificates ?? SYSTEM_CERTIFICATES)),
      ),
    },
    stats_config: { stats_tags: statsTags(labelsOf(config)) },
  };
}

/** A resource that stands in a bootstrap does not say what it is. */
function withoutType(resource: Json): Json {
  const { "@type": _, ...rest } = resource as Record<string, Json>;
  return rest;
}
