// Finds plugin configurations of ours in Kubernetes objects.
import type { InstalledFilter, Installation } from "../sluice-yaml/filters.ts";
import type { Json } from "../scenario/scenario.ts";
import type { Path, SourceDocument } from "../sluice-yaml/source.ts";
import type { KubeObject } from "./kube.ts";

/** One plugin. */
export interface FoundPlugin {
  filter: InstalledFilter;
  url: string;
  config: Json | undefined;
  /** Where the configuration is; where there is none, where it would be. */
  path: Path;
}

interface WasmPluginSpec {
  url?: unknown;
  pluginConfig?: Json;
}

interface ExtensionPolicySpec {
  wasm?: { name?: string; code?: { image?: { url?: string }; http?: { url?: string } }; config?: Json }[];
}

/** The plugins of an object whose url ends with the name of one of our modules. */
export function pluginsIn(document: SourceDocument, from: Installation): FoundPlugin[] {
  const object = document.value as KubeObject;
  if (object.kind === "WasmPlugin") {
    const spec = (object.spec ?? {}) as WasmPluginSpec;
    return ours(from, String(spec.url ?? ""), spec.pluginConfig, ["spec", "pluginConfig"]);
  }
  if (object.kind === "EnvoyExtensionPolicy") {
    const { wasm = [] } = (object.spec ?? {}) as ExtensionPolicySpec;
    if (!Array.isArray(wasm)) return [];
    return wasm.flatMap((entry, at) => {
      const url = entry?.code?.image?.url ?? entry?.code?.http?.url ?? "";
      return ours(from, url, entry?.config, ["spec", "wasm", at, "config"]);
    });
  }
  return [];
}

function ours(from: Installation, url: string, config: Json | undefined, path: Path): FoundPlugin[] {
  const filter = filterOfUrl(url, from);
  return filter === undefined ? [] : [{ filter, url, config, path }];
}

/** The filter whose name is the last part of an image's or a file's url. */
export function filterOfUrl(url: string, from: Installation): InstalledFilter | undefined {
  const last = url
    .split("/")
    .at(-1)
    ?.replace(/@sha256:.*$/, "")
    .replace(/:[^:]*$/, "")
    .replace(/\.wasm$/, "");
  return [...from.filters, ...(from.suite === undefined ? [] : [from.suite])].find(({ name }) => name === last);
}
