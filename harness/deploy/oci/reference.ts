// Names of images: REGISTRY/REPOSITORY:TAG.
import { HarnessError } from "../../error.ts";

/** Where an image goes. */
export interface Reference {
  /** host or host:port. */
  registry: string;
  repository: string;
  tag: string;
}

/** Reads a name. Throws `reference-malformed` with what is wrong. */
export function parseReference(text: string, standardTag: string): Reference {
  const plain = text.replace(/^oci:\/\//, "");
  if (/^https?:\/\//.test(plain)) throw malformed(text, "leave https:// out");
  if (plain.includes("@")) throw malformed(text, "a digest is what comes of a push, not what is pushed to: name a tag");
  const slash = plain.indexOf("/");
  if (slash <= 0) throw malformed(text, "name the registry and the repository, such as ghcr.io/acme/sluice:1.0.0");
  const registry = plain.slice(0, slash);
  const [, repository = "", tag = standardTag] = /^([^:]*)(?::(.*))?$/.exec(plain.slice(slash + 1)) ?? [];
  if (!/^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:\d+)?$/.test(registry))
    throw malformed(text, `"${registry}" is no registry`);
  if (!/^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/.test(repository)) {
    throw malformed(text, `"${repository}" is no repository: lower-case letters, digits and single . _ - between them`);
  }
  if (!/^\w[\w.-]{0,127}$/.test(tag)) throw malformed(text, `"${tag}" is no tag`);
  return { registry, repository, tag };
}

/** `ghcr.io/acme/sluice:1.0.0` */
export function formatReference({ registry, repository, tag }: Reference): string {
  return `${registry}/${repository}:${tag}`;
}

/** Where a registry answers: loopback by plain HTTP, as docker does it. */
export function originOf(registry: string, isPlain: boolean): string {
  const host = registry === "docker.io" ? "registry-1.docker.io" : registry;
  const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/.test(host);
  return `${isPlain || isLoopback ? "http" : "https"}://${host}`;
}

function malformed(text: string, why: string): HarnessError {
  return new HarnessError(`"${text}" is no name for an image: ${why}`, "reference-malformed");
}
