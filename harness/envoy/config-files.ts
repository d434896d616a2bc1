// The folder of one Envoy: configuration that it watches, modules, logs.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { HarnessError } from "../error.ts";
import type { Json } from "../scenario/scenario.ts";
import { bootstrap, discoveryResponse, type BootstrapConfig } from "./bootstrap.ts";
import { cluster } from "./cluster.ts";
import type { EnvoyConfig, RawResource } from "./config.ts";
import { listener } from "./listener.ts";

/** Writes what Envoy reads. */
export class ConfigFiles {
  readonly #folder: string;
  readonly #root: string;
  #version = 0;

  /** `root` is where modules with relative paths are. */
  constructor(folder: string, root: string) {
    this.#folder = folder;
    this.#root = root;
    mkdirSync(join(folder, "modules"));
    mkdirSync(join(folder, "access"));
  }

  get bootstrapPath(): string {
    return join(this.#folder, "bootstrap.json");
  }

  /** Where Envoy writes the address of its admin interface. */
  get adminPath(): string {
    return join(this.#folder, "admin");
  }

  accessLogPath(listenerName: string): string {
    return join(this.#folder, "access", `${listenerName.replace(/[^\w.-]/g, "_")}.jsonl`);
  }

  writeBootstrap(config: BootstrapConfig): void {
    const watched = [join(this.#folder, "listeners.json"), join(this.#folder, "clusters.json")] as const;
    this.#write("bootstrap.json", bootstrap(config, ...watched));
  }

  writeClusters(clusters: EnvoyConfig["clusters"]): void {
    this.#writeResources(
      "clusters.json",
      clusters.map((one) => ("raw" in one ? this.#raw(one) : cluster(one, this.#modulePath))),
    );
  }

  writeListeners(listeners: EnvoyConfig["listeners"]): void {
    const all = listeners.map((one) =>
      "raw" in one ? this.#raw(one) : listener(one, this.#modulePath, this.accessLogPath(one.name)),
    );
    this.#writeResources("listeners.json", all);
  }

  #raw({ name, raw }: RawResource): Json {
    const places = { modulePath: this.#modulePath, logPath: this.accessLogPath(name) };
    return typeof raw === "function" ? raw(places) : raw;
  }

  /** Modules are copied under their hash, so that a module compiled anew is another file to Envoy. */
  #modulePath = (module: string): string => {
    const source = isAbsolute(module) ? module : join(this.#root, module);
    let bytes: Buffer;
    try {
      bytes = readFileSync(source);
    } catch (cause) {
      const message = `the module ${source} cannot be read: build it first (make build)`;
      throw new HarnessError(message, "module-missing", { cause });
    }
    const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 32);
    const path = join(this.#folder, "modules", `${hash}.wasm`);
    if (!existsSync(path)) writeFileSync(path, bytes);
    return path;
  };

  #writeResources(file: string, resources: Json[]): void {
    this.#version += 1;
    this.#write(file, discoveryResponse(this.#version, resources));
  }

  /** A rename, because Envoy watches for files that are moved into place. */
  #write(file: string, content: Json): void {
    const path = join(this.#folder, file);
    writeFileSync(`${path}.new`, JSON.stringify(content));
    renameSync(`${path}.new`, path);
  }
}
