// Names and labels of what is rendered.
import { metricLabels } from "../../envoy/config.ts";
import type { Deploy, JsonObject, SluiceConfig } from "../../sluice-yaml/model.ts";
import type { RenderedObject } from "../yaml.ts";

/** What every renderer needs to know. */
export interface RenderContext {
  deploy: Deploy;
  version: string;
}

/** An object's metadata: name, namespace and the recommended labels, then the user's own. */
export function metadata({ deploy, version }: RenderContext, name: string): RenderedObject["metadata"] {
  return {
    name,
    ...(deploy.namespace !== undefined && { namespace: deploy.namespace }),
    labels: {
      "app.kubernetes.io/name": "sluice",
      "app.kubernetes.io/instance": deploy.name,
      "app.kubernetes.io/version": version,
      "app.kubernetes.io/managed-by": "sluice",
      ...deploy.labels,
    },
  };
}

/** Labels that our metrics have under a configuration: the fixed ones, then those of cost-accounting's own choice. */
export function labelsOf({ filters }: Pick<SluiceConfig, "filters">): string[] {
  const own = (filters["costAccounting"] as JsonObject | undefined)?.["labels"];
  const names = typeof own === "object" && own !== null ? Object.keys(own) : [];
  return [...new Set([...metricLabels, ...names])];
}
