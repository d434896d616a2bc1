// Builds an image FROM scratch that holds one program of this machine and the libraries that it needs.
import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Builds `tag` with the program at `path` as `as` (such as /usr/local/bin/envoy). `env` says which docker daemon. */
export function buildScratchImage(tag: string, path: string, as: string, env: NodeJS.ProcessEnv): void {
  const context = mkdtempSync(join(tmpdir(), "sluice-image-"));
  try {
    const root = join(context, "root");
    const put = (from: string, to: string): void => {
      mkdirSync(dirname(join(root, to)), { recursive: true });
      copyFileSync(realpathSync(from), join(root, to));
    };
    put(path, as);
    for (const library of librariesOf(path)) put(library, library);
    for (const folder of ["tmp", "etc"]) mkdirSync(join(root, folder), { recursive: true });
    const certificates = "/etc/ssl/certs/ca-certificates.crt";
    if (existsSync(certificates)) put(certificates, certificates);
    cpSync(join(import.meta.dirname, "Dockerfile"), join(context, "Dockerfile"));
    execFileSync("docker", ["build", "--quiet", "--tag", tag, context], {
      env: { ...env, DOCKER_BUILDKIT: "0" },
      stdio: ["ignore", "ignore", "pipe"],
    });
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

/** Paths of the libraries that a program loads, the loader among them; none for a static one. */
function librariesOf(path: string): string[] {
  try {
    const said = execFileSync("ldd", [path], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return [...said.matchAll(/(\/\S+) \(0x/g)].map(([, library]) => library ?? "");
  } catch {
    return [];
  }
}
