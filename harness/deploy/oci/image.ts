// A module as an image: the blobs and the manifest that a registry gets. Same input, same digest.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { requireModule, type InstalledFilter, type Installation } from "../../sluice-yaml/filters.ts";
import { gzipOf, tarOf } from "./archive.ts";
import { blobOf, digestOf, jsonBlob, type Blob, type Descriptor } from "./blob.ts";

/** Forms of an image. Istio and Envoy Gateway read all three. */
export const LAYOUTS = ["oci", "docker", "artifact"] as const;

/** One of `LAYOUTS`. */
export type Layout = (typeof LAYOUTS)[number];

/** What an image says of itself. */
export interface ImageFacts {
  title: string;
  description: string;
  version: string;
  license: string;
  /** Where the source is; undefined where nobody said. */
  source: string | undefined;
  /** The schema of its configuration. */
  schema: unknown;
}

/** All that is pushed. */
export interface Image {
  manifest: Blob;
  /** In the order in which they are sent. */
  blobs: Blob[];
}

interface Manifest {
  schemaVersion: 2;
  mediaType: string;
  config: Descriptor;
  layers: Descriptor[];
  annotations?: Record<string, string>;
}

/** The annotation that holds the schema of the module's configuration, as JSON. */
export const SCHEMA_ANNOTATION = "sluice.config.schema";

const OCI = "application/vnd.oci.image";
const DOCKER = "application/vnd.docker";
/** What the wasm-to-oci project defined, and Istio still reads: two layers, the first one the configuration again. */
const ARTIFACT_CONFIG = "application/vnd.module.wasm.config.v1+json";
const ARTIFACT_LAYER = "application/vnd.module.wasm.content.layer.v1+wasm";

/** The image of a module. */
export function imageOf(module: Uint8Array, facts: ImageFacts, layout: Layout = "oci"): Image {
  const annotations = annotationsOf(facts);
  if (layout === "artifact") {
    const config = jsonBlob(ARTIFACT_CONFIG, { type: "envoy_proxy", name: facts.title, version: facts.version });
    const layer = blobOf(ARTIFACT_LAYER, module);
    return imageWith(`${OCI}.manifest.v1+json`, config, [config, layer], annotations);
  }
  const tar = tarOf("plugin.wasm", module);
  const config = {
    architecture: "wasm",
    os: "wasip1",
    config: { Labels: annotations },
    rootfs: { type: "layers", diff_ids: [digestOf(tar)] },
  };
  if (layout === "docker") {
    const layer = blobOf(`${DOCKER}.image.rootfs.diff.tar.gzip`, gzipOf(tar));
    const own = jsonBlob(`${DOCKER}.container.image.v1+json`, config);
    return imageWith(`${DOCKER}.distribution.manifest.v2+json`, own, [layer], undefined);
  }
  const layer = blobOf(`${OCI}.layer.v1.tar+gzip`, gzipOf(tar));
  return imageWith(`${OCI}.manifest.v1+json`, jsonBlob(`${OCI}.config.v1+json`, config), [layer], annotations);
}

/** The image of an installed module. */
export function imageOfFilter(filter: InstalledFilter, from: Installation, layout: Layout = "oci"): Image {
  const about = JSON.parse(readFileSync(join(from.root, "package.json"), "utf8")) as {
    license?: string;
    repository?: string | { url?: string };
  };
  const { repository } = about;
  const source = typeof repository === "string" ? repository : repository?.url?.replace(/^git\+/, "");
  return imageOf(
    readFileSync(requireModule(filter)),
    {
      title: `sluice/${filter.name}`,
      description: filter.schema.description ?? filter.name,
      version: from.version,
      license: about.license ?? "Apache-2.0",
      source,
      schema: filter.schema,
    },
    layout,
  );
}

function imageWith(
  mediaType: string,
  config: Blob,
  layers: Blob[],
  annotations: Record<string, string> | undefined,
): Image {
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType,
    config: config.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
    ...(annotations && { annotations }),
  };
  const blobs = [...layers, config];
  return {
    manifest: jsonBlob(mediaType, manifest),
    blobs: [...new Map(blobs.map((blob) => [blob.descriptor.digest, blob])).values()],
  };
}

function annotationsOf(facts: ImageFacts): Record<string, string> {
  return {
    "org.opencontainers.image.title": facts.title,
    "org.opencontainers.image.description": facts.description,
    "org.opencontainers.image.version": facts.version,
    "org.opencontainers.image.licenses": facts.license,
    ...(facts.source !== undefined && { "org.opencontainers.image.source": facts.source }),
    [SCHEMA_ANNOTATION]: JSON.stringify(facts.schema),
  };
}
