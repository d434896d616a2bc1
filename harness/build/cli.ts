// `make cli`: the sluice command as one file, dist/sluice.js, with what it reads beside it.
import { chmodSync, copyFileSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { readInstallation } from "../sluice-yaml/filters.ts";
import { SCHEMA_FILE, sluiceSchema } from "../sluice-yaml/schema.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Builds dist/. About a second. Answers the packages that are bundled, by name. */
export async function buildCli(root: string): Promise<string[]> {
  const dist = join(root, "dist");
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  const output = join(dist, "sluice.js");
  const { metafile } = await build({
    entryPoints: { sluice: join(root, "harness/cli/main.ts"), demo: join(root, "harness/demo/main.ts") },
    outdir: dist,
    bundle: true,
    metafile: true,
    absWorkingDir: root,
    platform: "node",
    target: "node20",
    format: "esm",
    legalComments: "linked",
    // Packages in the older form of modules ask for their parts by require.
    banner: {
      js: 'import{createRequire as sluiceRequire}from"node:module";const require=sluiceRequire(import.meta.url);',
    },
    logLevel: "warning",
  });
  chmodSync(output, 0o755);
  const envoy = join(root, "harness/envoy");
  for (const name of readdirSync(envoy).filter((file) => /^requirements-.*\.txt$/.test(file))) {
    copyFileSync(join(envoy, name), join(dist, name));
  }
  writeFileSync(join(root, SCHEMA_FILE), `${JSON.stringify(sluiceSchema(readInstallation(root)))}\n`);
  const packages = Object.keys(metafile.inputs).flatMap(
    (path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [],
  );
  return [...new Set(packages)].sort();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildCli(ROOT);
  for (const name of readdirSync(join(ROOT, "dist"))) {
    console.log(`dist/${name}  ${(statSync(join(ROOT, "dist", name)).size / 1024).toFixed(0)} KiB`);
  }
}
