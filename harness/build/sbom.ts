// What a release is made of, as a CycloneDX bill of materials: each module, and the packages that are in them and in the CLI.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";

interface LockedPackage {
  version: string;
  license?: string;
  integrity?: string;
}

/** Compiled into every module: AssemblyScript's library, and the declarations of host calls. */
const IN_MODULES = ["assemblyscript", "@solo-io/proxy-runtime"];

/** A CycloneDX 1.5 document. The same release gives the same bytes. */
export function sbomOf(root: string, modules: readonly string[], bundled: readonly string[]): object {
  const { name, version, license } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<
    string,
    string
  >;
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, LockedPackage>;
  };
  const libraries = [...new Set([...IN_MODULES, ...bundled])].sort().map((library) => {
    const locked = packages[`node_modules/${library}`];
    return {
      type: "library",
      "bom-ref": `pkg:npm/${library}@${locked?.version ?? ""}`,
      name: library,
      version: locked?.version ?? "",
      purl: `pkg:npm/${library.replace("@", "%40")}@${locked?.version ?? ""}`,
      ...(locked?.license !== undefined && { licenses: [licenseOf(locked.license)] }),
      ...(locked?.integrity !== undefined && { hashes: [{ alg: "SHA-512", content: hexOf(locked.integrity) }] }),
    };
  });
  const refOf = (library: string) => `pkg:npm/${library}@${packages[`node_modules/${library}`]?.version ?? ""}`;
  const files = modules.map((path) => ({
    type: "file",
    "bom-ref": basename(path),
    name: basename(path),
    version: version ?? "",
    hashes: [{ alg: "SHA-256", content: createHash("sha256").update(readFileSync(path)).digest("hex") }],
    licenses: [licenseOf(license ?? "")],
  }));
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: {
      component: { type: "application", "bom-ref": name, name, version, licenses: [licenseOf(license ?? "")] },
    },
    components: [...files, ...libraries],
    dependencies: [
      { ref: name, dependsOn: [...files.map((file) => file["bom-ref"]), ...bundled.map(refOf)] },
      ...files.map((file) => ({ ref: file["bom-ref"], dependsOn: IN_MODULES.map(refOf) })),
    ],
  };
}

function licenseOf(text: string): object {
  return /^[A-Za-z0-9.+-]+$/.test(text) ? { license: { id: text } } : { expression: text };
}

/** `sha512-BASE64` in hexadecimal. */
function hexOf(integrity: string): string {
  return Buffer.from(integrity.replace(/^sha512-/, ""), "base64").toString("hex");
}
