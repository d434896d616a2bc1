// Everything that a sluice.yaml becomes in an Istio mesh, in the order in which it is applied.
import type { Installation } from "../../sluice-yaml/filters.ts";
import type { SluiceConfig } from "../../sluice-yaml/model.ts";
import { planModules } from "../plan.ts";
import type { Rendered } from "../yaml.ts";
import { argoTemplate, flaggerTemplate } from "./canary.ts";
import type { RenderContext } from "./head.ts";
import { httpRoute } from "./http-route.ts";
import { destinationRules, serviceEntries, virtualService } from "./istio-routes.ts";
import { nativeFlagFilter } from "./native-flag.ts";
import { statTagsPatch, telemetryObject } from "./telemetry.ts";
import { upstreamFilters } from "./upstream-filter.ts";
import { imageUrl, wasmPlugins, type Pin } from "./wasm-plugins.ts";

/** A file of what is rendered, for those who write to a folder. */
export interface RenderedFile {
  name: string;
  documents: Rendered[];
  /** What it is to Kustomize. */
  kind: "resource" | "patch";
}

/** What is wanted beside the filters. */
export interface IstioOptions {
  pin: Pin;
  /** Templates for Flagger and Argo Rollouts. */
  canary: ("flagger" | "argo")[];
}

/** Renders for Istio. Throws `registry-missing`, `module-missing`. */
export function renderIstio(config: SluiceConfig, from: Installation, options: IstioOptions): RenderedFile[] {
  const { deploy } = config;
  const context: RenderContext = { deploy, version: from.version };
  const modules = planModules(config, from).map((module) => ({
    module,
    url: imageUrl(context, module, from, options.pin),
  }));
  const files: RenderedFile[] = [];
  const add = (name: string, documents: (Rendered | undefined)[], kind: RenderedFile["kind"] = "resource"): void => {
    const there = documents.filter((document) => document !== undefined);
    if (there.length > 0) files.push({ name, documents: there, kind });
  };
  if (deploy.routing !== "none") add("service-entries.yaml", serviceEntries(context, config));
  if (deploy.holding === "pair") {
    add(
      "wasm-plugins.yaml",
      modules.flatMap(({ module, url }, index) => wasmPlugins(context, module, index, url)),
    );
  } else if (modules.length > 0) add("envoy-filter.yaml", [nativeFlagFilter(context, modules)]);
  add("upstream-filter.yaml", upstreamFilters(context, config, modules));
  add("telemetry.yaml", [telemetryObject(context, config)]);
  if (deploy.routing !== "none") {
    add("destinations.yaml", destinationRules(context, config));
    add("routes.yaml", [
      deploy.routing === "VirtualService" ? virtualService(context, config) : httpRoute(context, config, "istio"),
    ]);
  }
  add("canary.yaml", [
    options.canary.includes("flagger") ? flaggerTemplate(context) : undefined,
    options.canary.includes("argo") ? argoTemplate(context) : undefined,
  ]);
  add("stat-tags-patch.yaml", [statTagsPatch(context, config)], "patch");
  return files;
}
