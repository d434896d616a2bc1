// Names and labels of what is rendered.
import type { Deploy } from "../../sluice-yaml/model.ts";
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
