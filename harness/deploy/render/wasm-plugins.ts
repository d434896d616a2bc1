// WasmPlugin resources: each module as a pair (or once, where an EnvoyFilter sets the native flag).
import { HarnessError } from "../../error.ts";
import type { Installation } from "../../sluice-yaml/filters.ts";
import type { JsonObject } from "../../sluice-yaml/model.ts";
import { imageOfFilter } from "../oci/image.ts";
import type { PlannedModule } from "../plan.ts";
import type { Rendered } from "../yaml.ts";
import { metadata, type RenderContext } from "./head.ts";

/** Two halves of a pair, and two modules, are so far apart. */
const PRIORITY_STEP = 10;

/** How an image is named: by the digest of what is installed here (or said), or by the version as its tag. */
export type Pin = "digest" | "tag";

/** The plugins of one module, outer first. `index` is the module's place in the chain. */
export function wasmPlugins(context: RenderContext, module: PlannedModule, index: number, url: string): Rendered[] {
  const { deploy } = context;
  const base = deploy.priority - index * 2 * PRIORITY_STEP;
  return (["outer", "inner"] as const).map((pair, half) => ({
    comment: wordsFor(module.filter.name, pair),
    object: {
      apiVersion: "extensions.istio.io/v1alpha1",
      kind: "WasmPlugin",
      metadata: metadata(context, `${deploy.name}-${module.filter.name}-${pair}`),
      spec: {
        ...target(context),
        url,
        imagePullPolicy: deploy.imagePullPolicy,
        ...(deploy.imagePullSecret !== undefined && { imagePullSecret: deploy.imagePullSecret }),
        ...(deploy.phase !== undefined && { phase: deploy.phase }),
        priority: base - half * PRIORITY_STEP,
        failStrategy: deploy.failStrategy,
        // A waypoint serves what comes in; elsewhere each call is seen once, on its way out.
        ...(!deploy.isWaypoint && { match: [{ mode: "CLIENT" }] }),
        pluginConfig: { pair, ...module.config } as JsonObject,
      },
    },
  }));
}

/** `selector` or `targetRefs`, or nothing: then the whole namespace. */
export function target({ deploy }: RenderContext): JsonObject {
  if (deploy.targetRefs !== undefined) {
    return { targetRefs: deploy.targetRefs.map(({ group = "", kind, name }) => ({ group, kind, name })) };
  }
  return deploy.selector === undefined ? {} : { selector: { matchLabels: deploy.selector } };
}

/** The url of a module's image. Throws `registry-missing` where nobody said where the images are. */
export function imageUrl(context: RenderContext, module: PlannedModule, from: Installation, pin: Pin): string {
  const { registry, digests } = context.deploy;
  const { name } = module.filter;
  if (registry === undefined) {
    throw new HarnessError(
      "nobody said where the images are: add deploy.registry (such as ghcr.io/acme/sluice) to sluice.yaml, and push " +
        "them there with sluice push",
      "registry-missing",
    );
  }
  if (pin === "tag") return `oci://${registry}/${name}:${from.version}`;
  const digest = digests[name] ?? imageOfFilter(module.filter, from).manifest.descriptor.digest;
  return `oci://${registry}/${name}@${digest}`;
}

function wordsFor(filter: string, pair: "outer" | "inner"): string {
  return pair === "outer"
    ? `${filter}, outer half: reads the request and holds the answer's headers.`
    : `${filter}, inner half: holds the request's headers and reads the answer. Same url and configuration as outer.`;
}
