// Credentials for a registry: from the command line, or from where docker and podman keep them.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { HarnessError } from "../../error.ts";

/** A name and a password, or a token that is exchanged for others. */
export interface Credentials {
  username: string;
  password: string;
  identityToken?: string;
  /** Where they are from, for messages. */
  from: string;
}

interface DockerConfig {
  auths?: Record<string, { auth?: string; username?: string; password?: string; identitytoken?: string }>;
  credHelpers?: Record<string, string>;
  credsStore?: string;
}

/** What a helper answers for a registry that it does not know. */
const NOT_FOUND = /credentials not found/i;

/** Credentials for `registry`, or undefined where there are none. Throws `credentials-unreadable`. */
export async function findCredentials(
  registry: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Credentials | undefined> {
  for (const path of configPaths(env)) {
    const config = readConfig(path);
    if (config === undefined) continue;
    const helper = config.credHelpers?.[registry] ?? config.credsStore;
    if (helper !== undefined && helper !== "") {
      const found = await askHelper(helper, keysOf(registry)[0] ?? registry, env);
      if (found !== undefined) return found;
    }
    const entries = Object.entries(config.auths ?? {});
    const key = keysOf(registry);
    const entry = entries.find(([name]) =>
      key.includes(name.replace(/^https?:\/\//, "").replace(/\/(v[12]\/?)?$/, "")),
    );
    const found = entry === undefined ? undefined : fromEntry(entry[1], path);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Names under which a registry may be listed; docker calls its own hub by an old address. */
function keysOf(registry: string): string[] {
  return registry === "docker.io" ? ["index.docker.io", "docker.io", "registry-1.docker.io"] : [registry];
}

function configPaths(env: NodeJS.ProcessEnv): string[] {
  const docker = join(env["DOCKER_CONFIG"] || join(env["HOME"] || homedir(), ".docker"), "config.json");
  const podman =
    env["REGISTRY_AUTH_FILE"] || (env["XDG_RUNTIME_DIR"] && join(env["XDG_RUNTIME_DIR"], "containers", "auth.json"));
  return podman ? [docker, podman] : [docker];
}

function readConfig(path: string): DockerConfig | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
  try {
    return JSON.parse(text) as DockerConfig;
  } catch (cause) {
    throw new HarnessError(`${path} is no JSON: ${(cause as Error).message}`, "credentials-unreadable", { cause });
  }
}

function fromEntry(entry: NonNullable<DockerConfig["auths"]>[string], path: string): Credentials | undefined {
  const [username = "", ...password] = Buffer.from(entry.auth ?? "", "base64")
    .toString("utf8")
    .split(":");
  const name = entry.username ?? username;
  const identityToken = entry.identitytoken;
  if (name === "" && identityToken === undefined) return undefined;
  return {
    username: name,
    password: entry.password ?? password.join(":"),
    ...(identityToken !== undefined && identityToken !== "" && { identityToken }),
    from: path,
  };
}

/** Runs `docker-credential-HELPER get`. */
async function askHelper(helper: string, registry: string, env: NodeJS.ProcessEnv): Promise<Credentials | undefined> {
  const command = `docker-credential-${helper}`;
  const child = spawn(command, ["get"], { env, stdio: ["pipe", "pipe", "pipe"], timeout: 30_000 });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.on("error", () => undefined);
  child.stdin.end(registry);
  const failure = await new Promise<string | undefined>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code) => resolve(code === 0 ? undefined : `${stdout}${stderr}`.trim() || `exit code ${code}`));
  });
  if (failure !== undefined) {
    if (NOT_FOUND.test(failure)) return undefined;
    throw new HarnessError(
      `the credential helper ${command} failed for ${registry}: ${failure}. Log in again (docker login ${registry})`,
      "credentials-unreadable",
    );
  }
  try {
    const { Username = "", Secret = "" } = JSON.parse(stdout) as { Username?: string; Secret?: string };
    // This name says that the secret is a token.
    return Username === "<token>"
      ? { username: "", password: "", identityToken: Secret, from: command }
      : { username: Username, password: Secret, from: command };
  } catch (cause) {
    throw new HarnessError(`${command} answered no JSON`, "credentials-unreadable", { cause });
  }
}
