// sluice demo: the show of `make demo`.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { HarnessError } from "../../error.ts";
import { packageRoot } from "../../sluice-yaml/filters.ts";
import { defineCommand, type ExitCode } from "../command.ts";

/** `sluice demo` */
export const demo = defineCommand({
  name: "demo",
  summary: "Show what the filters do: a gateway, model servers and calls of real clients, all on loopback",
  usage: "",
  examples: [["sluice demo", "needs no key and no network but for Envoy itself"]],
  options: {},
  async run() {
    const root = packageRoot();
    const built = join(root, "dist", "demo.js");
    const source = join(root, "harness", "demo", "main.ts");
    // A file of its own: it brings the providers' clients.
    const args = existsSync(built) ? [built] : existsSync(source) ? ["--import", "tsx", source] : undefined;
    if (args === undefined)
      throw new HarnessError("the package is not whole: dist/demo.js is missing", "package-broken");
    const child = spawn(process.execPath, args, { cwd: root, stdio: "inherit" });
    return new Promise<ExitCode>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve(code === 0 ? 0 : 1));
    });
  },
});
