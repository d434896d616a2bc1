// sluice push: modules as images to a registry.
import { readFileSync } from "node:fs";
import { findCredentials, type Credentials } from "../../deploy/oci/credentials.ts";
import { imageOfFilter, LAYOUTS } from "../../deploy/oci/image.ts";
import { pushImage } from "../../deploy/oci/push.ts";
import { formatReference, parseReference, type Reference } from "../../deploy/oci/reference.ts";
import { planModules } from "../../deploy/plan.ts";
import { HarnessError } from "../../error.ts";
import { installation, type InstalledFilter, type Installation } from "../../sluice-yaml/filters.ts";
import { nearestWord } from "../../sluice-yaml/nearest.ts";
import { defineCommand, jsonOption, usageError, type ExitCode } from "../command.ts";
import { loadConfig } from "../findings.ts";

/** `sluice push` */
export const push = defineCommand({
  name: "push",
  summary: "Push modules as images to an OCI registry; the same module has the same digest",
  usage: "[FILTER... REGISTRY/REPOSITORY[:TAG]]",
  about:
    "One FILTER goes to the name as it is; several, and --all, each to REGISTRY/REPOSITORY/FILTER. Without arguments: what\n" +
    "sluice.yaml needs, to its deploy.registry. The tag is this version's unless it is said. Credentials are docker's and\n" +
    "podman's own (auths, credential helpers), or --username with the password in SLUICE_REGISTRY_PASSWORD.",
  examples: [
    ["sluice push", "what sluice.yaml needs, to deploy.registry: what sluice render names by digest"],
    ["sluice push --all ghcr.io/acme/sluice", "every module, to ghcr.io/acme/sluice/FILTER"],
    ["sluice push model-tag localhost:5000/model-tag:test", "one, to a registry on this machine"],
  ],
  options: {
    all: { type: "boolean", description: "Every module" },
    config: {
      type: "string",
      alias: "c",
      description: "For deploy.registry",
      valueHint: "FILE",
      default: "sluice.yaml",
    },
    layout: { type: "enum", options: [...LAYOUTS], description: "Form of the image", default: "oci" },
    username: { type: "string", description: "Instead of docker's credentials", valueHint: "NAME" },
    "password-stdin": { type: "boolean", description: "The password is on standard input" },
    http: { type: "boolean", description: "The registry has no TLS (loopback never needs this)" },
    json: jsonOption,
  },
  async run({ options, files, terminal }): Promise<ExitCode> {
    const from = installation();
    const targets = targetsOf(files, options.all === true, () => loadConfig(options.config, terminal), from);
    const results = [];
    for (const { filter, to } of targets) {
      const credentials =
        given(options.username, options["password-stdin"] === true) ?? (await findCredentials(to.registry));
      const name = formatReference(to);
      const image = imageOfFilter(filter, from, options.layout);
      const { digest, wasThere, sentBytes } = await pushImage(image, to, {
        credentials,
        isPlain: options.http === true,
        onProgress: (done, all, note) =>
          note === undefined
            ? terminal.progress(`${name}  ${kib(done)} of ${kib(all)}`)
            : terminal.say(`${name}: ${note}`),
      });
      terminal.endProgress();
      const pinned = `oci://${to.registry}/${to.repository}@${digest}`;
      results.push({ filter: filter.name, reference: name, digest, url: pinned, wasThere, sentBytes });
      if (!options.json) {
        terminal.print(pinned);
        terminal.say(wasThere ? `${name} was there already` : `${name} is pushed (${kib(sentBytes)})`);
      }
    }
    if (options.json) terminal.print(JSON.stringify(results, null, 2));
    return 0;
  },
});

function targetsOf(
  files: readonly string[],
  isAll: boolean,
  config: () => ReturnType<typeof loadConfig>,
  from: Installation,
): { filter: InstalledFilter; to: Reference }[] {
  const all = [...from.filters, ...(from.suite === undefined ? [] : [from.suite])];
  const into = (base: Reference, filters: readonly InstalledFilter[]) =>
    filters.map((filter) => ({ filter, to: { ...base, repository: `${base.repository}/${filter.name}` } }));
  const standard = (): Reference => {
    const { registry } = config().deploy;
    if (registry === undefined)
      throw new HarnessError("to which registry? Name it, or add deploy.registry to sluice.yaml", "usage");
    return parseReference(registry, from.version);
  };
  if (isAll) {
    const [target, ...more] = files;
    if (more.length > 0) throw usageError("--all takes one name: REGISTRY/REPOSITORY[:TAG]");
    return into(
      target === undefined ? standard() : parseReference(target, from.version),
      all.filter(({ module }) => module !== undefined),
    );
  }
  if (files.length === 0)
    return into(
      standard(),
      planModules(config(), from).map(({ filter }) => filter),
    );
  const target = files.at(-1) ?? "";
  const names = files.slice(0, -1);
  if (names.length === 0)
    throw usageError(`push what? sluice push FILTER ${target}; there are ${all.map(({ name }) => name).join(", ")}`);
  const filters = names.map((name) => find(name, all));
  const to = parseReference(target, from.version);
  const [only] = filters;
  return filters.length === 1 && only !== undefined ? [{ filter: only, to }] : into(to, filters);
}

function find(name: string, all: readonly InstalledFilter[]): InstalledFilter {
  const found = all.find((filter) => filter.name === name || filter.key === name);
  if (found !== undefined) return found;
  const names = all.map((filter) => filter.name);
  const near = nearestWord(name, names);
  throw usageError(
    `there is no filter "${name}"; ${near === undefined ? `there are ${names.join(", ")}` : `did you mean "${near}"?`}`,
  );
}

function given(username: string | undefined, isOnStdin: boolean): Credentials | undefined {
  if (username === undefined) {
    if (isOnStdin) throw usageError("--password-stdin needs --username");
    return undefined;
  }
  const password = isOnStdin ? readFileSync(0, "utf8").replace(/\r?\n$/, "") : process.env["SLUICE_REGISTRY_PASSWORD"];
  if (password === undefined)
    throw usageError("the password for --username is in SLUICE_REGISTRY_PASSWORD, or on --password-stdin");
  return { username, password, from: "the command line" };
}

function kib(bytes: number): string {
  return `${Math.ceil(bytes / 1024).toLocaleString("en-US")} KiB`;
}
