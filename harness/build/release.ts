// `make release`: the npm package, the modules, their bill of materials and checksums, in build/release/.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readInstallation, requireModule } from "../sluice-yaml/filters.ts";
import { buildCli } from "./cli.ts";
import { sbomOf } from "./sbom.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Fills `folder`; the modules are built already. Answers the files' names. */
export async function makeRelease(root: string, folder: string): Promise<string[]> {
  const bundled = await buildCli(root);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { filters, suite } = readInstallation(root);
  const modules = [...filters, ...(suite === undefined ? [] : [suite])].map(requireModule);
  for (const path of modules) copyFileSync(path, join(folder, path.split("/").at(-1) ?? ""));
  writeFileSync(join(folder, "sbom.cdx.json"), `${JSON.stringify(sbomOf(root, modules, bundled), null, 2)}\n`);
  execFileSync("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const files = readdirSync(folder).sort();
  const sums = files.map(
    (file) =>
      `${createHash("sha256")
        .update(readFileSync(join(folder, file)))
        .digest("hex")}  ${file}\n`,
  );
  writeFileSync(join(folder, "SHA256SUMS"), sums.join(""));
  return [...files, "SHA256SUMS"];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = join(ROOT, "build", "release");
  for (const file of await makeRelease(ROOT, folder)) console.log(join("build/release", file));
}
